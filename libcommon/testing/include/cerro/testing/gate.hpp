#pragma once

/// @file
/// A TCP proxy that behaves badly on demand: for tests of what happens when networks do.

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace cerro::testing {

/// Listens on 127.0.0.1 (a port of the system's choice) and passes on to a target; runs on the given executor
/// and in its thread. All switches act at once, on open connections too; it closes with its last owner.
class gate {
public:
    gate(boost::asio::any_io_executor ex, std::string target_address, std::uint16_t target_port);
    gate(gate const&) = delete;
    gate& operator=(gate const&) = delete;
    ~gate();

    [[nodiscard]] std::uint16_t port() const;

    /// Swallows everything in both directions while the connections stay open: a peer whose host is gone.
    void drop(bool on);
    /// Passes each piece on so much later.
    void delay(std::chrono::milliseconds d);
    /// Passes on at most n octets at a time; 0 = as they come.
    void split(std::size_t n);
    /// Passes on at most so many octets a second in each direction of a connection; 0 = no limit.
    void rate(std::size_t octets_per_second);
    /// Accepts new connections only to reset them.
    void refuse_new(bool on);
    /// Resets all open connections.
    void cut();

    /// Connections passed on since the beginning, and open now.
    [[nodiscard]] std::size_t accepted() const;
    [[nodiscard]] std::size_t open() const;

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace cerro::testing
