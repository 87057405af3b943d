#include "cerro/lakeshore372/agent.hpp"

#include "../src/bridge_agent.hpp"
#include "fake_agent.hpp"
#include "loop.hpp"
#include <cerro/sim372/server.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <map>
#include <set>

namespace {

using namespace cerro::lakeshore372;
namespace sim = cerro::sim372;
namespace asio = boost::asio;
using cerro::dict;
using cerro::list;
using cerro::value;
using tests::run;
using namespace std::chrono_literals;

/// A simulator, the agent without router, one loop.
class observatory {
public:
    explicit observatory(agent_options o = agent_options(), bool switched_on = true) : agent(io)
    {
        sim::server_options s;
        s.port = 0;
        s.instrument.autoscan = false;
        server = sim::server::start(io, s);
        o.connection.host = "127.0.0.1";
        o.connection.port = server->port();
        o.connection.reply_timeout = 300ms;
        o.connection.backoff_first = 100ms;
        o.connection.backoff_max = 300ms;
        o.connection.gap_after_command = 0ms;
        set_up(agent, o);
        if (!switched_on) {
            server->begin_fault(sim::fault_kind::off, 3600);
        }
    }

    ~observatory()
    {
        for (auto const& [name, op] : agent.runs) {
            if (op) {
                op->stop();
            }
        }
        wait("operations to end", [this] {
            for (auto const& [name, op] : agent.runs) {
                if (op && !op->ended) {
                    return false;
                }
            }
            return true;
        });
    }

    /// Lets the loop run until `condition` holds.
    template <class Condition>
    void wait(std::string const& what, Condition condition, std::chrono::seconds limit = 15s)
    {
        auto const deadline = std::chrono::steady_clock::now() + limit;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) {
                FAIL("waited in vain for " << what);
            }
            io.restart();
            io.run_one_for(50ms);
        }
    }

    /// Runs a task to its end.
    cerro::agent::outcome perform(std::string const& task, dict params = {})
    {
        auto const op = agent.begin(task, std::move(params));
        REQUIRE(op);
        wait(task, [&] { return op->ended.has_value(); });
        return *op->ended;
    }

    /// Its message; fails if the task did.
    std::string succeed(std::string const& task, dict params = {})
    {
        auto const done = perform(task, std::move(params));
        INFO(task << ": " << done.message);
        REQUIRE(done.success);
        return done.message;
    }

    std::string refusal(std::string const& task, dict params)
    {
        try {
            agent.begin(task, std::move(params));
        } catch (std::runtime_error const& e) {
            return e.what();
        }
        return "accepted";
    }

    [[nodiscard]] std::vector<tests::sample> const& samples() const { return agent.the_feed->samples_; }
    void wait_for_samples(std::size_t more)
    {
        auto const goal = samples().size() + more;
        wait("samples", [&] { return samples().size() >= goal; });
    }

    asio::io_context io;
    std::shared_ptr<sim::server> server;
    tests::fake_agent agent;
};

double number(dict const& d, std::string_view key)
{
    auto const* const v = d.find(key);
    REQUIRE(v != nullptr);
    REQUIRE(v->is_real());
    return *v->as_double();
}

/// Each sample's temperature and resistance are those of the channel in its name.
void check_channels(std::vector<tests::sample> const& samples)
{
    for (auto const& s : samples) {
        if (s.block.rfind("Channel ", 0) != 0) {
            continue;
        }
        int const channel = std::stoi(s.block.substr(8));
        auto const prefix = "Channel_" + s.block.substr(8);
        REQUIRE(s.fields.size() == 2);
        double const kelvin = number(s.fields, prefix + "_T");
        REQUIRE(kelvin == Approx(sim::cryostat::base_kelvin(channel)).epsilon(0.04));
        REQUIRE(number(s.fields, prefix + "_R") == Approx(sim::cryostat::ohm(kelvin)).epsilon(0.01));
    }
}

