#include <cerro/router/settings.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

/// A configuration of whatever content is read or refused, and what was read can be shown.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    cerro::router::load_options options;
    options.base_dir = "/nonexistent";  // files named by the configuration are not there
    options.skip_components = size % 2 == 1;
    auto const read = cerro::router::parse_settings(
        std::string_view(reinterpret_cast<char const*>(data), size), "fuzz", options);
    if (read) {
        if (cerro::router::describe(*read).empty()) {
            std::abort();
        }
    } else if (read.error().what.empty()) {
        std::abort();
    }
    return 0;
}
