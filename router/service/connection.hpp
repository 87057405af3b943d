#pragma once

/// @file
/// One client: a transport channel below, a session of the core above.

#include "endings.hpp"
#include <cerro/metrics/registry.hpp>
#include <cerro/router/session.hpp>
#include <cerro/transport/channel.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace cerro::router {

/// Ended connections by reason.
class connection_metrics {
public:
    explicit connection_metrics(metrics::registry& r);
    void closed(ending why) { closed_[static_cast<std::size_t>(why)]->add(); }

    metrics::counter& opened;
    metrics::counter& handshakes_failed;

private:
    std::array<metrics::counter*, ending_count> closed_{};
};

/// What all connections use; each keeps it alive, because channels may outlive the instance by a turn of the
/// loop.
struct shared_core {
    shared_core(metrics::registry& r, std::uint64_t seed) : logic(r, seed), metrics(r) {}

    core logic;
    connection_metrics metrics;
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
    /// Without a word; what is queued is dropped.
    void cut(transport::close_reason why) { channel_->close(why, {}, false); }

    void on_messages(std::span<byte_view const> batch) override;
    void on_closed(transport::close_reason why, std::string const& detail) override;

    bool send(shared_bytes frame, bool droppable) override
    {
        return channel_->send(std::move(frame), droppable);
    }
    void set_drop_oldest(bool on) override { channel_->set_drop_oldest(on); }
    void on_joined() override;
    void close(ending why, std::string const& text) override { channel_->close(to_transport(why), text); }

private:
    std::shared_ptr<shared_core> shared_;
    std::shared_ptr<transport::channel> channel_;
    class session session_;
    std::function<void(connection&)> gone_;
    bool logged_ = false;
};

}  // namespace cerro::router
