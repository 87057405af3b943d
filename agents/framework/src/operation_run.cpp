#include "operation_run.hpp"

#include <cerro/base/time.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace cerro::agent {
namespace {

/// What became of a body that did not return.
struct ending {
    ending(bool ok, std::string words) : success(ok), text(std::move(words)) {}
    bool success;
    std::string text;
};

asio::awaitable<ending> run_body(declared_operation& op, operation_run& run, dict params)
{
    std::string text;
    try {
        auto result = co_await op.run(run, std::move(params));
        co_return ending(result.success, std::move(result.message));
    } catch (param_error const& e) {
        text = std::string("ERROR: ") + e.what();
    } catch (std::exception const& e) {
        text = std::string("CRASH: ") + e.what();
    }
    co_return ending(false, std::move(text));
}

}  // namespace

std::string_view name(op_kind k) noexcept
{
    return k == op_kind::task ? "task" : "process";
}

operation_run::operation_run(asio::any_io_executor ex,
                             std::int64_t id,
                             std::string const& op,
                             int credential_level)
    : record_(id,
              op,
              credential_level,
              unix_now(),
              [source = op + ':' + std::to_string(id)](std::string const& message) {
                  log::info(source, message);
              }),
      stop_(ex),
      done_(ex, most_waiting)
{}

void operation_run::add_message(std::string text)
{
    record_.add_message(std::move(text), unix_now());
}

asio::awaitable<bool> operation_run::sleep(std::chrono::nanoseconds d)
{
    bool const stopped = co_await stop_.wait_until(after(d));
    co_return !stopped;
}

void operation_run::set_running()
{
    record_.set_status(ocs::op_status::running, unix_now());
}

void operation_run::request_stop()
{
    record_.set_status(ocs::op_status::stopping, unix_now());
    stop_.happen();
}

void operation_run::finish(bool success, std::string text)
{
    record_.finish(success, std::move(text), unix_now());
    done_.happen();
}

asio::awaitable<void> execute(std::shared_ptr<declared_operation> op,
                              std::shared_ptr<operation_run> run,
                              dict params)
{
    // The answer to the start goes out first: it shows the state starting.
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    run->set_running();
    auto const end = co_await run_body(*op, *run, std::move(params));
    run->finish(end.success, end.text);
}

}  // namespace cerro::agent
