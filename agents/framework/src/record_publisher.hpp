#pragma once

// Sends the messages of record feeds with acknowledgement, several at a time, and again after a lost
// connection.

#include "record_queue.hpp"
#include <cerro/client/session.hpp>
#include <cerro/log/log.hpp>
#include <cerro/metrics/registry.hpp>

#include <memory>

namespace cerro::agent {

namespace asio = boost::asio;

class record_publisher : public std::enable_shared_from_this<record_publisher> {
public:
    record_publisher(asio::any_io_executor ex,
                     std::shared_ptr<client::session> session,
                     metrics::registry& metrics,
                     record_limits limits = record_limits());

    void publish(std::string topic, list args);
    /// Sends what may be sent; called after a join too.
    void pump();
    /// Completes when everything is acknowledged, or at `until`. @return how many messages are left
    asio::awaitable<std::size_t> drain(std::chrono::steady_clock::time_point until);
    [[nodiscard]] record_queue const& queue() const noexcept { return queue_; }

private:
    asio::awaitable<void> send(std::uint64_t number, std::string topic, list args);
    void count_losses();

    asio::any_io_executor executor_;
    std::shared_ptr<client::session> session_;
    record_queue queue_;
    std::uint64_t told_lost_ = 0;
    metrics::counter& published_;
    metrics::counter& lost_;
    metrics::gauge& waiting_;
    log::limiter loss_limiter_;
    log::limiter refusal_limiter_;
};

}  // namespace cerro::agent