bool has_message(tests::fake_operation const& op, std::string const& text)
{
    for (auto const& m : op.messages) {
        if (m.find(text) != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("names: blocks and fields are legal and belong to one channel each")
{
    std::array<std::string, channel_count + 1> given;
    for (std::size_t i = 1; i < given.size(); ++i) {
        given[i] = "Channel " + std::to_string(i);
    }
    given[3] = "MXC (RX-102)";
    given[4] = "MXC RX-102";  // the same once repaired
    given[5] = "";
    given[6] = "123";
    given[7] = "Channel 05";
    given[8] = "heaters";
    auto const names = block_names(given);
    REQUIRE(names[1] == "Channel 1");
    REQUIRE(names[3] == "MXC (RX-102) 03");
    REQUIRE(names[4] == "MXC RX-102 04");
    REQUIRE(names[5] == "Channel 05");
    REQUIRE(names[6] == "Channel 06");
    REQUIRE(names[7] == "Channel 05 07");
    REQUIRE(names[8] == "heaters 08");
    REQUIRE(field_prefix(names[3]) == "MXC_RX102_03");
    std::set<std::string> all;
    for (std::size_t i = 1; i < names.size(); ++i) {
        all.insert(field_prefix(names[i]));
    }
    REQUIRE(all.size() == channel_count);
}

TEST_CASE("agent: declares the feed and starts by mode")
{
    {
        observatory o;
        REQUIRE(o.agent.feed_name == "temperatures");
        REQUIRE(o.agent.feed_options.record);
        REQUIRE(o.agent.feed_options.buffer_time == 1s);
        REQUIRE(o.agent.feed_options.frame_length == 600.0);
        REQUIRE(o.agent.options_of("init_lakeshore").startup);
        REQUIRE(o.agent.options_of("init_lakeshore").startup_params.contains("auto_acquire"));
    }
    agent_options idle;
    idle.mode = start_mode::idle;
    observatory o(idle);
    REQUIRE_FALSE(o.agent.options_of("init_lakeshore").startup);
}

TEST_CASE("agent: init_lakeshore, then acq on request")
{
    observatory o;
    REQUIRE(o.succeed("init_lakeshore", dict{{"auto_acquire", true}}) == "Lakeshore module initialized.");
    REQUIRE(o.agent.runs["acq"]);
    REQUIRE(o.succeed("init_lakeshore") == "Lakeshore module is already initialized.");
    o.wait_for_samples(3);
}

TEST_CASE("agent: acq publishes the active channel and shows it in the session's data")
{
    observatory o;
    auto const op = o.agent.begin("acq");
    o.wait_for_samples(5);
    check_channels(o.samples());
    auto const& first = o.samples().front();
    REQUIRE(first.block == "Channel 01");
    REQUIRE(first.fields.begin()->first == "Channel_01_T");
    double const now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    REQUIRE(std::abs(now - o.samples().back().timestamp) < 1.0);
    auto const* const shown = op->data().find("fields")->find("Channel_01");
    REQUIRE(shown != nullptr);
    REQUIRE(shown->find("T") != nullptr);
    REQUIRE(shown->find("R") != nullptr);
    REQUIRE(shown->find("timestamp")->is_real());
    REQUIRE(op->data().find("connection")->find("connected")->as_bool() == true);
    op->stop();
    o.wait("acq to end", [&] { return op->ended.has_value(); });
    REQUIRE(op->ended->success);
    REQUIRE(op->ended->message == "Acquisition exited cleanly.");
}

TEST_CASE(
    "agent: acq with run_once ends after one reading; control channel and heater have blocks of their own")
{
    agent_options with;
    with.control_channel = true;
    observatory o(with);
    o.succeed("acq", dict{{"run_once", true}, {"sample_heater", true}});
    REQUIRE(o.samples().size() == 3);
    REQUIRE(o.samples()[1].block == "control_chan");
    REQUIRE(number(o.samples()[1].fields, "control_T") ==
            Approx(sim::cryostat::base_kelvin(0)).epsilon(0.04));
    REQUIRE(number(o.samples()[1].fields, "control_R") > 0);
    REQUIRE(o.samples()[2].block == "heaters");
    REQUIRE(number(o.samples()[2].fields, "sample_heater_output") == 0);
    o.succeed("disable_control_chan");
    o.succeed("acq", dict{{"run_once", true}});
    REQUIRE(o.samples().size() == 4);
    o.succeed("enable_control_chan");
    o.succeed("acq", dict{{"run_once", true}});
    REQUIRE(o.samples().size() == 6);
}

TEST_CASE("agent: after a channel switch acq waits for the pause, without holding up tasks")
{
    observatory o;
    auto const op = o.agent.begin("acq");
    o.wait_for_samples(3);
    REQUIRE(o.succeed("set_active_channel", dict{{"channel", 5}}) == "Set active channel to 5");
    auto const switched = std::chrono::steady_clock::now();
    auto const before = o.samples().size();
    // The pause is 3 s; a task in the midst of it is served at once.
    o.wait("half a second", [&] { return std::chrono::steady_clock::now() > switched + 500ms; });
    auto const asked = std::chrono::steady_clock::now();
    o.succeed("get_dwell", dict{{"channel", 5}});
    REQUIRE(std::chrono::steady_clock::now() - asked < 300ms);
    o.wait_for_samples(o.samples().size() == before ? 1 : 2);
    REQUIRE(std::chrono::steady_clock::now() - switched > 2900ms);
    REQUIRE(o.samples().back().block == "Channel 05");
    check_channels(o.samples());
}

TEST_CASE("agent: the delay for slow thermometers leaves time for readings before the scanner goes on")
{
    agent_options slow;
    slow.dwell_time_delay_s = 60;
    observatory o(slow);
    o.server->device().handle("INSET 2,1,2,3,21,1", 0);  // dwell 2 s, pause 3 s
    o.agent.begin("acq");
    o.wait_for_samples(1);
    o.server->device().handle("SCAN 2,0", 0);
    auto const switched = std::chrono::steady_clock::now();
    o.wait("channel 2", [&] { return o.samples().back().block == "Channel 02"; });
    auto const took = std::chrono::steady_clock::now() - switched;
    REQUIRE(took > 3900ms);
    REQUIRE(took < 4900ms);
}

TEST_CASE("agent: channels have the names that the instrument gives them")
{
    observatory o;
    o.server->device().handle("INNAME 1,\"MXC RX-102\"", 0);
    o.succeed("acq", dict{{"run_once", true}});
    REQUIRE(o.samples().back().block == "MXC RX-102");
    REQUIRE(o.samples().back().fields.contains("MXC_RX102_T"));
    REQUIRE(o.samples().back().fields.contains("MXC_RX102_R"));
}

TEST_CASE("agent: tasks change the instrument")
{
    struct row {
        char const* task;
        dict params;
        char const* setting;
        int index;
        char const* expected;
    };
    std::vector<row> const rows{
        {"set_excitation_mode", {{"channel", 2}, {"mode", "current"}}, "INTYPE", 2, "1,07,1,10,0,1"},
        {"set_excitation", {{"channel", 2}, {"value", 3e-9}}, "INTYPE", 2, "1,08,1,10,0,1"},
        {"set_resistance_range",
         {{"channel", 2}, {"resistance_range", 2000.0}},
         "INTYPE",
         2,
         "1,08,1,13,0,1"},
        {"engage_autorange", {{"channel", 2}, {"state", "off"}}, "INTYPE", 2, "1,08,0,13,0,1"},
        {"set_dwell", {{"channel", 2}, {"dwell", 20}}, "INSET", 2, "1,020,003,21,1"},
        {"engage_channel", {{"channel", 2}, {"state", "off"}}, "INSET", 2, "0,020,003,21,1"},
        {"set_calibration_curve", {{"channel", 2}, {"curve_number", 25}}, "INSET", 2, "0,020,003,25,1"},
        {"set_heater_range", {{"heater", "sample"}, {"range", 0.001}}, "RANGE", 0, "4"},
        {"set_heater_output", {{"heater", "sample"}, {"output", 12.5}}, "MOUT", 0, "+12.5000"},
        {"set_heater_output",
         {{"heater", "sample"}, {"output", 1e-5}, {"display", "power"}},
         "HTRSET",
         0,
         "+120.000,8,+0000.00,2"},
        {"set_heater_range", {{"heater", "sample"}, {"range", "off"}}, "RANGE", 0, "0"},
        {"set_heater_range", {{"heater", "still"}, {"range", "off"}}, "RANGE", 2, "0"},
        {"set_heater_range", {{"heater", "still"}, {"range", "on"}}, "RANGE", 2, "1"},
        {"set_pid", {{"P", 10}, {"I", 20}, {"D", 30}}, "PID", 0, "+0010.00,+00020.0,+00030.0"},
        {"set_output_mode", {{"heater", "sample"}, {"mode", "Zone"}}, "OUTMODE", 0, "3,6,1,0,0,001"},
        {"servo_to_temperature", {{"temperature", 0.1}}, "OUTMODE", 0, "5,6,1,0,0,001"},
        {"set_still_output", {{"output", 12.5}}, "STILL", 0, "+12.50"},
    };
    observatory o;
    for (auto const& r : rows) {
        CAPTURE(r.task);
        o.succeed(r.task, r.params);
        REQUIRE(o.server->device().setting(r.setting, r.index) == r.expected);
    }
    REQUIRE(o.server->device().setting("SETP", 0) == "+1.0000E-01");
    REQUIRE(o.server->device().active_channel() == 6);
    REQUIRE_FALSE(o.server->device().autoscan());
    o.succeed("set_autoscan", dict{{"autoscan", true}});
    REQUIRE(o.server->device().autoscan());

    std::map<std::string, int> blocks;
    for (auto const& s : o.samples()) {
        REQUIRE(s.fields.contains(s.block));
        ++blocks[s.block];
    }
    REQUIRE(blocks == std::map<std::string, int>{{"sample_heater_out", 2}, {"still_heater_still_out", 1}});
}

TEST_CASE("agent: questions put their answers into the session's data")
{
    observatory o;
    REQUIRE(o.succeed("get_excitation", dict{{"channel", 3}}) == "Excitation of channel 3 is 0.002");
    REQUIRE(number(o.agent.runs["get_excitation"]->data(), "excitation") == 2e-3);
    o.succeed("get_resistance_range", dict{{"channel", 3}});
    REQUIRE(number(o.agent.runs["get_resistance_range"]->data(), "resistance_range") == 63.2);
    o.succeed("get_dwell", dict{{"channel", 3}});
    REQUIRE(o.agent.runs["get_dwell"]->data().find("dwell_time")->as_int() == 5);
    o.succeed("get_still_output");
    REQUIRE(*o.agent.runs["get_still_output"]->data().find("still_heater_still_out") == value("+10.60"));
    o.succeed("get_input_setup", dict{{"channel", 0}});
    auto const& setup = o.agent.runs["get_input_setup"]->data();
    REQUIRE(setup == dict{{"mode", "current"},
                          {"excitation", 10e-9},
                          {"excitation_units", "amps"},
                          {"autorange", "off"},
                          {"range", 20e3},
                          {"csshunt", "off"},
                          {"units", "ohms"}});
}

TEST_CASE("agent: wrong parameters are refused with the texts of OCS")
{
    observatory o;
    REQUIRE(o.refusal("set_dwell", dict{{"channel", 17}, {"dwell", 5}}) ==
            "Param 'channel' failed validity check (see docs?).");
    REQUIRE(o.refusal("set_dwell", dict{{"channel", 1}}) == "Param 'dwell' is required and must not be None");
    REQUIRE(o.refusal("set_dwell", dict{{"channel", 1}, {"dwell", 201}}) ==
            "Param 'dwell' failed validity check (see docs?).");
    REQUIRE(o.refusal("set_excitation_mode", dict{{"channel", 1}, {"mode", "x"}}) ==
            "Param 'mode'=x is not in allowed set (['current', 'voltage'])");
    REQUIRE(o.refusal("set_pid", dict{{"P", 1.5}, {"I", 2}, {"D", 3}}) ==
            "Param 'P'=1.5 is not of required type (<class 'int'>)");
    REQUIRE(o.refusal("set_pid", dict{{"P", 1}, {"I", 2}, {"D", 3}, {"Q", 4}}) ==
            "params included unexpected values: ['Q']");
    REQUIRE(o.refusal("servo_to_temperature", dict{{"temperature", 1}}) ==
            "Param 'temperature' failed validity check (see docs?).");
}

TEST_CASE("agent: what cannot be done fails, and says why")
{
    observatory o;
    auto const off = o.perform("set_heater_output", dict{{"heater", "sample"}, {"output", 10.0}});
    REQUIRE_FALSE(off.success);
    REQUIRE(off.message.find("range is off") != std::string::npos);
    auto const strange = o.perform("set_heater_range", dict{{"heater", "sample"}, {"range", 0.5}});
    REQUIRE_FALSE(strange.success);
    REQUIRE(strange.message.find("3.16e-05, 1e-04") != std::string::npos);
    auto const pid = o.perform("set_pid", dict{{"P", 5000}, {"I", 0}, {"D", 0}});
    REQUIRE_FALSE(pid.success);
    REQUIRE(pid.message.find("did not take 'PID 0,5000,0,0'") != std::string::npos);
}

TEST_CASE("agent: check_temperature_stability compares the mean with the setpoint")
{
    observatory o;
    o.succeed("set_active_channel", dict{{"channel", 6}});
    o.server->device().handle("SETP 0,0.018", 0);
    o.succeed("check_temperature_stability", dict{{"measurements", 3}, {"threshold", 0.001}});
    auto const far = o.perform("check_temperature_stability", dict{{"measurements", 2}, {"threshold", 1e-7}});
    REQUIRE_FALSE(far.success);
}

TEST_CASE("agent: the configuration file sets the channels")
{
    observatory o;
    o.succeed("input_configfile", dict{{"configfile", CERRO_TEST_DATA "/lakeshore/372_config_example.yaml"}});
    auto const& d = o.server->device();
    REQUIRE(d.autoscan());
    REQUIRE(d.setting("INSET", 1) == "1,010,003,21,1");
    REQUIRE(d.setting("INTYPE", 1) == "0,03,1,10,0,1");
    REQUIRE(d.setting("INSET", 2) == "0,005,003,22,1");
    REQUIRE(d.setting("INTYPE", 2) == "1,07,0,13,0,1");
    auto const none = o.perform("input_configfile");
    REQUIRE_FALSE(none.success);
    auto const missing = o.perform("input_configfile", dict{{"configfile", "/nonexistent.yaml"}});
    REQUIRE_FALSE(missing.success);
    REQUIRE(missing.message.find("/nonexistent.yaml") != std::string::npos);
}

TEST_CASE("agent: a curve file is uploaded and read back, while acq goes on")
{
    observatory o;
    o.agent.begin("acq");
    o.wait_for_samples(1);
    auto const before = o.samples().size();
    auto const text =
        o.succeed("upload_cal_curve",
                  dict{{"curve_number", 25}, {"filename", CERRO_TEST_DATA "/lakeshore/example_372.cal"}});
    REQUIRE(text == "Uploaded 5 points of CERRO TEST to curve 25");
    REQUIRE(o.samples().size() > before);
    auto& d = o.server->device();
    REQUIRE(d.handle("CRVHDR? 25", 0) == "CERRO TEST,00000042,4,40.0000,1");
    REQUIRE(d.handle("CRVPT? 25,5", 0) == "4.8000,0.1000");
    auto const missing =
        o.perform("upload_cal_curve", dict{{"curve_number", 25}, {"filename", "/nonexistent.cal"}});
    REQUIRE_FALSE(missing.success);
    REQUIRE(o.refusal("upload_cal_curve", dict{{"curve_number", 20}, {"filename", "x"}}) ==
            "Param 'curve_number' failed validity check (see docs?).");
}

TEST_CASE("agent: an instrument that is off at the start is taken up when it comes")
{
    observatory o(agent_options(), false);
    auto const init = o.perform("init_lakeshore", dict{{"auto_acquire", true}});
    REQUIRE_FALSE(init.success);
    auto const acq = o.agent.runs["acq"];
    REQUIRE(acq);
    o.wait("degraded", [&] { return acq->degraded(); });
    REQUIRE(acq->data().find("connection")->find("connected")->as_bool() == false);
    o.server->end_faults();
    o.wait_for_samples(3);
    REQUIRE_FALSE(acq->degraded());
    REQUIRE_FALSE(acq->ended);
    check_channels(o.samples());
}

TEST_CASE("agent: acq survives every fault, says so, and goes on with right values")
{
    auto const kind = GENERATE(sim::fault_kind::silence,
                               sim::fault_kind::close,
                               sim::fault_kind::reset,
                               sim::fault_kind::off,
                               sim::fault_kind::garbage,
                               sim::fault_kind::half,
                               sim::fault_kind::late);
    CAPTURE(static_cast<int>(kind));
    observatory o;
    auto const acq = o.agent.begin("acq");
    o.wait_for_samples(2);
    o.server->begin_fault(kind, 3600);
    o.wait("degraded", [&] { return acq->degraded(); });
    REQUIRE(has_message(*acq, "Failed to get data from LS372. Check network connection."));
    REQUIRE_FALSE(acq->ended);
    o.server->end_faults();
    o.wait_for_samples(3);
    REQUIRE_FALSE(acq->degraded());
    REQUIRE_FALSE(acq->ended);
    REQUIRE(has_message(*acq, "Connection re-established."));
    check_channels(o.samples());
}

TEST_CASE("agent: a restarted instrument with other settings is read anew")
{
    observatory o;
    o.server->device().handle("INNAME 1,\"MXC\"", 0);
    o.agent.begin("acq");
    o.wait_for_samples(2);
    REQUIRE(o.samples().back().block == "MXC");
    o.server->begin_fault(sim::fault_kind::restart, 0);  // loses the name
    o.wait("the new name", [&] { return o.samples().back().block == "Channel 01"; });
    check_channels(o.samples());
}

TEST_CASE("agent: stop ends acq within its time while an answer is due")
{
    observatory o;
    auto const acq = o.agent.begin("acq");
    o.wait_for_samples(1);
    o.server->begin_fault(sim::fault_kind::silence, 3600);
    o.wait("degraded", [&] { return acq->degraded(); });
    acq->stop();
    auto const begin = std::chrono::steady_clock::now();
    o.wait("acq to end", [&] { return acq->ended.has_value(); });
    REQUIRE(acq->ended->success);
    REQUIRE(std::chrono::steady_clock::now() - begin < 1s);
}
