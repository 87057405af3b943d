// Files of principals and of cookies. Nothing may crash; what is read is complete.

#include <cerro/router/cookies.hpp>
#include <cerro/router/principals.hpp>

#include <cstdio>
#include <cstdlib>

using namespace cerro;
using namespace cerro::router;

namespace {

void require(bool holds, char const* what)
{
    if (!holds) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto const read = parse_principals(text)) {
        for (auto const& [authid, p] : *read) {
            require(!authid.empty() && !p.role.empty(), "each principal has a name and a role");
            for (auto const& key : p.keys) {
                require(key.size() == 32, "a public key has 32 octets");
            }
            for (auto const& k : p.scram.keys) {
                require(k.stored.size() == 32 && k.server.size() == 32, "a SCRAM key has 32 octets");
            }
        }
        principals all(*read);
        require(all.size() == read->size(), "all are in the table");
    }
    wall_time const now{std::chrono::hours(1)};
    cookie_store store{cookie_rules()};
    if (store.load(text, now)) {
        cookie_store again{cookie_rules()};
        require(again.load(store.text(), now).has_value() && again.size() == store.size(),
                "cookies that were read can be written and read");
    }
    [[maybe_unused]] auto const id = store.known_id({{"cookie", std::string(text)}}, now);
    return 0;
}
