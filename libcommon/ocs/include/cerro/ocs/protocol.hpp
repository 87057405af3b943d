#pragma once

/// @file
/// Numbers, words and addresses of the OCS protocol.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cerro::ocs {

/// What became of a request to an agent (not of the operation it was about).
enum class reply_status : int { ok = 0, error = -1, timeout = 1 };

/// State of an operation in one number, as heartbeats carry it.
enum class op_code : int {
    none = 1,
    starting = 2,
    running = 3,
    stopping = 4,
    succeeded = 5,
    failed = 6,
    expired = 7,  ///< made by the registry for agents that went silent
    degraded = 8,
};
/// "NONE", "STARTING", ...; "???" for a number that is none
[[nodiscard]] std::string_view name(op_code c) noexcept;
[[nodiscard]] std::string_view op_code_name(std::int64_t number) noexcept;

enum class op_status : std::uint8_t { starting, running, stopping, done };
/// "starting", "running", "stopping", "done"
[[nodiscard]] std::string_view name(op_status s) noexcept;

namespace action {
inline constexpr std::string_view start = "start";
inline constexpr std::string_view status = "status";
inline constexpr std::string_view wait = "wait";
inline constexpr std::string_view stop = "stop";
inline constexpr std::string_view abort = "abort";
}  // namespace action

namespace query {
inline constexpr std::string_view get_api = "get_api";
inline constexpr std::string_view get_tasks = "get_tasks";
inline constexpr std::string_view get_processes = "get_processes";
inline constexpr std::string_view get_feeds = "get_feeds";
inline constexpr std::string_view get_agent_class = "get_agent_class";
}  // namespace query

inline constexpr std::string_view heartbeat_feed = "heartbeat";

/// "observatory.fake1"
[[nodiscard]] std::string agent_address(std::string_view root, std::string_view instance_id);
/// "observatory.fake1.ops": operation requests
[[nodiscard]] std::string ops_address(std::string_view agent);
/// "observatory.fake1.feeds.temperatures"
[[nodiscard]] std::string feed_address(std::string_view agent, std::string_view feed);
/// "observatory..feeds.heartbeat": wildcard pattern of this feed of all agents
[[nodiscard]] std::string all_agents_feed(std::string_view root, std::string_view feed);
/// "observatory..feeds.": wildcard pattern of all feeds of all agents (the last component is empty)
[[nodiscard]] std::string all_feeds(std::string_view root);
/// `address` without "root." in front, or whole if it does not begin so
[[nodiscard]] std::string without_root(std::string_view root, std::string_view address);

/// May an agent have this instance-id? It is one component of its address: no dot, no white space, no '#'.
[[nodiscard]] bool valid_instance_id(std::string_view id) noexcept;

/// Levels of access control. Every operation demands at least `basic`.
namespace privilege {
inline constexpr int blocked = 0;
inline constexpr int basic = 1;
inline constexpr int advanced = 2;
inline constexpr int full = 3;
inline constexpr int superuser = 4;
}  // namespace privilege
/// "1-BASIC", ...
[[nodiscard]] std::string privilege_name(int level);

}  // namespace cerro::ocs
