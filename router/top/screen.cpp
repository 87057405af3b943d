#include "screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

namespace cerro::router::top {

namespace {

/// The member at a path of keys; null when it is not there.
value at(dict const& d, std::initializer_list<std::string_view> path)
{
    dict const* in = &d;
    value const* found = nullptr;
    for (auto const key : path) {
        found = in != nullptr ? in->find(key) : nullptr;
        in = found != nullptr ? found->as_dict() : nullptr;
    }
    return found != nullptr ? *found : value();
}

double number(dict const& d, std::initializer_list<std::string_view> path)
{
    return at(d, path).as_double().value_or(0.0);
}

std::string text(dict const& d, std::string_view key)
{
    auto const v = at(d, {key});
    return v.as_text() != nullptr ? *v.as_text() : std::string();
}

/// Names come from clients: whatever would move the terminal's cursor or colour is shown as '?'.
std::string harmless(std::string_view from)
{
    std::string out;
    for (char const c : from) {
        auto const octet = static_cast<unsigned char>(c);
        out += octet < 0x20U || octet == 0x7fU ? '?' : c;
    }
    return out;
}

/// Fills or cuts to `width` characters of UTF-8; C1 control characters, which are two octets, become '?'.
std::string fit(std::string_view from, std::size_t width, bool right = false)
{
    std::string out;
    std::size_t characters = 0;
    std::size_t i = 0;
    while (i < from.size() && characters < width) {
        std::size_t next = i + 1;
        while (next < from.size() && (static_cast<unsigned char>(from[next]) & 0xC0U) == 0x80U) {
            ++next;
        }
        bool const control = next - i == 2 && static_cast<unsigned char>(from[i]) == 0xC2U &&
                             static_cast<unsigned char>(from[i + 1]) < 0xA0U;
        out += control ? "?" : from.substr(i, next - i);
        i = next;
        ++characters;
    }
    std::string const space(width - characters, ' ');
    return right ? space + out : out + space;
}

class page {
public:
    page(dict const& now, dict const& before, double seconds, size s)
        : now_(now), before_(before), seconds_(seconds), size_(s)
    {}

    std::vector<std::string> write()
    {
        head();
        ends();
        slow();
        used("topics", "TOPIC");
        used("procedures", "PROCEDURE");
        lines_.resize(std::min(lines_.size(), size_.rows));
        for (auto& line : lines_) {
            line = fit(line, size_.columns);
            line.erase(line.find_last_not_of(' ') + 1);
        }
        return std::move(lines_);
    }

private:
    std::string rate(std::initializer_list<std::string_view> path) const
    {
        if (before_.empty() || seconds_ <= 0) {
            return "-";
        }
        return short_number(std::max(number(now_, path) - number(before_, path), 0.0) / seconds_);
    }

    void add(std::string line) { lines_.push_back(harmless(line)); }

    void head()
    {
        add("cerro-router " + text(now_, "version") + "  " + text(now_, "node") + "  pid " +
            std::to_string(static_cast<std::int64_t>(number(now_, {"pid"}))) + "  up " +
            short_time(number(now_, {"seconds"})) + "  " + text(now_, "time"));
        auto const health = text(now_, "health");
        add("health: " + health.substr(0, health.find('\n')));
        add("sessions " + short_number(number(now_, {"sessions"})) + "  connections " +
            short_number(number(now_, {"connections"})) + "  opened/s " + rate({"opened"}) + "  calls open " +
            short_number(number(now_, {"calls_open"})));
        add("messages/s in " + rate({"messages_in"}) + " out " + rate({"messages_out"}) +
            "   bytes/s rawsocket in " + rate({"bytes", "rawsocket", "in"}) + " out " +
            rate({"bytes", "rawsocket", "out"}) + "  websocket in " + rate({"bytes", "websocket", "in"}) +
            " out " + rate({"bytes", "websocket", "out"}));
        add("routing p50 " + short_time(number(now_, {"routing_seconds", "p50"})) + "  p99 " +
            short_time(number(now_, {"routing_seconds", "p99"})) + "   waiting " +
            short_number(number(now_, {"pending", "bytes"})) + "B  greatest " +
            short_number(number(now_, {"pending", "greatest"})) + "B  slow peers " +
            short_number(number(now_, {"pending", "slow_peers"})));
    }

