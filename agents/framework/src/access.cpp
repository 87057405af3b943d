#include "access.hpp"

#include <cerro/auth/compare.hpp>
#include <cerro/ocs/protocol.hpp>

namespace cerro::agent {
namespace {

namespace privilege = ocs::privilege;

}  // namespace

result<access_policy> access_policy::parse(std::string_view text)
{
    constexpr std::string_view override_prefix = "override:";
    access_policy policy;
    if (text.empty() || text == "none") {
        return policy;
    }
    if (text.starts_with(override_prefix)) {
        text.remove_prefix(override_prefix.size());
        auto const comma = text.find(',');
        bool const complete = comma != std::string_view::npos && comma > 0 && comma + 1 < text.size();
        if (!complete) {
            return fail(
                errc::invalid_argument,
                "access policy override: two passwords are needed, for levels 2 and 3: override:PW2,PW3");
        }
        policy.active_ = true;
        policy.advanced_ = text.substr(0, comma);
        policy.full_ = text.substr(comma + 1);
        return policy;
    }
    std::string const kind(text.substr(0, text.find(':')));
    if (kind == "director") {
        return fail(errc::unsupported,
                    "access policy director: this agent cannot take its rules from an Access Director yet; "
                    "use none or "
                    "override:PW2,PW3");
    }
    return fail(errc::invalid_argument,
                "Invalid policy \"" + kind + "\": none or override:PW2,PW3 is expected");
}

int access_policy::level(std::string_view password) const noexcept
{
    if (!active_) {
        return privilege::basic;
    }
    bool const is_full = auth::equal_constant_time(full_, password);
    bool const is_advanced = auth::equal_constant_time(advanced_, password);
    return is_full ? privilege::full : is_advanced ? privilege::advanced : privilege::basic;
}

int access_policy::own_level() const noexcept
{
    return active_ ? privilege::superuser : privilege::basic;
}

std::string access_policy::refusal(int required, int granted) const
{
    return "The action requires credential level " + ocs::privilege_name(required) +
           " but the client has only level " + ocs::privilege_name(granted);
}

std::string_view access_policy::detail() const noexcept
{
    return active_ ? "" : "No access policy -- level 1 for all.";
}

dict access_policy::describe(double since) const
{
    dict d;
    d.append("version", 1);
    d.append("policy", name());
    d.append("update_timestamp", since);
    d.append("update_count", 0);
    d.append("step", 0);
    return d;
}

}  // namespace cerro::agent
