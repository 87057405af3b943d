#include "proxy_header.hpp"

#include <algorithm>

namespace cerro::transport::proxy {

namespace {

constexpr byte_view signature("\r\n\r\n\0\r\nQUIT\n", 12);

unsigned octet(char c) noexcept
{
    return static_cast<unsigned char>(c);
}

std::uint16_t port_at(byte_view b, std::size_t at)
{
    return static_cast<std::uint16_t>((octet(b[at]) << 8U) | octet(b[at + 1]));
}

}  // namespace

result<fixed_part> parse_fixed(byte_view octets)
{
    if (octets.size() < fixed_size || !octets.starts_with(signature)) {
        return fail(errc::malformed, "this is no PROXY header of version 2");
    }
    unsigned const version = octet(octets[12]) >> 4U;
    unsigned const command = octet(octets[12]) & 0x0FU;
    if (version != 2 || command > 1) {
        return fail(errc::malformed, "a PROXY header of unknown version or command");
    }
    fixed_part out;
    out.local = command == 0;
    bool const stream = (octet(octets[13]) & 0x0FU) == 1;
    out.family = stream ? octet(octets[13]) >> 4U : 0;
    out.rest = port_at(octets, 14);
    if (out.rest > most_rest) {
        return fail(errc::limit_exceeded,
                    "a PROXY header of " + std::to_string(out.rest) + " octets; the limit is " +
                        std::to_string(most_rest));
    }
    return out;
}

result<std::optional<source>> parse_rest(fixed_part const& fixed, byte_view rest)
{
    if (rest.size() != fixed.rest) {
        return fail(errc::malformed, "a PROXY header that is cut short");
    }
    if (fixed.local || (fixed.family != 1 && fixed.family != 2)) {
        return std::optional<source>();
    }
    std::size_t const length = fixed.family == 1 ? 4 : 16;
    if (rest.size() < 2 * length + 4) {
        return fail(errc::malformed, "a PROXY header without its addresses");
    }
    source out;
    if (fixed.family == 1) {
        std::array<unsigned char, 4> v4{};
        std::transform(
            rest.begin(), rest.begin() + 4, v4.begin(), [](char c) { return static_cast<unsigned char>(c); });
        out.address = host_address::from_v4(v4);
    } else {
        std::transform(rest.begin(), rest.begin() + 16, out.address.octets.begin(), [](char c) {
            return static_cast<unsigned char>(c);
        });
    }
    out.port = port_at(rest, 2 * length);
    return std::optional<source>(out);
}

}  // namespace cerro::transport::proxy
