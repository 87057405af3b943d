#include "access.hpp"
#include <cerro/bridge/api.hpp>
#include <cerro/codec/codec.hpp>

#include <algorithm>

namespace cerro::bridge {

namespace {

using http::request;
using http::response;

constexpr std::string_view json_type = "application/json";

response json_text(std::string body)
{
    return response::text(std::move(body), 200, std::string(json_type));
}

response json_value(value const& v)
{
    return json_text(codec::to_json(v));
}

value optional_text(std::optional<std::string> const& s)
{
    return s ? value(*s) : value();
}

/// What all handlers share.
struct shared {
    std::shared_ptr<client::session> session;
    std::shared_ptr<bridge::engine> engine;
    api_options options;
    std::size_t in_flight = 0;
};
using shared_ptr = std::shared_ptr<shared>;

/// One of most_in_flight places.
class place {
public:
    explicit place(shared_ptr s) : s_(std::move(s)) { ++s_->in_flight; }
    place(place const&) = delete;
    place& operator=(place const&) = delete;
    ~place() { --s_->in_flight; }

private:
    shared_ptr s_;
};

using work = asio::awaitable<response> (*)(shared_ptr, request);

/// For paths that need no data node.
asio::awaitable<response> plain(shared_ptr s, work f, request r)
{
    if (!authorized(s->options.token, r)) {
        co_return with_cors(unauthorized());
    }
    auto answer = co_await f(s, std::move(r));
    co_return with_cors(std::move(answer));
}

/// For paths that ask data nodes.
asio::awaitable<response> guarded(shared_ptr s, work f, request r)
{
    if (!authorized(s->options.token, r)) {
        co_return with_cors(unauthorized());
    }
    if (!s->session->is_joined()) {
        co_return with_cors(
            response::problem(503, "no session with the WAMP router; the bridge keeps trying"));
    }
    if (s->in_flight >= s->options.most_in_flight) {
        co_return with_cors(response::problem(503, "too many requests at once; try again"));
    }
    place const taken(s);
    auto answer = co_await f(s, std::move(r));
    co_return with_cors(std::move(answer));
}

asio::awaitable<response> preflight(shared_ptr, request)
{
    response r;
    r.status = 204;
    r.headers.emplace_back("Access-Control-Max-Age", "600");
    co_return with_cors(std::move(r));
}

/// Instead of the server's own answer, which lacks the CORS headers.
asio::awaitable<response> wrong_method(shared_ptr, request r)
{
    co_return response::problem(405, r.method + " is not served at " + r.path);
}

/// The JSON object of a body; empty bodies count as {}.
result<value> body_of(request const& r)
{
    if (r.body.find_first_not_of(" \t\r\n") == std::string::npos) {
        return value(dict());
    }
    return codec::from_json(r.body);
}

response bad_json(problem const& p)
{
    return response::problem(400, "the body is no JSON: " + p.what);
}

// ---- state

asio::awaitable<response> root(shared_ptr s, request r)
{
    if (r.path != "/") {
        co_return response::problem(404, "no such path: " + r.path);
    }
    bool const up = s->session->is_joined();
    auto const* accept = r.header("accept");
    if (accept != nullptr && accept->find("text/html") != std::string::npos) {
        std::string page =
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
            "content=\"width=device-width\"><title>Cerro</title><style>body{font:16px/1.6 "
            "system-ui,sans-serif;"
            "max-width:38rem;margin:12vh auto;padding:0 1.5rem;color:#1c2330}a{color:#1d5fbf}</style>"
            "<h1>Cerro bridge</h1><p>";
        page += up ? "Connected to the router; " + std::to_string(s->engine->nodes().nodes().size()) +
                         " data nodes."
                   : "No session with the router; trying.";
        page +=
            "</p><p><a href=\"live/\">Live page</a></p><p>This address is also the URL of a Grafana data "
            "source "
            "(SimpleJSON, simPod JSON, Infinity).</p></html>";
        co_return response::text(std::move(page), up ? 200 : 503, "text/html; charset=utf-8");
    }
    if (!up) {
        co_return response::problem(503, "no session with the WAMP router; the bridge keeps trying");
    }
    co_return json_value(dict{{"status", "ok"}, {"service", "cerro-bridge"}});
}

asio::awaitable<response> healthz(shared_ptr s, request)
{
    bool const up = s->session->is_joined();
    dict d{{"status", up ? "ok" : "no session with the router"},
           {"router", up},
           {"data_nodes", s->engine->nodes().nodes().size()}};
    co_return response::json(value(std::move(d)), up ? 200 : 503);
}

// ---- lists of names

bool contains_lower(std::string const& text, std::string const& part)
{
    auto const same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

/// What a search or a variable's query asks for: `target` of the body or of its payload, or the payload
/// itself.
std::string search_text(value const& body)
{
    auto const text = [](value const* v) {
        return v != nullptr && v->as_text() != nullptr ? *v->as_text() : std::string();
    };
    if (auto const* payload = body.find("payload")) {
        auto const inner = payload->is_text() ? text(payload) : text(payload->find("target"));
        if (!inner.empty()) {
            return inner;
        }
    }
    return text(body.find("target"));
}

asio::awaitable<std::vector<std::string>> targets(shared_ptr s, std::string part)
{
    auto const nodes = s->engine->nodes().nodes();
    auto const fields = co_await directory::all_fields(s->engine->shared_nodes(), nodes);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (!fields[i].fields) {
            continue;
        }
        for (auto const& f : fields[i].fields->fields) {
            auto name = nodes[i].name + "::" + f.name;
            if (contains_lower(name, part) || (has_wildcard(part) && fits(part, name))) {
                out.push_back(std::move(name));
            }
        }
    }
    co_return out;
}

/// /search and simPod's /metrics: the text filters; simPod's "metric" is only what is selected now.
asio::awaitable<response> search(shared_ptr s, request r)
{
    auto const body = body_of(r);
    if (!body) {
        co_return bad_json(body.error());
    }
    auto const names = co_await targets(s, search_text(*body));
    co_return json_value(list(names.begin(), names.end()));
}

/// simPod's variables: "nodes" lists the nodes, anything else is a search.
asio::awaitable<response> variable(shared_ptr s, request r)
{
    auto const body = body_of(r);
    if (!body) {
        co_return bad_json(body.error());
    }
    auto const text = search_text(*body);
    std::vector<std::string> names;
    if (text == "nodes") {
        for (auto const& n : s->engine->nodes().nodes()) {
            names.push_back(n.name);
        }
    } else {
        names = co_await targets(s, text);
    }
    list out;
    for (auto const& n : names) {
        out.emplace_back(dict{{"__text", n}, {"__value", n}});
    }
    co_return json_value(std::move(out));
}

asio::awaitable<response> payload_options(shared_ptr, request)
{
    list out;
    for (auto const* format : {"timeserie", "table"}) {
        out.emplace_back(dict{{"label", format}, {"value", format}});
    }
    co_return json_value(std::move(out));
}

asio::awaitable<response> empty_list(shared_ptr, request r)
{
    auto const body = body_of(r);
    co_return body ? json_text("[]") : bad_json(body.error());
}

asio::awaitable<response> tag_keys(shared_ptr, request)
{
    co_return json_value(list{dict{{"type", "string"}, {"text", "node"}}});
}

asio::awaitable<response> tag_values(shared_ptr s, request r)
{
    auto const body = body_of(r);
    if (!body) {
        co_return bad_json(body.error());
    }
    list out;
    auto const* key = body->find("key");
    if (key != nullptr && *key == value("node")) {
        for (auto const& n : s->engine->nodes().nodes()) {
            out.emplace_back(dict{{"text", n.name}});
        }
    }
    co_return json_value(std::move(out));
}

// ---- data

asio::awaitable<response> query_data(shared_ptr s, request r)
{
    auto const body = codec::from_json(r.body);
    if (!body) {
        co_return bad_json(body.error());
    }
    auto q = parse_query(*body, s->options.now(), s->options.limits);
    if (!q) {
        co_return response::problem(400, q.error().what);
    }
    auto const all = co_await engine::ask(s->engine, std::move(*q));
    co_return json_text(write_series(all));
}

/// GET /data?target=a::b&from=&to=&maxDataPoints=&interval=&format=: what every JSON plugin can read.
asio::awaitable<response> get_data(shared_ptr s, request r)
{
    dict body;
    auto const name = r.parameter("target");
    if (!name || name->empty()) {
        co_return response::problem(400, "target is missing: give ?target=node::field");
    }
    body.append("targets", list{value(*name)});
    auto const from = r.parameter("from");
    auto const to = r.parameter("to");
    if (from || to) {
        body.append("range", dict{{"from", from.value_or("now-1h")}, {"to", to.value_or("now")}});
    }
    for (auto const* key : {"maxDataPoints", "interval", "intervalMs"}) {
        if (auto const v = r.parameter(key)) {
            body.append(key, *v);
        }
    }
    auto q = parse_query(value(std::move(body)), s->options.now(), s->options.limits);
    if (!q) {
        co_return response::problem(400, q.error().what);
    }
    auto const all = co_await engine::ask(s->engine, std::move(*q));
    co_return json_text(write_records(all));
}

// ---- the live page

asio::awaitable<response> api_fields(shared_ptr s, request)
{
    auto const nodes = s->engine->nodes().nodes();
    auto const known = co_await directory::all_fields(s->engine->shared_nodes(), nodes);
    list out;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        list fields;
        if (known[i].fields) {
            for (auto const& f : known[i].fields->fields) {
                fields.emplace_back(dict{{"name", f.name},
                                         {"target", nodes[i].name + "::" + f.name},
                                         {"description", optional_text(f.description)},
                                         {"units", optional_text(f.units)},
                                         {"type", f.type},
                                         {"interval", f.interval ? value(*f.interval) : value()}});
            }
        }
        out.emplace_back(dict{{"name", nodes[i].name},
                              {"description", nodes[i].description},
                              {"error", known[i].error.empty() ? value() : value(known[i].error)},
                              {"fields", std::move(fields)}});
    }
    co_return json_value(dict{{"now", milliseconds(s->options.now())}, {"nodes", std::move(out)}});
}

asio::awaitable<response> api_latest(shared_ptr s, request)
{
    auto const all = co_await engine::latest(s->engine);
    dict values;
    for (auto const& n : *all) {
        for (auto const& [field, samples] : n.values) {
            if (!samples.t.empty()) {
                values.append(n.node + "::" + field,
                              list{samples.v.at(samples.v.size() - 1), milliseconds(samples.t.back())});
            }
        }
    }
    co_return json_value(dict{{"now", milliseconds(s->options.now())}, {"values", std::move(values)}});
}

using wrapper = asio::awaitable<response> (*)(shared_ptr, work, request);

void add(http::server& server, shared_ptr const& s, wrapper w, work f, std::string method, std::string path)
{
    server.route(std::move(method), std::move(path), [s, w, f](request r) { return w(s, f, std::move(r)); });
}

}  // namespace

