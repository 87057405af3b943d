#include <cerro/dans/connection.hpp>
#include <cerro/log/log.hpp>

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace cerro::dans {

namespace {

constexpr int configuration = 3;
constexpr char const* pinned_certificate = ".crossbar/server_cert.pem";

std::string from_environment(environment const& env, char const* variable, std::string fallback)
{
    char const* v = env(variable);
    return v != nullptr && *v != '\0' ? std::string(v) : std::move(fallback);
}

std::string port_from_environment(environment const& env, char const* variable, std::string fallback)
{
    auto text = from_environment(env, variable, std::move(fallback));
    bool const digits = text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || std::stoi(text) < 1 || std::stoi(text) > 65535) {
        throw failure(std::string(variable) + "=" + text + " is no port: give a number from 1 to 65535",
                      configuration);
    }
    return text;
}

std::string read_secret(std::string const& file)
{
    std::ifstream in(file);
    std::string line;
    if (!in || !std::getline(in, line)) {
        throw failure("--secret-file " + file + ": cannot read a secret from its first line", configuration);
    }
    if (!line.empty() && line.back() == '\r') {
        line.pop_back();
    }
    if (line.empty()) {
        throw failure("--secret-file " + file + ": its first line is empty", configuration);
    }
    return line;
}

std::string default_url(environment const& env, bool plain)
{
    auto const host = from_environment(env, "CROSSBAR_HOST", "localhost");
    return plain ? "ws://" + host + ":" + port_from_environment(env, "CROSSBAR_OCS_PORT", "8001") + "/ws"
                 : "wss://" + host + ":" + port_from_environment(env, "CROSSBAR_TLS_PORT", "8080") + "/ws";
}

}  // namespace

void add_connection_options(CLI::App& app, connection_settings& s)
{
    app.add_option(
        "--url", s.url, "router, such as ws://127.0.0.1:8001/ws (default: from CROSSBAR_HOST and its ports)");
    app.add_option("--realm", s.realm, "realm to join")->capture_default_str();
    app.add_option(
        "--user", s.user, "authid (also WAMP_USER); the secret comes from WAMP_SECRET or --secret-file");
    app.add_option("--secret-file", s.secret_file, "file whose first line is the secret");
    app.add_option(
        "--ca-file",
        s.ca_file,
        std::string("PEM certificate to trust on wss:// (default: ") + pinned_certificate + " if it exists)");
    app.add_flag(
        "--verify-host", s.verify_host, "compare the host name also with a certificate given by --ca-file");
    app.add_option("--base-uri", s.base, "first part of all URIs")->capture_default_str();
}

client::options make_client_options(std::string_view component,
                                    connection_settings const& s,
                                    connection_defaults const& d,
                                    environment const& env)
{
    client::options o;
    o.realm = s.realm;
    o.connection.url = s.url.empty() ? default_url(env, d.plain_port) : s.url;
    bool const tls = o.connection.url.starts_with("wss:") || o.connection.url.starts_with("rss:");

    auto& ca = o.connection.tls.ca_file;
    ca = s.ca_file;
    if (ca.empty() && tls && std::filesystem::exists(pinned_certificate)) {
        ca = pinned_certificate;
    }
    if (!ca.empty() && tls && !std::ifstream(ca)) {
        throw failure("--ca-file " + ca + ": cannot read it", configuration);
    }
    // A pinned certificate says enough about who answers, and old ones carry no host name at all.
    o.connection.tls.verify_host = s.verify_host || ca.empty();

    // A program that is anonymous by default stays so in an environment made for its siblings.
    bool const anonymous = d.plain_port && s.user.empty() && s.secret_file.empty() && !tls;
    auto user = !s.user.empty()           ? s.user
                : d.user_from_environment ? from_environment(env, "WAMP_USER", d.user)
                                          : d.user;
    std::string secret;
    if (!s.secret_file.empty()) {
        secret = read_secret(s.secret_file);
    } else if (!anonymous) {
        secret = from_environment(env, "WAMP_SECRET", tls ? d.stock_secret : std::string());
    }
    if (secret.empty()) {
        if (!s.user.empty()) {
            throw failure("--user " + s.user + " without a secret: set WAMP_SECRET or give --secret-file",
                          configuration);
        }
        o.credentials = client::anonymous_auth{};
        return o;
    }
    if (secret == stock_server_secret || secret == stock_consumer_secret) {
        log::warn(
            component,
            "public_secret_in_use",
            {{"user", user}, {"cure", "give the router's users secrets of their own and set WAMP_SECRET"}});
    }
    o.credentials = client::wampcra_auth{std::move(user), std::move(secret)};
    return o;
}

client::options make_client_options(std::string_view component,
                                    connection_settings const& s,
                                    connection_defaults const& d)
{
    return make_client_options(
        component, s, d, [](char const* variable) -> char const* { return std::getenv(variable); });
}

}  // namespace cerro::dans
