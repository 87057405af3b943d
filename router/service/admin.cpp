#include "admin.hpp"

#include "admin_pages.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/base/result.hpp>
#include <cerro/log/log.hpp>
#include <cerro/router/log_text.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";
constexpr std::size_t shortest_token = 16;

bool changes(http::request const& r)
{
    return r.method != "GET" && r.method != "HEAD";
}

/// "[::1]:8090" -> "[::1]"
std::string_view without_port(std::string_view host)
{
    auto const end = host.starts_with('[') ? host.find(']') : host.find(':');
    if (end == std::string_view::npos) {
        return host;
    }
    return host.substr(0, host.starts_with('[') ? end + 1 : end);
}

bool is_own_name(std::string_view host)
{
    auto const name = without_port(host);
    return name == "localhost" || name == "[::1]" || name.starts_with("127.");
}

bool of_same_origin(http::request const& r)
{
    auto const* const site = r.header("sec-fetch-site");
    if (site != nullptr && *site != "same-origin" && *site != "none") {
        return false;
    }
    auto const* const origin = r.header("origin");
    auto const* const host = r.header("host");
    return origin == nullptr ||
           (host != nullptr && (*origin == "http://" + *host || *origin == "https://" + *host));
}

std::string read_token(std::string const& file)
{
    if (file.empty()) {
        return {};
    }
    std::ifstream in(file);
    std::string token;
    if (!in || !std::getline(in, token)) {
        throw failure("the admin token file " + file + " cannot be read", 3);
    }
    while (!token.empty() && (token.back() == ' ' || token.back() == '\r')) {
        token.pop_back();
    }
    if (token.size() < shortest_token) {
        throw failure("the admin token in " + file + " is shorter than " + std::to_string(shortest_token) +
                          " characters; make one with: openssl rand -hex 32",
                      3);
    }
    struct stat about {};
    if (::stat(file.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0) {
        log::warn(component, "token_file_readable_by_all", {{"file", file}, {"cure", "chmod 600 " + file}});
    }
    return token;
}

using page = dict (*)(router_view const&, http::request const&);

template <dict (*F)(router_view const&)>
dict plain(router_view const& r, http::request const& /*q*/)
{
    return F(r);
}

struct route {
    std::string_view path;
    page make;
};
constexpr std::array routes{route{"/api/overview", plain<pages::overview>},
                            route{"/api/sessions", pages::sessions},
                            route{"/api/realms", plain<pages::realms>},
                            route{"/api/registrations", pages::registrations},
                            route{"/api/subscriptions", pages::subscriptions},
                            route{"/api/topics", pages::topics},
                            route{"/api/closed", pages::closed},
                            route{"/api/limits", plain<pages::limits>}};

class admin_impl final : public admin {
public:
    admin_impl(asio::any_io_executor ex,
               admin_settings const& s,
               std::weak_ptr<router_view const> r,
               metrics::registry& registry)
        : state_(std::make_shared<state>(admin_guard(read_token(s.token_file)), std::move(r), registry)),
          server_(http::server::create(std::move(ex), "admin"))
    {
        // "*": what a method may not do is said after who asks is known.
        for (auto const& one : routes) {
            serve(std::string(one.path),
                  [make = one.make](state const&, router_view const& v, auto const& q) {
                      return only_get(q, [&] { return http::response::json(value(make(v, q))); });
                  });
        }
        serve("/api/sessions/",
              [](state const&, router_view const& v, auto const& q) { return session(v, q); });
        serve("/api/config", [](state const&, router_view const& v, auto const& q) {
            return only_get(q, [&] {
                return http::response::text(describe(v.current()) + "\n", 200, "application/json");
            });
        });
        serve("/metrics", [](state const& shared, router_view const&, auto const& q) {
            return only_get(q, [&] {
                return http::response::text(
                    shared.registry.text(), 200, "text/plain; version=0.0.4; charset=utf-8");
            });
        });
        serve("/healthz", [](state const&, router_view const& v, auto const& q) {
            return only_get(q, [&] {
                auto const trouble = v.condition().trouble();
                return trouble.empty() ? http::response::text("ok\n")
                                       : http::response::text(trouble + "\n", 503);
            });
        });
        transport::listen_options where;
        where.address = s.address;
        where.port = s.port;
        port_ = server_->listen(where);
        log::info(component,
                  "admin_listening",
                  {{"address", s.address}, {"port", port_}, {"token", !s.token_file.empty()}});
    }
    ~admin_impl() override { stop(); }

    std::uint16_t port() const override { return port_; }
    void stop() override { server_->stop(); }

private:
    struct state {
        state(admin_guard g, std::weak_ptr<router_view const> r, metrics::registry& m)
            : guard(std::move(g)), router(std::move(r)), registry(m)
        {}
        admin_guard guard;
        std::weak_ptr<router_view const> router;
        metrics::registry& registry;
    };

    template <class F>
    static http::response only_get(http::request const& q, F make)
    {
        if (!changes(q)) {
            return make();
        }
        auto refusal = http::response::problem(405, "only GET is served here");
        refusal.headers.emplace_back("Allow", "GET");
        return refusal;
    }

    template <class F>
    void serve(std::string path, F answer)
    {
        server_->route("*", std::move(path), [state = state_, answer](http::request q) {
            return respond(state, answer, std::move(q));
        });
    }

    template <class F>
    static asio::awaitable<http::response> respond(std::shared_ptr<state const> s, F answer, http::request q)
    {
        std::string why;
        if (int const status = s->guard.refuses(q, why); status != 0) {
            auto refusal = http::response::problem(status, why);
            if (status == 401) {
                refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
            }
            co_return refusal;
        }
        auto const live = s->router.lock();
        if (!live) {
            co_return http::response::problem(503, "the router has ended");
        }
        auto out = answer(*s, *live, q);
        out.headers.emplace_back("Cache-Control", "no-store");
        out.headers.emplace_back("X-Content-Type-Options", "nosniff");
        co_return out;
    }

    static http::response session(router_view const& v, http::request const& q)
    {
        constexpr std::string_view prefix = "/api/sessions/";
        auto const text = std::string_view(q.path).substr(prefix.size());
        wamp::id id = 0;
        auto const* const end = text.data() + text.size();
        if (text.empty() || std::from_chars(text.data(), end, id).ptr != end) {
            return http::response::problem(400, "'" + log_text(text) + "' is no session id");
        }
        if (!changes(q)) {
            return pages::session(v, id);
        }
        if (q.method != "DELETE") {
            auto refusal = http::response::problem(405, "GET shows a session, DELETE ends it");
            refusal.headers.emplace_back("Allow", "GET, DELETE");
            return refusal;
        }
        auto const text_of_kill = q.parameter("message").value_or("killed by an administrator");
        log::warn(component,
                  "session_killed",
                  {{"session", id}, {"by", q.peer}, {"message", log_text(text_of_kill)}});
        return pages::kill(v, id, text_of_kill);
    }

    std::shared_ptr<state const> state_;
    std::shared_ptr<http::server> server_;
    std::uint16_t port_ = 0;
};

}  // namespace

int admin_guard::refuses(http::request const& r, std::string& why) const
{
    if (changes(r) && !of_same_origin(r)) {
        why = "pages of other origins may not change anything here";
        return 403;
    }
    if (r.path == "/healthz") {
        return 0;
    }
    if (token_.empty()) {
        auto const* const host = r.header("host");
        if (host == nullptr || !is_own_name(*host)) {
            why = "ask for localhost or 127.0.0.1: without a token_file only this host itself is served";
            return 403;
        }
        return 0;
    }
    constexpr std::string_view scheme = "Bearer ";
    auto const* const shown = r.header("authorization");
    if (shown == nullptr || !shown->starts_with(scheme) ||
        !auth::equal_constant_time(std::string_view(*shown).substr(scheme.size()), token_)) {
        why = "show the token of token_file: Authorization: Bearer ...";
        return 401;
    }
    return 0;
}

std::unique_ptr<admin> admin::start(asio::any_io_executor ex,
                                    admin_settings const& s,
                                    std::weak_ptr<router_view const> r,
                                    metrics::registry& registry)
{
    return std::make_unique<admin_impl>(std::move(ex), s, std::move(r), registry);
}

}  // namespace cerro::router
