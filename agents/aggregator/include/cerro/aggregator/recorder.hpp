#pragma once

/// @file
/// The aggregator's core: takes feed messages and the time, gives housekeeping frames. No sockets, no files,
/// no clock.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::aggregator {

/// One moment on two clocks. Ages are taken from the steady one: the other may be set back by hours.
struct instant {
    double unix_time;  ///< [s], for timestamps in frames
    double steady;     ///< [s] since any moment
    static instant now();
};

struct recorder_limits {
    /// What all open frames together may take [octets, about].
    std::uint64_t max_octets = 512U << 20U;
};

/// A frame to be written, in this order.
struct outgoing_frame {
    enum class kind : std::uint8_t { status, data };
    kind what;
    bytes octets;
    std::uint64_t samples = 0;  ///< values in a data frame
};

struct recorder_counters {
    std::uint64_t messages = 0;          ///< taken, at least in part
    std::uint64_t samples = 0;           ///< values taken
    std::uint64_t refused_messages = 0;  ///< that were no feed messages, or came on another feed's topic
    std::uint64_t refused_blocks = 0;
    std::uint64_t repeated_messages = 0;    ///< sent again by an agent that was not sure; taken once
    std::uint64_t missed_messages = 0;      ///< gaps in the numbers that Cerro agents give their messages
    std::uint64_t restarted_providers = 0;  ///< because fields or their classes changed
    std::uint64_t early_frames = 0;         ///< cut because all open frames together took too much memory
};

/// One session of recording. A provider is one feed of one device process; it gets a new prov_id when it
/// comes back after having been stale, and when the fields of a block or their classes change.
class recorder {
public:
    /// @param start_time Unix [s]
    recorder(double start_time, std::int64_t pid, recorder_limits limits = {});
    ~recorder();
    recorder(recorder const&) = delete;
    recorder& operator=(recorder const&) = delete;

    [[nodiscard]] bytes const& session_frame() const;

    /// Takes the positional arguments of one feed event.
    /// @param topic where it was published: nobody speaks for another feed
    /// @return why it, or some of its blocks, were refused; empty = all is well, or it is not ours to record
    std::vector<std::string> take(std::string_view topic, list const& args, instant now);
    /// After each take(): frames to be written at once since memory is short; mostly none.
    [[nodiscard]] std::vector<outgoing_frame> relieve(instant now);

    /// Once a second: removes stale providers, gives the frames that are due.
    [[nodiscard]] std::vector<outgoing_frame> tick(instant now);
    /// At the end: everything that is left.
    [[nodiscard]] std::vector<outgoing_frame> finish(instant now);

    /// session.data's "providers": by feed address {last_refresh, sessid, stale, last_block_received}.
    /// Addresses stay listed after their provider has gone.
    [[nodiscard]] dict const& providers() const;
    [[nodiscard]] recorder_counters const& counters() const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace cerro::aggregator
