#pragma once

/// @file
/// The simulated instrument on TCP, and the faults that real ones and their networks have.

#include <cerro/base/result.hpp>
#include <cerro/sim372/instrument.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::sim372 {

namespace asio = boost::asio;

enum class fault_kind : std::uint8_t {
    silence,  ///< takes messages and does nothing
    close,    ///< ends the connection (FIN) at the next message, new ones too
    reset,    ///< the same with RST
    off,      ///< nobody listens: connections are refused, the present ones end
    garbage,  ///< answers bytes that mean nothing
    late,     ///< answers 3 s later than asked
    half,     ///< answers half a line
    restart,  ///< once: power off and on, all settings are lost, connections end
};

struct fault {
    fault(fault_kind k, double from, double lasting) : kind(k), start_s(from), duration_s(lasting) {}
    fault_kind kind;
    double start_s;  ///< after the server's start
    double duration_s;
};

/// "silence:10:5": silent for 5 s from 10 s after the start. "restart:10" needs no duration.
[[nodiscard]] result<fault> parse_fault(std::string_view text);

struct server_options {
    std::string address{"127.0.0.1"};
    std::uint16_t port = 7777;             ///< 0 = any free one
    std::optional<std::uint16_t> control;  ///< port for fault commands, see server; none = no such listener
    instrument_options instrument;
    std::vector<fault> faults;
};

/// Serves any number of connections (the real instrument: one) to one instrument. A message ends with LF, CR
/// LF, or 30 ms of silence. Lines on the control port: "silence 5" begins that fault now for 5 s, "none" ends
/// all; answered "ok" or the reason why not.
class server {
public:
    /// Begins to listen. @throws failure if the port cannot be had
    static std::shared_ptr<server> start(asio::io_context& io, server_options o);
    virtual ~server() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    [[nodiscard]] virtual std::uint16_t control_port() const = 0;  ///< 0 if there is none
    [[nodiscard]] virtual instrument& device() = 0;
    virtual void begin_fault(fault_kind k, double duration_s) = 0;
    virtual void end_faults() = 0;
    /// Lines received so far (for tests).
    [[nodiscard]] virtual std::vector<std::string> const& heard() const = 0;
    /// Ends all connections and stops listening.
    virtual void stop() = 0;
};

}  // namespace cerro::sim372
