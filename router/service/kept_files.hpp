#pragma once

/// @file
/// Files that the router goes on reading or writing while it runs: principals, cookies.

#include <cerro/router/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace cerro::router {

namespace asio = boost::asio;

/// Looks every two seconds whether a principals file has changed; what cannot be read leaves the principals
/// as they were, with an error in the log. Writes the cookies of a store with a file a second after they
/// changed, for this user only.
class kept_files {
public:
    /// Reads the cookies that are kept; begins to watch.
    static std::shared_ptr<kept_files> start(asio::any_io_executor ex, settings const& s);
    virtual ~kept_files() = default;
    /// Looks at once.
    virtual void reload() = 0;
    /// Writes what is not written yet, and ends. Idempotent.
    virtual void stop() = 0;
};

}  // namespace cerro::router
