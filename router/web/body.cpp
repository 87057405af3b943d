#include "body.hpp"

#include <cerro/codec/codec.hpp>
#include <cerro/codec/utf8.hpp>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view methods = "POST,PUT,OPTIONS";

http::response with_headers(http::request const& r, int status, bytes body)
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

http::response error_body(http::request const& r, int status, std::string_view error, list args = {})
{
    dict body{{"error", error}, {"args", std::move(args)}, {"kwargs", dict{}}};
    return with_headers(r, status, codec::encode(codec::serializer::json, std::move(body)));
}

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
std::optional<std::string> refused_type(http::request const& r)
{
    auto const* header = r.header("content-type");
    if (header == nullptr) {
        return std::nullopt;
    }
    auto const semicolon = header->find(';');
    auto const type = lower_trimmed(std::string_view(*header).substr(0, semicolon));
    if (type != "application/json") {
        return "Non-accepted content type. (must be one of '[b'application/json']', not 'b'" + type + "'')";
    }
    std::string_view rest =
        semicolon == std::string::npos ? std::string_view{} : std::string_view(*header).substr(semicolon);
    while (!rest.empty()) {
        rest.remove_prefix(1);
        auto const parameter = lower_trimmed(rest.substr(0, rest.find(';')));
        if (parameter.starts_with("charset=")) {
            auto const charset = lower_trimmed(std::string_view(parameter).substr(8));
            if (charset != "utf-8" && charset != "utf8") {
                return "Non-accepted request encoding, must be UTF-8.";
            }
        }
        rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    }
    return std::nullopt;
}

/// JSON cannot carry octets; crossbar's bridge never answers then.
bool has_octets(value const& v)
{
    if (auto const* items = v.as_list()) {
        return std::any_of(items->begin(), items->end(), has_octets);
    }
    if (auto const* members = v.as_dict()) {
        return std::any_of(
            members->begin(), members->end(), [](auto const& m) { return has_octets(m.second); });
    }
    return v.is_binary();
}

}  // namespace

std::variant<call_body, http::response> read_call(http::request const& r, std::size_t max_body)
{
    if (r.method == "OPTIONS") {
        auto out = with_headers(r, 200, {});
        out.headers.emplace_back("Allow", methods);
        out.headers.emplace_back("Access-Control-Allow-Methods", methods);
        return out;
    }
    if (r.method != "POST" && r.method != "PUT") {
        return error_body(
            r,
            405,
            "Method not accepted by the REST bridge. (b'" + r.method + "' not allowed, only POST, PUT)");
    }
    if (auto const wrong = refused_type(r)) {
        return error_body(r, 400, *wrong);
    }
    if (r.body.size() > max_body) {
        return error_body(r,
                          413,
                          "Request too long. (" + std::to_string(r.body.size()) +
                              " is longer than accepted " + std::to_string(max_body) + ")");
    }
    if (!codec::valid_utf8(r.body)) {
        return error_body(r, 400, "Non-decodable request body, was not UTF-8.");
    }
    auto parsed = codec::from_json(r.body);
    if (!parsed) {
        return error_body(r, 400, "Request body was invalid JSON.");
    }
    auto const malformed = [&](std::string_view why) {
        return error_body(
            r, 400, "Request body was valid JSON, but not well formed (" + std::string(why) + ").");
    };
    auto* const body = parsed->as_dict();
    if (body == nullptr) {
        return malformed("must be a dict");
    }
    auto* const procedure = body->find("procedure");
    if (procedure == nullptr) {
        return malformed("missing key 'procedure'");
    }
    call_body out;
    if (auto const* text = procedure->as_text()) {
        out.procedure = *text;
    }
    if (auto* args = body->find("args"); args != nullptr && !args->is_null()) {
        auto* const items = args->as_list();
        if (items == nullptr) {
            return malformed("'args' must be a list");
        }
        out.args = std::move(*items);
    }
    if (auto* kwargs = body->find("kwargs"); kwargs != nullptr && !kwargs->is_null()) {
        auto* const members = kwargs->as_dict();
        if (members == nullptr) {
            return malformed("'kwargs' must be a dict");
        }
        out.kwargs = std::move(*members);
    }
    return out;
}

http::response call_answer(http::request const& r, call_outcome const& outcome)
{
    if (!outcome.decodable || has_octets(outcome.args) || has_octets(outcome.kwargs)) {
        return internal_failure(r);
    }
    dict body;
    if (!outcome.error.empty()) {
        body = {{"error", outcome.error}, {"args", outcome.args}, {"kwargs", outcome.kwargs}};
    } else if (outcome.kwargs.empty() && outcome.args.empty()) {
        body = {{"args", list{nullptr}}};
    } else {
        if (!outcome.args.empty()) {
            body.append("args", outcome.args);
        }
        if (!outcome.kwargs.empty()) {
            body.append("kwargs", outcome.kwargs);
        }
    }
    return with_headers(r, 200, codec::encode(codec::serializer::json, std::move(body)));
}

http::response internal_failure(http::request const& r)
{
    return error_body(r, 500, "wamp.error.runtime_error", {"Sorry, Crossbar.io has encountered a problem."});
}

}  // namespace cerro::router
