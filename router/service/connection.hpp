#pragma once

/// @file
/// One client: a transport channel below, a session of the core above.

#include "access_log.hpp"
#include "endings.hpp"
#include "metrics.hpp"
#include <cerro/router/session.hpp>
#include <cerro/transport/channel.hpp>

#include <functional>
#include <memory>
#include <string>

namespace cerro::router {

/// What all connections use; each keeps it alive, because channels may outlive the instance by a turn of the
/// loop.
struct shared_core {
    shared_core(metrics::registry& r, std::uint64_t seed) : logic(r, seed), metrics(r) {}

    core logic;
    steady_time begun = std::chrono::steady_clock::now();
    connection_metrics metrics;
    std::unique_ptr<access_log> access;  ///< null: none is wanted
};

class connection final : public transport::channel_events,
                         public peer,
                         public std::enable_shared_from_this<connection> {
public:
    /// @param cookie of this browser; empty: none
    /// @param gone   called once, when the connection has ended
    connection(std::shared_ptr<shared_core> shared,
               std::shared_ptr<transport::channel> channel,
               std::shared_ptr<access_rules const> access,
               std::string cookie,
               std::function<void(connection&)> gone);

    void start() { channel_->start(shared_from_this()); }
    [[nodiscard]] class session& session() { return session_; }
    [[nodiscard]] class session const& session() const { return session_; }
    [[nodiscard]] transport::channel const& channel() const { return *channel_; }
    [[nodiscard]] traffic const& passed() const { return passed_; }
    [[nodiscard]] wall_time opened() const { return opened_; }
    /// Without a word; what is queued is dropped.
    void cut(transport::close_reason why) { channel_->close(why, {}, false); }

    void on_messages(std::span<byte_view const> batch) override;
    void on_closed(transport::close_reason why, std::string const& detail) override;

    bool send(shared_bytes frame, bool droppable) override;
    void joined() override;
    void denied(std::uint8_t request_type, std::string_view text) override;
    void set_drop_oldest(bool on) override { channel_->set_drop_oldest(on); }
    void close(ending why, std::string const& text) override { channel_->close(to_transport(why), text); }

private:
    void note_use(std::uint32_t weight);
    void tell_end(ending reason, std::string const& detail);

    std::shared_ptr<shared_core> shared_;
    std::shared_ptr<transport::channel> channel_;
    class session session_;
    std::function<void(connection&)> gone_;
    connection_metrics::octets octets_;
    traffic passed_;
    wall_time opened_;
    std::string realm_;  // once joined
};

}  // namespace cerro::router
