#pragma once

/// @file
/// Requests and answers of the HTTP caller, word for word as crossbar gives them. No I/O.

#include <cerro/codec/value.hpp>
#include <cerro/http/server.hpp>

#include <string>
#include <variant>

namespace cerro::router {

struct call_body {
    std::string procedure;
    list args;
    dict kwargs;
};

struct call_outcome {
    std::string error;  ///< empty: a result
    list args;
    dict kwargs;
    bool decodable = true;
};

/// Checks method, headers and body; the answer to give if there is nothing to call.
[[nodiscard]] std::variant<call_body, http::response> read_call(http::request const& r, std::size_t max_body);
[[nodiscard]] http::response call_answer(http::request const& r, call_outcome const& outcome);
/// 500, "Sorry, Crossbar.io has encountered a problem."
[[nodiscard]] http::response internal_failure(http::request const& r);

}  // namespace cerro::router
