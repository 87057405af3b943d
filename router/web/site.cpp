#include "site.hpp"

#include "body.hpp"
#include "pages.hpp"
#include "signature.hpp"
#include <cerro/log/log.hpp>
#include <cerro/wamp/uri.hpp>

#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";

asio::awaitable<http::response> answer_call(std::shared_ptr<bridge> b,
                                            std::shared_ptr<caller_settings const> s,
                                            http::request r)
{
    auto checked = read_call(r, s->guard, b->now());
    if (auto* refusal = std::get_if<http::response>(&checked)) {
        co_return std::move(*refusal);
    }
    auto& wanted = std::get<call_body>(checked);
    if (!wamp::valid_uri(wanted.procedure)) {
        co_return internal_failure(r);
    }
    auto const outcome = co_await bridge::call(
        b, std::move(wanted.procedure), std::move(wanted.args), std::move(wanted.kwargs));
    co_return call_answer(r, outcome);
}

asio::awaitable<http::response> answer_publication(std::shared_ptr<bridge> b,
                                                   std::shared_ptr<publisher_settings const> s,
                                                   http::request r)
{
    auto checked = read_publication(r, s->guard, b->now());
    if (auto* refusal = std::get_if<http::response>(&checked)) {
        co_return std::move(*refusal);
    }
    auto& wanted = std::get<publish_body>(checked);
    if (!wamp::valid_uri(wanted.topic)) {
        co_return internal_failure(r);
    }
    auto const outcome = co_await bridge::publish(b,
                                                  std::move(wanted.topic),
                                                  std::move(wanted.args),
                                                  std::move(wanted.kwargs),
                                                  std::move(wanted.options));
    co_return publish_answer(r, outcome);
}

asio::awaitable<http::response> answer_webhook(std::shared_ptr<bridge> b,
                                               std::shared_ptr<webhook_settings const> s,
                                               http::request r)
{
    if (auto refusal = refuse(r, s->guard, content::any, b->now())) {
        co_return std::move(*refusal);
    }
    if (!s->github_secret.empty() && !github_signature_right(r, s->github_secret)) {
        co_return rest_error(r, 400, "Malformed request to the REST bridge.");
    }
    list args{webhook_event(r)};
    auto const outcome = co_await bridge::publish(b, s->topic, std::move(args), {}, {});
    bool const published = outcome.error.empty();
    if (!published) {
        log::warn(
            component, "webhook_failed", {{"path", r.path}, {"topic", s->topic}, {"error", outcome.error}});
    }
    co_return rest_answer(r, published ? 202 : 500, published ? s->success_response : s->error_response);
}

http::handler immediate(std::function<http::response(http::request const&)> f)
{
    return [f = std::move(f)](http::request r) -> asio::awaitable<http::response> {
        return [](auto g, http::request q) -> asio::awaitable<http::response> { co_return g(q); }(
                                               f, std::move(r));
    };
}

http::file_options options_of(static_settings const& s)
{
    http::file_options out;
    out.default_file = s.default_file;
    out.mime_types = s.mime_types;
    out.listing = s.listing;
    out.allow_cross_origin = s.allow_cross_origin;
    out.cache_control = s.cache_timeout.count() > 0
                            ? "max-age=" + std::to_string(s.cache_timeout.count()) + ",public"
                            : "no-store";
    return out;
}

/// Adds one path to a server.
struct path_adder {
    http::server& server;
    std::string const& path;
    accept_upgrade const& accept;
    std::function<std::shared_ptr<bridge>(std::string const&, std::string const&)> const& bridge_for;
    std::shared_ptr<core> const& logic;

    void operator()(wamp_settings const& w) const
    {
        auto const kept = std::make_shared<wamp_settings const>(w);
        server.route_upgrade(path, [kept, take = accept](auto stream, bytes head, bytes rest) {
            take(kept, std::move(stream), std::move(head), std::move(rest));
        });
        server.route(
            "GET", path, immediate([kept](http::request const& r) { return status_page(r, *kept); }));
    }
    void operator()(caller_settings const& c) const { add(c, answer_call); }
    void operator()(publisher_settings const& p) const { add(p, answer_publication); }
    void operator()(webhook_settings const& w) const { add(w, answer_webhook); }
    void operator()(static_settings const& s) const
    {
        server.route_files(path == "/" ? path : path + "/", s.directory, options_of(s));
    }
    void operator()(json_settings const& j) const
    {
        auto const kept = std::make_shared<json_settings const>(j);
        server.route("*", path, immediate([kept](http::request const& r) { return json_answer(r, *kept); }));
    }
    void operator()(redirect_settings const& to) const
    {
        server.route("GET", path, immediate([to](http::request const&) { return redirect_answer(to); }));
    }
    void operator()(nodeinfo_settings const& /*none*/) const
    {
        server.route("GET", path, immediate([c = logic](http::request const& r) {
                         return nodeinfo_page(r, c->env().names);
                     }));
    }

    template <class Settings>
    void add(Settings const& s,
             asio::awaitable<http::response> (*answer)(std::shared_ptr<bridge>,
                                                       std::shared_ptr<Settings const>,
                                                       http::request)) const
    {
        auto const kept = std::make_shared<Settings const>(s);
        server.route("*", path, [b = bridge_for(s.realm, s.role), kept, answer](http::request r) {
            return answer(b, kept, std::move(r));
        });
    }
};

}  // namespace

std::shared_ptr<bridge> site::bridge_for(std::string const& realm_name, std::string const& role_name)
{
    std::erase_if(bridges_, [](auto const& b) { return b.expired(); });
    auto made = std::make_shared<bridge>(ex_, core_, realm_name, role_name);
    bridges_.push_back(made);
    return made;
}

void site::serve(http::server& server, std::vector<path_settings> const& paths)
{
    server.clear_routes();
    std::function<std::shared_ptr<bridge>(std::string const&, std::string const&)> const make =
        [this](std::string const& r, std::string const& a) { return bridge_for(r, a); };
    for (auto const& p : paths) {
        std::visit(path_adder{server, p.path, accept_, make, core_}, p.what);
    }
}

void site::stop_bridges(std::string const& realm_name)
{
    for (auto const& one : bridges_) {
        if (auto const b = one.lock(); b && (realm_name.empty() || b->realm_name() == realm_name)) {
            b->stop();
        }
    }
}

}  // namespace cerro::router
