#include <cerro/transport/host_address.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cerro::transport {

namespace {

constexpr std::size_t v4_at = 12;  // where the four octets stand in the mapped form
constexpr unsigned v4_prefix = 96;

}  // namespace

host_address host_address::from_v4(std::array<unsigned char, 4> const& v4) noexcept
{
    host_address out;
    out.octets[10] = out.octets[11] = 0xFF;
    std::copy(v4.begin(), v4.end(), out.octets.begin() + v4_at);
    return out;
}

bool host_address::is_v4() const noexcept
{
    return std::all_of(octets.begin(), octets.begin() + 10, [](auto o) { return o == 0; }) &&
           octets[10] == 0xFF && octets[11] == 0xFF;
}

bool host_address::is_loopback() const noexcept
{
    if (is_v4()) {
        return octets[v4_at] == 127;
    }
    return std::all_of(octets.begin(), octets.begin() + 15, [](auto o) { return o == 0; }) && octets[15] == 1;
}

std::string host_address::text() const
{
    char out[INET6_ADDRSTRLEN] = {};
    bool const v4 = is_v4();
    ::inet_ntop(v4 ? AF_INET : AF_INET6, octets.data() + (v4 ? v4_at : 0), out, sizeof out);
    return out;
}

result<host_address> parse_host_address(std::string_view text)
{
    std::string const copy(text);
    std::array<unsigned char, 4> v4{};
    if (::inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) {
        return host_address::from_v4(v4);
    }
    host_address out;
    if (::inet_pton(AF_INET6, copy.c_str(), out.octets.data()) == 1) {
        return out;
    }
    return fail(errc::invalid_argument, "\"" + copy + "\" is no IPv4 or IPv6 address");
}

result<networks> networks::parse(std::vector<std::string> const& texts)
{
    networks out;
    for (auto const& text : texts) {
        auto const slash = text.find('/');
        auto const address = parse_host_address(std::string_view(text).substr(0, slash));
        if (!address) {
            return fail(errc::invalid_argument, "\"" + text + "\" is no network; write 10.0.0.0/8");
        }
        bool const v4 = address->is_v4() && text.find(':') == std::string::npos;
        unsigned const most = v4 ? 32 : 128;
        unsigned bits = most;
        if (slash != std::string::npos) {
            char const* const end = text.data() + text.size();
            auto const [at, ec] = std::from_chars(text.data() + slash + 1, end, bits);
            if (ec != std::errc() || at != end || bits > most) {
                return fail(errc::invalid_argument,
                            "\"" + text + "\": the prefix must be 0 to " + std::to_string(most) + " bits");
            }
        }
        out.all_.push_back({*address, bits + (v4 ? v4_prefix : 0)});
    }
    return out;
}

bool networks::contains(host_address const& a) const noexcept
{
    return std::any_of(all_.begin(), all_.end(), [&](network const& n) {
        unsigned const whole = n.bits / 8;
        if (std::memcmp(a.octets.data(), n.address.octets.data(), whole) != 0) {
            return false;
        }
        unsigned const rest = n.bits % 8;
        unsigned const mask = 0xFFU << (8 - rest) & 0xFFU;
        return rest == 0 || (a.octets[whole] & mask) == (n.address.octets[whole] & mask);
    });
}

}  // namespace cerro::transport
