#include "pages.hpp"

#include <algorithm>
#include <string>

namespace cerro::router {

namespace {

constexpr std::string_view html = "text/html; charset=utf-8";

std::string escaped(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string page(std::string_view title, std::string const& body)
{
    return "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>" + std::string(title) +
           "</title></head>\n<body><h1>" + std::string(title) + "</h1>\n" + body + "</body></html>\n";
}

}  // namespace

http::response status_page(http::request const& r, wamp_settings const& w)
{
    if (!w.webstatus) {
        auto out = http::response::problem(426, "this is a WAMP router; connect with WebSocket");
        out.headers.emplace_back("Upgrade", "websocket");
        return out;
    }
    std::string names;
    for (auto const s : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
        bool const spoken = w.serializers.empty() ||
                            std::find(w.serializers.begin(), w.serializers.end(), s) != w.serializers.end();
        if (spoken) {
            names += "<li><code>wamp.2." + std::string(codec::name(s)) + "</code></li>\n";
        }
    }
    std::string const scheme = r.tls ? "wss" : "ws";
    auto out =
        http::response::text(page("Cerro router",
                                  "<p>This is a WAMP router. Clients connect here with WebSocket (" + scheme +
                                      ") and one of these subprotocols:</p>\n<ul>\n" + names + "</ul>\n"),
                             200,
                             std::string(html));
    out.headers.emplace_back("Cache-Control", "no-cache");
    return out;
}

http::response nodeinfo_page(http::request const& r, node_names const& names)
{
    auto const row = [](std::string_view name, std::string_view text) {
        return "<tr><th>" + std::string(name) + "</th><td>" + escaped(text) + "</td></tr>\n";
    };
    auto out = http::response::text(
        page("Node",
             "<table>\n" + row("Version", "cerro-router " CERRO_VERSION) + row("Node", names.node) +
                 row("Worker", names.worker) + row("Process", std::to_string(names.pid)) +
                 row("Peer", r.peer) + "</table>\n"),
        200,
        std::string(html));
    out.headers.emplace_back("Cache-Control", "no-store");
    return out;
}

http::response json_answer(http::request const& r, json_settings const& j)
{
    if (r.method != "GET" && r.method != "HEAD") {
        auto refusal = http::response::problem(405, r.method + " is not for this value; use GET or HEAD");
        refusal.headers.emplace_back("Allow", "GET, HEAD");
        return refusal;
    }
    auto out = http::response::text(j.body, 200, "application/json; charset=UTF-8");
    if (j.allow_cross_origin) {
        auto const* origin = r.header("origin");
        out.headers.emplace_back("Access-Control-Allow-Origin",
                                 origin != nullptr && *origin != "null" ? *origin : "*");
        out.headers.emplace_back("Access-Control-Allow-Credentials", "true");
        if (auto const* wanted = r.header("access-control-request-headers")) {
            out.headers.emplace_back("Access-Control-Allow-Headers", *wanted);
        }
    }
    if (j.discourage_caching) {
        out.headers.emplace_back("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0");
    }
    return out;
}

http::response redirect_answer(redirect_settings const& to)
{
    auto out = http::response::text("", 302);
    out.headers.emplace_back("Location", to.url);
    return out;
}

}  // namespace cerro::router
