#include "sections.hpp"
#include <cerro/transport/host_address.hpp>

#include <algorithm>

namespace cerro::router {

namespace {

constexpr std::int64_t max_port = 65'535;
constexpr std::int64_t max_ms = 24LL * 3'600'000;

std::optional<tls_settings> read_tls(reader& in, config::node const& endpoint, section_context const& about)
{
    auto const* n = endpoint.find("tls");
    if (n == nullptr ||
        !in.map(
            *n,
            {"key", "certificate", "chain_certificates", "ca_certificates", "dhparam", "ciphers", "cerro"})) {
        return std::nullopt;
    }
    auto const files = [&](std::string_view key) {
        auto out = in.texts(*n, key);
        std::transform(
            out.begin(), out.end(), out.begin(), [&](auto const& file) { return resolved(about, file); });
        return out;
    };
    auto const file = [&](config::node const& of, std::string_view key) {
        auto const path = in.text(of, key);
        return path.empty() ? path : resolved(about, path);
    };
    tls_settings tls;
    tls.key = resolved(about, in.required_text(*n, "key"));
    tls.certificate = resolved(about, in.required_text(*n, "certificate"));
    tls.chain = files("chain_certificates");
    tls.ca = files("ca_certificates");
    tls.dhparam = file(*n, "dhparam");
    tls.ciphers = in.text(*n, "ciphers");
    if (auto const* ca = n->find("ca_certificates"); ca != nullptr && tls.ca.empty()) {
        in.wrong(
            *ca,
            "an empty list would demand certificates that no authority issued; name one, or leave it out");
    }
    if (auto const* ours = n->find("cerro"); ours != nullptr && in.map(*ours, {"crl"})) {
        tls.crl = file(*ours, "crl");
        if (!tls.crl.empty() && tls.ca.empty()) {
            in.wrong(*ours, "a revocation list needs ca_certificates, which demand certificates of clients");
        }
    }
    return tls;
}

void read_port(reader& in, config::node const& n, endpoint_settings& out)
{
    auto const* port = n.find("port");
    if (auto const* range = n.find("portrange")) {
        auto const& ends = in.items(n, "portrange");
        if (port != nullptr) {
            in.wrong(*range, "give 'port' or 'portrange', not both");
        } else if (ends.size() != 2) {
            in.wrong(*range, "'portrange' is a list of the first and the last port");
        } else {
            auto const number = [](config::node const& end) {
                auto const read = end.as_int();
                return read ? *read : 0;
            };
            auto const first = number(ends[0]);
            auto const last = number(ends[1]);
            if (first < 1 || last < first || last > max_port) {
                in.wrong(*range, "'portrange' must be two ports of 1 to 65535, the smaller one first");
            } else {
                out.port = static_cast<std::uint16_t>(first);
                out.last_port = static_cast<std::uint16_t>(last);
            }
        }
        return;
    }
    if (port == nullptr) {
        in.wrong(n, "the key 'port' is missing");
        return;
    }
    if (!port->text().starts_with('$')) {
        out.port = static_cast<std::uint16_t>(in.integer(n, "port", 0, 0, max_port));
        return;
    }
    std::string const text = in.expand(*port, port->text());
    bool const digits = !text.empty() && text.size() <= 5 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    int const number = digits ? std::stoi(text) : -1;
    if (number < 0 || number > max_port) {
        in.wrong(*port, "the value '" + text + "' of that variable is not a port");
    } else {
        out.port = static_cast<std::uint16_t>(number);
    }
}

void read_unix(reader& in, config::node const& n, section_context const& about, endpoint_settings& out)
{
    if (!in.map(n, {"type", "path", "backlog", "cerro"})) {
        return;
    }
    out.unix_path = resolved(about, in.required_text(n, "path"));
    out.backlog = static_cast<int>(in.integer(n, "backlog", out.backlog, 1, 65535));
    auto const* ours = n.find("cerro");
    if (ours == nullptr || !in.map(*ours, {"mode"}) || ours->find("mode") == nullptr) {
        return;
    }
    auto const text = in.text(*ours, "mode");
    bool const octal = (text.size() == 3 || (text.size() == 4 && text[0] == '0')) &&
                       std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
    if (octal) {
        out.unix_mode = static_cast<unsigned>(std::stoul(text, nullptr, 8));
    } else {
        in.wrong(*ours->find("mode"), "'" + text + "' is no mode; write for instance \"660\"");
    }
}

/// "cerro": {"proxy_protocol": true, "trusted": ["10.0.0.0/8"]}
void read_proxies(reader& in, config::node const& n, endpoint_settings& out)
{
    auto const* ours = n.find("cerro");
    if (ours == nullptr || !in.map(*ours, {"proxy_protocol", "trusted"})) {
        return;
    }
    out.proxy_protocol = in.boolean(*ours, "proxy_protocol", false);
    out.trusted = in.texts(*ours, "trusted");
    auto const list = transport::networks::parse(out.trusted);
    if (!list) {
        in.wrong(*ours->find("trusted"), list.error().what);
    } else if (out.proxy_protocol && out.trusted.empty()) {
        in.wrong(*ours,
                 "'proxy_protocol' needs 'trusted', the networks of the proxies: anybody else could tell any "
                 "address");
    }
}

}  // namespace

endpoint_settings read_endpoint(reader& in, config::node const& transport, section_context const& about)
{
    endpoint_settings out;
    auto const* n = transport.find("endpoint");
    if (n == nullptr) {
        in.wrong(transport, "the key 'endpoint' is missing");
        return out;
    }
    if (!in.map(*n)) {
        return out;
    }
    auto const type = in.required_text(*n, "type");
    if (type == "unix") {
        read_unix(in, *n, about, out);
        return out;
    }
    if (type != "tcp") {
        in.wrong(*n, "'" + type + "' is no type of endpoint; tcp and unix are");
        return out;
    }
    if (!in.map(*n,
                {"type",
                 "version",
                 "port",
                 "portrange",
                 "shared",
                 "interface",
                 "backlog",
                 "user_timeout",
                 "tls",
                 "cerro"})) {
        return out;
    }
    auto const version = in.integer(*n, "version", 4, 4, 6);
    read_port(in, *n, out);
    read_proxies(in, *n, out);
    out.shared = in.boolean(*n, "shared", false);
    out.address_given = n->find("interface") != nullptr;
    out.address = in.text(*n, "interface", version == 6 ? "::" : "0.0.0.0");
    out.backlog = static_cast<int>(in.integer(*n, "backlog", out.backlog, 1, 65535));
    if (n->find("user_timeout") != nullptr) {
        out.user_timeout = std::chrono::milliseconds(in.integer(*n, "user_timeout", 10'000, 1, max_ms));
    }
    out.tls = read_tls(in, *n, about);
    if (out.address == "localhost") {
        out.address = version == 6 ? "::1" : "127.0.0.1";
    }
    return out;
}

}  // namespace cerro::router
