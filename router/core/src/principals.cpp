#include <cerro/auth/compare.hpp>
#include <cerro/auth/wampcra.hpp>
#include <cerro/router/principals.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

void principals::replace(principal_table t)
{
    table_.clear();
    order_.clear();
    verified_.clear();
    for (auto& [authid, p] : t) {
        auto who = std::make_shared<principal const>(std::move(p));
        order_.push_back({authid, who});
        table_.emplace(authid, std::move(who));
    }
    // The order tells strangers' challenges apart only by their names, not by where a hash table put them.
    std::sort(
        order_.begin(), order_.end(), [](found const& a, found const& b) { return a.authid < b.authid; });
}

std::shared_ptr<principal const> principals::find(std::string_view authid) const
{
    auto const at = table_.find(authid);
    return at == table_.end() ? nullptr : at->second;
}

principals::found principals::with_key(byte_view key) const
{
    found out;
    for (auto const& f : order_) {
        if (std::find(f.who->keys.begin(), f.who->keys.end(), key) != f.who->keys.end()) {
            if (out.who) {
                return {};
            }
            out = f;
        }
    }
    return out;
}

principals::found principals::with_certificate(client_certificate const& c) const
{
    for (auto const& [wanted, given] : {std::pair(&principal::certificate_sha256, &c.sha256),
                                        std::pair(&principal::certificate_sha1, &c.sha1),
                                        std::pair(&principal::certificate_cn, &c.common_name)}) {
        for (auto const& f : order_) {
            if (!given->empty() && (*f.who).*wanted == *given) {
                return f;
            }
        }
    }
    return {};
}

std::shared_ptr<principal const> principals::some(std::size_t number) const
{
    return order_.empty() ? nullptr : order_[number % order_.size()].who;
}

bool principals::accepts_ticket(std::string const& authid,
                                principal const& p,
                                std::string_view ticket,
                                std::string_view secret)
{
    if (!p.ticket.empty()) {
        return auth::equal_constant_time(ticket, p.ticket);
    }
    if (p.scram.keys.empty() || !auth::scram_is_cheap(p.scram)) {
        return false;
    }
    auto const digest = auth::wampcra_signature(secret, ticket);
    auto const at = verified_.find(authid);
    if (at != verified_.end() && auth::equal_constant_time(digest, at->second)) {
        return true;
    }
    bool const right = auth::scram_matches(p.scram, ticket);
    // A log-in that began before the file was replaced must not teach the new table anything.
    if (right && find(authid).get() == &p) {
        verified_.insert_or_assign(authid, digest);
    }
    return right;
}

}  // namespace cerro::router
