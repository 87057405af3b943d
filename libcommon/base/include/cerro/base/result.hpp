#pragma once

/// @file
/// How Cerro's functions say that something went wrong: a value or a `problem`; and, at start-up only,
/// `failure`.

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace cerro {

/// What kind of thing went wrong; the text for people is in problem::what.
enum class errc {
    malformed = 1,     ///< bytes or text from outside that break their format
    limit_exceeded,    ///< well-formed, but above one of our limits (size, depth, count)
    invalid_argument,  ///< a value that this call cannot take
    not_found,         ///< the named thing does not exist
    timed_out,         ///< nothing came within the time allowed
    closed,            ///< the connection or the object was closed, by us or by the peer
    refused,           ///< the peer or the system said no
    io,                ///< the operating system reported an error
    unsupported,       ///< understood, but not implemented by this side
};

/// Why something failed: a code for programs, a text for people that names the thing, the value and the cure.
struct problem {
    problem() = default;  // for boost::system::result, which gives one where there is no problem
    problem(errc why, std::string text) : code(why), what(std::move(text)) {}

    errc code{};
    std::string what;
};

/// A problem thrown by start-up code, where exceptions are allowed; `main` prints what() and ends with
/// exit_code().
class failure : public std::runtime_error {
public:
    explicit failure(std::string const& text, int code = 1) : std::runtime_error(text), exit_code_(code) {}

    /// 1 failure, 2 usage, 3 configuration, 70 a bug of ours
    [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

private:
    int exit_code_;
};

/// A T, or a problem. Test with `if (r)`; `*r` is the value, `r.error()` the problem; value() throws
/// `failure`.
template <class T>
using result = boost::system::result<T, problem>;

/// For boost::system::result: what value() throws when there is none.
[[noreturn]] inline void throw_exception_from_error(problem const& p, boost::source_location const&)
{
    throw failure(p.what);
}

/// `return fail(errc::malformed, "...")` out of a function that returns a result.
[[nodiscard]] inline problem fail(errc code, std::string what)
{
    return {code, std::move(what)};
}

}  // namespace cerro
