#pragma once

/// @file
/// What an author of an agent uses: an agent has operations (tasks end by themselves, processes run until
/// stopped) and feeds. Everything here is called on the agent's loop. Protocol: OCS (operations, sessions,
/// feeds, management calls).

#include <cerro/agent/parameters.hpp>
#include <cerro/app/service.hpp>
#include <cerro/client/session.hpp>
#include <cerro/codec/value.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace cerro::agent {

namespace asio = boost::asio;

/// How an operation ended: `return {true, "Acquisition exited cleanly."}`.
struct outcome {
    outcome(bool ok, std::string text) : success(ok), message(std::move(text)) {}
    bool success;
    std::string message;
};

/// One run of an operation, as its author sees it.
class operation {
public:
    virtual ~operation() = default;
    /// session.data; change it freely, clients see it at their next request.
    [[nodiscard]] virtual dict& data() = 0;
    virtual void add_message(std::string text) = 0;
    virtual void set_degraded(bool degraded) = 0;
    [[nodiscard]] virtual bool degraded() const = 0;
    /// True once stop (process) or abort (task) was asked for, or the agent ends. Check it in every loop.
    [[nodiscard]] virtual bool stopping() const = 0;
    /// Waits `d`, or less if stopping() becomes true. @return !stopping()
    virtual asio::awaitable<bool> sleep(std::chrono::nanoseconds d) = 0;
    /// Level that the start was granted (1..4).
    [[nodiscard]] virtual int credential_level() const = 0;
};

/// The body of an operation: a coroutine on the agent's loop. An exception ends it as failed: "CRASH:
/// <text>". `params` holds what the declaration checked, defaults filled in.
using body = std::function<asio::awaitable<outcome>(operation& op, dict params)>;

struct operation_options {
    std::string docstring;  ///< shown by clients; empty = null
    int min_privs = 1;      ///< 1..3
    bool blocking = false;  ///< what get_api reports (Python agents: runs in a worker thread)
    bool startup = false;   ///< start when the agent joins for the first time ...
    dict startup_params;    ///< ... with these parameters
    bool abortable = true;  ///< tasks only
};

struct feed_options {
    bool record = false;
    std::chrono::nanoseconds buffer_time{
        0};  ///< samples of a record feed are gathered so long before they are sent
    std::optional<double> frame_length;  ///< agg_params.frame_length [s]
    dict agg_params;                     ///< further agg_params (fresh_time, exclude_aggregator, ...)
};

/// Handle of a feed. Publishing while the router is away keeps record data (bounded) and sends them after the
/// re-join.
class feed {
public:
    virtual ~feed() = default;
    /// One sample of a record feed: every field at one time. @throws std::invalid_argument on an illegal
    /// field name, value type, or a field set other than the block's first one
    virtual void sample(std::string_view block, double timestamp, dict fields) = 0;
    /// Many samples: each field a list as long as `timestamps`.
    virtual void samples(std::string_view block, std::vector<double> timestamps, dict fields) = 0;
    /// Any message on a feed that is not recorded.
    virtual void message(value m) = 0;
    /// Sends what is buffered now.
    virtual void flush() = 0;
};

/// A lock for the instrument, with the holder's name in refusals. FIFO.
class device_lock {
public:
    virtual ~device_lock() = default;
    /// @return an owner token that releases on destruction; null when `timeout` passed ("Could not acquire
    /// lock" is the field's usual text; held_by() names the holder)
    virtual asio::awaitable<std::shared_ptr<void>> acquire(std::string job,
                                                           std::chrono::nanoseconds timeout) = 0;
    [[nodiscard]] virtual std::string held_by() const = 0;
};

class agent {
public:
    virtual ~agent() = default;

    virtual void task(std::string name, parameters p, body run, operation_options o = {}) = 0;
    virtual void process(std::string name, parameters p, body run, operation_options o = {}) = 0;
    virtual std::shared_ptr<feed> make_feed(std::string name, feed_options o = {}) = 0;
    virtual std::shared_ptr<device_lock> make_lock() = 0;
    /// Subscribed at start-up and after each re-join. The address is complete ("observatory..feeds.").
    virtual void subscribe(std::string topic, wamp::match_policy m, client::event_handler f) = 0;
    virtual void on_heartbeat_switch(bool on) = 0;  ///< false: no more heartbeats (FakeData's set_heartbeat)

    /// Starts one of our own operations (full privileges). @return false if it is running
    virtual bool start(std::string const& op, dict params = {}) = 0;
    /// {operation: op code}: what our heartbeat says at this moment.
    [[nodiscard]] virtual dict op_codes() const = 0;

    [[nodiscard]] virtual std::string const& address() const = 0;       ///< "observatory.fake1"
    [[nodiscard]] virtual std::string const& address_root() const = 0;  ///< "observatory"
    [[nodiscard]] virtual std::string const& instance_id() const = 0;
    /// Is there an access policy other than none? (FakeData demands more privileges then.)
    [[nodiscard]] virtual bool access_controlled() const = 0;
    [[nodiscard]] virtual client::session& session() = 0;
    [[nodiscard]] virtual app::context& context() = 0;
    [[nodiscard]] virtual asio::io_context& io() = 0;
    /// For work that blocks: `co_await asio::co_spawn(workers(), work, use_awaitable)`. Ten threads. The
    /// session, the feeds and the operation belong to the agent's loop: touch them only there.
    [[nodiscard]] virtual asio::thread_pool& workers() = 0;
    /// False once the process is to end: long set-up code should look at it.
    [[nodiscard]] virtual bool running() const = 0;
    /// Ends the agent's program with this exit code (set-up failed for good).
    virtual void quit(int code) = 0;
};

struct agent_description {
    std::string program;      ///< "cerro-fakedata"
    std::string agent_class;  ///< "FakeDataAgent"
    std::string summary;      ///< for --help
    /// The agent's own options (OCS spelling, e.g. --num-channels).
    std::function<void(CLI::App&)> options;
    /// Declares operations and feeds. Called once, before the first join.
    std::function<void(agent&)> setup;
};

/// The whole of an agent's main(): site options, site file, log, join, heartbeat, SIGTERM, reconnection.
int run_agent(int argc, char const* const* argv, agent_description d);

}  // namespace cerro::agent
