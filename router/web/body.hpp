#pragma once

/// @file
/// The JSON that caller and publisher take and give, word for word as crossbar does. No I/O.

#include "rest.hpp"
#include <cerro/router/own_caller.hpp>

#include <string>
#include <variant>

namespace cerro::router {

struct call_body {
    std::string procedure;
    list args;
    dict kwargs;
};

struct publish_body {
    std::string topic;
    list args;
    dict kwargs;
    dict options;  ///< those that are honoured
};

/// Checks the request and reads its body; the answer to give if there is nothing to do.
[[nodiscard]] std::variant<call_body, http::response> read_call(http::request const& r,
                                                                bridge_guard const& guard,
                                                                wall_time now);
[[nodiscard]] std::variant<publish_body, http::response> read_publication(http::request const& r,
                                                                          bridge_guard const& guard,
                                                                          wall_time now);
/// What a call came to.
[[nodiscard]] http::response call_answer(http::request const& r, own_outcome const& outcome);
/// What a publication came to: {"id": ..}
[[nodiscard]] http::response publish_answer(http::request const& r, own_outcome const& outcome);

/// What a webhook publishes: {"headers": {name: [values]}, "body": text}
[[nodiscard]] dict webhook_event(http::request const& r);

}  // namespace cerro::router
