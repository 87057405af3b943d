#include "response_writer.hpp"
#include "target.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/http/server.hpp>

namespace cerro::http {

std::string const* request::header(std::string_view name) const
{
    for (auto const& [key, value] : headers) {
        if (key == name) {
            return &value;
        }
    }
    return nullptr;
}

std::optional<std::string> request::parameter(std::string_view name) const
{
    std::string_view rest = query;
    while (!rest.empty()) {
        std::size_t const end = rest.find('&');
        std::string_view const pair = rest.substr(0, end);
        std::size_t const equals = pair.find('=');
        if (percent_decode(pair.substr(0, equals), true) == name) {
            return percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
        }
        rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
    return std::nullopt;
}

response response::json(value const& v, int status)
{
    response r;
    r.status = status;
    r.headers.emplace_back("Content-Type", "application/json");
    r.body = codec::to_json(v);
    return r;
}

response response::text(std::string body, int status, std::string type)
{
    response r;
    r.status = status;
    r.headers.emplace_back("Content-Type", std::move(type));
    r.body = std::move(body);
    return r;
}

response response::problem(int status, std::string message)
{
    dict d;
    d.append("error", std::string(reason_phrase(status)));
    d.append("message", std::move(message));
    return json(value(std::move(d)), status);
}

}  // namespace cerro::http
