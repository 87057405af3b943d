#include "fake_nodes.hpp"
#include <cerro/bridge/api.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/http/client.hpp>
#include <cerro/testing/loop.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <set>

namespace {

using namespace cerro;
using namespace cerro::bridge;

value json(std::string_view text)
{
    auto v = codec::from_json(text);
    INFO(text.substr(0, 300));
    REQUIRE(v.has_value());
    return std::move(*v);
}

list recorded(std::string const& file)
{
    std::ifstream in(std::string(CERRO_TEST_DATA) + "/sisock/http/" + file);
    std::string const text((std::istreambuf_iterator<char>(in)), {});
    return *json(text).as_list();
}

/// A bridge on a port of its own, over data nodes without a router.
struct running_bridge {
    explicit running_bridge(std::string token = {})
    {
        directory_options d;
        d.base = "org.simonsobservatory";
        d.node_timeout = std::chrono::milliseconds(150);
        nodes = std::make_shared<directory>(io.get_executor(), session, d);
        nodes->start();
        auto const e = std::make_shared<engine>(session, nodes, engine_options());
        api_options o;
        o.now = [] { return 1.7e9; };
        o.token = std::move(token);
        add_routes(*server, session, e, o);
        port = server->listen({});
        REQUIRE(testing::run_until(io, [&] { return nodes->nodes().size() == 4; }));
    }
    ~running_bridge()
    {
        nodes->stop();
        server->stop();
        io.restart();
        io.run_for(std::chrono::milliseconds(50));
    }

    http::response ask(std::string method,
                       std::string const& path,
                       std::string body = {},
                       std::vector<std::pair<std::string, std::string>> headers = {})
    {
        auto const url = "http://127.0.0.1:" + std::to_string(port) + path;
        auto r = testing::run(
            io,
            http::fetch(
                std::move(method), url, std::move(body), std::move(headers), std::chrono::seconds(10)));
        REQUIRE(r.has_value());
        return std::move(*r);
    }
    value post(std::string const& path, value const& body)
    {
        auto const r = ask("POST", path, codec::to_json(body), {{"Content-Type", "application/json"}});
        INFO(r.body);
        REQUIRE(r.status == 200);
        return json(r.body);
    }