void add_routes(http::server& server,
                std::shared_ptr<client::session> session,
                std::shared_ptr<engine> e,
                api_options o)
{
    auto const s = std::make_shared<shared>();
    s->session = std::move(session);
    s->engine = std::move(e);
    s->options = std::move(o);

    struct entry {
        std::string path;
        std::vector<std::string> methods;
        wrapper w;
        work f;
    };
    std::vector<entry> const table{
        {"/healthz", {"GET"}, plain, healthz},
        {"/search", {"POST", "GET"}, guarded, search},
        {"/metrics", {"POST"}, guarded, search},
        {"/metric-payload-options", {"POST"}, plain, payload_options},
        {"/variable", {"POST"}, guarded, variable},
        {"/query", {"POST"}, guarded, query_data},
        {"/data", {"GET"}, guarded, get_data},
        {"/annotations", {"POST"}, plain, empty_list},
        {"/tag-keys", {"POST"}, plain, tag_keys},
        {"/tag-values", {"POST"}, plain, tag_values},
        {"/api/fields", {"GET"}, guarded, api_fields},
        {"/api/latest", {"GET"}, guarded, api_latest},
    };
    auto const options = [s](request r) { return preflight(s, std::move(r)); };
    for (auto const& t : table) {
        // The Python bridge took a slash at the end too.
        for (auto const& path : {t.path, t.path + "/"}) {
            for (auto const& method : t.methods) {
                add(server, s, t.w, t.f, method, path);
            }
            server.route("OPTIONS", path, options);
            add(server, s, plain, wrong_method, "*", path);
        }
    }
    add(server, s, plain, root, "*", "/");
    server.route("OPTIONS", "/", options);
}

}  // namespace cerro::bridge
