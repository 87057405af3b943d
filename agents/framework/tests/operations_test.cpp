#include "operations.hpp"

#include <cerro/base/time.hpp>
#include <cerro/testing/loop.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>

using namespace cerro;
using namespace cerro::agent;
using namespace std::chrono_literals;

namespace {

asio::awaitable<outcome> until_stopped(agent::operation& op)
{
    bool more = true;
    while (more) {
        more = co_await op.sleep(1h);
    }
    co_return outcome(true, "stopped");
}

asio::awaitable<outcome> sleeps_of_all_sizes(agent::operation& op)
{
    for (double const s : {-1e300, std::numeric_limits<double>::quiet_NaN(), 0.0}) {
        bool const more = co_await op.sleep(seconds_to_duration(s));
        if (!more) {
            co_return outcome(false, "aborted too early");
        }
    }
    bool const more = co_await op.sleep(seconds_to_duration(1e300));
    co_return outcome(!more, more ? "slept out" : "aborted");
}

struct fixture {
    explicit fixture(std::string const& policy = "none") : ops(io, access_policy::parse(policy).value())
    {
        add("proc", op_kind::process, parameters::unchecked(), [](agent::operation& op, dict) {
            return until_stopped(op);
        });
        add(
            "stubborn",
            op_kind::task,
            parameters::unchecked(),
            [](agent::operation& op, dict) { return until_stopped(op); },
            false);
        add("add",
            op_kind::task,
            parameters{param("x", param_type::integer)},
            [](agent::operation& op, dict p) -> asio::awaitable<outcome> {
                op.data()["sum"] = *p.find("x")->as_int() + 1;
                co_return outcome(true, "added");
            });
        add("crash",
            op_kind::task,
            parameters::unchecked(),
            [](agent::operation&, dict) -> asio::awaitable<outcome> {
                throw std::runtime_error("boom");
                co_return outcome(true, "never");
            });
        add(
            "guarded",
            op_kind::task,
            parameters::unchecked(),
            [](agent::operation&, dict) -> asio::awaitable<outcome> { co_return outcome(true, "done"); },
            true,
            2);
    }

    void add(std::string name, op_kind kind, parameters p, body run, bool abortable = true, int min_privs = 1)
    {
        operation_options o;
        o.abortable = abortable;
        o.min_privs = min_privs;
        ops.add({std::move(name), kind, std::move(p), std::move(run), std::move(o), nullptr});
    }

    ocs::reply ask(std::string action,
                   std::string op,
                   value params = nullptr,
                   std::optional<double> timeout = {},
                   std::string password = {})
    {
        operation_request r{
            std::move(action), std::move(op), std::move(params), timeout, std::move(password)};
        return testing::run(io, ops.answer(std::move(r)));
    }

    asio::io_context io;
    operations ops;
};

std::string status_of(ocs::reply const& r)
{
    auto const* s = r.session.find("status");
    return s == nullptr ? "" : *s->as_text();
}

std::string last_words(ocs::reply const& r)
{
    auto const& messages = *r.session.find("messages")->as_list();
    return *messages.at(messages.size() - 2).at(1)->as_text();
}

}  // namespace

TEST_CASE("operations: what is unknown is said in the words of OCS")
{
    fixture f;
    CHECK(f.ask("start", "x").message == "No task or process called \"x\"");
    CHECK(f.ask("status", "x").message == "No task or process called \"x\"");
    CHECK(f.ask("wait", "x").message == "Unknown operation \"x\".");
    CHECK(f.ask("stop", "x").message == "No operation called \"x\".");
    CHECK(f.ask("abort", "x").message == "No operation called \"x\".");
    auto const r = f.ask("bogus", "proc");
    CHECK(r.message == "No implementation for \"proc\"");
    CHECK(r.status == -1);
    CHECK(r.session.empty());
}

