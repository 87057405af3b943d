#include <cerro/ocs/session_record.hpp>

#include <cmath>
#include <string_view>

namespace cerro::ocs {
namespace {

/// Replaces NaN and infinities by null, at any depth. @return true if there was an infinity
bool replace_non_finite(value& v)
{
    if (v.is_real()) {
        double const d = *v.as_double();
        if (!std::isfinite(d)) {
            v = nullptr;
            return std::isinf(d);
        }
        return false;
    }
    bool found = false;
    if (auto* items = v.as_list()) {
        for (auto& item : *items) {
            found = replace_non_finite(item) || found;
        }
    } else if (auto* members = v.as_dict()) {
        for (auto& member : members->entries()) {
            found = replace_non_finite(member.second) || found;
        }
    }
    return found;
}

}  // namespace

session_record::session_record(std::int64_t id,
                               std::string op_name,
                               int credential_level,
                               double now,
                               listener on_message,
                               message_limits limits)
    : id_(id),
      op_name_(std::move(op_name)),
      credential_level_(credential_level),
      on_message_(std::move(on_message)),
      limits_(limits),
      start_time_(now),
      last_purge_(now)
{
    add_message("Status is now \"starting\".", now);
}

op_code session_record::code() const noexcept
{
    switch (status_) {
        case op_status::starting: return op_code::starting;
        case op_status::running: return degraded_ ? op_code::degraded : op_code::running;
        case op_status::stopping: return op_code::stopping;
        case op_status::done: return success_.value_or(false) ? op_code::succeeded : op_code::failed;
    }
    return op_code::none;
}

void session_record::set_status(op_status s, double now)
{
    if (s <= status_) {
        return;
    }
    status_ = s;
    if (s == op_status::done) {
        end_time_ = now;
    }
    add_message("Status is now \"" + std::string(name(s)) + "\".", now);
}

void session_record::add_message(std::string text, double now)
{
    messages_.emplace_back(now, std::move(text));
    if (now - last_purge_ >= limits_.purge_period_s) {
        purge(now);
    }
    while (messages_.size() > limits_.most) {
        messages_.pop_front();
    }
    if (on_message_) {
        on_message_(messages_.back().second);
    }
}

void session_record::finish(bool success, std::string text, double now)
{
    if (done()) {
        return;
    }
    add_message(std::move(text), now);
    success_ = success;
    set_status(op_status::done, now);
}

void session_record::purge(double now)
{
    while (messages_.size() > limits_.least && now - messages_.front().first > limits_.age_s) {
        messages_.pop_front();
    }
    last_purge_ = now;
}

dict session_record::encode(double now)
{
    if (now - last_purge_ >= limits_.purge_period_s) {
        purge(now);
    }
    value data = data_;
    if (replace_non_finite(data) && !told_infinity_) {
        told_infinity_ = true;
        add_message("session.data holds an infinite value; clients get null in its place.", now);
    }
    list messages;
    messages.reserve(messages_.size());
    for (auto const& [time, text] : messages_) {
        messages.emplace_back(list{time, text});
    }
    dict d;
    d.append("session_id", id_);
    d.append("op_name", op_name_);
    d.append("op_code", static_cast<int>(code()));
    d.append("cred_level", credential_level_);
    d.append("status", name(status_));
    d.append("degraded", degraded_);
    d.append("success", success_ ? value(*success_) : value());
    d.append("start_time", start_time_);
    d.append("end_time", end_time_ ? value(*end_time_) : value());
    d.append("data", std::move(data));
    d.append("messages", std::move(messages));
    return d;
}

dict no_history(std::string op_name)
{
    return {{"op_name", std::move(op_name)}, {"status", "no_history"}};
}

}  // namespace cerro::ocs
