#include <cerro/aggregator/aggregator_agent.hpp>
#include <cerro/aggregator/disk_writer.hpp>
#include <cerro/aggregator/recorder.hpp>
#include <cerro/base/time.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

namespace cerro::aggregator {
namespace {

namespace asio = boost::asio;
using agent::operation;
using agent::outcome;
using agent::param;
using agent::param_type;
using agent::parameters;
using clock = std::chrono::steady_clock;

constexpr auto loop_period = std::chrono::seconds(1);
constexpr auto poll_period = std::chrono::milliseconds(20);
/// A disk that does not take the rest by then keeps it; the loss is logged. Shorter than the 10 s that a
/// stopping agent gives its operations, else nobody would learn of the loss.
constexpr auto stop_limit = std::chrono::seconds(7);

struct options {
    std::string data_dir;
    std::string initial_state = "idle";
    double time_per_file = 3600;
};

/// One run of `record`.
struct recording {
    recording(options const& o, double start, std::shared_ptr<file_layer> layer)
        : recorder(start, ::getpid()),
          disk({o.data_dir, o.time_per_file}, {}, recorder.session_frame(), start, std::move(layer))
    {}
    aggregator::recorder recorder;
    disk_writer disk;
    std::string last_refusal;
    std::string reported_trouble;
    std::uint64_t reported_written = 0;
    std::uint64_t reported_dropped = 0;
};

class aggregator_agent : public std::enable_shared_from_this<aggregator_agent> {
public:
    aggregator_agent(options o, agent::agent& a)
        : options_(std::move(o)),
          agent_(a),
          taken_(metric("samples_total", "values taken from feeds")),
          refused_(metric("refused_total", "messages and blocks refused")),
          written_(metric("written_samples_total", "values written to files")),
          dropped_(metric("dropped_samples_total", "values lost because the disk did not take them")),
          queued_(a.context().metrics().make_gauge("cerro_aggregator_queued_octets",
                                                   "frames that wait for the disk"))
    {}

    void declare()
    {
        auto const self = shared_from_this();
        agent_.subscribe(agent_.address_root() + "..feeds.",
                         wamp::match_policy::wildcard,
                         [self](client::event const& e) { self->take(e); });
        agent::operation_options o;
        o.docstring = "Records all feeds that ask for it into .g3 files.";
        o.blocking = true;
        o.startup = options_.initial_state == "record";
        parameters const p{param("test_mode", param_type::boolean)
                               .with_default(false)
                               .describe("end after one turn of the loop")};
        agent_.process(
            "record",
            p,
            [self](operation& op, dict params) { return self->record(op, std::move(params)); },
            o);
    }

private:
    /// Messages go to a recording while this lives; an exception must not leave it open either.
    class taking {
    public:
        taking(aggregator_agent& owner, std::shared_ptr<recording> r) : owner_(owner)
        {
            owner_.recording_ = std::move(r);
            owner_.taking_ = true;
        }
        ~taking()
        {
            owner_.taking_ = false;
            owner_.recording_->disk.finish();
        }
        taking(taking const&) = delete;
        taking& operator=(taking const&) = delete;

    private:
        aggregator_agent& owner_;
    };

    metrics::counter& metric(std::string_view name, std::string_view help)
    {
        return agent_.context().metrics().make_counter("cerro_aggregator_" + std::string(name), help);
    }

    void take(client::event const& e)
    {
        if (!taking_) {
            return;
        }
        auto& r = *recording_;
        auto const before = r.recorder.counters().samples;
        auto const now = instant::now();
        auto const refusals = r.recorder.take(e.topic, e.payload.args, now);
        taken_.add(r.recorder.counters().samples - before);
        auto early = r.recorder.relieve(now);
        if (!early.empty()) {
            r.disk.submit(std::move(early), now.unix_time);
        }
        if (refusals.empty()) {
            return;
        }
        refused_.add(refusals.size());
        r.last_refusal = refusals.back();
        std::uint64_t suppressed = 0;
        if (refusal_log_.allow(suppressed)) {
            log::warn("aggregator",
                      "feed_message_refused",
                      {{"topic", e.topic}, {"reason", refusals.front()}, {"suppressed", suppressed}});
        }
    }

    asio::awaitable<outcome> record(operation& op, dict params)
    {
        auto const self = shared_from_this();
        bool const test_mode = params.find("test_mode")->as_bool().value_or(false);
        if (recording_ && !recording_->disk.status().finished) {
            co_return outcome(false, "The disk has not taken the rest of the last recording yet");
        }
        auto const r = std::make_shared<recording>(options_, unix_now(), layer_);
        // From now on, so that no sample is missed while a slow disk opens the first file.
        taking const until_the_end(*this, r);
        bool const opened = co_await wait_for_first_file(op, r);
        if (!opened) {
            log::error(
                "aggregator",
                "not_started",
                {{"reason", r->disk.status().trouble}, {"samples_lost", r->recorder.counters().samples}});
            agent_.quit(app::exit_code::failed);
            co_return outcome(false, "Aggregation not started");
        }
        log::info("aggregator", "recording", {{"file", r->disk.status().current_file}});
        report(op, *r);
        auto next = clock::now();
        for (bool go_on = true; go_on;) {
            next = std::max(next + loop_period, clock::now());
            bool const slept = co_await op.sleep(next - clock::now());
            auto const now = instant::now();
            r->disk.submit(r->recorder.tick(now), now.unix_time);
            report(op, *r);
            go_on = slept && !test_mode;
        }
        taking_ = false;
        auto const end = instant::now();
        r->disk.submit(r->recorder.finish(end), end.unix_time);
        r->disk.finish();
        co_await wait_for_the_rest(r);
        report(op, *r);
        auto const status = r->disk.status();
        if (!status.finished || status.dropped_samples > 0) {
            log::error("aggregator",
                       "samples_lost",
                       {{"dropped_samples", status.dropped_samples},
                        {"octets_not_written", status.queued_octets},
                        {"trouble", status.trouble}});
        }
        co_return outcome(true, "Aggregation has ended");
    }

