#pragma once

/// @file
/// What event history asks of a store, and what is stored: see history.hpp. The store on disk is
/// cerro::router_history; the core has no files.

#include <cerro/base/bytes.hpp>
#include <cerro/wamp/message.hpp>
#include <cerro/wamp/uri.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace cerro::router {

/// One publication as it is kept; views of somebody else's bytes.
struct history_record {
    std::uint64_t position = 0;  ///< of the realm: grows from record to record, is never used twice
    std::int64_t time_ns = 0;    ///< Unix time [ns] when the router took it
    wamp::id publication = 0;
    wamp::id session = 0;  ///< the publisher
    std::string_view authid;
    std::string_view authrole;
    bool disclosed = false;  ///< readers are told who published
    std::string_view topic;
    byte_view options;  ///< what matters later of PUBLISH.Options, as a MessagePack dict; empty: nothing
    wamp::payload_view payload;
};

/// Appends a record as bytes that hold their own lengths: the form in memory and on disk (docs/formats).
void encode_record(history_record const& r, bytes& out);
/// The record that fills `encoded`, as views into it; nothing if it is none. The payload is not looked at.
[[nodiscard]] std::optional<history_record> decode_record(byte_view encoded) noexcept;

/// Which events; all conditions together. Positions and times are inclusive.
struct history_query {
    std::string uri;  ///< of the subscription
    wamp::match_policy match = wamp::match_policy::exact;
    wamp::id subscription = 0;  ///< told in each event
    std::string realm;          ///< the same
    std::string topic;          ///< empty: any

    std::uint64_t first_position = 0;
    std::uint64_t last_position = std::numeric_limits<std::uint64_t>::max();
    std::int64_t first_time_ns = std::numeric_limits<std::int64_t>::min();
    std::int64_t last_time_ns = std::numeric_limits<std::int64_t>::max();
    // Publications that bound the answer, in order of occurrence; 0: none. One that is not kept: no events.
    wamp::id from_publication = 0;
    wamp::id after_publication = 0;
    wamp::id before_publication = 0;
    wamp::id until_publication = 0;

    bool reverse = false;               ///< newest first
    std::size_t limit = 10;             ///< events
    std::size_t max_bytes = 1U << 20U;  ///< of the encoded answer; one event is given even if it is larger
    bool paged = false;                 ///< `max_bytes` ends a page; else an answer above it is a failure

    // Who asks: publications meant for other authids or roles are left out.
    std::string authid;
    std::string authrole;
    codec::serializer serializer = codec::serializer::json;  ///< of the answer
};

/// The answer.
struct history_page {
    std::string error;    ///< not empty: there is no answer, but an error of this URI
    std::string failure;  ///< and why, for people
    bytes events;         ///< one encoded list of dicts
    std::size_t count = 0;
    std::uint64_t next_position = 0;    ///< where the following page begins; in reverse: ends
    std::uint64_t oldest_position = 0;  ///< of all that is kept; 0: nothing is
    bool more = false;                  ///< there may be more from next_position on
};

/// Why a publication that asked for PUBLISHED gets ERROR: it was delivered, but could not be kept.
inline constexpr std::string_view history_full = "cerro.error.history_full";

/// Keeps records in the order of append(). All functions are called on one thread, which also gets the
/// callbacks.
class history_store {
public:
    virtual ~history_store() = default;

    /// Takes a record, and gives it its position. Never waits.
    /// @return the position; 0 when the store takes no more for now
    virtual std::uint64_t append(history_record& r) = 0;
    /// Takes a position for a record that is kept elsewhere.
    virtual std::uint64_t take_position() = 0;
    /// Records up to this one outlive this process. Does not change while the caller's function runs.
    [[nodiscard]] virtual std::uint64_t written() const = 0;
    /// `f` is called when written() has grown.
    virtual void on_written(std::function<void()> f) = 0;
    /// `done` is called once, later; never after the store's end.
    virtual void read(history_query q, std::function<void(history_page)> done) = 0;
    /// What an operator must know, for health; empty: all is well.
    [[nodiscard]] virtual std::string trouble() const = 0;
};

}  // namespace cerro::router
