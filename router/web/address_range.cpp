#include <cerro/router/address_range.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace cerro::router {

namespace {

struct address {
    std::array<std::uint8_t, 16> octets{};
    std::size_t length = 4;
};

std::optional<address> parse_address(std::string_view text)
{
    std::string const zero_ended(text);
    address out;
    if (inet_pton(AF_INET, zero_ended.c_str(), out.octets.data()) == 1) {
        return out;
    }
    if (inet_pton(AF_INET6, zero_ended.c_str(), out.octets.data()) != 1) {
        return std::nullopt;
    }
    static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(mapped.begin(), mapped.end(), out.octets.begin())) {
        std::copy(out.octets.begin() + 12, out.octets.end(), out.octets.begin());
        return out;
    }
    out.length = 16;
    return out;
}

/// Without port and brackets.
std::string_view host_of(std::string_view peer)
{
    if (peer.starts_with('[')) {
        return peer.substr(1, std::min(peer.find(']'), peer.size()) - 1);
    }
    auto const colon = peer.find(':');
    bool const one_colon =
        colon != std::string_view::npos && peer.find(':', colon + 1) == std::string_view::npos;
    return one_colon ? peer.substr(0, colon) : peer;
}

/// Are the first `bits` bits of both the same?
bool same_head(std::array<std::uint8_t, 16> const& a, std::array<std::uint8_t, 16> const& b, unsigned bits)
{
    std::size_t const whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
        return false;
    }
    unsigned const rest = bits % 8;
    return rest == 0 || (a.at(whole) ^ b.at(whole)) >> (8 - rest) == 0;
}

}  // namespace

std::optional<address_range> address_range::parse(std::string_view text)
{
    auto const slash = text.find('/');
    auto const found = parse_address(text.substr(0, slash));
    if (!found) {
        return std::nullopt;
    }
    address_range out;
    out.text_ = text;
    out.octets_ = found->octets;
    out.length_ = found->length;
    auto const most = static_cast<unsigned>(8 * found->length);
    out.prefix_ = most;
    if (slash != std::string_view::npos) {
        auto const digits = text.substr(slash + 1);
        auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), out.prefix_);
        if (ec != std::errc{} || end != digits.data() + digits.size() || out.prefix_ > most) {
            return std::nullopt;
        }
    }
    auto base = out.octets_;
    for (unsigned bit = out.prefix_; bit < most; ++bit) {
        base.at(bit / 8) &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
    }
    return base == out.octets_ ? std::optional(out) : std::nullopt;
}

bool address_range::holds(std::string_view peer) const
{
    auto const found = parse_address(host_of(peer));
    return found && found->length == length_ && same_head(found->octets, octets_, prefix_);
}

}  // namespace cerro::router
