#include "support.hpp"
#include <cerro/testing/process.hpp>

#include <boost/asio/ip/tcp.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
namespace asio = boost::asio;

namespace {

std::string web_site(std::string const& paths, std::string const& cerro = "{}")
{
    return site(std::string(rawsocket) +
                    ",{'type':'web','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'paths':{" +
                    paths + "}}",
                cerro);
}

std::string header(http::response const& r, std::string_view name)
{
    for (auto const& [key, text] : r.headers) {
        std::string lower = key;
        std::transform(
            lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
        if (lower == name) {
            return text;
        }
    }
    return "";
}

}  // namespace

TEST_CASE("publisher: an event comes out, and its publication id goes back")
{
    host h(
        web_site("'publish':{'type':'publisher','realm':'realm1','role':'agent'},"
                 "'deny':{'type':'publisher','realm':'realm1','role':'controller'}"));
    auto c = h.raw();
    c->say("[32,1,{},'observatory.x']");
    c->next();
    auto const answer =
        h.fetch("POST", "/publish", R"({"topic":"observatory.x","args":[1,"two"],"kwargs":{"k":null}})");
    CHECK(answer.status == 200);
    auto const event = c->next();
    CHECK(event.at(0)->as_int() == 36);
    CHECK(answer.body == "{\"id\":" + std::to_string(event.at(2)->as_uint().value()) + "}");
    CHECK(*event.at(4) == value(list{1, "two"}));
    CHECK(*event.at(5) == value(dict{{"k", nullptr}}));
    auto const hidden =
        h.fetch("POST",
                "/publish",
                R"({"topic":"observatory.x","options":{"exclude":[)" + std::to_string(c->id) + "]}}");
    CHECK(hidden.status == 200);
    CHECK(h.fetch("POST", "/publish", R"({"topic":"observatory.x","args":["seen"]})").status == 200);
    CHECK(*c->next().at(4) == value(list{"seen"}));  // not the hidden one
    auto const denied = h.fetch("POST", "/deny", R"({"topic":"observatory.x"})");
    CHECK(denied.status == 200);
    CHECK_THAT(denied.body, Catch::Contains("wamp.error.not_authorized"));
    CHECK(h.fetch("POST", "/publish", R"({"topic":"bad topic"})").status == 500);
    CHECK(header(h.fetch("OPTIONS", "/publish", ""), "access-control-allow-methods") == "POST,PUT,OPTIONS");
}

TEST_CASE("webhook: any text is published, with its headers")
{
    host h(web_site(
        "'hook':{'type':'webhook','realm':'realm1','role':'agent','options':{'topic':'observatory.h',"
        "'success_response':'thanks'}},"
        "'deny':{'type':'webhook','realm':'realm1','role':'controller','options':{'topic':"
        "'observatory.h'}},"
        "'hub':{'type':'webhook','realm':'realm1','role':'agent','options':{'topic':'observatory.h',"
        "'github_secret':'Jefe'}}"));
    auto c = h.raw();
    c->say("[32,1,{},'observatory.h']");
    c->next();
    auto const answer =
        h.fetch("POST", "/hook", "not json", {{"Content-Type", "text/plain"}, {"X-Event", "push"}});
    CHECK(answer.status == 202);
    CHECK(answer.body == "thanks");
    auto const body = *c->next().at(4)->at(0);
    CHECK(*body.find("body") == value("not json"));
    CHECK(*body.find("headers")->find("X-Event") == value(list{"push"}));
    auto const denied = h.fetch("POST", "/deny", "x");
    CHECK(denied.status == 500);
    CHECK(denied.body == "NOT OK");
    CHECK(h.fetch("POST", "/hub", "x").status == 400);
    CHECK(h.fetch("POST",
                  "/hub",
                  "what do ya want for nothing?",
                  {{"X-Hub-Signature", "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"}})
              .status == 202);
}

TEST_CASE("static: index, types, caching, listing, large files, nothing outside")
{
    cerro::testing::temp_dir const folder;
    std::filesystem::create_directory(folder / "sub");
    cerro::testing::write_file(folder / "start.htm", "<p>start");
    cerro::testing::write_file(folder / "data.g3", "frames");
    std::string large(3'000'000, 'x');
    for (std::size_t i = 0; i < large.size(); i += 1000) {
        large[i] = static_cast<char>('a' + i / 1000 % 26);
    }
    cerro::testing::write_file(folder / "large.bin", large);
    std::string const directory = "'directory':'" + folder.path().string() + "'";
    host h(web_site("'/':{'type':'static'," + directory +
                    ",'options':{'default_file':'start.htm','mime_types':{'.g3':'application/x-g3'},"
                    "'cache_timeout':60,'allow_cross_origin':true}},"
                    "'list':{'type':'static'," +
                    directory + ",'options':{'enable_directory_listing':true,'allow_cross_origin':false}}"));
    auto const index = h.fetch("GET", "/", "", {{"Origin", "http://page"}});
    CHECK(index.body == "<p>start");
    CHECK(header(index, "cache-control") == "max-age=60,public");
    CHECK(header(index, "access-control-allow-origin") == "http://page");
    CHECK(header(h.fetch("GET", "/data.g3", ""), "content-type") == "application/x-g3");
    CHECK(h.fetch("GET", "/sub/", "").status == 404);
    CHECK(h.fetch("GET", "/large.bin", "").body == large);
    CHECK(h.fetch("GET", "/%2e%2e/passwd", "").status == 404);
    auto const listing = h.fetch("GET", "/list/", "");
    CHECK_THAT(listing.body, Catch::Contains("\"./sub/\"") && Catch::Contains("large.bin"));
    CHECK(header(listing, "access-control-allow-origin").empty());
}

TEST_CASE("json, redirect, nodeinfo and nested paths")
{
    host h(web_site(
        "'value':{'type':'json','value':{'a':[1,2.5,true,null,'x']},'options':{'discourage_caching':true}},"
        "'to':{'type':'redirect','url':'/value'},"
        "'info':{'type':'nodeinfo'},"
        "'ws':{'type':'websocket'},'quiet':{'type':'websocket','options':{'enable_webstatus':false}},"
        "'deep':{'type':'path','paths':{'/':{'type':'json','value':'top'},"
        "'er':{'type':'path','paths':{'est':{'type':'json','value':7}}}}}"));
    auto const shown = h.fetch("GET", "/value", "");
    CHECK(shown.body == R"({"a":[1,2.5,true,null,"x"]})");
    CHECK_THAT(header(shown, "cache-control"), Catch::Contains("no-store"));
    CHECK(header(h.fetch("GET", "/to", ""), "location") == "/value");
    CHECK_THAT(h.fetch("GET", "/info", "").body, Catch::Contains(std::to_string(getpid())));
    CHECK(h.fetch("GET", "/ws", "").status == 200);
    CHECK(h.fetch("GET", "/quiet", "").status == 426);
    CHECK(h.fetch("GET", "/deep", "").body == "\"top\"");
    CHECK(h.fetch("GET", "/deep/er/est", "").body == "7");
    CHECK(h.fetch("GET", "/deep/er", "").status == 404);
}

TEST_CASE("a result that JSON cannot carry is answered, where crossbar hangs")
{
    host h(web_site("'call':{'type':'caller','realm':'realm1','role':'controller'}"));
    auto callee = h.raw(codec::serializer::cbor);
    callee->say("[64,1,{},'observatory.x']");
    callee->next();
    std::optional<http::response> answer;
    asio::co_spawn(
        h.io,
        http::fetch("POST", h.url("web", "http", "/call"), R"({"procedure":"observatory.x"})", {}, 5s),
        [&](std::exception_ptr, result<http::response> r) { answer = std::move(*r); });
    auto const m = callee->next();
    callee->say("[70," + std::to_string(m.at(1)->as_uint().value()) + R"(,{},['\u0000AAEC']])");
    REQUIRE(run_until(h.io, [&] { return answer.has_value(); }));
    CHECK(answer->status == 500);
    CHECK_THAT(answer->body, Catch::Contains("wamp.error.runtime_error"));
}

TEST_CASE("forwarder: events are posted to a web server, in order; its refusals are counted")
{
    std::vector<std::string> got;
    int status = 200;
    // the web server runs on the router's loop
    host h(web_site("'ws':{'type':'websocket'}"));
    auto const server = http::server::create(h.io.get_executor(), "test");
    server->route("POST", "/in", [&](http::request r) -> asio::awaitable<http::response> {
        got.push_back(*r.header("content-type") + " " + r.body);
        co_return http::response::text("", status);
    });
    auto const port = server->listen({});
    auto again = parse_settings(web_site("'ws':{'type':'websocket'}",
                                         "{'forwarders':[{'realm':'realm1','role':'agent','subscriptions':[{'"
                                         "topic':'observatory.','match':"
                                         "'prefix','url':'http://127.0.0.1:" +
                                             std::to_string(port) + "/in'}]}]}"),
                                "config.json");
    REQUIRE(again.has_value());
    CHECK(h.router->reload(std::move(*again)).empty());
    auto c = h.raw();
    CHECK(h.router->session_count() == 1);
    c->say("[16,1,{},'observatory.a',[1],{'k':2}]");
    c->say("[16,2,{},'observatory.b',['x']]");
    REQUIRE(run_until(h.io, [&] { return got.size() == 2; }));
    CHECK(got[0] == R"(application/json {"args":[1],"kwargs":{"k":2}})");
    CHECK(got[1] == R"(application/json {"args":["x"],"kwargs":{}})");
    status = 404;
    c->say("[16,3,{},'observatory.b']");
    CHECK(run_until(h.io, [&] {
        return h.metrics.text().find("cerro_router_forward_lost_total{reason=\"status\"} 1") !=
               std::string::npos;
    }));
    CHECK(h.metrics.text().find("cerro_router_forwarded_total 2") != std::string::npos);
    server->stop();
}