    asio::io_context io;
    std::shared_ptr<fake_session> session = std::make_shared<fake_session>(io.get_executor());
    std::shared_ptr<http::server> server = http::server::create(io.get_executor(), "bridge-test");
    std::shared_ptr<directory> nodes;
    std::uint16_t port = 0;
};

std::string header(http::response const& r, std::string_view name)
{
    for (auto const& [n, v] : r.headers) {
        if (std::equal(n.begin(), n.end(), name.begin(), name.end(), [](char a, char b) {
                return std::tolower(a) == std::tolower(b);
            })) {
            return v;
        }
    }
    return {};
}

value query(std::string const& target, double hours = 3, int points = 500)
{
    return dict{
        {"range",
         dict{{"from", 1499990400000}, {"to", static_cast<std::int64_t>(1499990400000 + hours * 3600000)}}},
        {"maxDataPoints", points},
        {"targets", list{dict{{"target", target}}}}};
}

/// Target -> data points, whatever the order.
std::map<std::string, list> by_target(value const& answer)
{
    std::map<std::string, list> out;
    for (auto const& s : *answer.as_list()) {
        out[*s.find("target")->as_text()] = *s.find("datapoints")->as_list();
    }
    return out;
}

/// What a good bridge answers to a recorded request; the status of 2019 where nothing is said here.
int good_status(std::string const& name, int then)
{
    static std::map<std::string, int> const better{{"query_unknown_node", 200},
                                                   {"query_no_separator", 200},
                                                   {"query_select_metric_placeholder", 200},
                                                   {"query_malformed_json", 400},
                                                   {"query_empty_body", 400},
                                                   {"query_missing_range", 200},
                                                   {"query_missing_interval", 200},
                                                   {"query_interval_weeks", 200},
                                                   {"query_interval_years", 200},
                                                   {"query_get", 405},
                                                   {"options_query", 204},
                                                   {"unknown_path", 404}};
    auto const it = better.find(name);
    return it == better.end() ? then : it->second;
}

bool same_points(list const& mine, list const& recorded)
{
    return std::equal(
        mine.begin(), mine.end(), recorded.begin(), recorded.end(), [](value const& a, value const& b) {
            return a.at(0)->as_double() == b.at(0)->as_double() &&
                   a.at(1)->as_double() == b.at(1)->as_double() && a.at(1)->is_integer();
        });
}

TEST_CASE("bridge: recorded exchanges with the Python bridge, answered as a good one does")
{
    running_bridge b;
    for (auto const& e : recorded("simplejson_exchanges.json")) {
        auto const name = *e.find("name")->as_text();
        INFO(name);
        auto const& request = *e.find("request");
        auto const& body = *request.find("body");
        auto const text = body.is_null()   ? std::string()
                          : body.is_text() ? *body.as_text()
                                           : codec::to_json(body);
        auto const r = b.ask(*request.find("method")->as_text(), *request.find("path")->as_text(), text);
        INFO(r.body.substr(0, 300));
        REQUIRE(r.status ==
                good_status(name, static_cast<int>(*e.find("response")->find("status")->as_int())));
        REQUIRE(header(r, "access-control-allow-origin") == "*");
        if (r.status == 204) {
            continue;
        }
        REQUIRE(header(r, "content-type").starts_with("application/json"));
        auto const answer = json(r.body);
        if (r.status >= 400) {
            REQUIRE_FALSE(answer.find("message")->as_text()->empty());
            continue;
        }
        auto const* then = e.find("response")->find("json");
        if (then == nullptr || !name.starts_with("query_") || name == "query_table_type") {
            continue;
        }
        auto const mine = by_target(answer);
        for (auto const& s : *then->as_list()) {
            auto const target = *s.find("target")->as_text();
            INFO(target);
            if (target.starts_with("apex_archive::")) {
                REQUIRE(same_points(mine.at(target), *s.find("datapoints")->as_list()));
            } else {
                REQUIRE(mine.at(target).empty());
            }
        }
    }
}

TEST_CASE("bridge: the requests that Grafana's plugins build are all answered")
{
    running_bridge b;
    for (auto const& e : recorded("grafana_requests.json")) {
        auto const name = *e.find("plugin")->as_text() + ": " + *e.find("name")->as_text();
        INFO(name);
        auto const* body = e.find("body");
        auto const path = *e.find("path")->as_text();
        auto const r = b.ask(*e.find("method")->as_text(),
                             path.empty() ? "/" : path,
                             body == nullptr ? "" : codec::to_json(*body));
        INFO(r.body.substr(0, 300));
        REQUIRE(r.status == (name == "simplejson: CORS preflight" ? 204 : 200));
    }
}

TEST_CASE("bridge: maxDataPoints is a hard bound, and the extremes of the month stay visible")
{
    running_bridge b;
    auto const all = by_target(b.post("/query", query("apex_archive::apex_radiometer", 24 * 31, 100'000)));
    auto const few = by_target(b.post("/query", query("apex_archive::apex_radiometer", 24 * 31, 100)));
    auto const& every = all.begin()->second;
    auto const& points = few.begin()->second;
    REQUIRE(every.size() == 20167);
    REQUIRE(points.size() <= 100);
    REQUIRE(points.size() > 50);
    auto const largest = [](list const& l) {
        double m = -1e9;
        for (auto const& p : l) {
            m = std::max(m, *p.at(0)->as_double());
        }
        return m;
    };
    REQUIRE(largest(points) == largest(every));
}

TEST_CASE("bridge: nodes that fail or hang cost their own series only, and not the sum of their time-outs")
{
    running_bridge b;
    value q = query("apex_archive::apex_humidity");
    for (auto const* t : {"silent::a", "broken::a", "nobody::a", "no separator", "bad name::x", "old::x"}) {
        q.as_dict()->find("targets")->as_list()->emplace_back(dict{{"target", t}});
    }
    q.as_dict()->find("targets")->as_list()->emplace_back(nullptr);
    auto const answer = by_target(b.post("/query", q));
    REQUIRE(answer.at("apex_archive::apex_humidity").size() == 3);
    REQUIRE(answer.at("old::x").size() == 3);
    for (auto const* t : {"silent::a", "broken::a", "nobody::a", "no separator", "bad name::x", ""}) {
        INFO(t);
        REQUIRE(answer.at(t).empty());
    }
}

TEST_CASE("bridge: search leaves out nodes that fail, filters, and does not wait for them a second time")
{
    running_bridge b;
    REQUIRE(b.post("/search", dict{{"target", ""}}).as_list()->size() == 5 + 3);
    auto const began = std::chrono::steady_clock::now();
    REQUIRE(b.post("/search", dict{{"target", "HUMID"}}) == json(R"(["apex_archive::apex_humidity"])"));
    REQUIRE(std::chrono::steady_clock::now() - began < std::chrono::milliseconds(140));
    REQUIRE(b.post("/metrics", dict{}) == b.post("/search", dict{}));
    REQUIRE(b.post("/variable", json(R"({"payload": {"target": "nodes"}})")).as_list()->size() == 4);
    REQUIRE(*b.post("/variable", json(R"({"payload": {"target": "apex_hum"}})")).at(0)->find("__value") ==
            value("apex_archive::apex_humidity"));
}

TEST_CASE("bridge: nodes of 2019 are asked with min_stride, and their NaN is null")
{
    running_bridge b;
    auto const answer = b.post("/query", query("old::x"));
    REQUIRE(*answer.at(0)->find("datapoints") ==
            json("[[1, 1499990400000], [null, 1499990401000], [3, 1499990402000]]"));
    REQUIRE(b.session->kwargs_of_old.size() == 1);
    REQUIRE(b.session->kwargs_of_old[0].contains("min_stride"));
    REQUIRE(by_target(b.post("/query", query("old::y"))).at("old::y").size() == 2);
}

TEST_CASE("bridge: patterns stand for several fields, literal names win")
{
    running_bridge b;
    auto const count = [&](std::string const& t) { return b.post("/query", query(t)).as_list()->size(); };
    REQUIRE(count("apex_archive::(apex_humidity|apex_pressure)") == 2);
    REQUIRE(count("apex_archive::apex_*") == 5);
    REQUIRE(count("(apex_archive|old)::(x|apex_windspeed)") == 4);
    REQUIRE(count("old::odd(name)") == 1);
    REQUIRE(*b.post("/query", query("old::odd(name)")).at(0)->find("target") == value("old::odd(name)"));
}

TEST_CASE("bridge: tables, and records by GET")
{
    running_bridge b;
    auto q = query("apex_archive::apex_humidity");
    q.as_dict()->find("targets")->as_list()->at(0).as_dict()->append("type", "table");
    auto const table = b.post("/query", q);
    REQUIRE(*table.at(0)->find("type") == value("table"));
    REQUIRE(table.at(0)->find("rows")->as_list()->size() == 3);
    REQUIRE(*table.at(0)->find("rows")->at(0) == json("[1499990400000, 33.34]"));
    for (auto const* range : {"from=1499990400000&to=1500012000000",
                              "from=1499990400&to=1500012000",
                              "from=2017-07-14T00%3A00%3A00Z&to=2017-07-14T06:00:00Z"}) {
        auto const r = b.ask(
            "GET", std::string("/data?target=apex_archive%3A%3Aapex_humidity&maxDataPoints=500&") + range);
        REQUIRE(r.status == 200);
        REQUIRE(json(r.body).as_list()->size() == 6);
        REQUIRE(*json(r.body).at(0) == json(R"({"time": 1499990400000, "value": 33.34})"));
    }
    REQUIRE(b.ask("GET", "/data").status == 400);
    REQUIRE(b.ask("GET", "/data?target=a::b&from=x").status == 400);
}

TEST_CASE("bridge: without a router everything that needs it is 503 with a reason, and health says so")
{
    running_bridge b;
    b.session->joined_now = false;
    for (auto const* path : {"/search", "/query", "/metrics", "/variable"}) {
        auto const r = b.ask("POST", path, "{}");
        REQUIRE(r.status == 503);
        REQUIRE(json(r.body).find("message") != nullptr);
    }
    REQUIRE(b.ask("GET", "/").status == 503);
    REQUIRE(b.ask("GET", "/healthz").status == 503);
    b.session->joined_now = true;
    REQUIRE(b.ask("GET", "/").status == 200);
    REQUIRE(b.ask("GET", "/healthz").status == 200);
    REQUIRE(b.ask("GET", "/", {}, {{"Accept", "text/html"}}).body.find("live/") != std::string::npos);
}

TEST_CASE("bridge: the live page's lists hold units, descriptions and last values")
{
    running_bridge b;
    auto const fields = json(b.ask("GET", "/api/fields").body);
    auto const& archive = *fields.find("nodes")->at(0);
    REQUIRE(*archive.find("fields")->at(0)->find("units") == value("%"));
    REQUIRE(fields.find("nodes")->at(2)->find("error")->as_text()->find("it broke") != std::string::npos);
    auto const latest = json(b.ask("GET", "/api/latest").body);
    REQUIRE(*latest.find("values")->find("apex_archive::apex_humidity") == json("[5.81, 1501200000000]"));
    REQUIRE(*latest.find("now") == value(1'700'000'000'000));
}

TEST_CASE("bridge: with a token nothing is answered without it")
{
    running_bridge b("sesame");
    REQUIRE(b.ask("GET", "/").status == 401);
    REQUIRE(b.ask("GET", "/", {}, {{"Authorization", "Bearer sesam"}}).status == 401);
    REQUIRE(b.ask("GET", "/", {}, {{"Authorization", "Basic !!!"}}).status == 401);
    REQUIRE(b.ask("GET", "/", {}, {{"Authorization", "Bearer sesame"}}).status == 200);
    REQUIRE(b.ask("GET", "/", {}, {{"Authorization", "Basic Z3JhZmFuYTpzZXNhbWU="}}).status == 200);
}

}  // namespace
