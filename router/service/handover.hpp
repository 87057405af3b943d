#pragma once

/// @file
/// Connections on other threads than the core: a channel that lives on an I/O loop, seen from the home loop.
///
/// Messages go over in batches: whatever piled up while the other side was busy is taken in one piece under
/// one lock, so that one wake-up serves many messages. A router with one thread uses none of this.

#include <cerro/transport/channel.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cerro::router {

namespace asio = boost::asio;

/// What goes over between the home loop and one I/O loop. Made once for each I/O loop; thread-safe.
class crossing : public std::enable_shared_from_this<crossing> {
public:
    crossing(asio::any_io_executor home, asio::any_io_executor io)
        : home_(std::move(home)), io_(std::move(io))
    {}

    /// Wraps a channel of the I/O loop; called on that loop. All functions of what it returns are called on
    /// the home loop, and its callbacks come there.
    std::shared_ptr<transport::channel> carry(std::shared_ptr<transport::channel> inner);

    /// After this the I/O loop never waits for the home loop any more; called when the home loop ends.
    void stop();

    static constexpr std::size_t max_inbound = 16U
                                               << 20U;  ///< octets; then the I/O loop waits for the home loop

private:
    class far_end;
    class near_end;

    struct ending {
        transport::close_reason why;
        std::string detail;
        bool flush;
    };
    /// Home to I/O: for one channel, in the order in which it was said.
    struct outbound {
        std::shared_ptr<far_end> to;
        shared_bytes frame{};  // null: what follows
        bool droppable = false;
        std::optional<bool> drop_oldest{};
        std::optional<ending> end{};
    };
    /// I/O to home: the messages of one read, or the end of the channel.
    struct inbound {
        std::shared_ptr<near_end> to;
        bytes octets;
        std::vector<std::size_t> sizes;
        transport::close_reason why = transport::close_reason::none;
        std::string detail;
    };

    void send(outbound o);
    void deliver(inbound i);
    void run_outbound();
    void run_inbound();

    asio::any_io_executor home_;
    asio::any_io_executor io_;
    std::mutex mutex_;
    std::condition_variable room_;
    std::vector<outbound> outbound_;
    std::vector<inbound> inbound_;
    std::size_t inbound_bytes_ = 0;
    bool stopped_ = false;
};

}  // namespace cerro::router
