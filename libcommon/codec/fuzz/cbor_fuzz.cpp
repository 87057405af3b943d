#include "formats.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    check_format(cerro::codec::serializer::cbor, {reinterpret_cast<char const*>(data), size});
    return 0;
}
