#include "shards.hpp"

#include <cstdint>
#include <utility>

namespace cerro::router {

namespace {

/// FNV-1a, finished as splitmix64: the same in every process
std::uint64_t weight(std::string_view rkey, std::string_view nkey)
{
    std::uint64_t h = 0xCBF29CE484222325U;
    auto const add = [&](std::string_view text) {
        for (char const c : text) {
            h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
        }
    };
    add(rkey);
    add(std::string_view("\0", 1));
    add(nkey);
    h = (h ^ (h >> 30U)) * 0xBF58476D1CE4E5B9U;
    h = (h ^ (h >> 27U)) * 0x94D049BB133111EBU;
    return h ^ (h >> 31U);
}

}  // namespace

void set_shard(subscription& s, member const& who, std::optional<std::string> nkey)
{
    if (nkey) {
        if (!s.shards) {
            s.shards = std::make_unique<flat_map<member const*, std::string>>();
        }
        s.shards->insert_or_assign(&who, std::move(*nkey));
    } else if (s.shards) {
        s.shards->erase(&who);
        if (s.shards->empty()) {
            s.shards.reset();
        }
    }
}

std::string_view winner(subscription const& s, std::string_view rkey)
{
    std::string_view best;
    if (s.shards) {
        std::uint64_t most = 0;
        for (auto const& [who, nkey] : *s.shards) {
            auto const w = weight(rkey, nkey);
            if (best.empty() || w > most || (w == most && nkey > best)) {
                best = nkey;
                most = w;
            }
        }
    }
    return best;
}

bool in_shard(subscription const& s, member const& who, std::string_view rkey)
{
    if (!s.shards) {
        return true;
    }
    auto const at = s.shards->find(&who);
    return at == s.shards->end() || at->second == winner(s, rkey);
}

}  // namespace cerro::router