    asio::awaitable<bool> wait_for_first_file(operation& op, std::shared_ptr<recording> r)
    {
        for (;;) {
            auto const status = r->disk.status();
            if (status.opened) {
                co_return true;
            }
            report(op, *r);
            if (status.failures > 0) {
                op.add_message(status.trouble);
                co_return false;
            }
            bool const go_on = co_await op.sleep(poll_period);
            if (!go_on) {
                co_return r->disk.status().opened;
            }
        }
    }

    asio::awaitable<void> wait_for_the_rest(std::shared_ptr<recording> r)
    {
        // Not operation::sleep: that no longer waits, we were asked to stop.
        asio::steady_timer timer(agent_.io());
        auto const limit = clock::now() + stop_limit;
        while (!r->disk.status().finished && clock::now() < limit) {
            timer.expires_after(poll_period);
            co_await timer.async_wait(asio::use_awaitable);
        }
    }

    void report(operation& op, recording& r)
    {
        auto const status = r.disk.status();
        auto const& c = r.recorder.counters();
        auto& data = op.data();
        data.set("current_file", status.current_file.empty() ? value() : value(status.current_file));
        data.set("providers", r.recorder.providers());
        data.set("counters",
                 dict{{"messages", c.messages},
                      {"samples", c.samples},
                      {"refused_messages", c.refused_messages},
                      {"refused_blocks", c.refused_blocks},
                      {"repeated_messages", c.repeated_messages},
                      {"missed_messages", c.missed_messages},
                      {"early_frames", c.early_frames},
                      {"restarted_providers", c.restarted_providers}});
        data.set("last_refusal", r.last_refusal.empty() ? value() : value(r.last_refusal));
        data.set("disk",
                 dict{{"trouble", status.trouble.empty() ? value() : value(status.trouble)},
                      {"failures", status.failures},
                      {"queued_octets", status.queued_octets},
                      {"written_frames", status.written_frames},
                      {"written_samples", status.written_samples},
                      {"dropped_frames", status.dropped_frames},
                      {"dropped_samples", status.dropped_samples},
                      {"files", status.files}});
        op.set_degraded(!status.trouble.empty());
        agent_.context().set_health(status.trouble);
        queued_.set(static_cast<double>(status.queued_octets));
        written_.add(status.written_samples - std::exchange(r.reported_written, status.written_samples));
        dropped_.add(status.dropped_samples - std::exchange(r.reported_dropped, status.dropped_samples));
        if (status.trouble.empty() != r.reported_trouble.empty()) {
            if (status.trouble.empty()) {
                log::info("aggregator", "disk_is_well_again", {{"dropped_samples", status.dropped_samples}});
                op.add_message("The disk takes data again.");
            } else {
                log::error("aggregator", "disk_trouble", {{"reason", status.trouble}});
                op.add_message(status.trouble);
            }
        }
        r.reported_trouble = status.trouble;
    }

    options options_;
    agent::agent& agent_;
    std::shared_ptr<file_layer> layer_ = file_layer::system();
    std::shared_ptr<recording> recording_;  // the present or the last one
    bool taking_ = false;
    log::limiter refusal_log_;
    metrics::counter& taken_;
    metrics::counter& refused_;
    metrics::counter& written_;
    metrics::counter& dropped_;
    metrics::gauge& queued_;
};

}  // namespace

agent::agent_description describe()
{
    auto const settings = std::make_shared<options>();
    agent::agent_description d;
    d.program = "cerro-aggregator";
    d.agent_class = "AggregatorAgent";
    d.summary = "Records the feeds of an observatory into .g3 files";
    d.options = [settings](CLI::App& app) {
        app.add_option("--data-dir", settings->data_dir, "folder of the archive")->required()->take_last();
        app.add_option("--initial-state",
                       settings->initial_state,
                       "record: start recording with the agent (default idle)")
            ->check(CLI::IsMember({"idle", "record"}))
            ->take_last();
        app.add_option("--time-per-file",
                       settings->time_per_file,
                       "a new file begins after so long [s] (default 3600)")
            ->check(CLI::Range(1.0, 1e9))
            ->take_last();
    };
    d.setup = [settings](agent::agent& a) { std::make_shared<aggregator_agent>(*settings, a)->declare(); };
    return d;
}

}  // namespace cerro::aggregator
