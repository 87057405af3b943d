#pragma once

/// @file
/// The router's configuration: crossbar's config.json (version 2), plus our own keys under "cerro".

#include <cerro/base/result.hpp>
#include <cerro/router/access.hpp>
#include <cerro/router/endpoint_settings.hpp>
#include <cerro/router/environment.hpp>
#include <cerro/router/origin.hpp>
#include <cerro/router/realm.hpp>
#include <cerro/router/role.hpp>
#include <cerro/router/web_settings.hpp>
#include <cerro/transport/admission.hpp>
#include <cerro/transport/backlog.hpp>
#include <cerro/transport/channel.hpp>
#include <cerro/transport/websocket_options.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cerro::router {

/// "cerro": {"history": {...}}: what every realm keeps.
struct history_settings {
    enum class kind : std::uint8_t { none, memory, disk };
    kind type = kind::none;
    std::string folder;  ///< disk: each realm has one of its own in it
    std::vector<history_entry> entries;
    std::uint64_t max_bytes = 1ULL << 30U;                        ///< disk: of one realm
    std::size_t queue_bytes = 64U << 20U;                         ///< disk: that wait to be written
    std::optional<std::chrono::milliseconds> sync_period{1'000};  ///< disk: fsync; none: never
};

struct realm_settings {
    std::string name;
    std::vector<history_entry> kept;  ///< crossbar's `store`: in memory, beside what history_settings say
    std::vector<std::pair<std::string, std::vector<permission>>> roles;  ///< name and permissions
    std::vector<std::string> drop_oldest;  ///< roles whose slow sessions lose events, not their connection
    realm_options options;
};

/// What a WebSocket or RawSocket listener does with its connections.
struct wamp_settings {
    std::shared_ptr<access_rules const> access;
    std::vector<codec::serializer> serializers;  ///< empty: all
    bool batched = true;
    transport::limits limits;
    transport::websocket_options websocket;
    origin_rules origins;   ///< WebSocket
    bool webstatus = true;  ///< WebSocket: a plain GET is answered with a page; else with 426
};

struct path_settings {
    std::string path;  ///< "/ws"; "/" is the root
    std::variant<wamp_settings,
                 caller_settings,
                 publisher_settings,
                 webhook_settings,
                 static_settings,
                 json_settings,
                 redirect_settings,
                 nodeinfo_settings>
        what;
};

struct listener_settings {
    enum class kind : std::uint8_t { web, websocket, rawsocket, universal };
    kind type = kind::web;
    std::string name;  ///< where it stands in the file, for messages
    endpoint_settings endpoint;
    std::vector<path_settings> paths;  ///< web, universal
    bool rawsocket = false;            ///< `wamp` is for RawSocket clients
    wamp_settings wamp;                ///< websocket, rawsocket, universal
};

/// "web", "websocket", "rawsocket", "universal"
[[nodiscard]] std::string_view name(listener_settings::kind k) noexcept;

struct settings {
    std::string node;
    std::string worker;
    std::vector<realm_settings> realms;
    std::vector<listener_settings> listeners;
    session_limits sessions;
    history_settings history;
    transport::admission_limits admission;                          ///< of all listeners together
    std::size_t pending_total = transport::backlog::usual_limit();  ///< of all backlogs together [bytes]
    std::chrono::milliseconds tls_timeout{5'000};
    std::chrono::milliseconds drain_time{10'000};  ///< from SIGTERM to the last session's end
    std::vector<std::string> warnings;             ///< what was found doubtful; to be logged
};

struct load_options {
    /// Relative paths in the configuration are relative to this folder.
    std::string base_dir = ".";
    /// Leave out workers and components that this router cannot host, instead of refusing the configuration.
    bool skip_components = false;
    /// Without "history" in the configuration, feeds are kept on disk in the folder `history` of base_dir;
    /// else nothing is kept.
    bool keep_feeds = false;
};

/// @return the settings, or all problems found, one a line: "config.json:12:5:
/// workers[0].realms[0].permision: ..."
[[nodiscard]] result<settings> parse_settings(std::string_view json,
                                              std::string const& file_name,
                                              load_options const& options = {});
/// Reads a file; base_dir is its folder.
[[nodiscard]] result<settings> load_settings(std::string const& path, bool skip_components = false);

/// The effective settings as JSON, secrets left out.
[[nodiscard]] std::string describe(settings const& s);

}  // namespace cerro::router
