#include "init.hpp"

#include "certificates.hpp"
#include <cerro/app/service.hpp>
#include <cerro/auth/compare.hpp>
#include <cerro/codec/codec.hpp>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace cerro::router {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t secret_octets = 24;
constexpr mode_t secret_mode = 0600;
constexpr mode_t public_mode = 0644;
constexpr auto agent = "agent";
constexpr auto controller = "controller";

std::string host_name()
{
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

dict permission_on(std::string const& uri, bool may_register)
{
    return {
        {"uri", uri},
        {"match", "prefix"},
        {"allow", dict{{"call", true}, {"register", may_register}, {"publish", true}, {"subscribe", true}}},
        {"disclose", dict{{"caller", false}, {"publisher", false}}},
        {"cache", true}};
}

dict tls_endpoint(init_options const& o, std::uint16_t port)
{
    return {{"type", "tcp"},
            {"interface", o.interface},
            {"port", port},
            {"tls", dict{{"key", "server_key.pem"}, {"certificate", "server_cert.pem"}}}};
}

dict users()
{
    auto const user = [](std::string const& name, std::string_view role) {
        return dict{{"secret", dict{{"file", name + ".secret"}}}, {"role", role}};
    };
    return {{"wampcra",
             dict{{"type", "static"},
                  {"users",
                   dict{{agent, user(agent, "iocs_agent")},
                        {controller, user(controller, "iocs_controller")}}}}}};
}

std::string config_text(init_options const& o)
{
    dict const websocket_options{{"open_handshake_timeout", 2500},
                                 {"auto_ping_interval", 10'000},
                                 {"auto_ping_timeout", 5'000},
                                 {"auto_ping_size", 12},
                                 {"max_message_size", 16'777'216}};
    list const roles{
        dict{{"name", "iocs_agent"}, {"permissions", list{permission_on(o.address_root + ".", true)}}},
        dict{{"name", "iocs_controller"}, {"permissions", list{permission_on(o.address_root + ".", false)}}}};
    dict const secure{
        {"type", "web"},
        {"endpoint", tls_endpoint(o, o.tls_port)},
        {"paths",
         dict{{"ws", dict{{"type", "websocket"}, {"auth", users()}, {"options", websocket_options}}}}}};
    dict const raw{{"type", "rawsocket"}, {"endpoint", tls_endpoint(o, o.rawsocket_port)}, {"auth", users()}};
    dict const local{
        {"type", "web"},
        {"endpoint", dict{{"type", "tcp"}, {"interface", "127.0.0.1"}, {"port", o.plain_port}}},
        {"paths",
         dict{{"ws",
               dict{{"type", "websocket"},
                    {"auth", dict{{"anonymous", dict{{"type", "static"}, {"role", "iocs_agent"}}}}},
                    {"options", websocket_options}}},
              {"call",
               dict{{"type", "caller"},
                    {"realm", o.realm},
                    {"role", "iocs_controller"},
                    {"options", dict{{"allowed_origins", list{}}}}}}}}};
    dict const worker{{"type", "router"},
                      {"realms", list{dict{{"name", o.realm}, {"roles", roles}}}},
                      {"transports", list{secure, raw, local}}};
    return codec::to_json(dict{{"version", 2}, {"controller", dict{}}, {"workers", list{worker}}}, 2) + "\n";
}

struct new_file {
    std::string name;
    std::string text;
    mode_t mode;
};

/// Fails when the file is there already.
void write_new(fs::path const& path, new_file const& f)
{
    auto const wrong = [&](int reason) {
        throw failure(path.string() + ": cannot be written: " + std::system_category().message(reason) +
                      "; nothing is overwritten");
    };
    int const fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, f.mode);
    if (fd < 0) {
        wrong(errno);
    }
    auto const n = ::write(fd, f.text.data(), f.text.size());
    int const reason = n < 0 ? errno : ENOSPC;
    ::close(fd);
    if (n != static_cast<ssize_t>(f.text.size())) {
        std::error_code ignored;
        fs::remove(path, ignored);
        wrong(reason);
    }
}

}  // namespace

std::string write_node(init_options const& o)
{
    auto names = o.names;
    if (names.empty()) {
        names.push_back(host_name());
    }
    std::string const host = names.front();
    for (auto const* always : {"localhost", "127.0.0.1", "::1"}) {
        if (std::find(names.begin(), names.end(), always) == names.end()) {
            names.emplace_back(always);
        }
    }
    fs::path const folder(o.folder);
    auto const made = make_certificates(names, std::chrono::hours(24) * o.days);
    std::vector<new_file> const files{
        {"config.json", config_text(o), public_mode},
        {"ca_cert.pem", made.authority.certificate, public_mode},
        {"ca_key.pem", made.authority.key, secret_mode},
        {"server_cert.pem", made.server.certificate, public_mode},
        {"server_key.pem", made.server.key, secret_mode},
        {"agent.secret", auth::random_token(secret_octets) + "\n", secret_mode},
        {"controller.secret", auth::random_token(secret_octets) + "\n", secret_mode}};
    for (auto const& f : files) {
        if (fs::exists(folder / f.name)) {
            throw failure(
                (folder / f.name).string() +
                ": is there already, and nothing is overwritten; give another --cbdir, or remove it");
        }
    }
    std::error_code ec;
    fs::create_directories(folder, ec);
    if (ec) {
        throw failure(folder.string() + ": cannot be made: " + ec.message());
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        try {
            write_new(folder / files[i].name, files[i]);
        } catch (failure const&) {
            for (std::size_t done = 0; done < i; ++done) {
                fs::remove(folder / files[done].name, ec);
            }
            throw;
        }
    }
    auto const at = [&](std::string const& name) { return (folder / name).string(); };
    return "Written to " + folder.string() +
           ": config.json, a certificate authority, a server certificate for " + host + " (" +
           std::to_string(o.days) +
           " days), and two users.\n\n"
           "Start the router:\n  cerro-router start --cbdir " +
           folder.string() +
           "\n\n"
           "Agents on this host join without a password (loopback only), realm " +
           o.realm + ":\n  ws://127.0.0.1:" + std::to_string(o.plain_port) +
           "/ws      and for calls by HTTP  http://127.0.0.1:" + std::to_string(o.plain_port) +
           "/call\n\n"
           "Other hosts need " +
           at("ca_cert.pem") + " and the secret of their user (WAMP-CRA):\n  wss://" + host + ":" +
           std::to_string(o.tls_port) + "/ws      or RawSocket over TLS at port " +
           std::to_string(o.rawsocket_port) + "\n  user '" + agent +
           "' (role iocs_agent): " + at("agent.secret") + "\n  user '" + controller +
           "' (role iocs_controller): " + at("controller.secret") +
           "\n\n"
           "Keep ca_key.pem away from the router's host if you can: it is needed for further certificates "
           "only.\n";
}

int run_init(int argc, char const* const* argv)
{
    init_options o;
    std::string appdir;
    app::description d;
    d.name = "cerro-router init";
    d.summary = "Writes a configuration with TLS, certificates and users; overwrites nothing.";
    d.options = [&](CLI::App& a) {
        auto* const cbdir = a.add_option("--cbdir", o.folder, "folder to write to (default .crossbar)");
        a.add_option("--appdir", appdir, "as crossbar: the folder in which .crossbar is made")
            ->excludes(cbdir);
        a.add_option("--realm", o.realm, "name of the realm (default test_realm)");
        a.add_option(
            "--address-root", o.address_root, "first component of the agents' URIs (default observatory)");
        a.add_option("--host",
                     o.names,
                     "name or address of this host as clients use it, for the certificate; may be repeated");
        a.add_option("--interface", o.interface, "where the TLS ports listen (default 0.0.0.0: everywhere)");
        a.add_option("--tls-port", o.tls_port, "WebSocket over TLS (default 8443)");
        a.add_option("--rawsocket-port", o.rawsocket_port, "RawSocket over TLS (default 8444)");
        a.add_option("--plain-port", o.plain_port, "WebSocket and HTTP on loopback (default 8001)");
        a.add_option("--days", o.days, "life of the server's certificate (default 825)")
            ->check(CLI::Range(1, 36'500));
    };
    d.run = [&](app::context&) -> app::asio::awaitable<int> {
        if (!appdir.empty()) {
            o.folder = (fs::path(appdir) / ".crossbar").string();
        }
        std::fputs(write_node(o).c_str(), stdout);
        co_return app::exit_code::ok;
    };
    return app::run_tool(argc, argv, std::move(d));
}

}  // namespace cerro::router
