#pragma once

/// @file
/// Where the router is and who we are: the options and environment names that hub, data node servers and
/// bridge share.

#include <cerro/client/session.hpp>

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace cerro::dans {

/// As the command line gave it; empty = not given.
struct connection_settings {
    std::string url;
    std::string realm = "test_realm";
    std::string user;
    std::string secret_file;
    std::string ca_file;
    bool verify_host = false;  ///< also with a pinned certificate
    std::string base = "org.simonsobservatory";
};

/// What a program connects as when neither options nor environment say otherwise.
struct connection_defaults {
    std::string user;          ///< "server", "simonsobs"
    std::string stock_secret;  ///< the public one of 2019; used with a warning on TLS ports only
    bool plain_port =
        false;  ///< CROSSBAR_OCS_PORT and anonymous, as the data-feed server; else CROSSBAR_TLS_PORT
    bool user_from_environment = true;  ///< WAMP_USER counts
};

inline constexpr std::string_view stock_server_secret = "Q5#x4%HCmgTsS!Pj";
inline constexpr std::string_view stock_consumer_secret = "yW4V2T^bPD&rGFwy";

using environment = std::function<char const*(char const*)>;

/// Adds --url --realm --user --secret-file --ca-file --verify-host --base-uri.
void add_connection_options(CLI::App& app, connection_settings& s);

/// Merges options, environment (WAMP_USER, WAMP_SECRET, CROSSBAR_HOST, CROSSBAR_TLS_PORT, CROSSBAR_OCS_PORT)
/// and defaults; options win. Warns when a public stock secret is in use.
/// @param component stands in log lines
/// @throws failure (exit code 3) naming the variable or file and the cure
[[nodiscard]] client::options make_client_options(std::string_view component,
                                                  connection_settings const& s,
                                                  connection_defaults const& d,
                                                  environment const& env);
/// The same with the environment of this process.
[[nodiscard]] client::options make_client_options(std::string_view component,
                                                  connection_settings const& s,
                                                  connection_defaults const& d);

}  // namespace cerro::dans
