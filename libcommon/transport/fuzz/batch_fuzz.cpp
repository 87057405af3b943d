// Octets from outside: batches of every subprotocol, offers, RawSocket headers and hellos.

#include "../src/rawsocket_frame.hpp"
#include "../src/subprotocol.hpp"

#include <array>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace cerro;
    byte_view const input(reinterpret_cast<char const*>(data), size);
    std::array<codec::serializer, 3> const all{
        codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor};
    for (auto const s : all) {
        std::vector<byte_view> out;
        std::optional<char> separator;
        auto const r = transport::split_batch({s, true}, input, 1'000, out, separator);
        std::size_t total = 0;
        for (auto const one : out) {
            total += one.size();
            if (one.size() > 1'000) {
                std::abort();
            }
        }
        if (total > size || (r.has_value() && out.empty())) {
            std::abort();
        }
    }
    static_cast<void>(transport::choose_subprotocol(input, all, true));
    if (size >= 4) {
        auto const header = transport::rawsocket::parse_header(input.data());
        if (header && transport::rawsocket::make_header(header->type, header->length)[0] != input[0]) {
            std::abort();
        }
        static_cast<void>(transport::rawsocket::read_client_hello(input.substr(0, 4), all));
        static_cast<void>(
            transport::rawsocket::read_server_hello(input.substr(0, 4), codec::serializer::cbor));
    }
    return 0;
}
