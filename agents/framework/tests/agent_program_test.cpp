#include "agent_program.hpp"

#include "fakes.hpp"
#include <cerro/testing/loop.hpp>

#include <boost/asio/co_spawn.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace cerro;
using namespace cerro::agent;
using namespace std::chrono_literals;

namespace {

struct running_agent {
    explicit running_agent(int crossbar_timeout = 0)
    {
        agent_settings s;
        s.site.hub.address_root = "observatory";
        s.site.instance_id = "try-1";
        s.site.crossbar_timeout = crossbar_timeout;
        s.agent_class = "TryAgent";
        s.stop_limit = 500ms;
        s.drain_limit = 500ms;
        s.heartbeat = 20ms;
        s.retry_first = 1ms;
        s.take_over = 100ms;
        program = std::make_shared<agent_program>(context, session, s);
        asio::co_spawn(context.io(),
                       program->run([this](agent::agent& a) { set_up(a); }),
                       [this](std::exception_ptr e, int code) {
                           failed = e;
                           exit_code = code;
                       });
        until([this] { return noted("start"); });
    }

    void set_up(agent::agent& a)
    {
        feed_options record;
        record.record = true;
        record.frame_length = 60;
        records = a.make_feed("rec", record);
        record.buffer_time = 1h;
        buffered = a.make_feed("buffered", record);
        a.subscribe("observatory..feeds.", wamp::match_policy::wildcard, [](client::event const&) {});
        operation_options startup;
        startup.startup = true;
        a.process(
            "proc",
            parameters::unchecked(),
            [](operation& op, dict) -> asio::awaitable<outcome> {
                bool more = true;
                while (more) {
                    more = co_await op.sleep(1h);
                }
                co_return outcome(true, "stopped");
            },
            startup);
    }

    bool until(std::function<bool()> condition) { return testing::run_until(context.io(), condition, 5s); }
    [[nodiscard]] bool noted(std::string const& text) const { return count(text) > 0; }
    [[nodiscard]] std::ptrdiff_t count(std::string const& text) const
    {
        return std::count(session->notes.begin(), session->notes.end(), text);
    }
    bool begun()
    {
        session->join();
        return until([this] { return program->op_codes().find("proc")->as_int() == 3; });
    }
    std::vector<std::int64_t> record_values() const
    {
        std::vector<std::int64_t> found;
        for (auto const& r : session->records) {
            auto const* column = r.args.at(0).at(0)->find("b")->find("data")->find("x");
            found.push_back(column->at(0)->as_int().value());
        }
        return found;
    }

    fake_context context;
    std::shared_ptr<fake_session> session = std::make_shared<fake_session>(context.io().get_executor());
    std::shared_ptr<agent_program> program;
    std::shared_ptr<agent::feed> records;
    std::shared_ptr<agent::feed> buffered;
    std::exception_ptr failed;
    std::optional<int> exit_code;
};

constexpr auto record_topic = "publish observatory.try-1.feeds.rec acknowledged";

}  // namespace

TEST_CASE("agent: the first join goes in the order of OCS")
{
    running_agent a;
    CHECK(a.context.health.find("not connected") == 0);
    REQUIRE(a.begun());
    CHECK(a.context.health.empty());
    std::vector<std::string> const expected{"start",
                                            "register observatory.try-1.ops",
                                            "register observatory.try-1",
                                            "publish observatory.try-1.feeds.heartbeat",
                                            "subscribe observatory..feeds. wildcard"};
    REQUIRE(a.session->notes.size() >= expected.size());
    CHECK(std::vector<std::string>(a.session->notes.begin(), a.session->notes.begin() + 5) == expected);
    CHECK(*a.session->published.front().args.at(0).at(0) == value(dict{{"proc", 1}}));
    auto const* info = a.session->published.front().args.at(0).at(1);
    CHECK(info->find("feed_name")->as_text()->compare("heartbeat") == 0);
    CHECK(info->find("record")->as_bool() == false);
    CHECK(info->find("agent_class")->as_text()->compare("TryAgent") == 0);
}

