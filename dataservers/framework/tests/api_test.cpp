#include <cerro/codec/codec.hpp>
#include <cerro/dans/api.hpp>

#include <catch2/catch.hpp>

#include <map>

namespace {

using namespace cerro;
using namespace cerro::dans;

value json(std::string_view text)
{
    return codec::from_json(text).value();
}

/// Two fields of unequal length on one timeline, and one of its own.
class fake_source : public source {
public:
    fake_source()
    {
        put("a", {10, 20, 30, 40}, {1, 2, 3, 4});
        put("b", {10, 30, 40, 50}, {5, 6, 7, 8});
        put("c", {15, 16, 17, 18}, {1, 1, 1, 9});
    }
    catalogue fields(time_range) override
    {
        return {{*find("a"), *find("b"), *find("c")}, {{"shared", 10.0}, {"own", std::nullopt}}};
    }
    std::optional<field_info> find(std::string const& f) override
    {
        if (!data_.contains(f)) {
            return std::nullopt;
        }
        return field_info{f, "field " + f, f == "c" ? "own" : "shared", sample_type::number, std::nullopt};
    }
    series read(std::string const& f, time_range r) override { return slice(data_.at(f), r); }
    std::optional<double> finalized_until(std::string const&) override { return 50.0; }

private:
    void put(std::string const& f, std::vector<double> t, std::vector<double> const& v)
    {
        series s{std::move(t), column()};
        for (double const x : v) {
            s.v.push_number(x);
        }
        data_.emplace(f, std::move(s));
    }
    std::map<std::string, series> data_;
};

value ask(data_request r, std::size_t allowance = 1000)
{
    fake_source s;
    return data_reply(s, r, allowance);
}

TEST_CASE("get_data: fields of one timeline get its times, with null where one has no sample")
{
    auto const v = ask({{"a", "b"}, {10, 50}, 0, 0});
    REQUIRE(v == json(R"({"data": {"a": [1.0, 2.0, 3.0, 4.0], "b": [5.0, null, 6.0, 7.0]},
        "timeline": {"shared": {"t": [10.0, 20.0, 30.0, 40.0], "finalized_until": 50.0}}})"));
}

TEST_CASE("get_data: a field alone has only its own times")
{
    REQUIRE(ask({{"b"}, {10, 51}, 0, 0}).find("timeline")->find("shared")->find("t")->as_list()->size() == 4);
}

TEST_CASE("get_data: unknown fields are empty without timeline, known ones without data keep it")
{
    REQUIRE(ask({{"nope"}, {1, 100}, 0, 0}) == json(R"({"data": {"nope": []}, "timeline": {}})"));
    REQUIRE(ask({{"c"}, {1, 2}, 0, 0}) ==
            json(R"({"data": {"c": []}, "timeline": {"own": {"t": [], "finalized_until": 50.0}}})"));
}

TEST_CASE("get_data: min_stride holds for all fields of a timeline alike")
{
    auto const v = ask({{"a", "b"}, {10, 51}, 20, 0});
    REQUIRE(v.find("timeline")->find("shared")->find("t")->as_list()->size() == 3);
    REQUIRE(v.find("data")->find("b")->as_list()->size() == 3);
}

TEST_CASE("get_data: with max_points each field has times of its own, and spikes stay")
{
    auto const v = ask({{"a", "b", "c"}, {10, 51}, 0, 2});
    REQUIRE(v.find("data")->find("c")->as_list()->size() == 2);
    REQUIRE(*v.find("data")->find("c")->at(1) == value(9.0));
    REQUIRE(v.find("timeline")->find("shared/a")->find("fields") != nullptr);
    REQUIRE(v.find("timeline")->find("own")->find("t")->as_list()->size() == 2);
}

TEST_CASE("get_data: max_points 1 gives the last sample")
{
    REQUIRE(*ask({{"a"}, {1, 100}, 0, 1}).find("data") == json(R"({"a": [4.0]})"));
}

TEST_CASE("get_data: more than the allowance is answered with false")
{
    REQUIRE(ask({{"a", "b", "c"}, {1, 100}, 0, 0}, 11) == value(false));
}

TEST_CASE("get_fields: fields, and their timelines with their names")
{
    fake_source s;
    auto const l = fields_reply(s.fields({1, 100}));
    REQUIRE(l[0].find("a")->find("timeline")->as_text()->compare("shared") == 0);
    REQUIRE(*l[0].find("a")->find("units") == value());
    REQUIRE(*l[1].find("shared")->find("field") == json(R"(["a", "b"])"));
    REQUIRE(*l[1].find("shared")->find("interval") == value(10.0));
    REQUIRE(*l[1].find("own")->find("interval") == value());
}

TEST_CASE("bind: what is missing is named as Python does")
{
    signature const s{"hub.add_data_node", {"name", "description", "session_id"}, 3};
    REQUIRE(bind(s, {"x"}, {}).error().what ==
            "hub.add_data_node() missing 2 required positional arguments: 'description' and 'session_id'");
    REQUIRE(bind(s, {}, {}).error().what ==
            "hub.add_data_node() missing 3 required positional arguments: 'name', 'description', and "
            "'session_id'");
    REQUIRE(bind(s, {1, 2, 3, 4}, {}).error().what ==
            "hub.add_data_node() takes 4 positional arguments but 5 were given");
    REQUIRE(bind(s, {1, 2, 3}, {{"q", 1}}).error().what ==
            "hub.add_data_node() got an unexpected keyword argument 'q'");
    REQUIRE(bind(s, {1, 2, 3}, {{"name", 1}}).error().what ==
            "hub.add_data_node() got multiple values for argument 'name'");
}

TEST_CASE("bind: positional, keyword and default arguments come in the order of the parameters")
{
    signature const s{"get_data", {"field", "start", "end", "min_stride"}, 3};
    REQUIRE(*bind(s, {1}, {{"end", 3}, {"start", 2}}) == list{1, 2, 3, nullptr});
}

TEST_CASE("data request: relative times, null fields, and refusal of what is no number")
{
    auto const r = parse_data_request({nullptr, -60, 0, nullptr, nullptr}, 1000);
    REQUIRE(r->fields.empty());
    REQUIRE(r->range.start == 940);
    REQUIRE(r->range.end == 1000);
    REQUIRE(!parse_data_request({list{"a"}, "a", 0, nullptr, nullptr}, 1000));
    REQUIRE(!parse_data_request({list{1}, 1, 0, nullptr, nullptr}, 1000));
    REQUIRE(!parse_data_request({"a", 1, 0, nullptr, nullptr}, 1000));
    REQUIRE(!parse_data_request({list{"a"}, 1, 0, -1, nullptr}, 1000));
}

}  // namespace
