// What an agent answers to its two procedures.

#include "agent_program.hpp"
#include <cerro/ocs/site_options.hpp>

#include <unistd.h>

namespace cerro::agent {
namespace {

client::arguments one(value v)
{
    list args;
    args.push_back(std::move(v));
    return client::arguments(std::move(args));
}

}  // namespace

client::procedure_handler agent_program::handler_of(std::string const& uri)
{
    // The session keeps the handler; it must not keep us alive.
    std::weak_ptr<agent_program> const weak = weak_from_this();
    bool const is_operations = uri == procedures_[0].uri;
    return [weak, is_operations](client::invocation call) {
        return answer(weak.lock(), is_operations, std::move(call));
    };
}

asio::awaitable<client::outcome<client::arguments>> agent_program::answer(std::shared_ptr<agent_program> self,
                                                                          bool is_operations,
                                                                          client::invocation call)
{
    if (!self) {
        co_return client::error(wamp::uri::canceled, "the agent has ended");
    }
    if (is_operations) {
        co_return co_await self->on_operation(std::move(call));
    }
    co_return co_await self->on_management(std::move(call));
}

asio::awaitable<client::outcome<client::arguments>> agent_program::on_operation(client::invocation call)
{
    auto request = read_operation_request(call.payload);
    if (!request) {
        co_return client::error(wamp::uri::runtime_error, request.error().what);
    }
    auto answer = co_await operations_.answer(std::move(*request));
    list reply;
    reply.emplace_back(answer.status);
    reply.emplace_back(std::move(answer.message));
    reply.emplace_back(std::move(answer.session));
    co_return one(std::move(reply));
}

asio::awaitable<client::outcome<client::arguments>> agent_program::on_management(client::invocation call)
{
    auto const query = read_management_query(call.payload);
    if (!query) {
        co_return client::error(wamp::uri::runtime_error, query.error().what);
    }
    co_return one(answer_query(*query));
}

value agent_program::answer_query(std::string const& q)
{
    if (q == ocs::query::get_api) {
        return describe_api();
    }
    if (q == ocs::query::get_tasks) {
        return operations_.describe(op_kind::task);
    }
    if (q == ocs::query::get_processes) {
        return operations_.describe(op_kind::process);
    }
    if (q == ocs::query::get_feeds) {
        return describe_feeds();
    }
    if (q == ocs::query::get_agent_class) {
        return identity_.agent_class;
    }
    return nullptr;
}

dict agent_program::describe_api()
{
    dict api;
    api.append("agent_class", identity_.agent_class);
    api.append("instance_hostname", ocs::this_host());
    api.append("instance_pid", getpid());
    api.append("feeds", describe_feeds());
    api.append("processes", operations_.describe(op_kind::process));
    api.append("tasks", operations_.describe(op_kind::task));
    api.append("access_control", settings_.policy.describe(started_));
    return api;
}

list agent_program::describe_feeds() const
{
    list described;
    for (auto const& f : feeds_) {
        list row;
        row.emplace_back(f->name());
        row.emplace_back(f->info());
        described.emplace_back(std::move(row));
    }
    return described;
}

}  // namespace cerro::agent
