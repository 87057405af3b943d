// api, start, status, wait, stop, abort, run.

#include "commands.hpp"
#include "progress.hpp"
#include "words.hpp"
#include <cerro/base/time.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/ocs/client.hpp>
#include <cerro/ocs/protocol.hpp>
#include <cerro/ocs/python_text.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace cerro::ocs_client_cli {
namespace {

ocs::agent_client agent_of(connection const& c, options const& o)
{
    return {c.session, ocs::agent_address(c.site.hub.address_root, o.instance)};
}

/// From the file, or the environment; never from the command line, which others can read.
std::string read_password(options const& o)
{
    if (o.password_file.empty()) {
        char const* const text = std::getenv("OCS_PASSWORD");
        return text != nullptr ? text : "";
    }
    std::ifstream file(o.password_file);
    std::string line;
    if (!std::getline(file, line)) {
        throw failure("cannot read a password from " + o.password_file, app::exit_code::failed);
    }
    return line;
}

ocs::request_options make_request(options const& o)
{
    auto params = read_params(o.params, o.words);
    if (!params) {
        throw failure(params.error().what, app::exit_code::usage);
    }
    ocs::request_options how(std::move(*params));
    how.password = read_password(o);
    return how;
}

void print(ocs::reply const& r, options const& o)
{
    if (o.json) {
        std::cout << codec::to_json(ocs::as_dict(r)) << std::endl;
    } else {
        std::cout << ocs::format_reply(r, unix_now()) << std::flush;
    }
}

std::string text_of(value const& row, std::size_t index)
{
    auto const* v = row.at(index);
    return v == nullptr ? "" : ocs::python_str(*v);
}

std::string first_line(std::string const& text)
{
    return text.substr(0, text.find('\n'));
}

void print_operations(value const& api, char const* key)
{
    auto const* rows = api.find(key);
    auto const* items = rows == nullptr ? nullptr : rows->as_list();
    std::cout << key << ":\n";
    if (items == nullptr) {
        return;
    }
    for (auto const& row : *items) {
        auto const* session = row.at(1);
        auto const* info = row.at(2);
        auto const* status = session == nullptr ? nullptr : session->find("status");
        auto const* docstring = info == nullptr ? nullptr : info->find("docstring");
        bool const documented = docstring != nullptr && docstring->is_text();
        std::cout << "  " << text_of(row, 0) << " [" << (status == nullptr ? "?" : ocs::python_str(*status))
                  << ']' << (documented ? "  " + first_line(*docstring->as_text()) : "") << '\n';
    }
}

void print_api(value const& api)
{
    for (auto const* key : {"agent_class", "instance_hostname", "instance_pid"}) {
        auto const* v = api.find(key);
        std::cout << key << ": " << (v == nullptr ? "?" : ocs::python_str(*v)) << '\n';
    }
    print_operations(api, "processes");
    print_operations(api, "tasks");
    std::cout << "feeds:\n";
    auto const* feeds = api.find("feeds");
    if (auto const* rows = feeds == nullptr ? nullptr : feeds->as_list()) {
        for (auto const& row : *rows) {
            auto const* info = row.at(1);
            auto const* record = info == nullptr ? nullptr : info->find("record");
            bool const recorded = record != nullptr && record->as_bool().value_or(false);
            std::cout << "  " << text_of(row, 0) << (recorded ? "  (recorded)" : "") << '\n';
        }
    }
    std::cout << std::flush;
}

/// status without an operation: the sessions of all.
asio::awaitable<int> show_all(connection c, options o)
{
    auto agent = agent_of(c, o);
    auto const api = co_await agent.get_api();
    if (!api) {
        co_return print_error(agent.address(), api.error(), o.json);
    }
    dict sessions;
    for (auto const* key : {"processes", "tasks"}) {
        auto const* rows = api->find(key);
        if (rows == nullptr || !rows->is_list()) {
            continue;
        }
        for (auto const& row : *rows->as_list()) {
            auto const* session = row.at(1);
            sessions.set(text_of(row, 0), session == nullptr ? value() : *session);
        }
    }
    if (o.json) {
        std::cout << codec::to_json(sessions) << std::endl;
        co_return app::exit_code::ok;
    }
    for (auto const& [op, session] : sessions) {
        auto const* code = session.find("op_code");
        auto const number = code == nullptr ? std::optional<std::int64_t>(1) : code->as_int();
        dict one{{op, value(number.value_or(0))}};
        std::cout << format_op_codes(one);
    }
    std::cout << std::flush;
    co_return app::exit_code::ok;
}

}  // namespace

asio::awaitable<int> show_api(connection c, options o)
{
    auto agent = agent_of(c, o);
    auto const api = co_await agent.get_api();
    if (!api) {
        co_return print_error(agent.address(), api.error(), o.json);
    }
    if (o.json) {
        std::cout << codec::to_json(*api) << std::endl;
    } else {
        print_api(*api);
    }
    co_return app::exit_code::ok;
}

asio::awaitable<int> request(connection c, options o)
{
    if (o.op.empty()) {
        co_return co_await show_all(c, o);
    }
    auto agent = agent_of(c, o);
    auto how = make_request(o);
    auto const answer = co_await agent.request(o.command, o.op, std::move(how));
    if (!answer) {
        co_return print_error(agent.address(), answer.error(), o.json);
    }
    print(*answer, o);
    co_return answer->ok() ? app::exit_code::ok : app::exit_code::failed;
}

asio::awaitable<int> wait(connection c, options o)
{
    auto agent = agent_of(c, o);
    progress line(c.context.io().get_executor(), c.session, agent.address(), o.op, !o.quiet && !o.json);
    line.start();
    ocs::request_options how;
    how.timeout = o.timeout;
    auto const answer = co_await agent.request(std::string(ocs::action::wait), o.op, std::move(how));
    line.stop();
    if (!answer) {
        co_return print_error(agent.address(), answer.error(), o.json);
    }
    print(*answer, o);
    co_return answer->succeeded() ? app::exit_code::ok : app::exit_code::failed;
}

asio::awaitable<int> run_operation(connection c, options o)
{
    auto agent = agent_of(c, o);
    auto how = make_request(o);
    auto const started = co_await agent.request(std::string(ocs::action::start), o.op, std::move(how));
    if (!started) {
        co_return print_error(agent.address(), started.error(), o.json);
    }
    if (!started->ok()) {
        print(*started, o);
        co_return app::exit_code::failed;
    }
    co_return co_await wait(c, o);
}

}  // namespace cerro::ocs_client_cli
