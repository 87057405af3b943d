#include "memory_history.hpp"

#include <cerro/router/history_answer.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

memory_history::memory_history(std::vector<history_entry> const& entries)
{
    rings_.reserve(entries.size());
    for (auto const& e : entries) {
        rings_.push_back({e, {}, 0});
    }
}

void memory_history::add(std::vector<std::size_t> const& rings, history_record const& r)
{
    auto record = std::make_shared<bytes>();
    encode_record(r, *record);
    newest_ = r.position;
    for (auto const index : rings) {
        auto& to = rings_[index];
        to.records.push_back({r.position, record});
        to.size_bytes += record->size();
        total_bytes_ += record->size();
        while (!to.records.empty() &&
               (to.records.size() > to.entry.limit || to.size_bytes > to.entry.max_bytes)) {
            auto const size = to.records.front().record->size();
            to.size_bytes -= size;
            total_bytes_ -= size;
            to.records.pop_front();
        }
    }
}

history_page memory_history::read(history_query q) const
{
    auto const same = [&](ring const& r) { return r.entry.uri == q.uri && r.entry.match == q.match; };
    bool const own =
        std::any_of(rings_.begin(), rings_.end(), [&](ring const& r) { return !r.entry.durable && same(r); });
    std::vector<kept const*> all;
    for (auto const& r : rings_) {
        if (own ? same(r) : patterns_overlap(r.entry.uri, r.entry.match, q.uri, q.match)) {
            for (auto const& k : r.records) {
                all.push_back(&k);
            }
        }
    }
    auto const earlier = [](kept const* a, kept const* b) { return a->position < b->position; };
    std::sort(all.begin(), all.end(), earlier);
    all.erase(
        std::unique(
            all.begin(), all.end(), [](kept const* a, kept const* b) { return a->position == b->position; }),
        all.end());

    auto const walk = [&](std::uint64_t first,
                          std::uint64_t last,
                          bool reverse,
                          std::function<bool(history_record const&)> const& visit) {
        auto const show = [&](kept const* k) {
            auto const record = decode_record(*k->record);
            return k->position < first || k->position > last || !record || visit(*record);
        };
        if (reverse) {
            [[maybe_unused]] bool const all_seen = std::all_of(all.rbegin(), all.rend(), show);
        } else {
            [[maybe_unused]] bool const all_seen = std::all_of(all.begin(), all.end(), show);
        }
    };
    auto const oldest = all.empty() ? 0 : all.front()->position;
    return answer_query(std::move(q), walk, oldest, newest_);
}

}  // namespace cerro::router
