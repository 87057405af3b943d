#pragma once

/// @file
/// A procedure that is registered however long the router refuses it.

#include <cerro/client/session.hpp>

#include <functional>
#include <map>
#include <string>

namespace cerro::dans {

/// Which procedures are not registered at present, and why.
class missing_procedures {
public:
    void failed(std::string const& uri, std::string why) { why_[uri] = std::move(why); }
    void works(std::string const& uri) { why_.erase(uri); }
    void clear() { why_.clear(); }
    /// "" or "cannot register <uri>: <why>"
    [[nodiscard]] std::string trouble() const;

private:
    std::map<std::string, std::string> why_;
};

/// Registers until it works, with pauses from 0.5 s to 10 s; the name may still belong to a session that has
/// not ended yet. Warns at a limited rate. What later joins restore is the session's own.
/// @param told after each failure with the error, and with nothing when it works; @return false to give up
boost::asio::awaitable<void> register_until_done(std::shared_ptr<client::session> session,
                                                 std::string component,
                                                 std::string uri,
                                                 client::procedure_handler handler,
                                                 std::function<bool(client::error const*)> told);

}  // namespace cerro::dans
