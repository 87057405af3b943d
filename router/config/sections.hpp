#pragma once

/// @file
/// The sections of config.json, one reader each.

#include "reader.hpp"
#include <cerro/router/settings.hpp>

#include <string>

namespace cerro::router {

struct section_context {
    load_options const& options;
    transport::limits wamp_limits;  ///< from "cerro"; a transport's own options come on top
};

/// "history" in "cerro"; null when it is absent.
void read_history(reader& in, config::node const* n, load_options const& options, settings& out);
/// crossbar's `store` of a realm.
std::vector<history_entry> read_store(reader& in, config::node const& n);
void read_realm(reader& in, config::node const& n, settings& out);
/// `call-queue` of a realm's `store`.
void read_call_queues(reader& in, config::node const& store, realm_options& out);
void read_worker(reader& in, config::node const& n, section_context const& about, settings& out);
void read_transport(reader& in, config::node const& n, section_context const& about, settings& out);
/// The `paths` of a web transport, or of a nested path: `prefix` is "" or where that stands, "/a".
void read_paths(reader& in,
                config::node const& paths,
                std::string const& prefix,
                section_context const& about,
                listener_settings& out);
/// What stands in a WebSocket path, or in a WebSocket or RawSocket transport.
wamp_settings read_wamp(reader& in, config::node const& n, section_context const& about, bool websocket);
void read_websocket_options(reader& in, config::node const& n, wamp_settings& out);
[[nodiscard]] dict describe(transport::websocket_options const& o);
/// `rawsocket`, `websocket` and `web` of a universal transport.
void read_universal(reader& in, config::node const& n, section_context const& about, listener_settings& out);
endpoint_settings read_endpoint(reader& in, config::node const& transport, section_context const& about);
/// Of the paths of a web transport: "/" or one component.
[[nodiscard]] bool valid_path(std::string_view path);
/// A path of the file as the system takes it: relative ones belong to the folder of the configuration.
std::string resolved(section_context const& about, std::string const& path);
/// The `auth` section; without one, everybody is role "anonymous".
std::shared_ptr<access_rules const> read_access(reader& in, config::node const& transport);

/// What only shows when everything has been read: names that refer to each other, doubtful choices.
void cross_check(reader& in, config::node const& root, settings& out);

}  // namespace cerro::router