TEST_CASE("agent: the heartbeat goes on, can be switched off, and shows the state")
{
    running_agent a;
    REQUIRE(a.begun());
    REQUIRE(a.until([&] { return a.session->published.size() >= 4; }));
    CHECK(*a.session->published.back().args.at(0).at(0) == value(dict{{"proc", 3}}));
    a.program->on_heartbeat_switch(false);
    auto const before = a.session->published.size();
    CHECK_FALSE(testing::run_until(
        a.context.io(), [&] { return a.session->published.size() > before; }, 100ms));
}

TEST_CASE("agent: a second agent of this address ends at once with code 1")
{
    running_agent a;
    a.session->refuse_registration = wamp::uri::procedure_already_exists;
    SECTION("that tells who it is")
    {
        a.session->call_answer =
            client::arguments({value(dict{{"instance_hostname", "daq2"}, {"instance_pid", 4711}})});
    }
    SECTION("that cannot be asked")
    {
        a.session->call_answer = client::error(wamp::uri::not_authorized);
    }
    a.session->join();
    REQUIRE(a.until([&] { return a.exit_code.has_value(); }));
    CHECK(a.exit_code == 1);
    CHECK(a.count("register observatory.try-1.ops") == 1);
    CHECK(a.count("call observatory.try-1 get_api") == 1);
    CHECK_FALSE(a.noted("register observatory.try-1"));
    CHECK(a.noted("leave"));
}

TEST_CASE("agent: a session that has the address and does not answer is waited for, then put out by force")
{
    running_agent a;
    a.session->refuse_registration = wamp::uri::procedure_already_exists;
    a.session->call_answer = client::error(wamp::uri::timeout);
    a.session->force_helps = true;
    auto const begin = std::chrono::steady_clock::now();
    REQUIRE(a.begun());
    CHECK(std::chrono::steady_clock::now() - begin >= 100ms);
    CHECK(a.count("register observatory.try-1.ops") > 1);
    CHECK(a.count("register observatory.try-1.ops by force") == 1);
    CHECK(a.count("register observatory.try-1 by force") == 1);
    CHECK(a.context.health.empty());
    CHECK_FALSE(a.exit_code.has_value());
}

TEST_CASE("agent: a session that has the address and ends in time needs no force")
{
    running_agent a;
    a.session->refuse_registration = wamp::uri::procedure_already_exists;
    a.session->call_answer = client::error(wamp::uri::timeout);
    a.session->join();
    REQUIRE(a.until([&] { return a.count("register observatory.try-1.ops") >= 2; }));
    CHECK(a.context.health.find("does not answer") != std::string::npos);
    a.session->refuse_registration.clear();
    REQUIRE(a.until([&] { return a.program->op_codes().find("proc")->as_int() == 3; }));
    CHECK_FALSE(a.noted("register observatory.try-1.ops by force"));
    CHECK(a.context.health.empty());
}

TEST_CASE("agent: waiting for a silent session ends with the agent")
{
    running_agent a;
    a.session->refuse_registration = wamp::uri::procedure_already_exists;
    a.session->call_answer = client::error(wamp::uri::timeout);
    a.session->join();
    REQUIRE(a.until([&] { return a.noted("call observatory.try-1 get_api"); }));
    a.context.stop();
    REQUIRE(a.until([&] { return a.exit_code.has_value(); }));
    CHECK(a.exit_code == 0);
}

