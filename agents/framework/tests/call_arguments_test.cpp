#include "call_arguments.hpp"

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::agent;

namespace {

std::string refusal(list args, dict kwargs = {})
{
    auto const r = read_operation_request(client::arguments(std::move(args), std::move(kwargs)));
    REQUIRE_FALSE(r.has_value());
    return r.error().what;
}

}  // namespace

TEST_CASE("operation request: both styles of clients are understood")
{
    client::arguments const by_name({"start", "acq"}, {{"params", nullptr}, {"timeout", nullptr}});
    auto const a = read_operation_request(by_name);
    REQUIRE(a.has_value());
    CHECK(a->action == "start");
    CHECK(a->op == "acq");
    CHECK(a->params.is_null());
    CHECK_FALSE(a->timeout.has_value());
    client::arguments const by_place({"wait", "acq", dict{{"x", 1}}}, {{"timeout", 2}, {"password", "pw"}});
    auto const b = read_operation_request(by_place);
    REQUIRE(b.has_value());
    CHECK(b->params == value(dict{{"x", 1}}));
    CHECK(b->timeout == 2.0);
    CHECK(b->password == "pw");
    auto const c = read_operation_request(client::arguments({}, {{"op_name", "o"}, {"action", "status"}}));
    REQUIRE(c.has_value());
    CHECK(c->action == "status");
}

TEST_CASE("operation request: wrong calls are refused in Python's words")
{
    CHECK(refusal({"start", "x"}, {{"bogus", 1}}) ==
          "OCSAgent._ops_handler() got an unexpected keyword argument 'bogus'");
    CHECK(refusal({"start"}) == "OCSAgent._ops_handler() missing 1 required positional argument: 'op_name'");
    CHECK(refusal({}) ==
          "OCSAgent._ops_handler() missing 2 required positional arguments: 'action' and 'op_name'");
    CHECK(refusal({"start", "x"}, {{"action", 1}}) ==
          "OCSAgent._ops_handler() got multiple values for argument 'action'");
    CHECK(refusal({1, 2, 3, 4, 5, 6}) ==
          "OCSAgent._ops_handler() takes from 3 to 6 positional arguments but 7 were given");
    CHECK_THAT(refusal({"wait", "x"}, {{"timeout", "soon"}}), Catch::Contains("timeout must be a number"));
}

TEST_CASE("management query: q by place or by name, other keywords do not matter")
{
    CHECK(read_management_query(client::arguments({"get_api"}, {{"other", 1}})).value() == "get_api");
    CHECK(read_management_query(client::arguments({}, {{"q", "get_feeds"}})).value() == "get_feeds");
    CHECK(read_management_query(client::arguments()).error().what ==
          "OCSAgent._management_handler() missing 1 required positional argument: 'q'");
}
