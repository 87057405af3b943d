#pragma once

/// @file
/// One procedure or pattern, and who serves it (wamp protocol, 6).

#include <cerro/base/time.hpp>
#include <cerro/router/pending_call.hpp>
#include <cerro/wamp/uri.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// Which of several callees gets a call.
enum class invoke_policy : std::uint8_t { single, first, last, roundrobin, random };
[[nodiscard]] std::string_view name(invoke_policy p) noexcept;
[[nodiscard]] std::optional<invoke_policy> parse_invoke_policy(std::string_view text) noexcept;

struct callee_entry {
    member* who = nullptr;
    std::uint32_t concurrency = 0;  ///< most calls in flight; 0: no limit was asked for
    std::uint32_t in_flight = 0;    ///< counted only if there is a limit
    bool forward_timeout = false;   ///< the callee wants to keep the time itself
    bool disclose_caller = false;   ///< the callee asked to be told who calls

    [[nodiscard]] bool full() const { return concurrency != 0 && in_flight >= concurrency; }
};

struct registration {
    wamp::id id = 0;
    std::string uri;
    wamp::match_policy match = wamp::match_policy::exact;
    invoke_policy policy = invoke_policy::single;
    bool limited = false;  ///< some callee has a concurrency
    wall_time created{};
    std::vector<callee_entry> callees;  ///< oldest first, never empty
    std::size_t next_turn = 0;          ///< roundrobin: place of the callee whose turn it is
    std::size_t queue_limit = 0;        ///< longest `waiting`; 0: calls do not wait
    waiting_calls waiting;

    [[nodiscard]] callee_entry* find(member const& who);
};

/// {id, created, uri, match, invoke}, as the meta API tells
[[nodiscard]] dict registration_details(registration const& r);

/// Which callee of `r` gets a call with these CALL.Options: by its policy, or by `rkey` if `runmode` is
/// "partition". roundrobin passes over full callees, random does not look; the others have one candidate.
///
/// @param passed_over sessions that will not do
/// @param chance      for the policy random
/// @return null pointer: the callee that would be due is full, or none is left
[[nodiscard]] callee_entry* choose_callee(registration& r,
                                          dict const& options,
                                          std::vector<wamp::id> const& passed_over,
                                          std::uint64_t chance);

}  // namespace cerro::router
