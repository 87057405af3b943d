#include <cerro/metrics/registry.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
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
    std::unique_ptr<histogram> spread;
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

void append_labels(std::string& out, std::string_view labels, std::string_view bound = {})
{
    if (labels.empty() && bound.empty()) {
        return;
    }
    out.append("{").append(labels);
    if (!bound.empty()) {
        out.append(labels.empty() ? "" : ",").append("le=\"").append(bound).append("\"");
    }
    out += '}';
}

void append_histogram(std::string& out,
                      std::string const& name,
                      std::string const& labels,
                      histogram const& h)
{
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= h.bounds().size(); ++i) {
        below += h.between(i);
        std::string bound = "+Inf";
        if (i < h.bounds().size()) {
            bound.clear();
            append_number(bound, h.bounds()[i]);
        }
        append_labels(out.append(name).append("_bucket"), labels, bound);
        out.append(" ").append(std::to_string(below)).append("\n");
    }
    append_labels(out.append(name).append("_sum"), labels);
    append_number(out += ' ', h.sum());
    append_labels(out.append("\n").append(name).append("_count"), labels);
    out.append(" ").append(std::to_string(below)).append("\n");
}

}  // namespace

histogram::histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void histogram::observe(double v) noexcept
{
    auto const at = std::lower_bound(bounds_.begin(), bounds_.end(), v) - bounds_.begin();
    counts_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(v, std::memory_order_relaxed);
}

std::uint64_t histogram::count() const noexcept
{
    std::uint64_t all = 0;
    for (auto const& one : counts_) {
        all += one.load(std::memory_order_relaxed);
    }
    return all;
}

double histogram::quantile(double q) const noexcept
{
    auto const wanted = q * static_cast<double>(count());
    double below = 0;
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
        auto const here = static_cast<double>(between(i));
        if (here > 0 && below + here >= wanted) {
            double const from = i == 0 ? 0.0 : bounds_[i - 1];
            return from + (bounds_[i] - from) * (wanted - below) / here;
        }
        below += here;
    }
    return below == 0 && between(bounds_.size()) == 0 ? 0.0 : bounds_.back();
}

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

histogram& registry::make_histogram(std::string_view name,
                                    std::string_view help,
                                    std::vector<double> bounds,
                                    std::string_view labels)
{
    std::lock_guard const lock(mutex_);
    auto& s = find_or_add(name, help, "histogram", labels);
    if (!s.spread) {
        s.spread = std::make_unique<histogram>(std::move(bounds));
    }
    return *s.spread;
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
            if (one.of->spread) {
                append_histogram(out, one.of->name, one.of->labels, *one.of->spread);
                continue;
            }
            append_labels(out += one.of->name, one.of->labels);
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
