#include "faults.hpp"

#include "settings.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cerro::sim372 {

namespace {

constexpr std::array<std::pair<std::string_view, fault_kind>, 8> names{{
    {"silence", fault_kind::silence},
    {"close", fault_kind::close},
    {"reset", fault_kind::reset},
    {"off", fault_kind::off},
    {"garbage", fault_kind::garbage},
    {"late", fault_kind::late},
    {"half", fault_kind::half},
    {"restart", fault_kind::restart},
}};

}  // namespace

std::optional<fault_kind> fault_plan::at(double now) const
{
    for (auto f = faults_.rbegin(); f != faults_.rend(); ++f) {
        if (f->kind != fault_kind::restart && now >= f->start_s && now < f->start_s + f->duration_s) {
            return f->kind;
        }
    }
    return std::nullopt;
}

bool fault_plan::take_restart(double now)
{
    auto const due = std::find_if(faults_.begin(), faults_.end(), [now](fault const& f) {
        return f.kind == fault_kind::restart && now >= f.start_s;
    });
    if (due == faults_.end()) {
        return false;
    }
    faults_.erase(due);
    return true;
}

result<fault> parse_fault(std::string_view text)
{
    auto const usage =
        fail(errc::invalid_argument,
             "'" + std::string(text) +
                 "' is no fault: write KIND:START:DURATION in seconds, KIND one of silence, close, "
                 "reset, off, garbage, late, half, restart (without duration)");
    auto const first = text.find(':');
    auto const name = text.substr(0, first);
    auto const at =
        std::find_if(names.begin(), names.end(), [&](auto const& entry) { return entry.first == name; });
    if (at == names.end() || first == std::string_view::npos) {
        return usage;
    }
    auto const rest = text.substr(first + 1);
    auto const second = rest.find(':');
    auto const start = parse_number(rest.substr(0, second));
    auto const duration =
        second == std::string_view::npos ? std::optional<double>() : parse_number(rest.substr(second + 1));
    bool const needs_duration = at->second != fault_kind::restart;
    if (!start || *start < 0 || (needs_duration && (!duration || *duration <= 0))) {
        return usage;
    }
    return fault(at->second, *start, duration.value_or(0));
}

}  // namespace cerro::sim372
