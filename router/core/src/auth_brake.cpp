#include <cerro/router/auth_brake.hpp>

#include <algorithm>

namespace cerro::router {

namespace {

/// "tcp4:127.0.0.1:53144" -> "tcp4:127.0.0.1"
std::string_view host_of(std::string_view address)
{
    auto const colon = address.rfind(':');
    bool const port = colon != std::string_view::npos && colon + 1 < address.size() &&
                      address.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
    return port ? address.substr(0, colon) : address;
}

/// All on a Unix socket share one address: one of them must not lock the others out.
bool is_local(std::string_view address)
{
    return address.starts_with("unix:");
}

}  // namespace

bool auth_brake::refuses(std::string_view address, steady_time now) const
{
    auto const at = hosts_.find(host_of(address));
    return at != hosts_.end() && at->second.refused && now < at->second.until;
}

void auth_brake::failed(std::string_view address, steady_time now, std::size_t allowed)
{
    if (is_local(address)) {
        return;
    }
    auto const host = host_of(address);
    auto at = hosts_.find(host);
    if (at == hosts_.end()) {
        if (hosts_.size() >= max_hosts) {
            make_room(now);
        }
        at = hosts_.emplace(std::string(host), record{}).first;
    }
    auto& r = at->second;
    if (r.failures == 0 || now >= r.until) {
        r = {0, now + window, false};
    }
    if (++r.failures >= allowed && !r.refused) {
        r.refused = true;
        r.until = now + penalty;
    }
}

void auth_brake::make_room(steady_time now)
{
    boost::unordered::erase_if(hosts_, [&](auto const& h) { return now >= h.second.until; });
    if (hosts_.size() >= max_hosts) {
        hosts_.erase(std::min_element(hosts_.begin(), hosts_.end(), [](auto const& a, auto const& b) {
            return a.second.until < b.second.until;
        }));
    }
}

}  // namespace cerro::router
