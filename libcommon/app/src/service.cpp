#include "health.hpp"
#include "notify.hpp"
#include "options.hpp"
#include <cerro/app/service.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <unistd.h>

#include <csignal>
#include <cstring>
#include <iostream>
#include <utility>

namespace cerro::app {

namespace {

/// For the second SIGTERM or SIGINT: works even when the loop hangs.
extern "C" void end_at_once(int)
{
    static constexpr char text[] = "ended by a second signal\n";
    [[maybe_unused]] auto const n = ::write(2, text, sizeof text - 1);
    ::_exit(exit_code::failed);
}

/// Counts those who wait for the end.
class waiter {
public:
    explicit waiter(int& count) : count_(count) { ++count_; }
    ~waiter() { --count_; }
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;

private:
    int& count_;
};

class run_context final : public context {
public:
    run_context(description const& d, program_kind kind) : d_(d), kind_(kind) {}

    asio::io_context& io() override { return io_; }
    metrics::registry& metrics() override { return metrics_; }
    [[nodiscard]] bool stopping() const override { return stopping_; }
    void on_reload(std::function<void()> f) override { reload_.push_back(std::move(f)); }
    void set_health(std::string trouble) override { trouble_ = std::move(trouble); }
    void ask_health(std::function<std::string()> ask) override { ask_trouble_ = std::move(ask); }

    asio::awaitable<void> stopped() override
    {
        waiter const counted(waiting_);
        while (!stopping_) {
            // Cancelled by stop(); if the waiting coroutine itself is cancelled, the next turn throws.
            [[maybe_unused]] auto [ec] = co_await until_stop_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }

    void stop() override
    {
        if (!std::exchange(stopping_, true)) {
            if (kind_ == program_kind::service) {
                notify("STOPPING=1");
            }
            until_stop_.cancel();
        }
    }

    int run(common_options const& common)
    {
        watch_signals();
        if (kind_ == program_kind::service) {
            log::info(d_.name, "starting", {{"version", CERRO_VERSION}, {"pid", ::getpid()}});
            add_process_metrics(metrics_);
            if (common.health_port) {
                health_ = serve_health(
                    io_.get_executor(), *common.health_port, [this] { return trouble(); }, metrics_);
            }
        }
        auto const done = [this](std::exception_ptr error, int code) {
            error_ = error;
            code_ = code;
            io_.stop();
        };
        asio::co_spawn(io_, d_.run(*this), asio::bind_cancellation_slot(interrupt_.slot(), done));
        if (kind_ == program_kind::service) {
            asio::post(io_, [] { notify("READY=1"); });
        }
        io_.run();
        health_.reset();
        if (error_ && !interrupted_) {
            std::rethrow_exception(error_);
        }
        if (interrupted_) {
            std::cerr << d_.name << ": interrupted\n";
            return exit_code::failed;
        }
        if (kind_ == program_kind::service) {
            log::info(d_.name, "stopped", {{"exit_code", code_}});
        }
        return code_;
    }

private:
    std::string trouble() const
    {
        if (stopping_) {
            return "stopping";
        }
        return ask_trouble_ ? ask_trouble_() : trouble_;
    }

    void watch_signals()
    {
        signals_.add(SIGINT);
        signals_.add(SIGTERM);
        if (kind_ == program_kind::service) {
            signals_.add(SIGHUP);
        }
        next_signal();
    }

    void next_signal()
    {
        signals_.async_wait([this](boost::system::error_code ec, int number) {
            if (ec) {
                return;
            }
            if (number == SIGHUP) {
                reload();
            } else {
                on_stop_signal(number);
            }
            next_signal();
        });
    }

    void on_stop_signal(int number)
    {
        signals_.remove(SIGINT);
        signals_.remove(SIGTERM);
        std::signal(SIGINT, end_at_once);
        std::signal(SIGTERM, end_at_once);
        if (kind_ == program_kind::service) {
            log::info(d_.name, "stopping", {{"signal", number == SIGINT ? "SIGINT" : "SIGTERM"}});
        }
        stop();
        if (kind_ == program_kind::tool && waiting_ == 0) {
            interrupted_ = true;
            interrupt_.emit(asio::cancellation_type::terminal);
        }
    }

    void reload()
    {
        log::info(d_.name, "reload", {{"handlers", reload_.size()}});
        for (auto const& f : reload_) {
            try {
                f();
            } catch (std::exception const& e) {
                log::error(d_.name, "reload_failed", {{"error", e.what()}});
            }
        }
    }

    description const& d_;
    program_kind kind_;
    // Coroutines that still wait are destroyed with io_ and may use what stands before it.
    metrics::registry metrics_;
    asio::cancellation_signal interrupt_;
    int waiting_ = 0;
    asio::io_context io_{1};
    asio::signal_set signals_{io_};
    asio::steady_timer until_stop_{io_, asio::steady_timer::time_point::max()};
    std::shared_ptr<http::server> health_;
    std::vector<std::function<void()>> reload_;
    std::string trouble_;
    std::function<std::string()> ask_trouble_;
    std::exception_ptr error_;
    int code_ = exit_code::ok;
    bool stopping_ = false;
    bool interrupted_ = false;
};

void configure_log(common_options const& common, program_kind kind)
{
    log::settings s;
    s.json = common.log_json;
    s.to_stderr = kind == program_kind::tool;
    s.threshold = kind == program_kind::tool ? log::level::warn : log::level::info;
    if (!common.log_level.empty()) {
        s.threshold = log::parse_level(common.log_level);
    }
    log::configure(s);
}

int run_program(int argc, char const* const* argv, description d, program_kind kind)
{
    std::signal(SIGPIPE, SIG_IGN);
    try {
        common_options common;
        if (auto const code = parse(d, kind, argc, argv, common)) {
            return *code;
        }
        configure_log(common, kind);
        if (common.check) {
            d.check();
            std::cout << "the configuration is right\n";
            return exit_code::ok;
        }
        run_context context(d, kind);
        return context.run(common);
    } catch (failure const& e) {
        std::cerr << d.name << ": " << e.what() << std::endl;
        return e.exit_code();
    } catch (std::exception const& e) {
        std::cerr << d.name << ": internal error: " << e.what() << std::endl;
        return exit_code::bug;
    }
}

}  // namespace

int run_service(int argc, char const* const* argv, description d)
{
    return run_program(argc, argv, std::move(d), program_kind::service);
}

int run_tool(int argc, char const* const* argv, description d)
{
    return run_program(argc, argv, std::move(d), program_kind::tool);
}

}  // namespace cerro::app
