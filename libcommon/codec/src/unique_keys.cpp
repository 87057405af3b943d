#include "formats.hpp"
#include <cerro/codec/utf8.hpp>

#include <numeric>

namespace cerro::codec {

namespace {

constexpr std::size_t few = 16;

bool has_duplicates_among_few(std::vector<dict::entry> const& entries)
{
    for (std::size_t i = 1; i < entries.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (entries[i].first == entries[k].first) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

void make_keys_unique(std::vector<dict::entry>& entries)
{
    if (entries.size() < 2 || (entries.size() <= few && !has_duplicates_among_few(entries))) {
        return;
    }
    // Sorted, not hashed: keys chosen to collide cannot make this slow.
    std::vector<std::size_t> order(entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        auto const c = entries[a].first.compare(entries[b].first);
        return c != 0 ? c < 0 : a < b;
    });
    std::vector<bool> superfluous(entries.size());
    bool any = false;
    for (std::size_t first = 0; first < order.size();) {
        std::size_t next = first + 1;
        while (next < order.size() && entries[order[next]].first == entries[order[first]].first) {
            superfluous[order[next]] = true;
            ++next;
        }
        if (next - first > 1) {
            entries[order[first]].second = std::move(entries[order[next - 1]].second);
            any = true;
        }
        first = next;
    }
    if (!any) {
        return;
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!superfluous[i]) {
            if (kept != i) {
                entries[kept] = std::move(entries[i]);
            }
            ++kept;
        }
    }
    entries.resize(kept);
}

bool take_text(cursor& c, byte_view octets, text_policy policy, std::string& out)
{
    if (valid_utf8(octets)) {
        out.assign(octets);
        return true;
    }
    if (policy == text_policy::check) {
        return c.malformed("text is not UTF-8");
    }
    out = repair_utf8(octets);
    return true;
}

bool key_from_value(cursor& c, value&& v, std::string& out)
{
    if (auto* const text = const_cast<std::string*>(v.as_text())) {  // v is ours to take from
        out = std::move(*text);
        return true;
    }
    if (auto const* const octets = v.as_binary()) {
        out = repair_utf8(octets->octets);
        return true;
    }
    if (v.is_list() || v.is_dict()) {
        return c.malformed("a list or dict stands where a key belongs");
    }
    json::write_value(v, out);
    return true;
}

}  // namespace cerro::codec
