#include <cerro/bridge/data.hpp>
#include <cerro/bridge/query.hpp>
#include <cerro/codec/codec.hpp>

#include <cstddef>
#include <cstdint>

/// Bodies of HTTP requests, target names, and answers of data nodes: all from outside.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const targets = cerro::bridge::alternatives(text, 100);
    if (targets.empty() || targets.size() > 100) {
        __builtin_trap();
    }
    (void)cerro::bridge::parse_time(cerro::value(text), 1.7e9);
    (void)cerro::bridge::fits(text, "channel_01_t");
    auto v = cerro::codec::from_json(text);
    if (!v) {
        return 0;
    }
    auto const q = cerro::bridge::parse_query(*v, 1.7e9);
    if (q && (q->max_points == 0 || q->max_points > 100'000)) {
        __builtin_trap();
    }
    auto const fields = cerro::bridge::parse_fields(*v);
    auto const series =
        cerro::bridge::parse_data(std::move(*v), fields ? *fields : cerro::bridge::node_fields());
    if (series) {
        for (auto const& [name, s] : *series) {
            if (s.t.size() != s.v.size()) {
                __builtin_trap();
            }
        }
    }
    return 0;
}
