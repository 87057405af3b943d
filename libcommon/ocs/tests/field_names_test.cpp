#include <cerro/ocs/field_names.hpp>

#include <catch2/catch.hpp>

using namespace cerro::ocs;

TEST_CASE("field names: the rule is OCS's")
{
    for (auto const* good : {"a", "channel_00", "_x", "__a1", "_", "__", "A9_"}) {
        INFO(good);
        CHECK(valid_field_name(good));
    }
    for (auto const* bad : {"", "1a", "_1", "a b", "a.b", "a-b", "\xc3\xa4"}) {
        INFO(bad);
        CHECK_FALSE(valid_field_name(bad));
    }
    CHECK(valid_field_name(std::string(255, 'a')));
    CHECK_FALSE(valid_field_name(std::string(256, 'a')));
}

TEST_CASE("field names: a repaired name is valid or empty")
{
    CHECK(repair_field_name("") == "invalid_field");
    CHECK(repair_field_name("my field") == "my_field");
    CHECK(repair_field_name("a.b-c") == "abc");
    CHECK(repair_field_name("__1st") == "__st");
    CHECK(repair_field_name("1_2_x") == "x");
    CHECK(repair_field_name("123").empty());
    CHECK(repair_field_name(std::string(300, 'a')) == std::string(255, 'a'));
}

TEST_CASE("field names: a block's names stay distinct and never empty")
{
    auto const names = repair_field_names({"a b", "a_b", "a.b", "ab", "123", "", "a!_b"});
    CHECK(names == std::vector<std::string>{
                       "a_b", "a_b_01", "ab", "ab_01", "invalid_field_123", "invalid_field", "a_b_02"});
    auto const full = repair_field_names({std::string(255, 'x'), std::string(260, 'x')});
    CHECK(full[1] == std::string(252, 'x') + "_01");
}
