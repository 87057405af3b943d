#include <cerro/transport/recognise.hpp>

#include <algorithm>

namespace cerro::transport {

spoken recognise(byte_view first) noexcept
{
    if (first.empty()) {
        return spoken::unknown;
    }
    switch (static_cast<unsigned char>(first[0])) {
        case 0x7F: return spoken::rawsocket;
        case 0x16: return spoken::tls;
        case 0x10: return spoken::mqtt;
        case 0x0D: return first.starts_with("\r\n\r\n") ? spoken::proxy : spoken::unknown;
        default: break;
    }
    bool const method =
        std::all_of(first.begin(),
                    first.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(first.size(), 3)),
                    [](char c) { return c >= 'A' && c <= 'Z'; });
    return method ? spoken::http : spoken::unknown;
}

std::string_view describe(spoken s) noexcept
{
    switch (s) {
        case spoken::rawsocket: return "plain RawSocket";
        case spoken::http: return "plain HTTP";
        case spoken::tls: return "a TLS handshake";
        case spoken::mqtt: return "MQTT";
        case spoken::proxy: return "a PROXY protocol header";
        case spoken::unknown: break;
    }
    return "an unknown protocol";
}

}  // namespace cerro::transport
