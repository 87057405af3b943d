#include <cerro/app/ports_file.hpp>
#include <cerro/app/service.hpp>
#include <cerro/base/time.hpp>
#include <cerro/bridge/api.hpp>
#include <cerro/bridge/service.hpp>
#include <cerro/dans/connection.hpp>
#include <cerro/log/log.hpp>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>

namespace cerro::bridge {

namespace {

namespace fs = std::filesystem;
constexpr auto component = "bridge";

struct settings {
    dans::connection_settings connection;
    std::string address = "127.0.0.1";
    std::uint16_t port = 5000;
    std::string ports_file;
    std::string web_dir;
    std::string token_file;
    std::string tls_certificate;
    std::string tls_key;
    double node_timeout_s = 10;
};

void add_options(CLI::App& a, settings& s)
{
    dans::add_connection_options(a, s.connection);
    a.add_option("--address", s.address, "listen on this address")->capture_default_str();
    a.add_option(
         "--port", s.port, "listen on this port; 0 = any free one, which the log and --ports-file tell")
        ->envname("PORT")
        ->capture_default_str();
    a.add_option("--ports-file", s.ports_file, "write the chosen port there, as JSON");
    a.add_option(
        "--web-dir", s.web_dir, "folder of the live page (default: web/ beside the folder of this program)");
    a.add_option("--token-file",
                 s.token_file,
                 "file whose first line every request must bring, as Bearer token or as Basic password");
    a.add_option("--tls-certificate", s.tls_certificate, "serve https with this PEM certificate");
    a.add_option("--tls-key", s.tls_key, "and this PEM key");
    a.add_option("--node-timeout", s.node_timeout_s, "wait so many seconds for a data node")
        ->check(CLI::Range(0.1, 600.0))
        ->capture_default_str();
}

std::string read_token(std::string const& file)
{
    if (file.empty()) {
        return {};
    }
    std::ifstream in(file);
    std::string line;
    if (!std::getline(in, line) || line.empty()) {
        throw failure("--token-file " + file + ": cannot read a token from its first line",
                      app::exit_code::configuration);
    }
    return line;
}

/// The folder of the live page, or "" if it was not built.
std::string find_page(std::string const& given)
{
    std::error_code ec;
    auto const program = fs::read_symlink("/proc/self/exe", ec).parent_path().parent_path();
    std::vector<fs::path> const places =
        given.empty() ? std::vector<fs::path>{program / "web", program / "share/cerro/web"}
                      : std::vector<fs::path>{given};
    for (auto const& p : places) {
        for (auto const& folder : {p, p / "dist"}) {  // the build folder keeps the page in dist/
            if (fs::exists(folder / "index.html", ec)) {
                return folder.string();
            }
        }
    }
    log::warn(
        component,
        "no_live_page",
        {{"looked_in", places.front().string()}, {"cure", "build the target 'web', or give --web-dir"}});
    return {};
}

transport::listen_options listen_options(settings const& s)
{
    transport::listen_options o;
    o.address = s.address;
    o.port = s.port;
    if (s.tls_certificate.empty() != s.tls_key.empty()) {
        throw failure("--tls-certificate and --tls-key go together", app::exit_code::usage);
    }
    if (!s.tls_certificate.empty()) {
        o.tls = transport::make_server_tls(s.tls_certificate, s.tls_key);
    } else if (!s.address.starts_with("127.") && s.address != "::1") {
        log::warn(component,
                  "plain_http_on_network",
                  {{"address", s.address},
                   {"cure", "give --tls-certificate and --tls-key, or publish it by a proxy"}});
    }
    return o;
}

asio::awaitable<int> serve(app::context& c, settings const& s)
{
    dans::connection_defaults const defaults{
        "simonsobs", std::string(dans::stock_consumer_secret), false, true};
    auto client = dans::make_client_options(component, s.connection, defaults);
    auto const executor = c.io().get_executor();
    auto const session = client::session::create(executor, std::move(client));

    directory_options d;
    d.base = s.connection.base;
    d.node_timeout = std::chrono::milliseconds(static_cast<std::int64_t>(s.node_timeout_s * 1000));
    auto const nodes = std::make_shared<directory>(executor, session, std::move(d));
    nodes->start();
    auto const answers = std::make_shared<engine>(session, nodes, engine_options());

    api_options api;
    api.token = read_token(s.token_file);
    api.now = unix_now;
    auto const server = http::server::create(executor, component);
    add_routes(*server, session, answers, std::move(api));
    if (auto const page = find_page(s.web_dir); !page.empty()) {
        server->route_files("/live/", page);
    }
    auto const port = server->listen(listen_options(s));
    log::info(component, "listening", {{"address", s.address}, {"port", port}});
    if (!s.ports_file.empty()) {
        app::write_ports_file(s.ports_file, {{"http", s.address, port}});
    }

    auto const* const joined = session.get();
    c.metrics().make_gauge("cerro_bridge_joined", "1 with a session on the router", [joined] {
        return joined->is_joined() ? 1.0 : 0.0;
    });
    c.set_health("no session with the router");
    session->on_join([&c] { c.set_health({}); });
    session->on_leave([&c](std::string const&) { c.set_health("no session with the router"); });
    session->start();

    co_await c.stopped();
    server->stop();
    nodes->stop();
    co_await session->leave();
    co_return app::exit_code::ok;
}

}  // namespace

int run(int argc, char const* const* argv)
{
    settings s;
    app::description d;
    d.name = "cerro-bridge";
    d.summary = "Serves sisock's data nodes over HTTP: for Grafana's JSON data sources and the live page.";
    d.options = [&](CLI::App& a) { add_options(a, s); };
    d.run = [&](app::context& c) { return serve(c, s); };
    return app::run_service(argc, argv, std::move(d));
}

}  // namespace cerro::bridge
