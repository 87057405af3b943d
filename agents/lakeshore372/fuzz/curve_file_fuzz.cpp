#include <cerro/lakeshore372/curve_file.hpp>

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const curve =
        cerro::lakeshore372::parse_curve(std::string_view(reinterpret_cast<char const*>(data), size), "fuzz");
    if (curve.has_value() && (curve->points.empty() || curve->points.size() > 200)) {
        __builtin_trap();
    }
    return 0;
}
