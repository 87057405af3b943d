#include <cerro/codec/codec.hpp>
#include <cerro/router/member.hpp>
#include <cerro/router/registration.hpp>

#include <algorithm>
#include <array>

namespace cerro::router {

namespace {

constexpr std::array<std::string_view, 5> policy_names{"single", "first", "last", "roundrobin", "random"};

std::uint64_t mixed(std::uint64_t z)
{
    z += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

std::uint64_t hash_of(value const& key)
{
    std::uint64_t h = 0xCBF29CE484222325U;  // FNV-1a: the same on each machine and in each run
    for (auto const c : codec::to_json(key)) {
        h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
    }
    return h;
}

bool fits(callee_entry const& c, std::vector<wamp::id> const& passed_over)
{
    return passed_over.empty() ||
           std::find(passed_over.begin(), passed_over.end(), c.who->who.session) == passed_over.end();
}

/// Of each key and callee a weight is made, the greatest wins: when a callee comes or goes, only its own
/// keys move.
callee_entry* by_key(registration& r, value const& key, std::vector<wamp::id> const& passed_over)
{
    auto const h = hash_of(key);
    callee_entry* best = nullptr;
    std::uint64_t greatest = 0;
    for (auto& c : r.callees) {
        auto const weight = mixed(h ^ mixed(c.who->who.session));
        if (fits(c, passed_over) && (best == nullptr || weight > greatest)) {
            best = &c;
            greatest = weight;
        }
    }
    return best == nullptr || best->full() ? nullptr : best;
}

callee_entry* in_turn(registration& r, std::vector<wamp::id> const& passed_over)
{
    for (std::size_t i = 0; i < r.callees.size(); ++i) {
        std::size_t const place = (r.next_turn + i) % r.callees.size();
        auto& c = r.callees[place];
        if (!c.full() && fits(c, passed_over)) {
            r.next_turn = (place + 1) % r.callees.size();
            return &c;
        }
    }
    return nullptr;
}

callee_entry* by_lot(registration& r, std::vector<wamp::id> const& passed_over, std::uint64_t chance)
{
    std::size_t const start = chance % r.callees.size();
    for (std::size_t i = 0; i < r.callees.size(); ++i) {
        auto& c = r.callees[(start + i) % r.callees.size()];
        if (fits(c, passed_over)) {
            return &c;
        }
    }
    return nullptr;
}

}  // namespace

std::string_view name(invoke_policy p) noexcept
{
    return policy_names[static_cast<std::size_t>(p)];
}

std::optional<invoke_policy> parse_invoke_policy(std::string_view text) noexcept
{
    auto const at = std::find(policy_names.begin(), policy_names.end(), text);
    if (at == policy_names.end()) {
        return std::nullopt;
    }
    return static_cast<invoke_policy>(at - policy_names.begin());
}

callee_entry* registration::find(member const& who)
{
    auto const at =
        std::find_if(callees.begin(), callees.end(), [&](callee_entry const& c) { return c.who == &who; });
    return at == callees.end() ? nullptr : &*at;
}

callee_entry* choose_callee(registration& r,
                            dict const& options,
                            std::vector<wamp::id> const& passed_over,
                            std::uint64_t chance)
{
    if (!options.empty() && options.contains("runmode")) {
        if (auto const* key = options.find("rkey")) {
            return by_key(r, *key, passed_over);
        }
    }
    auto const usable = [&](callee_entry const& c) { return fits(c, passed_over); };
    switch (r.policy) {
        case invoke_policy::roundrobin: return in_turn(r, passed_over);
        case invoke_policy::random: return by_lot(r, passed_over, chance);
        case invoke_policy::last: {
            auto const at = std::find_if(r.callees.rbegin(), r.callees.rend(), usable);
            return at == r.callees.rend() || at->full() ? nullptr : &*at;
        }
        case invoke_policy::single:
        case invoke_policy::first: break;
    }
    auto const at = std::find_if(r.callees.begin(), r.callees.end(), usable);
    return at == r.callees.end() || at->full() ? nullptr : &*at;
}

}  // namespace cerro::router
