#include "cerro/lakeshore372/agent.hpp"

#include <CLI/CLI.hpp>

namespace cerro::lakeshore372 {

namespace {

struct command_line {
    agent_options agent;
    std::string mode = "acq";
    std::string sample_heater;
    CLI::Option* sample_heater_given = nullptr;
    bool fake_data = false;
};

void add_options(CLI::App& app, command_line& c)
{
    auto& o = c.agent;
    o.connection.port = 7777;
    app.add_option("--ip-address", o.connection.host, "address or name of the instrument")->required();
    app.add_option("--port", o.connection.port, "its TCP port")->capture_default_str();
    app.add_option("--serial-number", o.serial_number, "expected; another one found there is warned of");
    app.add_option("--mode", c.mode, "what to start: nothing, init_lakeshore, or acq after it")
        ->check(CLI::IsMember({"idle", "init", "acq"}))
        ->capture_default_str();
    app.add_option("--dwell-time-delay",
                   o.dwell_time_delay_s,
                   "further wait after a channel switch, for slow thermometers [s]")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    c.sample_heater_given =
        app.add_option("--sample-heater", c.sample_heater, "acq publishes the sample heater's output too")
            ->expected(0, 1);
    app.add_flag("--enable-control-chan", o.control_channel, "acq publishes the control channel too");
    app.add_option("--configfile", o.configfile, "channel settings that init_lakeshore applies (YAML)");
    app.add_option("--frame-length", o.frame_length_s, "of the feed in the archive [s]")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_flag("--fake-data", c.fake_data, "accepted for old site files, does nothing");
}

agent_options effective(command_line const& c)
{
    auto o = c.agent;
    o.mode = c.mode == "idle" ? start_mode::idle : c.mode == "init" ? start_mode::init : start_mode::acquire;
    auto const& text = c.sample_heater;
    o.sample_heater = c.sample_heater_given->count() > 0 && text != "false" && text != "False" && text != "0";
    return o;
}

}  // namespace

int run_program(int argc, char const* const* argv)
{
    command_line c;
    agent::agent_description d;
    d.program = "cerro-lakeshore372";
    d.agent_class = "Lakeshore372Agent";
    d.summary = "Reads a Lake Shore 372 and sets it";
    d.options = [&c](CLI::App& app) { add_options(app, c); };
    d.setup = [&c](agent::agent& a) { set_up(a, effective(c)); };
    return agent::run_agent(argc, argv, std::move(d));
}

}  // namespace cerro::lakeshore372
