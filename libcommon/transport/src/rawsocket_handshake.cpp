#include "rawsocket_handshake.hpp"

#include "rawsocket_channel.hpp"
#include "rawsocket_frame.hpp"

#include <algorithm>

namespace cerro::transport {

namespace {

constexpr std::size_t hello_size = 4;

/// Fills `four` up to four octets; all within `timeout`.
asio::awaitable<result<bytes>> read_four(std::shared_ptr<io_stream> s,
                                         bytes four,
                                         std::chrono::milliseconds timeout)
{
    auto const until = std::chrono::steady_clock::now() + timeout;
    while (four.size() < hello_size) {
        char buffer[hello_size];
        std::span<char> const into(buffer, hello_size - four.size());
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        auto const n = co_await s->read_some(into, std::max(left, std::chrono::milliseconds(1)));
        if (!n) {
            co_return fail(n.error().code, "RawSocket handshake: " + n.error().what);
        }
        four.append(buffer, *n);
    }
    co_return four;
}

channel_info make_info(io_stream const& s, codec::serializer serializer, std::size_t max_outgoing)
{
    channel_info info;
    info.serializer = serializer;
    info.kind = "rawsocket";
    s.describe(info);
    // 2^24 itself needs a header bit that old peers refuse.
    info.max_outgoing = std::min(max_outgoing, rawsocket::largest - 1);
    return info;
}

}  // namespace

asio::awaitable<result<std::shared_ptr<channel>>> accept_rawsocket(std::shared_ptr<stream> s,
                                                                   accept_options options,
                                                                   bytes rest)
{
    auto const io = std::static_pointer_cast<io_stream>(s);
    bytes behind;
    if (rest.size() > hello_size) {
        behind = rest.substr(hello_size);
        rest.resize(hello_size);
    }
    auto const four = co_await read_four(io, std::move(rest), options.lim.handshake_timeout);
    if (!four) {
        io->abort();
        co_return four.error();
    }
    auto const hello = rawsocket::read_client_hello(*four, options.serializers);
    if (!hello.accepted) {
        if (hello.refused) {
            auto const answer = rawsocket::make_refusal(*hello.refused);
            byte_view const octets(answer.data(), answer.size());
            [[maybe_unused]] auto const told = co_await io->write(octets, options.lim.handshake_timeout);
        }
        io->close();
        co_return fail(errc::refused, io->peer() + ": " + hello.why);
    }
    rawsocket::hello const ours{hello.accepted->serializer, rawsocket_receive_limit(options.lim)};
    auto const answer = rawsocket::make_hello(ours);
    byte_view const octets(answer.data(), answer.size());
    auto const written = co_await io->write(octets, options.lim.handshake_timeout);
    if (!written) {
        io->abort();
        co_return written.error();
    }
    auto info = make_info(*io, ours.serializer, hello.accepted->max_length);
    co_return make_rawsocket_channel(io, std::move(info), options.lim, std::move(behind));
}

asio::awaitable<result<std::shared_ptr<channel>>> connect_rawsocket(std::shared_ptr<io_stream> s,
                                                                    codec::serializer serializer,
                                                                    limits lim)
{
    rawsocket::hello const ours{serializer, rawsocket_receive_limit(lim)};
    auto const octets = rawsocket::make_hello(ours);
    byte_view const view(octets.data(), octets.size());
    auto const written = co_await s->write(view, lim.handshake_timeout);
    if (!written) {
        co_return written.error();
    }
    auto const four = co_await read_four(s, bytes(), lim.handshake_timeout);
    if (!four) {
        co_return four.error();
    }
    auto const theirs = rawsocket::read_server_hello(*four, serializer);
    if (!theirs) {
        s->close();
        co_return theirs.error();
    }
    auto info = make_info(*s, serializer, theirs->max_length);
    co_return make_rawsocket_channel(std::move(s), std::move(info), lim);
}

}  // namespace cerro::transport