TEST_CASE("operations: a process runs until it is stopped")
{
    fixture f;
    CHECK(f.ask("status", "proc").message == "No session active.");
    CHECK(f.ask("wait", "proc").message == "Idle.");
    CHECK(f.ask("stop", "proc").message == "No session active.");
    auto const started = f.ask("start", "proc");
    CHECK(started.message == "Started process \"proc\".");
    CHECK(status_of(started) == "starting");
    auto const again = f.ask("start", "proc");
    CHECK(again.status == -1);
    CHECK(again.message == "Operation \"proc\" already in progress.");
    CHECK(again.session.find("session_id")->as_int() == 0);
    auto const running = f.ask("status", "proc");
    CHECK(running.message == "Session active.");
    CHECK(status_of(running) == "running");
    CHECK(f.ops.op_codes().find("proc")->as_int() == 3);
    CHECK(f.ask("abort", "proc").message == "Cannot \"abort\" \"proc\" because it is a process.");
    auto const stopped = f.ask("stop", "proc");
    CHECK(stopped.message == "Requested stop on process proc\".");
    CHECK(status_of(stopped) == "stopping");
    auto const waited = f.ask("wait", "proc");
    CHECK(waited.message == "Operation \"proc\" is currently not running (SUCCEEDED).");
    CHECK(last_words(waited) == "stopped");
    CHECK(f.ask("stop", "proc").message == "The operation is already done");
}

TEST_CASE("operations: a wait ends at its time-out, at once when negative, and several may wait")
{
    fixture f;
    f.ask("start", "proc");
    for (double const timeout : {-1.0, 0.0, 0.02}) {
        auto const r = f.ask("wait", "proc", nullptr, timeout);
        CHECK(r.status == 1);
        CHECK(r.message == "Operation \"proc\" still running; wait timed out.");
    }
    int ended = 0;
    for (std::optional<double> const timeout : {std::optional<double>(), std::optional<double>(1e18)}) {
        operation_request r{"wait", "proc", nullptr, timeout, ""};
        asio::co_spawn(f.io, f.ops.answer(std::move(r)), [&](std::exception_ptr, ocs::reply const& reply) {
            ended += reply.status == 0 ? 1 : 0;
        });
    }
    CHECK_FALSE(testing::run_until(
        f.io, [&] { return ended > 0; }, 50ms));
    f.ask("stop", "proc");
    CHECK(testing::run_until(f.io, [&] { return ended == 2; }));
}

TEST_CASE("operations: of too many waits the oldest ends as if its time were over")
{
    fixture f;
    f.ask("start", "proc");
    std::vector<std::int64_t> ended(operation_run::most_waiting + 2, -9);
    for (auto& status : ended) {
        operation_request r{"wait", "proc", nullptr, {}, ""};
        asio::co_spawn(f.io,
                       f.ops.answer(std::move(r)),
                       [&status](std::exception_ptr, ocs::reply const& reply) { status = reply.status; });
    }
    auto const count = [&](int status) { return std::count(ended.begin(), ended.end(), status); };
    CHECK(testing::run_until(f.io, [&] { return count(1) == 2; }));
    CHECK(ended[0] == 1);
    CHECK(ended[1] == 1);
    CHECK_FALSE(testing::run_until(
        f.io, [&] { return count(-9) != std::ptrdiff_t(operation_run::most_waiting); }, 50ms));
    f.ask("stop", "proc");
    CHECK(testing::run_until(f.io, [&] { return count(0) == std::ptrdiff_t(operation_run::most_waiting); }));
}

TEST_CASE("operations: sleeping absurdly long, or not at all, is no trouble")
{
    fixture f;
    f.add("sleepy", op_kind::task, parameters::unchecked(), [](agent::operation& op, dict) {
        return sleeps_of_all_sizes(op);
    });
    f.ask("start", "sleepy");
    CHECK_FALSE(testing::run_until(
        f.io, [&] { return status_of(f.ask("status", "sleepy")) == "done"; }, 50ms));
    f.ask("abort", "sleepy");
    CHECK(last_words(f.ask("wait", "sleepy")) == "aborted");
}

TEST_CASE("operations: a rejected start leaves the finished session as it is")
{
    fixture f;
    f.ask("start", "add", dict{{"x", 1}});
    auto const done = f.ask("wait", "add");
    CHECK(done.session.find("data")->find("sum")->as_int() == 2);
    CHECK(f.ask("start", "add", dict{{"x", "no"}}).status == -1);
    CHECK(f.ask("status", "add").message == "Session active.");
    CHECK(f.ops.op_codes().find("add")->as_int() == 5);
}

