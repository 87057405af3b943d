#include "body.hpp"

#include <cerro/codec/codec.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace cerro::router {

namespace {

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

http::response malformed(http::request const& r, std::string_view why)
{
    return rest_error(r, 400, "Request body was valid JSON, but not well formed (" + std::string(why) + ").");
}

struct json_body {
    std::string uri;
    list args;
    dict kwargs;
    dict all;
};

/// @param uri_key "procedure" or "topic"
std::variant<json_body, http::response> read_body(http::request const& r,
                                                  bridge_guard const& guard,
                                                  wall_time now,
                                                  std::string_view uri_key)
{
    if (auto refusal = refuse(r, guard, content::json, now)) {
        return std::move(*refusal);
    }
    auto parsed = codec::from_json(r.body);
    if (!parsed) {
        return rest_error(r, 400, "Request body was invalid JSON.");
    }
    auto* const body = parsed->as_dict();
    if (body == nullptr) {
        return malformed(r, "must be a dict");
    }
    auto* const uri = body->find(uri_key);
    if (uri == nullptr) {
        return malformed(r, "missing key '" + std::string(uri_key) + "'");
    }
    json_body out;
    if (auto const* text = uri->as_text()) {
        out.uri = *text;
    }
    if (auto* args = body->find("args"); args != nullptr && !args->is_null()) {
        auto* const items = args->as_list();
        if (items == nullptr) {
            return malformed(r, "'args' must be a list");
        }
        out.args = std::move(*items);
    }
    if (auto* kwargs = body->find("kwargs"); kwargs != nullptr && !kwargs->is_null()) {
        auto* const members = kwargs->as_dict();
        if (members == nullptr) {
            return malformed(r, "'kwargs' must be a dict");
        }
        out.kwargs = std::move(*members);
    }
    out.all = std::move(*body);
    return out;
}

http::response wamp_error(http::request const& r, own_outcome const& outcome)
{
    return rest_answer(
        r,
        200,
        codec::encode(codec::serializer::json,
                      dict{{"error", outcome.error}, {"args", outcome.args}, {"kwargs", outcome.kwargs}}));
}

bool encodable(own_outcome const& outcome)
{
    return outcome.decodable && !has_octets(outcome.args) && !has_octets(outcome.kwargs);
}

/// "content-type" -> "Content-Type", as crossbar tells a webhook's headers
std::string header_name(std::string_view lower)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> odd{
        {{"content-md5", "Content-MD5"},
         {"dnt", "DNT"},
         {"etag", "ETag"},
         {"p3p", "P3P"},
         {"te", "TE"},
         {"www-authenticate", "WWW-Authenticate"},
         {"x-xss-protection", "X-XSS-Protection"}}};
    auto const found = std::find_if(odd.begin(), odd.end(), [&](auto const& o) { return o.first == lower; });
    if (found != odd.end()) {
        return std::string(found->second);
    }
    std::string out(lower);
    bool first = true;
    for (auto& c : out) {
        if (first) {
            c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
        first = c == '-';
    }
    return out;
}

}  // namespace

std::variant<call_body, http::response> read_call(http::request const& r,
                                                  bridge_guard const& guard,
                                                  wall_time now)
{
    auto body = read_body(r, guard, now, "procedure");
    if (auto* refusal = std::get_if<http::response>(&body)) {
        return std::move(*refusal);
    }
    auto& read = std::get<json_body>(body);
    return call_body{std::move(read.uri), std::move(read.args), std::move(read.kwargs)};
}

std::variant<publish_body, http::response> read_publication(http::request const& r,
                                                            bridge_guard const& guard,
                                                            wall_time now)
{
    auto body = read_body(r, guard, now, "topic");
    if (auto* refusal = std::get_if<http::response>(&body)) {
        return std::move(*refusal);
    }
    auto& read = std::get<json_body>(body);
    publish_body out{std::move(read.uri), std::move(read.args), std::move(read.kwargs), {}};
    auto const* options = read.all.find("options");
    if (options == nullptr || options->is_null()) {
        return out;
    }
    if (options->as_dict() == nullptr) {
        return malformed(r, "'options' must be a dict");
    }
    for (auto const* key : {"exclude_me",
                            "exclude",
                            "exclude_authid",
                            "exclude_authrole",
                            "eligible",
                            "eligible_authid",
                            "eligible_authrole",
                            "retain",
                            "forward_for"}) {
        if (auto const* given = options->find(key); given != nullptr && !given->is_null()) {
            out.options.append(key, *given);
        }
    }
    return out;
}

http::response call_answer(http::request const& r, own_outcome const& outcome)
{
    if (!encodable(outcome)) {
        return internal_failure(r);
    }
    if (!outcome.error.empty()) {
        return wamp_error(r, outcome);
    }
    dict body;
    if (outcome.kwargs.empty() && outcome.args.empty()) {
        body = {{"args", list{nullptr}}};
    } else {
        if (!outcome.args.empty()) {
            body.append("args", outcome.args);
        }
        if (!outcome.kwargs.empty()) {
            body.append("kwargs", outcome.kwargs);
        }
    }
    return rest_answer(r, 200, codec::encode(codec::serializer::json, std::move(body)));
}

http::response publish_answer(http::request const& r, own_outcome const& outcome)
{
    if (!encodable(outcome) || (outcome.error.empty() && outcome.args.empty())) {
        return internal_failure(r);
    }
    if (!outcome.error.empty()) {
        return wamp_error(r, outcome);
    }
    return rest_answer(r, 200, codec::encode(codec::serializer::json, dict{{"id", outcome.args.front()}}));
}

dict webhook_event(http::request const& r)
{
    dict headers;
    for (auto const& [name, text] : r.headers) {
        auto const key = header_name(name);
        auto* const known = headers.find(key);
        if (known != nullptr) {
            known->as_list()->emplace_back(text);
        } else {
            headers.append(key, list{text});
        }
    }
    return {{"headers", std::move(headers)}, {"body", r.body}};
}

}  // namespace cerro::router
