// The PROXY header and the first octets of a connection.

#include "../src/proxy_header.hpp"
#include <cerro/transport/recognise.hpp>

#include <cstdint>
#include <cstdlib>

using namespace cerro::transport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    cerro::byte_view const octets(reinterpret_cast<char const*>(data), size);
    if (describe(recognise(octets)).empty()) {
        std::abort();
    }
    auto const fixed = proxy::parse_fixed(octets);
    if (!fixed) {
        return 0;
    }
    if (fixed->rest > proxy::most_rest) {
        std::abort();
    }
    auto const source = proxy::parse_rest(*fixed, octets.substr(proxy::fixed_size, fixed->rest));
    if (source && *source) {
        auto const text = (*source)->address.text();
        auto const back = parse_host_address(text);
        if (!back || *back != (*source)->address) {
            std::abort();
        }
    }
    return 0;
}
