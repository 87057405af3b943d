#include <cerro/ocs/site.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace cerro::ocs;
    auto const site = parse_site(std::string_view(reinterpret_cast<char const*>(data), size), "fuzz.yaml");
    if (!site) {
        if (site.error().what.empty()) {
            __builtin_trap();
        }
        return 0;
    }
    site_options options;
    [[maybe_unused]] auto const client = settings_for_client(*site, options, "localhost");
    [[maybe_unused]] auto const by_class =
        settings_for_agent(*site, options, agent_identity("FakeDataAgent"), "localhost");
    for (auto const& host : site->hosts) {
        for (auto const& instance : host.instances) {
            [[maybe_unused]] auto const merged = merge_arguments(instance.arguments, {"--mode", "idle"});
        }
    }
    return 0;
}