TEST_CASE("agent: records wait for the router and are sent again in order after a loss")
{
    running_agent a;
    REQUIRE(a.begun());
    a.records->sample("b", 1.0, {{"x", 1}});
    a.records->sample("b", 2.0, {{"x", 2}});
    REQUIRE(a.until([&] { return a.session->records.size() == 2; }));
    a.session->acknowledge_all();
    a.records->sample("b", 3.0, {{"x", 3}});
    REQUIRE(a.until([&] { return a.session->records.size() == 3; }));
    a.session->lose();
    a.records->sample("b", 4.0, {{"x", 4}});
    CHECK_FALSE(testing::run_until(
        a.context.io(), [&] { return a.session->records.size() > 3; }, 50ms));
    a.session->join();
    REQUIRE(a.until([&] { return a.session->records.size() == 5; }));
    CHECK(a.record_values() == std::vector<std::int64_t>{1, 2, 3, 3, 4});
    auto const* again = a.session->records.at(3).args.at(0).at(1)->find("sequence");
    CHECK(again->as_int() == 3);
    CHECK(a.count(record_topic) == 5);
}

TEST_CASE("agent: a running operation survives a lost connection, registrations come back by force")
{
    running_agent a;
    REQUIRE(a.begun());
    a.session->lose();
    CHECK(a.until([&] { return a.noted("register observatory.try-1 by force"); }));
    CHECK(a.noted("register observatory.try-1.ops by force"));
    a.session->join();
    CHECK(a.program->op_codes().find("proc")->as_int() == 3);
    CHECK_FALSE(testing::run_until(
        a.context.io(), [&] { return a.exit_code.has_value(); }, 50ms));
    CHECK(a.count("subscribe observatory..feeds. wildcard") == 1);
}

TEST_CASE("agent: a registration refused after a re-join is tried again until it succeeds")
{
    running_agent a;
    REQUIRE(a.begun());
    a.session->refuse_registration = wamp::uri::procedure_already_exists;
    a.session->on_restore_error_("observatory.try-1", client::error(wamp::uri::procedure_already_exists));
    REQUIRE(a.until([&] { return a.count("register observatory.try-1 by force") == 2; }));
    a.session->refuse_registration.clear();
    REQUIRE(a.until([&] { return a.count("register observatory.try-1 by force") == 3; }));
    CHECK_FALSE(testing::run_until(
        a.context.io(), [&] { return a.count("register observatory.try-1 by force") > 3; }, 50ms));
    CHECK_FALSE(a.exit_code.has_value());
}

TEST_CASE("agent: the end stops operations, sends what is buffered, and leaves")
{
    running_agent a;
    REQUIRE(a.begun());
    a.buffered->sample("b", 1.0, {{"x", 7}});
    a.context.stop();
    REQUIRE(a.until([&] { return a.session->records.size() == 1; }));
    CHECK(a.program->op_codes().find("proc")->as_int() == 5);
    CHECK_FALSE(a.noted("leave"));
    a.session->acknowledge_all();
    REQUIRE(a.until([&] { return a.exit_code.has_value(); }));
    CHECK(a.exit_code == 0);
    CHECK(a.noted("leave"));
}

TEST_CASE("agent: without a written crossbar timeout it waits for ever, with one it gives up")
{
    running_agent patient;
    running_agent impatient(1);
    CHECK(impatient.until([&] { return impatient.exit_code.has_value(); }));
    CHECK(impatient.exit_code == 1);
    CHECK_FALSE(testing::run_until(
        patient.context.io(), [&] { return patient.exit_code.has_value(); }, 1200ms));
}

TEST_CASE("feed: a record feed takes samples, another messages, and bad samples throw")
{
    running_agent a;
    REQUIRE(a.begun());
    CHECK_THROWS_AS(a.records->message("x"), std::logic_error);
    CHECK_THROWS_AS(a.records->sample("b", 1.0, {{"bad name", 1}}), std::invalid_argument);
    auto const plain = a.program->make_feed("plain", {});
    CHECK_THROWS_AS(plain->sample("b", 1.0, {{"x", 1}}), std::logic_error);
    plain->message("hello");
    CHECK(a.noted("publish observatory.try-1.feeds.plain"));
    CHECK_THROWS_AS(a.program->make_feed("plain", {}), std::invalid_argument);
}
