// What a WebSocket client may send: upgrade offers, frames whole and in pieces, compressed and not.

#include "../src/websocket_decoder.hpp"

#include <cstdlib>

namespace {

using namespace cerro;
using transport::websocket_decoder;
using kind = websocket_decoder::kind;

constexpr std::size_t max_message = 5'000;

void require(bool what)
{
    if (!what) {
        std::abort();
    }
}

/// The events of octets that come in steps, as text.
std::string events(std::string octets, std::size_t step, websocket_decoder::rules r, bool deflate)
{
    std::optional<transport::deflate_agreement> agreed;
    if (deflate) {
        agreed.emplace();
        agreed->keep_in = r.validate_utf8;
    }
    websocket_decoder d(r, agreed);
    std::string seen;
    std::string buffer;
    for (std::size_t fed = 0; fed < octets.size(); fed += step) {
        buffer += octets.substr(fed, step);
        for (;;) {
            auto const e = d.next(buffer.data(), buffer.size());
            require(e.consumed <= buffer.size());
            if (e.what == kind::more) {
                break;
            }
            seen += std::to_string(static_cast<int>(e.what)) + ":" +
                    std::to_string(static_cast<unsigned>(e.code)) + ":" + std::string(e.data) + ";";
            if (e.what == kind::fault || e.what == kind::close) {
                return seen;
            }
            require(e.consumed >= 2);
            require(e.data.size() <= max_message);
            buffer.erase(0, e.consumed);
        }
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size < 2) {
        return 0;
    }
    websocket_decoder::rules r;
    r.text = (data[0] & 1U) != 0;
    r.require_mask = (data[0] & 2U) != 0;
    r.validate_utf8 = (data[0] & 4U) != 0;
    bool const deflate = (data[0] & 8U) != 0;
    r.max_message = max_message;
    r.max_frame = (data[0] & 16U) != 0 ? 100 : max_message;
    std::size_t const step = 1U + data[1] % 7U;
    std::string const octets(reinterpret_cast<char const*>(data + 2), size - 2);
    // However the octets are cut, the same comes out.
    require(events(octets, size, r, deflate) == events(octets, step, r, deflate));

    std::string answer;
    auto const agreed = transport::agree_on_deflate(octets, {}, answer);
    if (agreed) {
        require(agreed->window_out >= 9 && agreed->window_out <= 15 && agreed->window_in >= 8);
        std::string again;
        require(transport::agree_on_deflate(answer, {}, again).has_value());
    }
    return 0;
}
