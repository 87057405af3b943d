#include <cerro/router/core.hpp>
#include <cerro/router/own_caller.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

core::core(metrics::registry& metrics, std::uint64_t seed) : env_(metrics, seed) {}

core::~core() = default;

std::shared_ptr<own_caller> core::caller(realm& r, std::shared_ptr<role> const& allowed)
{
    auto const at = std::find_if(callers_.begin(), callers_.end(), [&](auto const& c) {
        return &c->home() == &r && c->who().authrole == allowed->name();
    });
    if (at != callers_.end()) {
        return *at;
    }
    return callers_.emplace_back(std::make_shared<own_caller>(*this, r, allowed));
}

realm& core::add_realm(std::string name, std::vector<std::shared_ptr<role>> roles, realm_options options)
{
    realms_.push_back(std::make_unique<realm>(env_, std::move(name), std::move(roles), options));
    return *realms_.back();
}

void core::retire_realm(std::string_view name)
{
    std::erase_if(retired_, [](auto const& r) { return r->members().empty(); });
    auto const at =
        std::find_if(realms_.begin(), realms_.end(), [&](auto const& r) { return r->name() == name; });
    if (at != realms_.end()) {
        retired_.push_back(std::move(*at));
        realms_.erase(at);
    }
}

realm* core::find_realm(std::string_view name) const
{
    auto const at =
        std::find_if(realms_.begin(), realms_.end(), [&](auto const& r) { return r->name() == name; });
    return at == realms_.end() ? nullptr : at->get();
}

wamp::id core::new_session_id()
{
    for (;;) {
        auto const candidate = env_.random_id();
        if (std::none_of(
                realms_.begin(), realms_.end(), [&](auto const& r) { return r->has_session(candidate); })) {
            return candidate;
        }
    }
}

}  // namespace cerro::router
