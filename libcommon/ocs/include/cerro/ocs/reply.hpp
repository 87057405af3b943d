#pragma once

/// @file
/// The answer to an operation request, and how clients print it.

#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <string>

namespace cerro::ocs {

/// [status, message, session]
struct reply {
    std::int64_t status = 0;  ///< reply_status, or what a later protocol may add
    std::string message;
    dict session;  ///< empty: there is none

    [[nodiscard]] bool ok() const noexcept { return status == 0; }
    /// The operation ended, and well.
    [[nodiscard]] bool succeeded() const;
};

/// @return errc::malformed if `v` is no such list
[[nodiscard]] result<reply> parse_reply(value const& v);
/// {"status": ..., "message": ..., "session": ...}
[[nodiscard]] dict as_dict(reply const& r);

/// "OCSReply: OK : ..." with state, messages and further keys of the session below; ends with a line feed.
[[nodiscard]] std::string format_reply(reply const& r, double now);
/// "0.002136 s", "3.2 s", "2.0 mins", "3.1 hrs", "2.5 days"
[[nodiscard]] std::string format_duration(double seconds);

}  // namespace cerro::ocs
