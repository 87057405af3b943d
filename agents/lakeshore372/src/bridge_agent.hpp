#pragma once

/// @file
/// The agent's state and its operations.

#include "cerro/lakeshore372/agent.hpp"
#include "cerro/lakeshore372/driver.hpp"
#include <cerro/instrument/connection.hpp>
#include <cerro/log/log.hpp>

#include <array>
#include <memory>
#include <string>

namespace cerro::lakeshore372 {

/// What acq reads in one go.
struct reading {
    int channel = 0;
    std::string name;  ///< of the channel, as block name
    double timestamp = 0;
    double kelvin = 0;
    double ohm = 0;
    bool has_control = false;
    double control_timestamp = 0;
    double control_kelvin = 0;
    double control_ohm = 0;
    bool has_heater = false;
    double heater_timestamp = 0;
    double heater = 0;
    /// The scanner has moved on: nothing was read, wait so long (pause, and the delay for slow thermometers).
    bool switched = false;
    double settle_s = 0;
};

class bridge_agent : public std::enable_shared_from_this<bridge_agent> {
public:
    bridge_agent(agent::agent& a, agent_options o);

    /// Declares everything; the operations keep this object alive.
    void declare();

private:
    using text_result = asio::awaitable<result<std::string>>;
    /// A task's work under the lock: the final message, or what went wrong.
    using work = text_result (bridge_agent::*)(agent::operation& op, dict params);

    // Declarations, by subject.
    void declare_channel_tasks();
    void declare_heater_tasks();
    void task(std::string name, agent::parameters p, work w, std::string docstring);

    asio::awaitable<agent::outcome> with_lock(std::string name, work w, agent::operation& op, dict params);
    agent::outcome lock_refused() const;

    asio::awaitable<result<void>> check_identity(instrument::dialogue& d);
    asio::awaitable<result<void>> ensure_names();

    // Initialisation and acquisition.
    asio::awaitable<agent::outcome> init_lakeshore(agent::operation& op, dict params);
    text_result initialise(agent::operation& op, dict params);
    asio::awaitable<agent::outcome> acquire(agent::operation& op, dict params);
    asio::awaitable<result<reading>> read(int last_channel, bool with_heater);
    asio::awaitable<result<reading>> read_locked(agent::operation& op, int last_channel, bool with_heater);
    void publish(agent::operation& op, reading const& r);
    void show_connection(agent::operation& op);
    text_result enable_control_chan(agent::operation& op, dict params);
    text_result disable_control_chan(agent::operation& op, dict params);

    // Channels.
    text_result set_excitation_mode(agent::operation& op, dict params);
    text_result set_excitation(agent::operation& op, dict params);
    text_result get_excitation(agent::operation& op, dict params);
    text_result set_resistance_range(agent::operation& op, dict params);
    text_result get_resistance_range(agent::operation& op, dict params);
    text_result set_dwell(agent::operation& op, dict params);
    text_result get_dwell(agent::operation& op, dict params);
    text_result engage_channel(agent::operation& op, dict params);
    text_result engage_autorange(agent::operation& op, dict params);
    text_result get_input_setup(agent::operation& op, dict params);
    text_result set_calibration_curve(agent::operation& op, dict params);
    text_result set_autoscan(agent::operation& op, dict params);
    text_result set_active_channel(agent::operation& op, dict params);
    text_result input_configfile(agent::operation& op, dict params);

    void declare_curve_task();
    asio::awaitable<agent::outcome> upload_cal_curve(agent::operation& op, dict params);
    asio::awaitable<result<void>> send_curve(agent::operation& op, int number, curve_file curve);
    asio::awaitable<result<std::size_t>> count_wrong_points(agent::operation& op,
                                                            int number,
                                                            curve_file curve);

    // Heaters and regulation.
    asio::awaitable<agent::outcome> set_heater_range(agent::operation& op, dict params);
    text_result change_heater_range(agent::operation& op, dict params);
    text_result set_pid(agent::operation& op, dict params);
    text_result servo_to_temperature(agent::operation& op, dict params);
    asio::awaitable<agent::outcome> check_temperature_stability(agent::operation& op, dict params);
    text_result read_servo_input(agent::operation& op, dict params);
    text_result set_output_mode(agent::operation& op, dict params);
    text_result set_heater_output(agent::operation& op, dict params);
    text_result set_still_output(agent::operation& op, dict params);
    text_result get_still_output(agent::operation& op, dict params);

    agent::agent& agent_;
    agent_options options_;
    std::shared_ptr<instrument::connection> connection_;
    driver driver_;
    std::shared_ptr<agent::device_lock> lock_;
    std::shared_ptr<agent::feed> feed_;
    bool initialised_ = false;
    bool control_channel_;
    bool names_known_ = false;
    std::array<std::string, channel_count + 1> names_;  // block names by input
    std::string identity_;                              // latest answer to *IDN?
    log::limiter trouble_log_{30.0};
    log::limiter delay_log_{600.0};
};

/// Block and field names must be unique and legal whatever the instrument's channels are called: an empty or
/// repeated name gets the channel's number.
[[nodiscard]] std::array<std::string, channel_count + 1> block_names(
    std::array<std::string, channel_count + 1> const& given);
/// "Channel 05" -> "Channel_05"
[[nodiscard]] std::string field_prefix(std::string const& block_name);

// Parameters that the declaration has checked.
[[nodiscard]] int int_param(dict const& params, std::string_view key);
[[nodiscard]] double real_param(dict const& params, std::string_view key);
[[nodiscard]] std::string text_param(dict const& params, std::string_view key);
[[nodiscard]] bool bool_param(dict const& params, std::string_view key);

/// How long an operation waits for the lock; a reading takes well below a second when the instrument answers.
inline constexpr std::chrono::seconds lock_timeout{5};

}  // namespace cerro::lakeshore372
