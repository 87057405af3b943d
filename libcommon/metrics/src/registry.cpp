#include <cerro/metrics/registry.hpp>

#include <charconv>
#include <cmath>
#include <stdexcept>
#include <unordered_map>

namespace cerro::metrics {

struct registry::series {
    std::string name;
    std::string help;
    std::string type;
    std::string labels;
    counter count;
    gauge level;
    std::function<double()> ask;
};

registry::registry() = default;
registry::~registry() = default;

namespace {

void append_number(std::string& out, double v)
{
    if (std::isnan(v)) {
        out += "NaN";
        return;
    }
    if (std::isinf(v)) {
        out += v > 0 ? "+Inf" : "-Inf";
        return;
    }
    char buffer[40];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, v).ptr);
}

void append_help(std::string& out, std::string_view help)
{
    for (char const c : help) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
}

}  // namespace

registry::series& registry::find_or_add(std::string_view name,
                                        std::string_view help,
                                        std::string_view type,
                                        std::string_view labels)
{
    for (series& s : series_) {
        if (s.name != name) {
            continue;
        }
        if (s.type != type) {
            throw std::logic_error("metric " + s.name + " is a " + s.type + ", not a " + std::string(type));
        }
        if (s.labels == labels) {
            return s;
        }
    }
    series& made = series_.emplace_back();
    made.name = name;
    made.help = help;
    made.type = type;
    made.labels = labels;
    return made;
}

counter& registry::make_counter(std::string_view name, std::string_view help, std::string_view labels)
{
    std::lock_guard const lock(mutex_);
    return find_or_add(name, help, "counter", labels).count;
}

gauge& registry::make_gauge(std::string_view name, std::string_view help, std::string_view labels)
{
    std::lock_guard const lock(mutex_);
    return find_or_add(name, help, "gauge", labels).level;
}

void registry::make_gauge(std::string_view name,
                          std::string_view help,
                          std::function<double()> ask,
                          std::string_view labels)
{
    std::lock_guard const lock(mutex_);
    find_or_add(name, help, "gauge", labels).ask = std::move(ask);
}

std::string registry::text() const
{
    struct reading {
        series const* of;
        std::function<double()> ask;
    };
    // Grouped by name in the order of first mention. The questions are asked without the lock: they may
    // count.
    std::vector<std::vector<reading>> groups;
    {
        std::lock_guard const lock(mutex_);
        std::unordered_map<std::string_view, std::size_t> index;
        for (series const& s : series_) {
            auto const [at, added] = index.try_emplace(s.name, groups.size());
            if (added) {
                groups.emplace_back();
            }
            groups[at->second].push_back({&s, s.ask});
        }
    }
    std::string out;
    for (auto const& group : groups) {
        series const& first = *group.front().of;
        out.append("# HELP ").append(first.name).append(" ");
        append_help(out, first.help);
        out.append("\n# TYPE ").append(first.name).append(" ").append(first.type).append("\n");
        for (reading const& one : group) {
            out += one.of->name;
            if (!one.of->labels.empty()) {
                out.append("{").append(one.of->labels).append("}");
            }
            out += ' ';
            if (one.of->type == "counter") {
                out += std::to_string(one.of->count.value());
            } else {
                append_number(out, one.ask ? one.ask() : one.of->level.value());
            }
            out += '\n';
        }
    }
    return out;
}

}  // namespace cerro::metrics
