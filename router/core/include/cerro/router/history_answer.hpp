#pragma once

/// @file
/// Makes the answer to a history_query from records, wherever they come from. No state but the answer's: may
/// run on any thread.

#include <cerro/router/history_store.hpp>

#include <functional>

namespace cerro::router {

/// Calls its argument for each record of positions first to last, from the newest if `reverse`, until that
/// returns false.
using record_walk = std::function<void(std::uint64_t first,
                                       std::uint64_t last,
                                       bool reverse,
                                       std::function<bool(history_record const&)> const&)>;

/// @param walk    the records of the store
/// @param oldest  history_page::oldest_position
/// @param newest  the newest position that the store has; 0 = none
[[nodiscard]] history_page answer_query(history_query q,
                                        record_walk const& walk,
                                        std::uint64_t oldest,
                                        std::uint64_t newest);

/// The part of PUBLISH.Options that a record keeps, encoded; false: it must not be kept at all, because
/// sessions are named as receivers.
[[nodiscard]] bool options_to_keep(dict const& options, bytes& out);

/// Can a topic match both patterns?
[[nodiscard]] bool patterns_overlap(std::string_view a,
                                    wamp::match_policy match_a,
                                    std::string_view b,
                                    wamp::match_policy match_b);

/// "2026-11-21T03:57:31.250Z", with a zone (Z or +01:00) or without (then UTC), as Unix time [ns]; nothing if
/// `text` is no such time.
[[nodiscard]] std::optional<std::int64_t> parse_iso_time(std::string_view text);

}  // namespace cerro::router
