/// Any bytes as a segment file: records come out whole or not at all, and whatever a record holds, it can be
/// shown to a reader.

#include "segment_format.hpp"
#include <cerro/router/history_answer.hpp>

#include <cstdlib>
#include <cstring>

using namespace cerro;
using namespace cerro::router;

namespace {

void require(bool so)
{
    if (!so) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    byte_view const file(reinterpret_cast<char const*>(data), size);
    [[maybe_unused]] auto const head = segment_format::read_header(file);
    auto const source = [&](std::uint64_t offset, char* into, std::size_t most) -> result<std::size_t> {
        auto const part = offset < file.size() ? file.substr(offset, most) : byte_view();
        std::memcpy(into, part.data(), part.size());
        return part.size();
    };
    std::uint64_t seen = 0;
    std::uint64_t damaged = 0;
    segment_format::record_stream stream(
        source, 0, size, [&](std::uint64_t, std::uint64_t length) { damaged += length; });
    while (stream.next()) {
        seen += segment_format::frame_size + stream.record().size();
    }
    require(seen + damaged == size);  // every octet is one or the other

    // The record alone: a checksum is hard to guess.
    if (auto const r = decode_record(file)) {
        bytes again;
        encode_record(*r, again);
        require(decode_record(again).has_value());
        for (auto const s : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
            history_query q;
            q.match = wamp::match_policy::prefix;
            q.serializer = s;
            auto const walk = [&](auto, auto, auto, auto const& visit) { visit(*r); };
            auto const page = answer_query(q, walk, 1, r->position);
            // skip(): texts of a payload are as their sender wrote them, UTF-8 or not.
            auto const end = codec::skip(s, page.events, 0, {1024, 10'000'000});
            require(!page.error.empty() || (end && *end == page.events.size()));
        }
    }
    return 0;
}
