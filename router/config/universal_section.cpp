#include "sections.hpp"

namespace cerro::router {

namespace {

/// "websocket": {"ws": {...}, "/": {...}}: paths of WebSockets.
void read_websockets(reader& in, config::node const& n, section_context const& about, listener_settings& out)
{
    if (!in.map(n)) {
        return;
    }
    for (auto const& [path, item] : n.members()) {
        if (!valid_path(path)) {
            in.wrong(item, "a path is '/' or made of letters, digits, '-' and '_'");
        } else if (in.map(item, {"type", "id", "url", "serializers", "debug", "options", "auth", "cookie"})) {
            if (auto const type = in.text(item, "type", "websocket"); type != "websocket") {
                in.wrong(item, "'" + type + "' stands below 'web'; here are WebSockets");
            }
            out.paths.push_back({path == "/" ? path : "/" + path, read_wamp(in, item, about, true)});
        }
    }
}

}  // namespace

void read_universal(reader& in, config::node const& n, section_context const& about, listener_settings& out)
{
    if (!in.map(n, {"type", "id", "endpoint", "rawsocket", "websocket", "mqtt", "web"})) {
        return;
    }
    if (auto const* mqtt = n.find("mqtt")) {
        in.wrong(*mqtt, "MQTT is not supported; leave it out");
    }
    auto const* raw = n.find("rawsocket");
    if (raw != nullptr && in.map(*raw, {"type", "id", "serializers", "debug", "options", "auth"})) {
        out.rawsocket = true;
        out.wamp = read_wamp(in, *raw, about, false);
    }
    auto const* sockets = n.find("websocket");
    if (sockets != nullptr) {
        read_websockets(in, *sockets, about, out);
    }
    auto const* web = n.find("web");
    if (web != nullptr && in.map(*web, {"type", "id", "paths", "options"})) {
        if (auto const* paths = web->find("paths")) {
            read_paths(in, *paths, "", about, out);
        }
    }
    if (raw == nullptr && sockets == nullptr && web == nullptr) {
        in.wrong(n, "a universal transport needs at least one of rawsocket, websocket and web");
    }
}

}  // namespace cerro::router
