#include <cerro/wamp/fast.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace codec = cerro::codec;
namespace wamp = cerro::wamp;

namespace {

void require(bool holds, char const* what)
{
    if (!holds) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

bool within(cerro::byte_view part, cerro::byte_view whole)
{
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

/// The first octet chooses the serializer, the rest is a message. A message that is scanned can be written in
/// each serializer, and reads the same there.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    auto const s = static_cast<codec::serializer>(1 + data[0] % 3);
    cerro::byte_view const input(reinterpret_cast<char const*>(data) + 1, size - 1);
    wamp::message m;
    if (!wamp::scan_into(s, input, m, {32, 10'000})) {
        return 0;
    }
    require(within(m.payload.args, input) && within(m.payload.kwargs, input), "a payload outside the input");
    for (auto const to : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
        auto const frame = wamp::frame(to, m);
        auto const again = wamp::scan(to, cerro::byte_view(*frame).substr(4));
        require(again.has_value(), "a written message cannot be scanned");
        require(again->type == m.type && again->request == m.request && again->id2 == m.id2, "an id changed");
        require(again->uri == m.uri && again->text == m.text, "a text changed");
        require(again->payload.kwargs.empty() == m.payload.kwargs.empty(), "kwargs came or went");
    }
    return 0;
}
