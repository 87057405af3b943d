#include <cerro/ocs/protocol.hpp>
#include <cerro/ocs/python_text.hpp>
#include <cerro/ocs/reply.hpp>

#include <array>
#include <cstdio>
#include <string_view>

namespace cerro::ocs {
namespace {

std::string print(char const* form, double number)
{
    std::array<char, 400> buffer{};
    std::snprintf(buffer.data(), buffer.size(), form, number);
    return buffer.data();
}

std::string_view status_name(std::int64_t status)
{
    switch (status) {
        case 0: return "OK";
        case -1: return "ERROR";
        case 1: return "TIMEOUT";
        default: return "???";
    }
}

std::string text_of(dict const& d, std::string_view key)
{
    auto const* v = d.find(key);
    return v == nullptr ? std::string() : python_str(*v);
}

double number_of(dict const& d, std::string_view key, double otherwise)
{
    auto const* v = d.find(key);
    return v == nullptr ? otherwise : v->as_double().value_or(otherwise);
}

std::string describe_state(dict const& session, double now)
{
    std::string const status = text_of(session, "status");
    double const start = number_of(session, "start_time", now);
    std::string text = "status=" + status;
    if (status == "starting" || status == "running") {
        return text + " for " + format_duration(now - start);
    }
    if (status == "done") {
        double const end = number_of(session, "end_time", now);
        auto const* success = session.find("success");
        bool const good = success != nullptr && success->as_bool().value_or(false);
        text += good ? " without error " : " with ERROR ";
        return text + format_duration(now - end) + " ago, took " + format_duration(end - start);
    }
    return text;
}

std::string describe_messages(dict const& session)
{
    auto const* member = session.find("messages");
    auto const* messages = member == nullptr ? nullptr : member->as_list();
    if (messages == nullptr || messages->empty()) {
        return {};
    }
    auto const count = std::to_string(messages->size());
    std::string text = "  messages (" + count + " of " + count + "):\n";
    for (auto const& message : *messages) {
        auto const* time = message.at(0);
        auto const* words = message.at(1);
        if (time != nullptr && words != nullptr) {
            text += "    " + print("%.3f", time->as_double().value_or(0.0)) + ' ' + python_str(*words) + '\n';
        }
    }
    return text;
}

std::string describe_other_keys(dict const& session)
{
    constexpr std::array<std::string_view, 7> shown{
        "session_id", "op_name", "status", "start_time", "end_time", "messages", "success"};
    std::string keys;
    for (auto const& member : session) {
        bool is_shown = false;
        for (auto const key : shown) {
            is_shown = is_shown || key == member.first;
        }
        if (!is_shown) {
            keys += (keys.empty() ? "" : ", ") + member.first;
        }
    }
    return keys.empty() ? "" : "  other keys in .session: " + keys + '\n';
}

}  // namespace

bool reply::succeeded() const
{
    auto const* success = session.find("success");
    return ok() && success != nullptr && success->as_bool().value_or(false);
}

result<reply> parse_reply(value const& v)
{
    auto const* status = v.at(0);
    auto const* message = v.at(1);
    auto const* session = v.at(2);
    bool const well_formed = status != nullptr && status->as_int() && message != nullptr &&
                             message->is_text() && session != nullptr &&
                             (session->is_dict() || session->is_null());
    if (!well_formed) {
        return fail(errc::malformed,
                    "the agent's answer is not [status, message, session]: " + python_repr(v));
    }
    reply r;
    r.status = *status->as_int();
    r.message = *message->as_text();
    if (session->is_dict()) {
        r.session = *session->as_dict();
    }
    return r;
}

dict as_dict(reply const& r)
{
    return {{"status", r.status}, {"message", r.message}, {"session", r.session}};
}

std::string format_duration(double seconds)
{
    constexpr double minute = 60;
    constexpr double hour = 60 * minute;
    if (seconds < 1) {
        return print("%.6f s", seconds);
    }
    if (seconds < 2 * minute) {
        return print("%.1f s", seconds);
    }
    if (seconds < 2 * hour) {
        return print("%.1f mins", seconds / minute);
    }
    if (seconds < 48 * hour) {
        return print("%.1f hrs", seconds / hour);
    }
    return print("%.1f days", seconds / (24 * hour));
}

std::string format_reply(reply const& r, double now)
{
    std::string text = "OCSReply: " + std::string(status_name(r.status)) + " : " + r.message + '\n';
    if (r.session.empty()) {
        return text + "  (no session -- op has never run)\n";
    }
    text += "  " + text_of(r.session, "op_name") + "[session=" + text_of(r.session, "session_id") + "]; " +
            describe_state(r.session, now) + '\n';
    return text + describe_messages(r.session) + describe_other_keys(r.session);
}

}  // namespace cerro::ocs
