#include <cerro/auth/compare.hpp>
#include <cerro/auth/ticket.hpp>

namespace cerro::auth {

bool ticket_server::accepts(std::string_view signature) const noexcept
{
    return !ticket_.empty() && equal_constant_time(signature, ticket_);
}

}  // namespace cerro::auth
