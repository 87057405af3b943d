#include "rest.hpp"

#include "signature.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/codec/utf8.hpp>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view methods = "POST,PUT,OPTIONS";

std::string lower_trimmed(std::string_view text)
{
    auto const blank = " \t\"";
    auto const from = std::min(text.find_first_not_of(blank), text.size());
    text.remove_prefix(from);
    text = text.substr(0, text.find_last_not_of(blank) + 1);
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

/// What is wrong with the Content-Type, if it was sent.
std::optional<std::string> refused_type(http::request const& r, content expected)
{
    auto const* header = r.header("content-type");
    if (header == nullptr) {
        return std::nullopt;
    }
    auto const semicolon = header->find(';');
    auto const type = lower_trimmed(std::string_view(*header).substr(0, semicolon));
    if (expected == content::json && type != "application/json") {
        return "Non-accepted content type. (must be one of '[b'application/json']', not 'b'" + type + "'')";
    }
    std::string_view rest =
        semicolon == std::string::npos ? std::string_view{} : std::string_view(*header).substr(semicolon);
    std::set<std::string> seen;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        auto const parameter = lower_trimmed(rest.substr(0, rest.find(';')));
        auto const equals = parameter.find('=');
        if (equals != std::string::npos) {
            auto const name = lower_trimmed(std::string_view(parameter).substr(0, equals));
            auto const text = lower_trimmed(std::string_view(parameter).substr(equals + 1));
            bool const charset_wrong = name == "charset" && text != "utf-8" && text != "utf8";
            if (charset_wrong || !seen.insert(name).second) {
                return "Non-accepted request encoding, must be UTF-8.";
            }
        }
        rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    }
    return std::nullopt;
}

http::response told_options(http::request const& r)
{
    auto out = rest_answer(r, 200, {});
    out.headers.emplace_back("Allow", methods);
    out.headers.emplace_back("Access-Control-Allow-Methods", methods);
    return out;
}

}  // namespace

http::response rest_answer(http::request const& r, int status, bytes body)
{
    http::response out;
    out.status = status;
    out.body = std::move(body);
    auto const* origin = r.header("origin");
    out.headers = {{"Access-Control-Allow-Origin", origin != nullptr && *origin != "null" ? *origin : "*"},
                   {"Access-Control-Allow-Credentials", "true"},
                   {"Cache-Control", "no-store,no-cache,must-revalidate,max-age=0"},
                   {"Content-Type", "application/json; charset=UTF-8"}};
    if (auto const* wanted = r.header("access-control-request-headers")) {
        out.headers.emplace_back("Access-Control-Allow-Headers", *wanted);
    }
    return out;
}

http::response rest_error(http::request const& r, int status, std::string_view error, list args)
{
    dict body{{"error", error}, {"args", std::move(args)}, {"kwargs", dict{}}};
    return rest_answer(r, status, codec::encode(codec::serializer::json, std::move(body)));
}

http::response internal_failure(http::request const& r)
{
    return rest_error(r, 500, "wamp.error.runtime_error", {"Sorry, Crossbar.io has encountered a problem."});
}

std::optional<http::response> refuse(http::request const& r,
                                     bridge_guard const& guard,
                                     content expected,
                                     wall_time now)
{
    auto const* origin = r.header("origin");
    if (origin != nullptr && guard.origins && !guard.origins->admits(*origin)) {
        return http::response::problem(403, "pages of this origin may not call here (allowed_origins)");
    }
    if (r.method == "OPTIONS") {
        return told_options(r);
    }
    if (r.method != "POST" && r.method != "PUT") {
        return rest_error(
            r,
            405,
            "Method not accepted by the REST bridge. (b'" + r.method + "' not allowed, only POST, PUT)");
    }
    if (auto const wrong = refused_type(r, expected)) {
        return rest_error(r, 400, *wrong);
    }
    if (r.body.size() > guard.max_body) {
        return rest_error(r,
                          413,
                          "Request too long. (" + std::to_string(r.body.size()) +
                              " is longer than accepted " + std::to_string(guard.max_body) + ")");
    }
    if (!guard.key.empty()) {
        if (auto const wrong = check_signature(r, guard, now)) {
            return rest_error(r, wrong->status, wrong->text);
        }
    }
    auto const in_range = [&](address_range const& range) { return range.holds(r.peer); };
    if (!guard.require_ip.empty() &&
        std::none_of(guard.require_ip.begin(), guard.require_ip.end(), in_range)) {
        return rest_error(r, 400, "Request denied based on IP address.");
    }
    if (guard.require_tls && !r.tls) {
        return rest_error(r, 400, "Request denied because it did not come over TLS.");
    }
    if (!codec::valid_utf8(r.body)) {
        return rest_error(r, 400, "Non-decodable request body, was not UTF-8.");
    }
    return std::nullopt;
}

}  // namespace cerro::router
