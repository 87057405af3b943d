#include <cerro/config/node.hpp>

#include <cstddef>
#include <cstdint>

namespace {

void visit(cerro::config::node const& n)
{
    (void)n.where();
    (void)n.as_string();
    (void)n.as_int();
    (void)n.as_double();
    (void)n.as_bool();
    (void)n.unknown_keys({"realm", "roles", "permissions"});
    for (auto const& [key, value] : n.members()) {
        visit(value);
    }
    for (auto const& item : n.items()) {
        visit(item);
    }
}

}  // namespace

/// The first byte chooses the format.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    std::string_view const text(reinterpret_cast<char const*>(data) + 1, size - 1);
    auto const tree =
        data[0] == 'j' ? cerro::config::parse_json(text, "fuzz") : cerro::config::parse_yaml(text, "fuzz");
    if (tree) {
        visit(*tree);
    }
    return 0;
}
