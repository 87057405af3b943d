#pragma once

/// @file
/// One run of an operation, as clients see it: state, messages, data. The clock is a parameter.

#include <cerro/codec/value.hpp>
#include <cerro/ocs/protocol.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace cerro::ocs {

/// Messages kept by one session.
struct message_limits {
    std::size_t most = 10'000;
    std::size_t least = 5;  ///< kept whatever their age
    double age_s = 3600.0;  ///< older ones go at the next purge
    double purge_period_s = 720.0;
};

class session_record {
public:
    using listener = std::function<void(std::string const& message)>;

    /// Begins in state `starting` with its message.
    /// @param on_message told each message, for the log; may be null
    session_record(std::int64_t id,
                   std::string op_name,
                   int credential_level,
                   double now,
                   listener on_message = {},
                   message_limits limits = message_limits());

    [[nodiscard]] std::int64_t id() const noexcept { return id_; }
    [[nodiscard]] std::string const& op_name() const noexcept { return op_name_; }
    [[nodiscard]] int credential_level() const noexcept { return credential_level_; }
    [[nodiscard]] op_status status() const noexcept { return status_; }
    [[nodiscard]] bool done() const noexcept { return status_ == op_status::done; }
    [[nodiscard]] std::optional<bool> success() const noexcept { return success_; }
    [[nodiscard]] op_code code() const noexcept;
    [[nodiscard]] bool degraded() const noexcept { return degraded_; }
    void set_degraded(bool d) noexcept { degraded_ = d; }
    [[nodiscard]] dict& data() noexcept { return data_; }

    /// Forward only: an earlier state than the present one, or the same, changes nothing.
    void set_status(op_status s, double now);
    void add_message(std::string text, double now);
    /// Appends `text`, then becomes done.
    void finish(bool success, std::string text, double now);

    /// The session as replies carry it. NaN becomes null; so does an infinity, which is said in a message,
    /// once.
    [[nodiscard]] dict encode(double now);

private:
    void purge(double now);

    std::int64_t id_;
    std::string op_name_;
    int credential_level_;
    listener on_message_;
    message_limits limits_;
    op_status status_ = op_status::starting;
    bool degraded_ = false;
    std::optional<bool> success_;
    double start_time_;
    std::optional<double> end_time_;
    dict data_;
    std::deque<std::pair<double, std::string>> messages_;
    double last_purge_;
    bool told_infinity_ = false;
};

/// What stands in place of a session that never was: {"op_name": ..., "status": "no_history"}.
[[nodiscard]] dict no_history(std::string op_name);

}  // namespace cerro::ocs
