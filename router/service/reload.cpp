#include "reload.hpp"

#include "child.hpp"
#include <cerro/codec/codec.hpp>

#include <algorithm>
#include <array>

namespace cerro::router {

namespace {

// Members of describe() that can change while the router runs; all others need a restart.
constexpr std::array<std::string_view, 8> live{
    "node", "worker", "realms", "transports", "programs", "forwarders", "limits", "drain_time_ms"};
constexpr std::array<std::string_view, 4> live_of_realm{"name", "roles", "drop_oldest", "authorizers"};

template <std::size_t N>
bool is_live(std::array<std::string_view, N> const& names, std::string const& key)
{
    return std::find(names.begin(), names.end(), key) != names.end();
}

/// Keys of both whose values differ.
template <std::size_t N>
void compare(value const& old,
             value const& now,
             std::array<std::string_view, N> const& names,
             std::string const& where,
             std::vector<std::string>& out)
{
    auto const differs = [&](std::string const& key) {
        auto const* const a = old.find(key);
        auto const* const b = now.find(key);
        return (a == nullptr) != (b == nullptr) || (a != nullptr && !(*a == *b));
    };
    for (auto const* const one : {old.as_dict(), now.as_dict()}) {
        for (auto const& [key, ignored] : *one) {
            bool const known = std::find(out.begin(), out.end(), where + key) != out.end();
            if (!is_live(names, key) && !known && differs(key)) {
                out.push_back(where + key);
            }
        }
    }
}

value const* realm_named(value const& all, value const& name)
{
    for (auto const& realm : *all.find("realms")->as_list()) {
        if (*realm.find("name") == name) {
            return &realm;
        }
    }
    return nullptr;
}

}  // namespace

std::vector<std::shared_ptr<role>> make_roles(realm_settings const& realm)
{
    std::vector<std::shared_ptr<role>> out;
    for (auto const& [name, permissions] : realm.roles) {
        out.push_back(std::make_shared<role>(name, permissions));
        out.back()->set_drop_oldest(std::count(realm.drop_oldest.begin(), realm.drop_oldest.end(), name) !=
                                    0);
        for (auto const& [asking, rule] : realm.authorizers) {
            if (asking == name) {
                out.back()->set_authorizer(rule);
            }
        }
    }
    return out;
}

std::vector<std::string> needs_restart(settings const& old, settings const& now)
{
    // describe() writes JSON without secrets, and those can be changed live.
    auto const before = codec::from_json(describe(old)).value();
    auto const after = codec::from_json(describe(now)).value();
    std::vector<std::string> out;
    compare(before, after, live, "", out);
    if (old.pending_total != now.pending_total) {
        out.emplace_back("limits.pending_total");
    }
    if (old.tls_timeout != now.tls_timeout) {
        out.emplace_back("limits.tls_timeout");
    }
    for (auto const& realm : *before.find("realms")->as_list()) {
        auto const& name = *realm.find("name");
        if (auto const* const same = realm_named(after, name)) {
            compare(realm, *same, live_of_realm, "realms." + *name.as_text() + ".", out);
        }
    }
    return out;
}

std::vector<std::string> realms_gone(settings const& old, settings const& now)
{
    std::vector<std::string> out;
    for (auto const& realm : old.realms) {
        bool const stays = std::any_of(now.realms.begin(), now.realms.end(), [&](auto const& other) {
            return other.name == realm.name;
        });
        if (!stays) {
            out.push_back(realm.name);
        }
    }
    return out;
}

void check_programs(settings const& s)
{
    for (auto const& c : s.children) {
        [[maybe_unused]] auto const path = find_program(c.program);
    }
}

}  // namespace cerro::router
