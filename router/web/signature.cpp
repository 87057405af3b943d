#include "signature.hpp"

#include <cerro/auth/compare.hpp>
#include <cerro/auth/hex.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace cerro::router {

namespace {

bytes hmac(EVP_MD const* digest, std::string_view key, std::string_view data)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned length = 0;
    if (HMAC(digest,
             key.data(),
             static_cast<int>(key.size()),
             reinterpret_cast<unsigned char const*>(data.data()),
             data.size(),
             out.data(),
             &length) == nullptr) {
        throw failure("OpenSSL's HMAC has failed");
    }
    return {reinterpret_cast<char const*>(out.data()), length};
}

std::string urlsafe_base64(bytes const& data)
{
    std::string out((data.size() + 2) / 3 * 4 + 1, '\0');
    int const n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                  reinterpret_cast<unsigned char const*>(data.data()),
                                  static_cast<int>(data.size()));
    out.resize(static_cast<std::size_t>(n));
    std::replace(out.begin(), out.end(), '+', '-');
    std::replace(out.begin(), out.end(), '/', '_');
    return out;
}

bool is_integer(std::string_view text)
{
    std::int64_t ignored = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), ignored);
    return ec == std::errc{} && end == text.data() + text.size();
}

/// "2011-10-14T16:59:51.123Z", as strptime's "%Y-%m-%dT%H:%M:%S.%fZ"
std::optional<wall_time> parse_timestamp(std::string const& text)
{
    std::tm parts{};
    std::array<char, 7> fraction{};
    int used = 0;
    // NOLINTNEXTLINE(cert-err34-c): widths bound every field
    int const found = std::sscanf(text.c_str(),
                                  "%4d-%2d-%2dT%2d:%2d:%2d.%6[0-9]Z%n",
                                  &parts.tm_year,
                                  &parts.tm_mon,
                                  &parts.tm_mday,
                                  &parts.tm_hour,
                                  &parts.tm_min,
                                  &parts.tm_sec,
                                  fraction.data(),
                                  &used);
    if (found != 7 || used != static_cast<int>(text.size()) || parts.tm_mon < 1 || parts.tm_mon > 12 ||
        parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 || parts.tm_min > 59 ||
        parts.tm_sec > 61) {
        return std::nullopt;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

signature_problem missing(std::string_view field)
{
    return {400,
            "REST bridge signature was invalid (missing mandatory field - '" + std::string(field) + "')."};
}

signature_problem invalid(std::string_view what, std::string_view value, std::string_view must)
{
    return {400,
            "REST bridge signature was invalid (invalid " + std::string(what) + " '" + std::string(value) +
                "' (must be " + std::string(must) + "))."};
}

}  // namespace

std::optional<signature_problem> check_signature(http::request const& r,
                                                 bridge_guard const& guard,
                                                 wall_time now)
{
    constexpr std::array<std::string_view, 5> fields{"timestamp", "seq", "key", "nonce", "signature"};
    std::array<std::string, 5> given;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        auto value = r.parameter(fields.at(i));
        if (!value) {
            return missing(fields.at(i));
        }
        given.at(i) = std::move(*value);
    }
    auto const& [timestamp, seq, key, nonce, signature] = given;
    auto const when = parse_timestamp(timestamp);
    if (!when) {
        return invalid("timestamp", timestamp, "UTC/ISO-8601, e.g. '2011-10-14T16:59:51.123Z'");
    }
    auto const apart = now > *when ? now - *when : *when - now;
    if (guard.timestamp_delta.count() > 0 && apart > guard.timestamp_delta) {
        return signature_problem{400, "Request expired, too old timestamp."};
    }
    if (!is_integer(seq)) {
        return invalid("sequence number", seq, "an integer");
    }
    if (!is_integer(nonce)) {
        return invalid("nonce", nonce, "an integer");
    }
    if (!auth::equal_constant_time(key, guard.key)) {
        return signature_problem{401, "REST bridge signature key not valid."};
    }
    auto const right =
        urlsafe_base64(hmac(EVP_sha256(), guard.secret, key + timestamp + seq + nonce + r.body));
    if (!auth::equal_constant_time(signature, right)) {
        return signature_problem{401, "REST bridge signature secret not valid."};
    }
    return std::nullopt;
}

bool github_signature_right(http::request const& r, std::string_view secret)
{
    if (auto const* const given = r.header("x-hub-signature-256")) {
        return auth::equal_constant_time(*given,
                                         "sha256=" + auth::hex_encode(hmac(EVP_sha256(), secret, r.body)));
    }
    auto const* const given = r.header("x-hub-signature");
    return given != nullptr &&
           auth::equal_constant_time(*given, "sha1=" + auth::hex_encode(hmac(EVP_sha1(), secret, r.body)));
}

}  // namespace cerro::router
