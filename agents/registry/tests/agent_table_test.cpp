#include <cerro/registry/agent_table.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::registry;

namespace {
std::string const fake = "observatory.fake-1";
dict const idle{{"acq", 1}, {"count", 1}};
}  // namespace

TEST_CASE("registry: only changed op codes are to be published")
{
    agent_table t;
    REQUIRE(t.heard(fake, "FakeDataAgent", idle, 100.0) != nullptr);
    CHECK(t.heard(fake, "FakeDataAgent", idle, 101.0) == nullptr);
    CHECK(t.heard(fake, "FakeDataAgent", dict{{"acq", 3}, {"count", 1}}, 102.0) != nullptr);
    auto const d = t.describe();
    auto const* entry = d.find(fake);
    REQUIRE(entry != nullptr);
    CHECK(*entry == value(dict{{"expired", false},
                               {"time_expired", nullptr},
                               {"last_updated", 102.0},
                               {"op_codes", dict{{"acq", 3}, {"count", 1}}},
                               {"agent_class", "FakeDataAgent"},
                               {"agent_address", fake}}));
}

TEST_CASE("registry: a silent agent expires after five seconds, and its time of expiry stays")
{
    agent_table t;
    t.heard(fake, "F", idle, 100.0);
    t.expire(105.0, 0.0);
    CHECK_FALSE(t.agents()[0].time_expired.has_value());
    t.expire(105.5, 0.0);
    t.expire(106.5, 0.0);
    CHECK(t.agents()[0].time_expired == 105.5);
    CHECK(t.agents()[0].op_codes == dict{{"acq", 7}, {"count", 7}});
}

TEST_CASE("registry: a heartbeat revives an expired agent and is published")
{
    agent_table t;
    t.heard(fake, "F", idle, 100.0);
    t.expire(110.0, 0.0);
    CHECK(t.heard(fake, "F", idle, 111.0) != nullptr);
    CHECK_FALSE(t.agents()[0].time_expired.has_value());
}

TEST_CASE("registry: silence while we were deaf does not count")
{
    agent_table t;
    t.heard(fake, "F", idle, 100.0);
    t.expire(200.0, 199.0);
    CHECK_FALSE(t.agents()[0].time_expired.has_value());
    t.expire(204.5, 199.0);
    CHECK(t.agents()[0].time_expired.has_value());
}

TEST_CASE("registry: old heartbeats without op codes, and forgotten agents")
{
    agent_table t;
    t.heard("r.old", "O", 0, 1.0);
    CHECK(t.agents()[0].op_codes.empty());
    CHECK(t.forget("r.old"));
    CHECK_FALSE(t.forget("r.old"));
    CHECK(t.agents().empty());
}

TEST_CASE("registry: operations are named by address and operation")
{
    agent_entry e;
    e.address = fake;
    e.op_codes = {{"acq", 3}, {"my op", 1}};
    auto const samples = op_samples(e);
    REQUIRE(samples.size() == 2);
    CHECK(samples[0].name == "observatory_fake_1_acq");
    CHECK(samples[0].code == value(3));
    CHECK(samples[1].name == "observatory_fake_1_my_op");
}
