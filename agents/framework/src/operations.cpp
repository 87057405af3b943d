#include "operations.hpp"

#include <cerro/base/time.hpp>
#include <cerro/log/log.hpp>
#include <cerro/log/spawn.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <stdexcept>

namespace cerro::agent {
namespace {

using ocs::reply;
using ocs::reply_status;

reply make_reply(reply_status status, std::string message, dict session = {})
{
    reply r;
    r.status = static_cast<int>(status);
    r.message = std::move(message);
    r.session = std::move(session);
    return r;
}

reply refuse(std::string message)
{
    return make_reply(reply_status::error, std::move(message));
}

dict encode(operation_run& run)
{
    return run.record().encode(unix_now());
}

std::string quoted(std::string_view name)
{
    return '"' + std::string(name) + '"';
}

dict describe_options(declared_operation const& op)
{
    std::string docstring = op.options.docstring;
    if (auto const params = op.params.describe(); !docstring.empty() && !params.empty()) {
        docstring += "\n\n" + params;
    }
    dict info;
    info.append("blocking", op.options.blocking);
    if (op.kind == op_kind::task) {
        info.append("abortable", op.options.abortable);
    }
    info.append("docstring", docstring.empty() ? value() : value(std::move(docstring)));
    info.append("op_type", name(op.kind));
    info.append("min_privs", op.options.min_privs);
    return info;
}

}  // namespace

operations::operations(asio::io_context& io, access_policy policy) : io_(io), policy_(std::move(policy)) {}

void operations::add(declared_operation op)
{
    if (find(op.name) != nullptr) {
        throw std::invalid_argument("operation " + op.name + " is declared twice");
    }
    op.options.min_privs = std::max(op.options.min_privs, ocs::privilege::basic);
    ops_.push_back(std::make_shared<declared_operation>(std::move(op)));
}

declared_operation* operations::find(std::string_view name)
{
    auto const found =
        std::find_if(ops_.begin(), ops_.end(), [&](auto const& op) { return op->name == name; });
    return found == ops_.end() ? nullptr : found->get();
}

asio::awaitable<reply> operations::answer(operation_request request)
{
    if (request.action == ocs::action::start) {
        co_return start(request);
    }
    if (request.action == ocs::action::status) {
        co_return status(request);
    }
    if (request.action == ocs::action::wait) {
        co_return co_await wait(std::move(request));
    }
    if (request.action == ocs::action::stop) {
        co_return stop(request, op_kind::process);
    }
    if (request.action == ocs::action::abort) {
        co_return stop(request, op_kind::task);
    }
    co_return refuse("No implementation for " + quoted(request.op));
}

reply operations::start(operation_request const& request)
{
    auto* op = find(request.op);
    if (op == nullptr) {
        return refuse("No task or process called " + quoted(request.op));
    }
    if (op->last && !op->last->record().done()) {
        return make_reply(reply_status::error,
                          "Operation " + quoted(op->name) + " already in progress.",
                          encode(*op->last));
    }
    int const level = policy_.level(request.password);
    if (level < op->options.min_privs) {
        auto const detail = policy_.detail();
        return refuse(policy_.refusal(op->options.min_privs, level) + (detail.empty() ? "" : " ") +
                      std::string(detail));
    }
    auto params = op->params.check(request.params);
    if (!params) {
        return refuse(params.error().what);
    }
    auto const run = launch(*op, std::move(*params), level);
    return make_reply(reply_status::ok,
                      "Started " + std::string(name(op->kind)) + ' ' + quoted(op->name) + '.',
                      encode(*run));
}

reply operations::status(operation_request const& request)
{
    auto const* op = find(request.op);
    if (op == nullptr) {
        return refuse("No task or process called " + quoted(request.op));
    }
    if (!op->last) {
        return make_reply(reply_status::ok, "No session active.");
    }
    return make_reply(reply_status::ok, "Session active.", encode(*op->last));
}

asio::awaitable<reply> operations::wait(operation_request request)
{
    auto const* op = find(request.op);
    if (op == nullptr) {
        co_return refuse("Unknown operation " + quoted(request.op) + '.');
    }
    if (!op->last) {
        co_return make_reply(reply_status::ok, "Idle.");
    }
    auto const run = op->last;
    bool done = run->record().done();
    if (!done && !request.timeout) {
        done = co_await run->wait_done(std::chrono::steady_clock::time_point::max());
    } else if (!done && *request.timeout >= 0) {
        done = co_await run->wait_done(after_seconds(*request.timeout));
    }
    std::string const subject = "Operation " + quoted(request.op);
    if (!done) {
        co_return make_reply(
            reply_status::timeout, subject + " still running; wait timed out.", encode(*run));
    }
    bool const success = run->record().success().value_or(false);
    std::string const outcome_name = success ? "SUCCEEDED" : "FAILED";
    co_return make_reply(
        reply_status::ok, subject + " is currently not running (" + outcome_name + ").", encode(*run));
}

reply operations::stop(operation_request const& request, op_kind wanted)
{
    auto const* op = find(request.op);
    if (op == nullptr) {
        return refuse("No operation called " + quoted(request.op) + '.');
    }
    if (op->kind != wanted) {
        return refuse("Cannot " + quoted(request.action) + ' ' + quoted(op->name) + " because it is a " +
                      std::string(name(op->kind)) + '.');
    }
    if (int const level = policy_.level(request.password); level < op->options.min_privs) {
        return refuse(policy_.refusal(op->options.min_privs, level));
    }
    if (!op->last) {
        return refuse("No session active.");
    }
    auto const state = op->last->record().status();
    if (state == ocs::op_status::stopping || state == ocs::op_status::done) {
        return refuse("The operation is already " + std::string(ocs::name(state)));
    }
    if (wanted == op_kind::process || op->options.abortable) {
        op->last->request_stop();
    }
    // The single quotation mark is what OCS agents answer.
    return make_reply(
        reply_status::ok,
        "Requested " + request.action + " on " + std::string(name(wanted)) + ' ' + op->name + "\".",
        encode(*op->last));
}

std::shared_ptr<operation_run> operations::launch(declared_operation& op, dict params, int level)
{
    log::info("agent", "start called for " + op.name);
    auto const shared =
        *std::find_if(ops_.begin(), ops_.end(), [&](auto const& known) { return known.get() == &op; });
    op.last = std::make_shared<operation_run>(io_.get_executor(), next_session_++, op.name, level);
    asio::co_spawn(io_,
                   execute(shared, op.last, std::move(params)),
                   [run = op.last, op_name = op.name](std::exception_ptr failure) {
                       if (failure) {
                           log::log_exception("agent", "runner of operation " + op_name, failure);
                           run->finish(false, "CRASH: the operation's runner failed");
                       }
                   });
    return op.last;
}

bool operations::start(std::string const& op_name, dict params)
{
    auto* op = find(op_name);
    if (op == nullptr) {
        throw std::invalid_argument("there is no operation " + op_name);
    }
    if (op->last && !op->last->record().done()) {
        return false;
    }
    auto checked = op->params.check(value(std::move(params)));
    if (!checked) {
        throw std::invalid_argument("operation " + op_name + ": " + checked.error().what);
    }
    launch(*op, std::move(*checked), policy_.own_level());
    return true;
}

void operations::start_up()
{
    for (auto const& op : ops_) {
        if (op->options.startup) {
            log::info("agent", "startup-op: launching " + op->name);
            start(op->name, op->options.startup_params);
        }
    }
}

dict operations::op_codes() const
{
    dict codes;
    for (auto const& op : ops_) {
        auto const code = op->last ? op->last->record().code() : ocs::op_code::none;
        codes.append(op->name, static_cast<int>(code));
    }
    return codes;
}

list operations::describe(op_kind kind)
{
    std::vector<declared_operation*> chosen;
    for (auto const& op : ops_) {
        if (op->kind == kind) {
            chosen.push_back(op.get());
        }
    }
    std::sort(chosen.begin(), chosen.end(), [](auto const* a, auto const* b) { return a->name < b->name; });
    list described;
    for (auto* op : chosen) {
        list row;
        row.emplace_back(op->name);
        row.emplace_back(op->last ? encode(*op->last) : ocs::no_history(op->name));
        row.emplace_back(describe_options(*op));
        described.emplace_back(std::move(row));
    }
    return described;
}

void operations::stop_all()
{
    for (auto const& op : ops_) {
        if (op->last && !op->last->record().done()) {
            op->last->request_stop();
        }
    }
}

asio::awaitable<std::vector<std::string>> operations::wait_idle(std::chrono::steady_clock::time_point until)
{
    std::vector<std::string> running;
    auto const all = ops_;
    for (auto const& op : all) {
        auto const run = op->last;
        if (!run) {
            continue;
        }
        while (!run->record().done() && std::chrono::steady_clock::now() < until) {
            [[maybe_unused]] bool const ended = co_await run->wait_done(until);
        }
        if (!run->record().done()) {
            running.push_back(op->name);
        }
    }
    co_return running;
}

}  // namespace cerro::agent
