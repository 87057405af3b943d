#pragma once

/// @file
/// How many connections a process takes, in all and from each address, and how fast.

#include <cerro/transport/host_address.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace cerro::transport {

/// Why a connection did not become a stream: a closed set, for metrics.
enum class entry_refusal : std::uint8_t {
    too_many,             ///< admission_limits::connections
    too_many_of_address,  ///< admission_limits::connections_per_address
    too_fast,             ///< admission_limits::connection_rate, or no room in the table of addresses
    no_descriptors,       ///< the process or the system is out of them; accepting pauses
    tls_failed,           ///< the TLS handshake went wrong
    tls_timeout,          ///< it did not end in listen_options::tls_timeout
    proxy_refused,        ///< PROXY header missing, wrong, late, or from an address that is not trusted
    count_
};
[[nodiscard]] std::string_view name(entry_refusal r) noexcept;

struct admission_limits {
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    std::size_t connections = 10'000;           ///< open at a time, of all listeners together
    std::size_t connections_per_address = 500;  ///< open at a time, of one address
    std::size_t connection_rate = 100;          ///< new ones of one address, each second; bursts of as many
    bool limit_loopback = false;     ///< whether the two limits by address also hold for this host itself
    std::size_t addresses = 65'536;  ///< that are remembered
};

/// Shared by the listeners of a process; its functions may be called on any thread.
class admission : public std::enable_shared_from_this<admission> {
    struct visitor {
        std::size_t open = 0;
        double tokens = 0;
        std::chrono::steady_clock::time_point at;
    };
    using table = std::map<host_address, visitor>;

public:
    using clock = std::chrono::steady_clock;

    /// An open connection; its end counts it out.
    class ticket {
    public:
        ticket() = default;
        ticket(ticket&& other) noexcept;
        ticket& operator=(ticket&& other) noexcept;
        ~ticket() { release(); }

    private:
        friend class admission;
        void release() noexcept;
        std::shared_ptr<admission> of_;
        visitor* from_ = nullptr;
    };

    explicit admission(admission_limits limits) : limits_(limits) {}

    /// @param from nothing: a Unix socket, or an address that does not count (a trusted proxy)
    [[nodiscard]] std::optional<ticket> enter(std::optional<host_address> from,
                                              clock::time_point now,
                                              entry_refusal& why);
    /// The address behind a proxy is known now. The ticket stays valid for the total.
    [[nodiscard]] bool enter_as(ticket& t, host_address from, clock::time_point now, entry_refusal& why);

    /// Called for each entry_refusal, on the thread where it happens.
    void on_refused(std::function<void(entry_refusal)> f) { on_refused_ = std::move(f); }
    void refused(entry_refusal why);

    [[nodiscard]] std::size_t open() const;
    [[nodiscard]] std::uint64_t refusals(entry_refusal r) const;
    [[nodiscard]] admission_limits const& limits() const { return limits_; }
    /// New limits hold for connections to come.
    void set_limits(admission_limits limits);

private:
    visitor* find(host_address const& from, clock::time_point now, entry_refusal& why);
    void sweep(clock::time_point now);

    mutable std::mutex guard_;
    admission_limits limits_;
    std::size_t open_ = 0;
    table visitors_;
    clock::time_point next_sweep_{};
    std::array<std::uint64_t, static_cast<std::size_t>(entry_refusal::count_)> refusals_{};
    std::function<void(entry_refusal)> on_refused_;
};

}  // namespace cerro::transport
