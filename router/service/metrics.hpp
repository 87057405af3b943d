#pragma once

/// @file
/// What the connections of a router count. Written by the core's thread alone; read at a scrape.

#include "closed_log.hpp"
#include "heavy_hitters.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/metrics/registry.hpp>
#include <cerro/router/ending.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace cerro::router {

/// The type in the first octets of a message that the router wrote; 0 when they hold none.
[[nodiscard]] std::uint8_t type_of(codec::serializer s, byte_view message) noexcept;

class connection_metrics {
public:
    explicit connection_metrics(metrics::registry& r);

    /// Octets of all connections of one kind.
    struct octets {
        metrics::counter* in = nullptr;
        metrics::counter* out = nullptr;
    };
    /// @param transport "rawsocket", "websocket"
    [[nodiscard]] octets of_kind(std::string_view transport) const;

    void sent(std::uint8_t type) { sent_[type]->add_alone(); }
    [[nodiscard]] std::uint64_t messages_sent() const;
    void closed(ending why) { closed_[static_cast<std::size_t>(why)]->add_alone(); }
    [[nodiscard]] std::uint64_t closed_as(ending why) const
    {
        return closed_[static_cast<std::size_t>(why)]->value();
    }
    /// A request answered with wamp.error.not_authorized.
    void denied(wamp::message_type request);
    /// Connections that carried neither WAMP nor HTTP (cerro_router_connections_refused_total).
    [[nodiscard]] std::uint64_t refused_as(std::string_view reason) const;

    /// Is it the turn of this batch to be timed? One of 64 is.
    [[nodiscard]] bool time_this() { return (++batches_ & 63U) == 0; }
    /// Counts messages down to the next whose URI is looked at, on average each 64th.
    /// @return 0, or for how many messages the one to be looked at stands
    [[nodiscard]] std::uint32_t sample(std::uint32_t messages)
    {
        passed_ += messages;
        return passed_ < next_sample_ ? 0 : take_sample();
    }

    metrics::counter& opened;
    metrics::counter& handshakes_failed;
    metrics::histogram& routing;  ///< [s] from the read of a batch until what it caused was handed on
    heavy_hitters topics;         ///< "realm\nURI"
    heavy_hitters procedures;
    closed_log ended;

private:
    std::uint32_t take_sample();

    metrics::registry& registry_;
    octets rawsocket_;
    octets websocket_;
    std::array<metrics::counter*, 256> sent_{};
    std::array<metrics::counter*, ending_count> closed_{};
    std::uint32_t batches_ = 0;
    std::uint32_t passed_ = 0;
    std::uint32_t next_sample_ = 64;
    std::uint32_t chance_ = 2463534242U;
};

}  // namespace cerro::router
