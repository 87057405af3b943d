#include <cerro/app/service.hpp>
#include <cerro/dans/connection.hpp>
#include <cerro/hub/service.hpp>

namespace cerro::hub {

namespace {

boost::asio::awaitable<int> serve(app::context& c, dans::connection_settings const& connection)
{
    dans::connection_defaults const defaults{"server", std::string(dans::stock_server_secret), false, true};
    auto client = dans::make_client_options("hub", connection, defaults);
    auto const session = client::session::create(c.io().get_executor(), std::move(client));
    auto const hub = service::create(c.io().get_executor(), session, connection.base);
    // The hub is the owner of what it calls: a plain pointer does not outlive it.
    auto const* const raw = hub.get();
    hub->on_change([&c, raw] { c.set_health(raw->trouble()); });
    c.set_health(hub->trouble());
    c.metrics().make_gauge("cerro_hub_data_nodes", "data nodes in the list", [raw] {
        return static_cast<double>(raw->nodes().nodes().size());
    });
    session->start();
    co_await c.stopped();
    hub->on_change({});
    co_await session->leave();
    co_return app::exit_code::ok;
}

}  // namespace

int run(int argc, char const* const* argv)
{
    dans::connection_settings connection;
    app::description d;
    d.name = "cerro-hub";
    d.summary = "The sisock hub: knows which data node servers there are.";
    d.options = [&](CLI::App& a) { dans::add_connection_options(a, connection); };
    d.run = [&](app::context& c) { return serve(c, connection); };
    return app::run_service(argc, argv, std::move(d));
}

}  // namespace cerro::hub
