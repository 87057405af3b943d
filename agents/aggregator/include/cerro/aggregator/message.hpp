#pragma once

/// @file
/// Messages of OCS feeds as an archive takes them.

#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>
#include <cerro/g3/samples.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cerro::aggregator {

inline constexpr double default_frame_length = 300;  ///< [s]
inline constexpr double default_fresh_time = 180;    ///< [s]
/// Samples from further ahead of our clock are refused: one of them would stretch its field's time range for
/// ever.
inline constexpr double max_future = 86'400;  ///< [s]
/// What a message may ask for at most: until then its samples exist in memory only.
inline constexpr double max_frame_length = 3600;  ///< [s]
inline constexpr double max_fresh_time = 86'400;  ///< [s]

struct message_block {
    std::string name;
    std::vector<std::int64_t> times;  ///< [ticks], as they came
    std::vector<std::pair<std::string, std::vector<g3::cell>>>
        fields;  ///< valid names, each as long as `times`
};

struct feed_message {
    std::string address;                         ///< "observatory.fake1.feeds.temperatures"
    std::string session_id;                      ///< of the publishing process
    double frame_length = default_frame_length;  ///< [s]
    double fresh_time = default_fresh_time;      ///< [s]
    bool wanted = true;                          ///< false: not a record feed, or one that does not want us
    /// Counts the messages of a feed of one process; Cerro agents send it, others do not.
    std::optional<std::uint64_t> sequence;
    std::vector<message_block> blocks;
    std::vector<std::string> refused;  ///< one reason for each block that was left out
};

/// Reads the positional arguments of a feed event: one pair [data, feed_info].
/// Field names that break the rule are repaired; blocks that cannot be taken are left out with their reason.
/// @param now Unix [s]
/// @return errc::malformed: no feed message at all
[[nodiscard]] result<feed_message> read_message(list const& args, double now);

}  // namespace cerro::aggregator