    void ends()
    {
        auto const closed = at(now_, {"closed"});
        std::string line = "ended:";
        if (auto const* const all = closed.as_dict(); all != nullptr) {
            for (auto const& [reason, count] : *all) {
                line += " " + reason + " " + short_number(count.as_double().value_or(0.0));
            }
        }
        add(std::move(line));
    }

    void slow()
    {
        auto const v = at(now_, {"slow"});
        auto const* const peers = v.as_list();
        if (peers == nullptr || peers->empty()) {
            return;
        }
        add("");
        add(fit("WAITING", 9, true) + "  " + fit("SESSION", 17) + fit("AUTHID", 20) + fit("PEER", 24) +
            "REALM");
        for (std::size_t i = 0; i < std::min<std::size_t>(peers->size(), 5); ++i) {
            auto const* const one = (*peers)[i].as_dict();
            if (one == nullptr) {
                continue;
            }
            add(fit(short_number(number(*one, {"pending_bytes"})) + "B", 9, true) + "  " +
                fit(std::to_string(static_cast<std::int64_t>(number(*one, {"session"}))), 17) +
                fit(text(*one, "authid"), 19) + " " + fit(text(*one, "peer"), 23) + " " +
                text(*one, "realm"));
        }
    }

    void used(std::string_view key, std::string_view title)
    {
        auto const v = at(now_, {key});
        auto const* const all = v.as_list();
        if (all == nullptr || all->empty()) {
            return;
        }
        add("");
        add(fit("PER S", 9, true) + "  " + fit(title, 50) + "REALM");
        // Half of what is left for topics, the rest for procedures.
        std::size_t const left = size_.rows > lines_.size() ? size_.rows - lines_.size() : 0;
        std::size_t const most = key == "topics" ? left / 2 : left;
        for (std::size_t i = 0; i < std::min(all->size(), most); ++i) {
            auto const* const one = (*all)[i].as_dict();
            if (one != nullptr) {
                add(fit(short_number(number(*one, {"rate"})), 9, true) + "  " + fit(text(*one, "uri"), 49) +
                    " " + text(*one, "realm"));
            }
        }
    }

    dict const& now_;
    dict const& before_;
    double seconds_;
    size size_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> lines(dict const& now, dict const& before, double seconds, size s)
{
    return page(now, before, seconds, s).write();
}

std::string short_number(double n)
{
    constexpr std::array<char, 5> units{'\0', 'k', 'M', 'G', 'T'};
    std::size_t unit = 0;
    while (n >= 999.5 && unit + 1 < units.size()) {
        n /= 1000;
        ++unit;
    }
    std::array<char, 32> out{};
    int const digits = n >= 100 || n == std::floor(n) ? 0 : n >= 10 ? 1 : 2;
    std::snprintf(out.data(), out.size(), "%.*f", digits, n);
    return std::string(out.data()) + (units[unit] == '\0' ? std::string() : std::string(1, units[unit]));
}

std::string short_time(double seconds)
{
    if (seconds >= 172'800) {
        return short_number(std::floor(seconds / 86'400)) + "d";
    }
    if (seconds >= 7'200) {
        return short_number(std::floor(seconds / 3'600)) + "h";
    }
    if (seconds >= 120) {
        return short_number(std::floor(seconds / 60)) + "min";
    }
    if (seconds >= 1) {
        return short_number(std::floor(seconds)) + "s";
    }
    return seconds >= 1e-3 ? short_number(seconds * 1e3) + "ms"
                           : short_number(std::round(seconds * 1e6)) + "us";
}

}  // namespace cerro::router::top
