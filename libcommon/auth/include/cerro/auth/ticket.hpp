#pragma once

/// @file
/// Ticket authentication (wamp protocol, 9): the client sends a secret in the clear; use it over TLS only.

#include <cerro/base/bytes.hpp>

namespace cerro::auth {

/// The router's side: the challenge has no content, the answer is the ticket itself.
class ticket_server {
public:
    explicit ticket_server(std::string ticket) : ticket_(std::move(ticket)) {}

    /// Is AUTHENTICATE.Signature the ticket? An empty ticket admits nobody.
    [[nodiscard]] bool accepts(std::string_view signature) const noexcept;

private:
    std::string ticket_;
};

}  // namespace cerro::auth
