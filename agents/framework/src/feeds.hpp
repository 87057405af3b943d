#pragma once

// An agent's feeds.

#include "record_publisher.hpp"
#include <cerro/agent/agent.hpp>
#include <cerro/ocs/feed_buffer.hpp>

#include <boost/asio/steady_timer.hpp>

#include <string>

namespace cerro::agent {

/// Who publishes: what each feed says about its agent.
struct agent_identity {
    std::string address;
    std::string agent_class;
    std::string session_id;  ///< start of the process, Unix time as decimal text
};

class feed_publisher final : public feed, public std::enable_shared_from_this<feed_publisher> {
public:
    feed_publisher(asio::any_io_executor ex,
                   agent_identity const& who,
                   std::string name,
                   feed_options const& o,
                   std::shared_ptr<client::session> session,
                   std::shared_ptr<record_publisher> records);

    void sample(std::string_view block, double timestamp, dict fields) override;
    void samples(std::string_view block, std::vector<double> timestamps, dict fields) override;
    void message(value m) override;
    void flush() override;

    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    /// feed_info: what get_feeds and each message say about this feed
    [[nodiscard]] dict const& info() const noexcept { return info_; }

private:
    /// @throws std::logic_error if this feed is of the other kind
    void require(bool record) const;
    void taken(result<void> const& outcome_of_add);

    std::string name_;
    std::string address_;
    bool record_;
    dict info_;
    std::shared_ptr<client::session> session_;
    std::shared_ptr<record_publisher> records_;
    ocs::feed_buffer buffer_;
    asio::steady_timer timer_;
    std::uint64_t sequence_ = 0;
};

}  // namespace cerro::agent
