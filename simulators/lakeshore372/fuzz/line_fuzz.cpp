#include <cerro/sim372/instrument.hpp>

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    cerro::sim372::instrument device{cerro::sim372::instrument_options()};
    double now = 0;
    for (std::size_t begin = 0; begin <= text.size();) {
        auto const end = std::min(text.find('\n', begin), text.size());
        device.handle(text.substr(begin, end - begin), now += 1.0);
        begin = end + 1;
    }
    return 0;
}
