#pragma once

// What the words of a command line mean; no I/O.

#include <cerro/base/result.hpp>
#include <cerro/client/session.hpp>
#include <cerro/codec/value.hpp>
#include <cerro/wamp/uri.hpp>

#include <string>
#include <vector>

namespace cerro::ocs_client_cli {

/// Parameters of an operation: a JSON object (`text`, may be empty) and key=value words. The value of a word
/// is JSON if it reads as such (5, true, null, "x", [1,2]), else a text; True, False and None are taken too.
[[nodiscard]] result<dict> read_params(std::string const& text, std::vector<std::string> const& words);

/// How a topic or pattern is subscribed to: a wildcard pattern if it has an empty component.
[[nodiscard]] wamp::match_policy selector_policy(std::string const& selector);

/// One event as `listen` prints it: "[topic] [message]" in Python's words, or one JSON object.
[[nodiscard]] std::string format_event(client::event const& e, bool json);

/// The names of a heartbeat's operations and their states, as `scan --details` prints them.
[[nodiscard]] std::string format_op_codes(dict const& codes);

}  // namespace cerro::ocs_client_cli
