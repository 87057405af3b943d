#include "subprotocol.hpp"

#include <algorithm>

namespace cerro::transport {

namespace {

constexpr std::string_view prefix = "wamp.2.";
constexpr std::string_view suffix = ".batched";
constexpr std::size_t length_octets = 4;

result<void> too_big(std::size_t size, std::size_t limit)
{
    return fail(errc::limit_exceeded,
                "a message of " + std::to_string(size) + " bytes; the limit is " + std::to_string(limit));
}

result<void> split_text(byte_view message,
                        std::size_t limit,
                        std::vector<byte_view>& out,
                        std::optional<char>& separator)
{
    static constexpr char separators[] = {separator_reference, separator_specification, '\0'};
    while (!message.empty()) {
        auto const at = message.find_first_of(separators);
        auto const one = message.substr(0, at);
        if (one.size() > limit) {
            return too_big(one.size(), limit);
        }
        if (at == byte_view::npos) {  // the last separator may be missing
            out.push_back(one);
            break;
        }
        if (!separator) {
            separator = message[at];
        }
        if (one.empty()) {
            return fail(errc::malformed, "an empty message in a JSON batch");
        }
        out.push_back(one);
        message.remove_prefix(at + 1);
    }
    return {};
}

result<void> split_binary(byte_view message, std::size_t limit, std::vector<byte_view>& out)
{
    while (!message.empty()) {
        if (message.size() < length_octets) {
            return fail(errc::malformed, "a batch ends within a length prefix");
        }
        std::size_t size = 0;
        for (std::size_t i = 0; i != length_octets; ++i) {
            size = (size << 8U) | static_cast<unsigned char>(message[i]);
        }
        message.remove_prefix(length_octets);
        if (size > limit) {
            return too_big(size, limit);
        }
        if (size > message.size()) {
            return fail(errc::malformed,
                        "a batch announces " + std::to_string(size) + " bytes and has " +
                            std::to_string(message.size()));
        }
        out.push_back(message.substr(0, size));
        message.remove_prefix(size);
    }
    return {};
}

}  // namespace

std::optional<subprotocol> parse_subprotocol(std::string_view text)
{
    if (!text.starts_with(prefix)) {
        return std::nullopt;
    }
    text.remove_prefix(prefix.size());
    subprotocol p;
    if (text.ends_with(suffix)) {
        p.batched = true;
        text.remove_suffix(suffix.size());
    }
    for (auto const s : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
        if (text == codec::name(s)) {
            p.serializer = s;
            return p;
        }
    }
    return std::nullopt;
}

std::string name(subprotocol p)
{
    std::string out(prefix);
    out += codec::name(p.serializer);
    if (p.batched) {
        out += suffix;
    }
    return out;
}

std::vector<std::string_view> split_header_list(std::string_view value)
{
    std::vector<std::string_view> out;
    while (!value.empty()) {
        auto const comma = std::min(value.find(','), value.size());
        auto one = value.substr(0, comma);
        value.remove_prefix(std::min(comma + 1, value.size()));
        auto const first = one.find_first_not_of(" \t");
        if (first != std::string_view::npos) {
            out.push_back(one.substr(first, one.find_last_not_of(" \t") - first + 1));
        }
    }
    return out;
}

std::optional<subprotocol> choose_subprotocol(std::string_view offer,
                                              std::span<codec::serializer const> known,
                                              bool batched)
{
    for (auto const one : split_header_list(offer)) {
        auto const p = parse_subprotocol(one);
        if (p && (batched || !p->batched) &&
            std::find(known.begin(), known.end(), p->serializer) != known.end()) {
            return p;
        }
    }
    return std::nullopt;
}

result<void> split_batch(subprotocol p,
                         byte_view message,
                         std::size_t max_message,
                         std::vector<byte_view>& out,
                         std::optional<char>& separator)
{
    if (!p.batched) {
        if (message.size() > max_message) {
            return too_big(message.size(), max_message);
        }
        out.push_back(message);
        return {};
    }
    if (message.empty()) {
        return fail(errc::malformed, "an empty batch");
    }
    return p.text() ? split_text(message, max_message, out, separator)
                    : split_binary(message, max_message, out);
}

}  // namespace cerro::transport
