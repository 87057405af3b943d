#include <cerro/app/service.hpp>
#include <cerro/base/time.hpp>
#include <cerro/dans/service.hpp>
#include <cerro/datafeed/server.hpp>
#include <cerro/datafeed/store.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <CLI/CLI.hpp>

namespace cerro::datafeed {

namespace {

namespace asio = boost::asio;
constexpr auto component = "datafeed";

struct settings {
    std::string target;
    std::string name;
    std::string description;
    std::string feed;
    std::string address_root = "observatory";
    double buffer_time = 3600;
    std::size_t max_megabytes = 256;
    std::vector<std::string> units;

    [[nodiscard]] std::string agent() const { return address_root + "." + target; }
    [[nodiscard]] std::string topic() const { return agent() + ".feeds." + feed; }
};

void add_options(CLI::App& a, settings& s)
{
    a.add_option("--target", s.target, "instance-id of the agent")->envname("TARGET");
    a.add_option("--name", s.name, "name of the data node")->envname("NAME");
    a.add_option("--description", s.description, "what it is, for people")->envname("DESCRIPTION");
    a.add_option("--feed", s.feed, "name of the agent's feed")->envname("FEED");
    a.add_option("--address-root", s.address_root, "first part of the agents' addresses")
        ->capture_default_str();
    a.add_option("--buffer-time", s.buffer_time, "keep samples for so many seconds")
        ->envname("BUFFER_TIME")
        ->check(CLI::Range(1.0, 366 * 86400.0))
        ->capture_default_str();
    a.add_option("--max-megabytes", s.max_megabytes, "memory for samples; above it the oldest go")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    a.add_option("--unit", s.units, "PATTERN=UNIT, such as '*_t=K': units of fields (may be repeated)");
}

void check(settings const& s)
{
    for (auto const& [variable, v] : {std::pair{"TARGET", &s.target},
                                      std::pair{"NAME", &s.name},
                                      std::pair{"DESCRIPTION", &s.description},
                                      std::pair{"FEED", &s.feed}}) {
        if (v->empty()) {
            throw failure(std::string("Required environment variable ") + variable +
                              " missing: set it, or give the option of that name",
                          app::exit_code::configuration);
        }
    }
}

std::vector<std::pair<std::string, std::string>> parse_units(std::vector<std::string> const& texts)
{
    std::vector<std::pair<std::string, std::string>> units;
    for (auto const& t : texts) {
        auto const eq = t.rfind('=');
        if (eq == std::string::npos || eq == 0) {
            throw failure("--unit " + t + ": give PATTERN=UNIT, such as '*_t=K'", app::exit_code::usage);
        }
        units.emplace_back(t.substr(0, eq), t.substr(eq + 1));
    }
    return units;
}

/// Takes the events of one feed into the store.
class receiver {
public:
    receiver(std::shared_ptr<store> s, std::string agent, metrics::registry& m)
        : store_(std::move(s)),
          agent_(std::move(agent)),
          samples_(m.make_counter("cerro_datafeed_samples_total", "samples received")),
          refused_(m.make_counter("cerro_datafeed_refused_total",
                                  "values, blocks or events that could not be used"))
    {
        auto const kept = store_;
        m.make_gauge("cerro_datafeed_bytes", "memory held by samples", [kept] {
            return static_cast<double>(kept->bytes_held());
        });
        m.make_gauge("cerro_datafeed_dropped_samples", "samples dropped because memory was full", [kept] {
            return static_cast<double>(kept->dropped());
        });
    }

    void take(client::event const& e)
    {
        auto const* payload = e.payload.args.empty() ? nullptr : e.payload.args[0].as_list();
        if (payload == nullptr || payload->size() != 2) {
            refuse(e.topic, "no [message, feed] pair");
            return;
        }
        auto const* address = (*payload)[1].find("agent_address");
        if (address == nullptr || address->as_text() == nullptr || *address->as_text() != agent_) {
            refuse(e.topic, "another agent_address than " + agent_);
            return;
        }
        auto const count = store_->add((*payload)[0]);
        if (!count) {
            refuse(e.topic, count.error().what);
            return;
        }
        samples_.add(count->samples);
        if (count->refused > 0) {
            refused_.add(count->refused);
            warn(e.topic, "unusable values");
        }
        if (store_->dropped() != dropped_) {
            dropped_ = store_->dropped();
            warn(e.topic, "memory is full, the oldest samples go: see --max-megabytes and BUFFER_TIME");
        }
    }

private:
    void refuse(std::string const& topic, std::string const& reason)
    {
        refused_.add();
        warn(topic, reason);
    }
    void warn(std::string const& topic, std::string const& reason)
    {
        std::uint64_t suppressed = 0;
        if (limit_.allow(suppressed)) {
            log::warn(component,
                      "feed_trouble",
                      {{"topic", topic}, {"reason", reason}, {"suppressed", suppressed}});
        }
    }

    std::shared_ptr<store> store_;
    std::string agent_;
    metrics::counter& samples_;
    metrics::counter& refused_;
    std::uint64_t dropped_ = 0;
    log::limiter limit_;
};

/// A silent feed's samples grow old too.
asio::awaitable<void> expire_now_and_then(std::weak_ptr<store> weak)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        timer.expires_after(std::chrono::seconds(10));
        co_await timer.async_wait(asio::use_awaitable);
        auto const s = weak.lock();
        if (!s) {
            co_return;
        }
        s->expire();
    }
}

asio::awaitable<void> attach(std::shared_ptr<client::session> session,
                             std::shared_ptr<receiver> sink,
                             std::string topic,
                             double buffer_time)
{
    client::event_handler const handler = [sink](client::event const& e) { sink->take(e); };
    auto const done = co_await session->subscribe(topic, handler);
    if (!done) {
        throw failure("cannot subscribe to " + topic + ": " + done.error().what());
    }
    log::info(component, "subscribed", {{"topic", topic}, {"buffer_s", buffer_time}});
}

}  // namespace

int run(int argc, char const* const* argv)
{
    settings s;
    std::shared_ptr<receiver> sink;
    dans::server d;
    d.program = "cerro-dans-datafeed";
    d.summary = "Keeps the last hour of one OCS feed and serves it as a sisock data node.";
    d.defaults = {"server", std::string(dans::stock_server_secret), true, true};
    d.options = [&](CLI::App& a) { add_options(a, s); };
    d.make = [&](app::context& c, dans::node_options& o) {
        check(s);
        o.name = s.name;
        o.description = s.description;
        store_options kept;
        kept.timeline_root = s.agent();
        kept.buffer_time = s.buffer_time;
        kept.max_bytes = s.max_megabytes << 20U;
        kept.units = parse_units(s.units);
        kept.now = unix_now;
        auto data = std::make_shared<store>(std::move(kept));
        sink = std::make_shared<receiver>(data, s.agent(), c.metrics());
        asio::co_spawn(c.io(), expire_now_and_then(data), [](std::exception_ptr e) {
            if (e) {
                log::error(component, "task_failed", {{"task", "expire"}});
            }
        });
        return data;
    };
    d.attach = [&](std::shared_ptr<client::session> session) {
        return attach(std::move(session), sink, s.topic(), s.buffer_time);
    };
    return dans::run_server(argc, argv, std::move(d));
}

}  // namespace cerro::datafeed
