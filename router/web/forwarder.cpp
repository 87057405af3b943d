#include "forwarder.hpp"

#include "service/spawn.hpp"
#include <cerro/http/client.hpp>
#include <cerro/log/log.hpp>
#include <cerro/router/log_text.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <utility>
#include <vector>

namespace cerro::router {

namespace {

using wamp::message_type;

constexpr std::string_view component = "router";
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr auto inside = codec::serializer::json;  // what is posted

struct forward_metrics {
    explicit forward_metrics(metrics::registry& r)
        : posted(r.make_counter("cerro_router_forwarded_total", "events taken by web servers")),
          queue_full(lost(r, "queue_full")),
          failed(lost(r, "no_answer")),
          refused(lost(r, "status"))
    {}
    static metrics::counter& lost(metrics::registry& r, std::string const& reason)
    {
        return r.make_counter(
            "cerro_router_forward_lost_total", "events that no web server took", "reason=\"" + reason + "\"");
    }

    metrics::counter& posted;
    metrics::counter& queue_full;
    metrics::counter& failed;
    metrics::counter& refused;
};

/// The events of one subscription on their way.
struct lane {
    lane(asio::any_io_executor const& ex, forwarder_settings::subscription s) : to(std::move(s)), wake(ex) {}

    forwarder_settings::subscription to;
    std::deque<bytes> waiting;
    asio::steady_timer wake;
    log::limiter quiet{10.0};
    bool ended = false;
};

link_info inner_link()
{
    link_info out;
    out.serializer = inside;
    out.max_outgoing = 1U << 20U;  // larger events are not posted
    out.address = "internal";
    out.transport = "http";
    return out;
}

class forwarder_impl final : public forwarder, private peer {
public:
    forwarder_impl(asio::any_io_executor ex,
                   std::shared_ptr<core> c,
                   forwarder_settings s,
                   metrics::registry& metrics)
        : ex_(std::move(ex)),
          core_(std::move(c)),
          settings_(std::move(s)),
          metrics_(metrics),
          realm_(*core_->find_realm(settings_.realm)),
          member_(*this, inner_link())
    {
        member_.allowed = realm_.find_role(settings_.role);
        member_.who.session = core_->new_session_id();
        member_.who.authid = "None";
        member_.who.authrole = settings_.role;
        member_.who.authmethod = "anonymous";
        member_.who.authprovider = "static";
        member_.internal = true;
        realm_.join(member_);
    }
    ~forwarder_impl() override { stop(); }

    void begin()
    {
        for (auto const& s : settings_.subscriptions) {
            lanes_.push_back(std::make_shared<lane>(ex_, s));
            wamp::message m;
            m.type = message_type::subscribe;
            m.request = lanes_.size();
            m.uri = s.topic;
            m.details.append("match", wamp::name(s.match));
            realm_.broker().subscribe(member_, m);
            asio::co_spawn(ex_, post_all(lanes_.back(), settings_, metrics_), logged("forwarder"));
        }
    }

    void stop() override
    {
        if (std::exchange(stopped_, true)) {
            return;
        }
        realm_.leave(member_);
        for (auto const& l : lanes_) {
            l->ended = true;
            l->wake.cancel();
        }
    }

    [[nodiscard]] std::string const& realm_name() const override { return settings_.realm; }
    [[nodiscard]] std::string const& role_name() const override { return settings_.role; }

private:
    // From the broker.
    bool send(shared_bytes frame, bool /*droppable*/) override
    {
        auto const m = wamp::scan(inside, byte_view(*frame).substr(4));
        if (!m || stopped_) {
            return !stopped_;
        }
        if (m->type == message_type::subscribed) {
            by_subscription_[m->id2] = lanes_.at(m->request - 1);
        } else if (m->type == message_type::error) {
            log::error(component,
                       "forwarder_not_subscribed",
                       {{"topic", lanes_.at(m->request - 1)->to.topic}, {"error", log_text(m->uri)}});
        } else if (m->type == message_type::event) {
            take(*m);
        }
        return true;
    }
    void close(ending /*why*/, std::string const& /*text*/) override {}

    void take(wamp::message const& event)
    {
        auto const at = by_subscription_.find(event.request);
        if (at == by_subscription_.end()) {
            return;
        }
        auto& l = *at->second;
        if (l.waiting.size() >= settings_.queue) {
            metrics_.queue_full.add();
            if (std::uint64_t suppressed = 0; l.quiet.allow(suppressed)) {
                log::warn(component,
                          "forward_lost",
                          {{"url", l.to.url}, {"what", "too many events wait"}, {"suppressed", suppressed}});
            }
            return;
        }
        auto args = wamp::decode_args(event.payload);
        auto kwargs = wamp::decode_kwargs(event.payload);
        if (!args || !kwargs) {
            metrics_.failed.add();
            return;
        }
        dict body{{"args", std::move(*args)}, {"kwargs", std::move(*kwargs)}};
        l.waiting.push_back(codec::encode(codec::serializer::json, std::move(body)));
        l.wake.cancel();
    }

    static asio::awaitable<void> post_all(std::shared_ptr<lane> l, forwarder_settings s, forward_metrics m)
    {
        while (!l->ended) {
            if (l->waiting.empty()) {
                l->wake.expires_at(asio::steady_timer::time_point::max());
                [[maybe_unused]] auto const [ec] = co_await l->wake.async_wait(as_result);
                continue;
            }
            bytes body = std::move(l->waiting.front());
            l->waiting.pop_front();
            std::vector<std::pair<std::string, std::string>> headers;
            headers.emplace_back("Content-Type", "application/json");
            transport::tls_options const tls;
            auto const answer = co_await http::fetch(
                s.method, l->to.url, std::move(body), std::move(headers), s.timeout, tls);
            std::string trouble;
            if (!answer) {
                m.failed.add();
                trouble = answer.error().what;
            } else if (s.expected_status ? answer->status != *s.expected_status
                                         : answer->status < 200 || answer->status > 299) {
                m.refused.add();
                trouble = "answered with status " + std::to_string(answer->status);
            } else {
                m.posted.add();
            }
            if (std::uint64_t suppressed = 0; !trouble.empty() && l->quiet.allow(suppressed)) {
                log::warn(component,
                          "forward_lost",
                          {{"url", l->to.url}, {"what", log_text(trouble)}, {"suppressed", suppressed}});
            }
        }
    }

    asio::any_io_executor ex_;
    std::shared_ptr<core> core_;
    forwarder_settings settings_;
    forward_metrics metrics_;
    realm& realm_;
    member member_;
    std::vector<std::shared_ptr<lane>> lanes_;
    flat_map<wamp::id, std::shared_ptr<lane>> by_subscription_;
    bool stopped_ = false;
};

}  // namespace

std::shared_ptr<forwarder> forwarder::start(asio::any_io_executor ex,
                                            std::shared_ptr<core> c,
                                            forwarder_settings s,
                                            metrics::registry& metrics)
{
    auto const made = std::make_shared<forwarder_impl>(std::move(ex), std::move(c), std::move(s), metrics);
    made->begin();
    return made;
}

}  // namespace cerro::router
