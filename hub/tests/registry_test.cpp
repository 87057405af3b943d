#include <cerro/hub/caller.hpp>
#include <cerro/hub/registry.hpp>

#include <catch2/catch.hpp>

namespace {

using cerro::hub::data_node;
using cerro::hub::registry;

registry three()
{
    registry r;
    REQUIRE(r.add({"a", "first", 1}));
    REQUIRE(r.add({"b", "second", 2}));
    REQUIRE(r.add({"c", "third", 1}));
    return r;
}

std::vector<std::string> names(std::vector<data_node> const& nodes)
{
    std::vector<std::string> out;
    for (auto const& n : nodes) {
        out.push_back(n.name);
    }
    return out;
}

TEST_CASE("hub: a name is taken only once, by whichever session")
{
    auto r = three();
    REQUIRE_FALSE(r.add({"a", "other", 9}));
    REQUIRE_FALSE(r.add({"a", "first", 1}));
    REQUIRE(names(r.nodes()) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("hub: all nodes of a leaving session go, the others stay in order")
{
    auto r = three();
    REQUIRE(names(r.leave(1)) == std::vector<std::string>{"a", "c"});
    REQUIRE(names(r.nodes()) == std::vector<std::string>{"b"});
    REQUIRE(r.leave(1).empty());
}

TEST_CASE("hub: subtract needs name and session")
{
    auto r = three();
    REQUIRE(r.subtract("a", 2).empty());
    REQUIRE(r.subtract("x", 1).empty());
    REQUIRE(names(r.subtract("a", 1)) == std::vector<std::string>{"a"});
    REQUIRE(r.add({"a", "again", 7}));
    REQUIRE(names(r.nodes()) == std::vector<std::string>{"b", "c", "a"});
}

TEST_CASE("hub: after an absence only the nodes of living sessions stay")
{
    auto r = three();
    REQUIRE(names(r.keep_only({2, 5})) == std::vector<std::string>{"a", "c"});
    REQUIRE(names(r.keep_only({})) == std::vector<std::string>{"b"});
}

TEST_CASE("hub: the list is bounded")
{
    registry r;
    for (std::size_t i = 0; i < registry::max_nodes; ++i) {
        REQUIRE(r.add({"n" + std::to_string(i), "", 1}));
    }
    REQUIRE_FALSE(r.add({"one more", "", 1}));
}

TEST_CASE("caller: the session that the router discloses counts, not the claimed one")
{
    auto const honest = cerro::hub::caller_of({{"caller", 7}}, 7);
    CHECK(honest.session == 7);
    CHECK_FALSE(honest.lied);
    auto const liar = cerro::hub::caller_of({{"caller", 7}}, 8);
    CHECK(liar.session == 7);
    CHECK(liar.lied);
}

TEST_CASE("caller: without disclosure the claimed session counts, as in sisock")
{
    auto const c = cerro::hub::caller_of({}, 8);
    CHECK(c.session == 8);
    CHECK_FALSE(c.lied);
    CHECK_FALSE(cerro::hub::caller_of({}, "8").session);
    CHECK_FALSE(cerro::hub::caller_of({{"caller", 7}}, nullptr).session);
}

}  // namespace