TEST_CASE("operations: an exception ends an operation as failed")
{
    fixture f;
    f.ask("start", "crash");
    auto const r = f.ask("wait", "crash");
    CHECK(r.status == 0);
    CHECK(r.message == "Operation \"crash\" is currently not running (FAILED).");
    CHECK(last_words(r) == "CRASH: boom");
}

TEST_CASE("operations: an abort of a task that has no way to is granted and does nothing")
{
    fixture f;
    f.ask("start", "stubborn");
    auto const r = f.ask("abort", "stubborn");
    CHECK(r.status == 0);
    CHECK(r.message == "Requested abort on task stubborn\".");
    CHECK(status_of(f.ask("status", "stubborn")) == "running");
}

TEST_CASE("operations: an infinity in one operation's data spoils nobody's answer")
{
    fixture f;
    f.add("inf",
          op_kind::task,
          parameters::unchecked(),
          [](agent::operation& op, dict) -> asio::awaitable<outcome> {
              op.data()["x"] = std::numeric_limits<double>::infinity();
              co_return outcome(true, "ok");
          });
    f.ask("start", "inf");
    auto const r = f.ask("wait", "inf");
    CHECK(r.status == 0);
    CHECK(r.session.find("data")->find("x")->is_null());
    CHECK(f.ops.describe(op_kind::task).size() == 5);
}

TEST_CASE("operations: privileges are asked for at start, stop and abort")
{
    fixture open;
    CHECK(open.ask("start", "guarded").message ==
          "The action requires credential level 2-ADVANCED but the client has only level 1-BASIC No access "
          "policy -- "
          "level 1 for all.");
    fixture f("override:two,three");
    auto const refused = f.ask("start", "guarded", nullptr, {}, "wrong");
    CHECK(refused.message ==
          "The action requires credential level 2-ADVANCED but the client has only level 1-BASIC");
    CHECK(refused.status == -1);
    auto const granted = f.ask("start", "guarded", nullptr, {}, "three");
    CHECK(granted.status == 0);
    CHECK(granted.session.find("cred_level")->as_int() == 3);
    CHECK(f.ask("abort", "guarded").status == -1);
    CHECK(f.ask("wait", "guarded").status == 0);
}

TEST_CASE("operations: descriptions are sorted and tell the options")
{
    fixture f;
    auto const tasks = f.ops.describe(op_kind::task);
    std::vector<std::string> names;
    for (auto const& row : tasks) {
        names.push_back(*row.at(0)->as_text());
    }
    CHECK(names == std::vector<std::string>{"add", "crash", "guarded", "stubborn"});
    CHECK(*tasks[0].at(1) == value(dict{{"op_name", "add"}, {"status", "no_history"}}));
    CHECK(*tasks[3].at(2) == value(dict{{"blocking", false},
                                        {"abortable", false},
                                        {"docstring", nullptr},
                                        {"op_type", "task"},
                                        {"min_privs", 1}}));
    auto const processes = f.ops.describe(op_kind::process);
    REQUIRE(processes.size() == 1);
    CHECK(processes[0].at(2)->find("abortable") == nullptr);
}

TEST_CASE("operations: everything is stopped at the end, and what does not end is named")
{
    fixture f;
    f.add("deaf",
          op_kind::process,
          parameters::unchecked(),
          [&f](agent::operation&, dict) -> asio::awaitable<outcome> {
              asio::steady_timer never(f.io, std::chrono::steady_clock::time_point::max());
              co_await never.async_wait(asio::use_awaitable);
              co_return outcome(true, "");
          });
    f.ask("start", "proc");
    f.ask("start", "deaf");
    f.ops.stop_all();
    CHECK(f.ask("stop", "deaf").message == "The operation is already stopping");
    auto const left = testing::run(f.io, f.ops.wait_idle(after(100ms)));
    CHECK(left == std::vector<std::string>{"deaf"});
    CHECK(f.ask("wait", "proc").status == 0);
}
