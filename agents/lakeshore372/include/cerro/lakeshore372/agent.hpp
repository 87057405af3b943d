#pragma once

/// @file
/// The OCS agent for a Model 372: class Lakeshore372Agent, feed "temperatures", process acq and the tasks.

#include <cerro/agent/agent.hpp>
#include <cerro/instrument/connection.hpp>

#include <memory>
#include <string>

namespace cerro::lakeshore372 {

enum class start_mode { idle, init, acquire };

struct agent_options {
    instrument::options connection;
    std::string serial_number;  ///< expected; another one is only warned of. Empty: any
    start_mode mode = start_mode::acquire;
    double dwell_time_delay_s = 0;  ///< further wait after a channel switch, for slow thermometers
    bool sample_heater = false;     ///< publish the sample heater's output too
    bool control_channel = false;   ///< publish the control channel too
    double frame_length_s = 600;    ///< of the feed's agg_params
    std::string configfile;         ///< applied by init_lakeshore; empty: none
};

/// Declares the operations and the feed. The agent is kept alive by them.
void set_up(agent::agent& a, agent_options o);

/// The program cerro-lakeshore372: the whole of main().
int run_program(int argc, char const* const* argv);

}  // namespace cerro::lakeshore372
