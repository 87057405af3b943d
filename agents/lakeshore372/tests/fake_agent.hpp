#pragma once

/// @file
/// For tests: an agent without router. Operations are run by name, samples of feeds are kept.

#include <cerro/agent/agent.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <optional>
#include <stdexcept>

namespace cerro::lakeshore372::tests {

namespace asio = boost::asio;

/// One run of an operation.
class fake_operation final : public agent::operation {
public:
    explicit fake_operation(asio::io_context& io) : timer_(io) {}

    dict& data() override { return data_; }
    void add_message(std::string text) override { messages.push_back(std::move(text)); }
    void set_degraded(bool degraded) override { degraded_ = degraded; }
    [[nodiscard]] bool degraded() const override { return degraded_; }
    [[nodiscard]] bool stopping() const override { return stopping_; }
    asio::awaitable<bool> sleep(std::chrono::nanoseconds d) override
    {
        if (!stopping_) {
            timer_.expires_after(d);
            [[maybe_unused]] auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return !stopping_;
    }
    [[nodiscard]] int credential_level() const override { return 1; }

    void stop()
    {
        stopping_ = true;
        timer_.cancel();
    }

    std::vector<std::string> messages;
    std::optional<agent::outcome> ended;
    std::string crash;

private:
    asio::steady_timer timer_;
    dict data_;
    bool degraded_ = false;
    bool stopping_ = false;
};

struct sample {
    std::string block;
    double timestamp;
    dict fields;
};

class fake_feed final : public agent::feed {
public:
    void sample(std::string_view block, double timestamp, dict fields) override
    {
        samples_.push_back({std::string(block), timestamp, std::move(fields)});
    }
    void samples(std::string_view, std::vector<double>, dict) override
    {
        throw std::logic_error("not expected");
    }
    void message(value) override { throw std::logic_error("not expected"); }
    void flush() override {}

    std::vector<tests::sample> samples_;
};

/// Grants the lock in order; enough for tests, which hold it shortly.
class fake_lock final : public agent::device_lock, public std::enable_shared_from_this<fake_lock> {
public:
    explicit fake_lock(asio::io_context& io) : io_(io) {}
    asio::awaitable<std::shared_ptr<void>> acquire(std::string job, std::chrono::nanoseconds timeout) override
    {
        auto const deadline = std::chrono::steady_clock::now() + timeout;
        auto const mine = next_++;
        while (held_ || mine != served_) {
            asio::steady_timer timer(io_, std::chrono::milliseconds(2));
            co_await timer.async_wait(asio::use_awaitable);
            if (std::chrono::steady_clock::now() > deadline && mine == served_) {
                ++served_;
                co_return nullptr;
            }
        }
        ++served_;
        held_ = true;
        holder_ = std::move(job);
        auto const release = [self = shared_from_this()](void*) { self->held_ = false; };
        co_return std::shared_ptr<void>(this, release);
    }
    [[nodiscard]] std::string held_by() const override { return held_ ? holder_ : std::string(); }

private:
    asio::io_context& io_;
    bool held_ = false;
    std::string holder_;
    unsigned next_ = 0;
    unsigned served_ = 0;
};

class fake_agent final : public agent::agent {
public:
    explicit fake_agent(asio::io_context& io) : io_(io) {}

    void task(std::string name,
              cerro::agent::parameters p,
              cerro::agent::body run,
              cerro::agent::operation_options o) override
    {
        operations_.insert_or_assign(std::move(name), declared{std::move(p), std::move(run), std::move(o)});
    }
    void process(std::string name,
                 cerro::agent::parameters p,
                 cerro::agent::body run,
                 cerro::agent::operation_options o) override
    {
        task(std::move(name), std::move(p), std::move(run), std::move(o));
    }
    std::shared_ptr<cerro::agent::feed> make_feed(std::string name, cerro::agent::feed_options o) override
    {
        feed_name = std::move(name);
        feed_options = std::move(o);
        return the_feed;
    }
    std::shared_ptr<cerro::agent::device_lock> make_lock() override
    {
        return std::make_shared<fake_lock>(io_);
    }
    void subscribe(std::string, wamp::match_policy, client::event_handler) override {}
    void on_heartbeat_switch(bool) override {}

    bool start(std::string const& op, dict params) override
    {
        return begin(op, std::move(params)) != nullptr;
    }

    [[nodiscard]] std::string const& address() const override { return address_; }
    [[nodiscard]] std::string const& address_root() const override { return address_; }
    [[nodiscard]] std::string const& instance_id() const override { return address_; }
    [[nodiscard]] dict op_codes() const override { return {}; }
    [[nodiscard]] bool access_controlled() const override { return false; }
    [[nodiscard]] client::session& session() override { throw std::logic_error("no session here"); }
    [[nodiscard]] app::context& context() override { throw std::logic_error("no context here"); }
    [[nodiscard]] asio::io_context& io() override { return io_; }
    [[nodiscard]] asio::thread_pool& workers() override { throw std::logic_error("no workers here"); }
    [[nodiscard]] bool running() const override { return true; }
    void quit(int) override {}

    /// Begins an operation; null if it runs already. @throws std::runtime_error with the parameter error's
    /// text
    std::shared_ptr<fake_operation> begin(std::string const& name, dict params = {})
    {
        auto& d = operations_.at(name);
        if (runs[name] && !runs[name]->ended) {
            return nullptr;
        }
        auto checked = d.params.check(value(std::move(params)));
        if (!checked) {
            throw std::runtime_error(checked.error().what);
        }
        auto op = std::make_shared<fake_operation>(io_);
        runs[name] = op;
        asio::co_spawn(io_, perform(op, d.run, std::move(*checked)), [op](std::exception_ptr e) {
            if (e) {
                try {
                    std::rethrow_exception(e);
                } catch (std::exception const& x) {
                    op->crash = x.what();
                    op->ended = cerro::agent::outcome(false, std::string("CRASH: ") + x.what());
                }
            }
        });
        return op;
    }

    [[nodiscard]] cerro::agent::operation_options const& options_of(std::string const& name) const
    {
        return operations_.at(name).options;
    }

    std::shared_ptr<fake_feed> the_feed = std::make_shared<fake_feed>();
    std::string feed_name;
    cerro::agent::feed_options feed_options;
    std::map<std::string, std::shared_ptr<fake_operation>> runs;

private:
    struct declared {
        cerro::agent::parameters params;
        cerro::agent::body run;
        cerro::agent::operation_options options;
    };

    static asio::awaitable<void> perform(std::shared_ptr<fake_operation> op,
                                         cerro::agent::body run,
                                         dict params)
    {
        auto done = co_await run(*op, std::move(params));
        op->ended = std::move(done);
    }

    asio::io_context& io_;
    std::string address_ = "observatory.bridge";
    std::map<std::string, declared> operations_;
};

}  // namespace cerro::lakeshore372::tests
