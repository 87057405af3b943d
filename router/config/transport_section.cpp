#include "sections.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <utility>

namespace cerro::router {

namespace {

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
    in.no_effect(n, {{"cookie", ""}, {"debug", "false"}});
    out.limits = about.wamp_limits;
    out.access = read_access(in, n);
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
        listener.rawsocket = true;
        if (!in.map(n, {"type", "id", "endpoint", "serializers", "debug", "options", "auth"})) {
            return;
        }
        listener.wamp = read_wamp(in, n, about, false);
    } else if (type == "universal") {
        listener.type = listener_settings::kind::universal;
        read_universal(in, n, about, listener);
    } else {
        in.wrong(n,
                 "transports of type '" + type +
                     "' are not supported; web, websocket, rawsocket and universal are");
        return;
    }
    listener.endpoint = read_endpoint(in, n, about);
    out.listeners.push_back(std::move(listener));
}

}  // namespace cerro::router
