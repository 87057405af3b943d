#include <cerro/hub/caller.hpp>

namespace cerro::hub {

caller caller_of(dict const& details, value const& claimed)
{
    auto const* disclosed = details.find("caller");
    auto const known = disclosed == nullptr ? std::nullopt : disclosed->as_uint();
    auto const given = claimed.as_uint();
    // A caller that gives no session is refused, whatever the router says: nobody shall come to rely on it.
    if (!known || !given) {
        return {given, false};
    }
    return {known, *known != *given};
}

}  // namespace cerro::hub
