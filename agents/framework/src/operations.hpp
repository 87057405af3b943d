#pragma once

// All operations of an agent, and the answers to requests about them.

#include "access.hpp"
#include "operation_run.hpp"
#include <cerro/ocs/reply.hpp>

#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cerro::agent {

/// The arguments of one call of `<agent>.ops`.
struct operation_request {
    std::string action;
    std::string op;
    value params;
    std::optional<double> timeout;  ///< [s]; none = wait for ever
    std::string password;
};

class operations {
public:
    operations(asio::io_context& io, access_policy policy);

    /// @throws std::invalid_argument if the name is taken
    void add(declared_operation op);
    /// @return [status, message, session]
    asio::awaitable<ocs::reply> answer(operation_request request);
    /// Starts with the agent's own privileges. @return false if it is running; @throws std::invalid_argument
    /// on an unknown operation or bad parameters
    bool start(std::string const& op, dict params);
    /// Starts what is declared to start with the agent.
    void start_up();

    /// {op: op code} in the order of declaration
    [[nodiscard]] dict op_codes() const;
    /// [[name, session, info], ...] sorted by name, as get_api has them
    [[nodiscard]] list describe(op_kind kind);
    [[nodiscard]] access_policy const& policy() const noexcept { return policy_; }

    void stop_all();
    /// Completes when nothing runs any more, or at `until`. @return the names of what still runs
    asio::awaitable<std::vector<std::string>> wait_idle(std::chrono::steady_clock::time_point until);

private:
    [[nodiscard]] declared_operation* find(std::string_view name);
    ocs::reply start(operation_request const& request);
    ocs::reply status(operation_request const& request);
    asio::awaitable<ocs::reply> wait(operation_request request);
    ocs::reply stop(operation_request const& request, op_kind wanted);
    std::shared_ptr<operation_run> launch(declared_operation& op, dict params, int level);

    asio::io_context& io_;
    access_policy policy_;
    std::vector<std::shared_ptr<declared_operation>> ops_;
    std::int64_t next_session_ = 0;
};

}  // namespace cerro::agent
