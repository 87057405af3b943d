#include "sections.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <utility>

namespace cerro::router {

namespace {

// --- endpoint
// ---------------------------------------------------------------------------------------------------

std::optional<tls_settings> read_tls(reader& in, config::node const& endpoint, section_context const& about)
{
    auto const* n = endpoint.find("tls");
    if (n == nullptr ||
        !in.map(*n, {"key", "certificate", "chain_certificates", "ca_certificates", "dhparam", "ciphers"})) {
        return std::nullopt;
    }
    if (n->find("ca_certificates") != nullptr) {
        in.wrong(*n->find("ca_certificates"), "client certificates are not supported by this version");
    }
    in.no_effect(*n, {{"dhparam", ""}, {"ciphers", ""}});
    tls_settings tls;
    tls.key = resolved(about, in.required_text(*n, "key"));
    tls.certificate = resolved(about, in.required_text(*n, "certificate"));
    for (auto const& file : in.texts(*n, "chain_certificates")) {
        tls.chain.push_back(resolved(about, file));
    }
    return tls;
}

std::uint16_t read_port(reader& in, config::node const& n)
{
    auto const* port = n.find("port");
    if (port == nullptr) {
        in.wrong(n, "the key 'port' is missing");
        return 0;
    }
    if (!port->text().starts_with('$')) {
        return static_cast<std::uint16_t>(in.integer(n, "port", 0, 0, 65535));
    }
    std::string const text = in.expand(*port, port->text());
    bool const digits = !text.empty() && text.size() <= 5 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    int const number = digits ? std::stoi(text) : -1;
    if (number < 0 || number > 65535) {
        in.wrong(*port, "the value '" + text + "' of that variable is not a port");
        return 0;
    }
    return static_cast<std::uint16_t>(number);
}

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
        if (in.map(*n, {"type", "path", "backlog"})) {
            out.unix_path = resolved(about, in.required_text(*n, "path"));
            out.backlog = static_cast<int>(in.integer(*n, "backlog", out.backlog, 1, 65535));
        }
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
                 "tls"})) {
        return out;
    }
    if (n->find("portrange") != nullptr) {
        in.wrong(*n->find("portrange"), "a range of ports is not supported; give 'port'");
    }
    in.no_effect(*n, {{"shared", "false"}, {"user_timeout", ""}});
    auto const version = in.integer(*n, "version", 4, 4, 6);
    out.port = read_port(in, *n);
    out.address_given = n->find("interface") != nullptr;
    out.address = in.text(*n, "interface", version == 6 ? "::" : "0.0.0.0");
    out.backlog = static_cast<int>(in.integer(*n, "backlog", out.backlog, 1, 65535));
    out.tls = read_tls(in, *n, about);
    if (out.address == "localhost") {
        out.address = version == 6 ? "::1" : "127.0.0.1";
    }
    return out;
}

// --- what is spoken there
// -----------------------------------------------------------------------------------------

void read_serializers(reader& in, config::node const& n, wamp_settings& out)
{
    if (n.find("serializers") == nullptr) {
        return;
    }
    out.batched = false;
    for (auto const& name : in.texts(n, "serializers")) {
        std::string_view plain = name;
        if (plain.ends_with(".batched")) {
            plain.remove_suffix(8);
            out.batched = true;
        }
        bool known = false;
        for (auto const s : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
            if (codec::name(s) == plain) {
                known = true;
                if (std::find(out.serializers.begin(), out.serializers.end(), s) == out.serializers.end()) {
                    out.serializers.push_back(s);
                }
            }
        }
        if (!known && plain != "ubjson" && plain != "flatbuffers") {
            in.wrong(*n.find("serializers"), "'" + name + "' is no serializer; json, msgpack and cbor are");
        }
    }
    if (out.serializers.empty()) {
        in.wrong(*n.find("serializers"),
                 "none of these serializers is supported; json, msgpack and cbor are");
    }
}

}  // namespace

std::string resolved(section_context const& about, std::string const& path)
{
    std::filesystem::path const p(path);
    return p.is_absolute() ? path
                           : (std::filesystem::path(about.options.base_dir) / p).lexically_normal().string();
}

wamp_settings read_wamp(reader& in, config::node const& n, section_context const& about, bool websocket)
{
    wamp_settings out;
    in.no_effect(n, {{"debug", "false"}});
    out.limits = about.wamp_limits;
    out.access = read_access(in, n, about);
    read_serializers(in, n, out);
    if (auto const* options = n.find("options")) {
        if (websocket) {
            read_websocket_options(in, *options, out);
        } else if (in.map(*options, {"max_message_size"})) {
            auto const size = in.integer(*options, "max_message_size", 16LL << 20U, 512, 16LL << 20U);
            out.limits.max_message = static_cast<std::size_t>(size);
        }
    }
    return out;
}

void read_transport(reader& in, config::node const& n, section_context const& about, settings& out)
{
    if (!in.map(n)) {
        return;
    }
    listener_settings listener;
    listener.name = n.where();
    auto const type = in.required_text(n, "type");
    if (type == "web") {
        listener.type = listener_settings::kind::web;
        if (!in.map(n, {"type", "id", "endpoint", "paths", "options"})) {
            return;
        }
        if (auto const* options = n.find("options")) {
            in.map(*options, {"access_log", "display_tracebacks", "hsts", "hsts_max_age", "client_timeout"});
            in.no_effect(*options,
                         {{"access_log", "false"},
                          {"display_tracebacks", "false"},
                          {"hsts", "false"},
                          {"hsts_max_age", "31536000"},
                          {"client_timeout", ""}});
        }
        auto const* paths = n.find("paths");
        if (paths == nullptr) {
            in.wrong(n, "the key 'paths' is missing");
        } else {
            read_paths(in, *paths, "", about, listener);
        }
    } else if (type == "websocket") {
        listener.type = listener_settings::kind::websocket;
        if (!in.map(n,
                    {"type", "id", "endpoint", "url", "serializers", "debug", "options", "auth", "cookie"})) {
            return;
        }
        listener.wamp = read_wamp(in, n, about, true);
    } else if (type == "rawsocket") {
        listener.type = listener_settings::kind::rawsocket;
        if (!in.map(n, {"type", "id", "endpoint", "serializers", "debug", "options", "auth"})) {
            return;
        }
        listener.wamp = read_wamp(in, n, about, false);
    } else {
        in.wrong(n, "transports of type '" + type + "' are not supported; web, websocket and rawsocket are");
        return;
    }
    listener.endpoint = read_endpoint(in, n, about);
    out.listeners.push_back(std::move(listener));
}

}  // namespace cerro::router
