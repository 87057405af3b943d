#include <cerro/app/service.hpp>
#include <cerro/dans/service.hpp>

namespace cerro::dans {

namespace {

/// Settings and server outlive the service.
asio::awaitable<int> serve(app::context& c, connection_settings const& connection, server const& s)
{
    node_options o;
    o.base = connection.base;
    auto const source = s.make(c, o);
    auto client = make_client_options(s.program, connection, s.defaults);
    auto const session = client::session::create(c.io().get_executor(), std::move(client));
    auto const n = node::create(c.io().get_executor(), session, std::move(o), source);
    auto const tell = [&c, n] { c.set_health(n->trouble()); };
    n->on_change(tell);
    tell();
    session->start();
    if (s.attach) {
        co_await s.attach(session);
    }
    co_await c.stopped();
    n->on_change({});
    co_await n->stop();
    co_return app::exit_code::ok;
}

}  // namespace

int run_server(int argc, char const* const* argv, server s)
{
    connection_settings connection;
    app::description d;
    d.name = s.program;
    d.summary = s.summary;
    d.options = [&](CLI::App& a) {
        add_connection_options(a, connection);
        if (s.options) {
            s.options(a);
        }
    };
    d.run = [&](app::context& c) { return serve(c, connection, s); };
    return app::run_service(argc, argv, std::move(d));
}

}  // namespace cerro::dans
