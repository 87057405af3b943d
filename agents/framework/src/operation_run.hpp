#pragma once

// A declared operation, and one run of it.

#include "once.hpp"
#include <cerro/agent/agent.hpp>
#include <cerro/ocs/session_record.hpp>

#include <memory>
#include <string>

namespace cerro::agent {

enum class op_kind : std::uint8_t { task, process };
/// "task", "process"
[[nodiscard]] std::string_view name(op_kind k) noexcept;

class operation_run final : public operation {
public:
    operation_run(asio::any_io_executor ex, std::int64_t id, std::string const& op, int credential_level);

    [[nodiscard]] dict& data() override { return record_.data(); }
    void add_message(std::string text) override;
    void set_degraded(bool degraded) override { record_.set_degraded(degraded); }
    [[nodiscard]] bool degraded() const override { return record_.degraded(); }
    [[nodiscard]] bool stopping() const override { return stop_.happened(); }
    asio::awaitable<bool> sleep(std::chrono::nanoseconds d) override;
    [[nodiscard]] int credential_level() const override { return record_.credential_level(); }

    [[nodiscard]] ocs::session_record& record() { return record_; }
    [[nodiscard]] ocs::session_record const& record() const { return record_; }
    void set_running();
    /// State stopping, stopping() true.
    void request_stop();
    void finish(bool success, std::string text);
    /// How many may wait for the end: a caller that goes away without a word leaves its wait behind.
    static constexpr std::size_t most_waiting = 1'000;
    /// Completes at the end, at `until`, or when most_waiting others came later. @return done
    asio::awaitable<bool> wait_done(std::chrono::steady_clock::time_point until)
    {
        return done_.wait_until(until);
    }

private:
    ocs::session_record record_;
    once stop_;
    once done_;
};

struct declared_operation {
    std::string name;
    op_kind kind;
    parameters params;
    body run;
    operation_options options;
    std::shared_ptr<operation_run> last;  ///< the present or latest run, or null
};

/// Runs the body to its end, whatever that is. `op` and `run` are kept alive by it.
asio::awaitable<void> execute(std::shared_ptr<declared_operation> op,
                              std::shared_ptr<operation_run> run,
                              dict params);

}  // namespace cerro::agent
