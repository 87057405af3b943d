#include <cerro/router/core.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

realm& core::add_realm(std::string name, std::vector<std::shared_ptr<role>> roles, realm_options options)
{
    realms_.push_back(std::make_unique<realm>(env_, std::move(name), std::move(roles), options));
    return *realms_.back();
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
