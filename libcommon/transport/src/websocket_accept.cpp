// Server side of the WebSocket upgrade (RFC 6455, 4.2).

#include "io_stream.hpp"
#include "websocket_server.hpp"
#include <cerro/codec/base64.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace cerro::transport {

namespace {

namespace http = boost::beast::http;

constexpr std::size_t most_head = 16U * 1024U;
constexpr std::size_t key_octets = 16;
constexpr std::string_view version = "13";
constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

using request_head = http::request_parser<http::empty_body>::value_type;

std::string_view text_of(boost::beast::string_view v)
{
    return {v.data(), v.size()};
}

std::string server_name(websocket_options const& o)
{
    return o.show_version ? "Cerro/" CERRO_VERSION : "Cerro";
}

/// All values of a header that may come several times, as one list.
std::string joined(request_head const& head, http::field name)
{
    std::string out;
    for (auto [at, end] = head.equal_range(name); at != end; ++at) {
        out += out.empty() ? "" : ",";
        out += text_of(at->value());
    }
    return out;
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

/// What the client says of itself; what only arranges the upgrade is left out, since a session keeps this.
std::vector<std::pair<std::string, std::string>> headers_of(request_head const& head)
{
    std::vector<std::pair<std::string, std::string>> out;
    for (auto const& field : head) {
        auto name = lower(text_of(field.name_string()));
        if (name != "connection" && name != "upgrade" && !name.starts_with("sec-websocket-")) {
            out.emplace_back(std::move(name), text_of(field.value()));
        }
    }
    out.shrink_to_fit();
    return out;
}

std::string accept_key(std::string_view key)
{
    std::string const text = std::string(key) + std::string(guid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    ::EVP_Digest(text.data(), text.size(), digest.data(), &length, ::EVP_sha1(), nullptr);
    return codec::base64_encode({reinterpret_cast<char const*>(digest.data()), length});
}

/// What the request is refused with.
struct refusal {
    std::string status = "400 Bad Request";
    std::string text;
    std::string header;  // one more line
};

std::optional<refusal> judge(request_head const& head)
{
    if (!boost::beast::websocket::is_upgrade(head)) {
        return refusal{"400 Bad Request", "this path wants a WebSocket upgrade", ""};
    }
    if (text_of(head[http::field::sec_websocket_version]) != version) {
        return refusal{"426 Upgrade Required",
                       "this server speaks WebSocket version 13 only",
                       "Sec-WebSocket-Version: 13\r\n"};
    }
    auto const key = codec::base64_decode(text_of(head[http::field::sec_websocket_key]));
    if (!key || key->size() != key_octets) {
        return refusal{"400 Bad Request", "Sec-WebSocket-Key must be 16 octets in base64", ""};
    }
    return std::nullopt;
}

asio::awaitable<problem> refuse(std::shared_ptr<io_stream> s, refusal why, accept_options options)
{
    std::string const answer = "HTTP/1.1 " + why.status + "\r\nServer: " + server_name(options.websocket) +
                               "\r\n" + why.header +
                               "Content-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
                               std::to_string(why.text.size() + 1) + "\r\n\r\n" + why.text + "\n";
    [[maybe_unused]] auto const told = co_await s->write(answer, options.lim.handshake_timeout);
    s->close();
    co_return fail(errc::refused, s->peer() + ": " + why.text);
}

std::string known_protocols(accept_options const& o)
{
    std::string out;
    for (auto const s : o.serializers) {
        out += (out.empty() ? "" : ", ") + name(subprotocol{s, false});
    }
    return out;
}

/// The 101 answer; `chosen` false: the client named no subprotocol that we know, and we take JSON.
std::string switching(request_head const& head,
                      websocket_terms const& terms,
                      bool chosen,
                      std::string const& extensions,
                      accept_options const& options)
{
    std::string answer = "HTTP/1.1 101 Switching Protocols\r\nServer: " + server_name(options.websocket) +
                         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                         accept_key(text_of(head[http::field::sec_websocket_key])) + "\r\n";
    auto const add = [&answer](std::string_view field, std::string_view value) {
        answer.append(field).append(": ").append(value).append("\r\n");
    };
    if (chosen) {
        add("Sec-WebSocket-Protocol", name(terms.protocol));
    }
    if (!extensions.empty()) {
        add("Sec-WebSocket-Extensions", extensions);
    }
    for (auto const& [field, value] : options.response_headers) {
        add(field, value);
    }
    return answer + "\r\n";
}

channel_info info_of(io_stream const& s, websocket_terms const& terms, accept_options const& options)
{
    channel_info info;
    info.serializer = terms.protocol.serializer;
    info.kind = "websocket";
    info.protocol = name(terms.protocol);
    s.describe(info);
    info.max_outgoing = options.lim.max_message;
    if (terms.deflate) {
        info.extensions.emplace_back("permessage-deflate");
    }
    return info;
}

}  // namespace

asio::awaitable<result<std::shared_ptr<channel>>> accept_websocket(std::shared_ptr<stream> s,
                                                                   bytes request,
                                                                   bytes rest,
                                                                   accept_options options)
{
    auto const io = std::static_pointer_cast<io_stream>(s);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(most_head);
    parser.eager(false);
    error_code ec;
    parser.put(asio::buffer(request), ec);
    std::optional<refusal> why;
    if (ec || !parser.is_header_done()) {
        why = refusal{"400 Bad Request", "bad HTTP request: " + (ec ? ec.message() : "incomplete"), ""};
    } else {
        why = judge(parser.get());
    }
    websocket_terms terms;
    bool chosen = false;
    if (!why) {
        auto const offer = joined(parser.get(), http::field::sec_websocket_protocol);
        auto const protocol = choose_subprotocol(offer, options.serializers, options.batched);
        chosen = protocol.has_value();
        terms.protocol = protocol.value_or(subprotocol{codec::serializer::json, false});
        if (!chosen && options.websocket.require_subprotocol) {
            why = refusal{"400 Bad Request",
                          "no WebSocket subprotocol in common; offer one of " + known_protocols(options),
                          ""};
        }
    }
    if (why) {
        auto const refused = co_await refuse(io, *why, options);
        co_return refused;
    }
    std::string extensions;
    if (options.websocket.deflate) {
        auto const offers = joined(parser.get(), http::field::sec_websocket_extensions);
        terms.deflate = agree_on_deflate(offers, *options.websocket.deflate, extensions);
    }
    std::string const answer = switching(parser.get(), terms, chosen, extensions, options);
    auto const written = co_await io->write(answer, options.lim.handshake_timeout);
    if (!written) {
        io->abort();
        co_return fail(written.error().code, io->peer() + ": WebSocket upgrade: " + written.error().what);
    }
    if (!options.websocket.no_delay) {
        io->allow_delay();
    }
    auto info = info_of(*io, terms, options);
    info.headers = headers_of(parser.get());
    co_return make_websocket_server_channel(
        io, std::move(info), options.lim, options.websocket, terms, std::move(rest));
}

}  // namespace cerro::transport
