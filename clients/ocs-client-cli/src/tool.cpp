#include "commands.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/ocs/site_options.hpp>
#include <cerro/ocs_client_cli/tool.hpp>

#include <iostream>

namespace cerro::ocs_client_cli {
namespace {

constexpr auto join_limit = std::chrono::milliseconds(5'000);

asio::awaitable<int> dispatch(connection c, options o)
{
    if (o.command == "scan") {
        return scan(c, o);
    }
    if (o.command == "listen") {
        return listen(c, o);
    }
    if (o.command == "api") {
        return show_api(c, o);
    }
    if (o.command == "wait") {
        return wait(c, o);
    }
    if (o.command == "run") {
        return run_operation(c, o);
    }
    return request(c, o);
}

asio::awaitable<int> connect_and_run(app::context& context, options o)
{
    auto const site_file = ocs::load_site(o.site);
    auto const settings = ocs::settings_for_client(site_file, o.site, ocs::this_host());
    if (!settings) {
        throw failure(settings.error().what, app::exit_code::configuration);
    }
    client::options how;
    how.connection.url = settings->hub.wamp_server;
    how.realm = settings->hub.wamp_realm;
    // listen outlives the router's restarts; everything else says at once that it is away.
    how.reconnect = o.command == "listen";
    auto session = client::session::create(context.io().get_executor(), how);
    session->start();
    auto const joined = co_await session->joined(join_limit);
    if (!joined) {
        throw failure("cannot join realm " + how.realm + " of the router at " + how.connection.url + ": " +
                          joined.error().what(),
                      app::exit_code::failed);
    }
    connection c{context, session, *settings};
    auto const code = co_await dispatch(c, o);
    co_await session->leave();
    co_return code;
}

}  // namespace

int print_error(std::string const& address, client::error const& e, bool json)
{
    if (json) {
        dict const d{{"error", e.uri}, {"args", e.args}, {"kwargs", e.kwargs}};
        std::cout << codec::to_json(d) << std::endl;
    }
    std::cerr << "ocs-client-cli: " << address << ": " << e.what() << '\n';
    if (e.uri == wamp::uri::no_such_procedure) {
        std::cerr << "Is the agent running? `ocs-client-cli scan` lists the agents that are.\n";
    } else if (e.uri == wamp::uri::not_authorized) {
        std::cerr << "Do realm and address_root of the site file agree with the router's configuration?\n";
    }
    return app::exit_code::failed;
}

int run(int argc, char const* const* argv)
{
    options parsed;
    app::description tool;
    tool.name = "ocs-client-cli";
    tool.summary = "Talks to OCS agents";
    tool.prefix_options = true;
    tool.options = [&](CLI::App& app) { add_options(app, parsed); };
    tool.run = [&](app::context& context) { return connect_and_run(context, parsed); };
    return app::run_tool(argc, argv, tool);
}

}  // namespace cerro::ocs_client_cli
