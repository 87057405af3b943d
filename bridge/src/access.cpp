#include "access.hpp"

#include <cerro/auth/compare.hpp>
#include <cerro/codec/base64.hpp>

namespace cerro::bridge {

bool authorized(std::string const& token, http::request const& r)
{
    if (token.empty()) {
        return true;
    }
    auto const* given = r.header("authorization");
    if (given == nullptr) {
        return false;
    }
    std::string secret;
    if (given->starts_with("Bearer ")) {
        secret = given->substr(7);
    } else if (given->starts_with("Basic ")) {
        auto const pair = codec::base64_decode(std::string_view(*given).substr(6));
        auto const colon = pair ? pair->find(':') : std::string::npos;
        secret = colon == std::string::npos ? std::string() : pair->substr(colon + 1);
    }
    return auth::equal_constant_time(secret, token);
}

http::response with_cors(http::response r)
{
    r.headers.emplace_back("Access-Control-Allow-Origin", "*");
    r.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET, OPTIONS");
    r.headers.emplace_back("Access-Control-Allow-Headers", "accept, content-type, authorization");
    r.headers.emplace_back("Cache-Control", "no-store");
    return r;
}

http::response unauthorized()
{
    auto r = http::response::problem(401, "give the token of --token-file as Bearer token or as password");
    r.headers.emplace_back("WWW-Authenticate", "Basic realm=\"cerro-bridge\"");
    return r;
}

}  // namespace cerro::bridge
