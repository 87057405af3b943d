#pragma once

/// @file
/// A Lake Shore 372 without its sockets: it takes a line and the time and gives the reply.

#include <cerro/sim372/cryostat.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::sim372 {

struct instrument_options {
    std::string serial{"LSA372S"};
    std::uint64_t seed = 1;
    bool autoscan = true;
    int dwell_s = 5;  ///< of every channel, until INSET says otherwise
    int pause_s = 3;
};

/// One message: "RANGE 0,4" is verb RANGE with arguments 0 and 4.
struct message {
    std::string verb;  ///< upper case, a question with its '?'
    std::vector<std::string> arguments;
};

/// Splits a line at ';' (outside of quotes) into messages, forgiving what the instrument forgives: blanks
/// around arguments, a blank in place of the first comma, lower case, a ':' in front of a verb.
[[nodiscard]] std::vector<message> split_messages(std::string_view line);

/// `+293.873E+00`: six digits, exponents are multiples of three.
[[nodiscard]] std::string engineering(double v);

class settings;
class curves;

class instrument {
public:
    explicit instrument(instrument_options o);
    ~instrument();
    instrument(instrument const&) = delete;
    instrument& operator=(instrument const&) = delete;

    /// Carries out one line.
    /// @param line without terminator; an empty one does nothing
    /// @param now  seconds since the start, never falling
    /// @return the replies joined by ';', without terminator; nothing if no message of the line has one
    std::optional<std::string> handle(std::string_view line, double now);

    /// Lets time pass: heat flow, scanner, control loop, readings; in steps of 0.1 s.
    void advance(double now);

    // What tests look at.
    [[nodiscard]] int active_channel() const { return active_; }
    [[nodiscard]] bool autoscan() const { return autoscan_; }
    /// Fields of a setting as its question would show them, e.g. setting("INSET", 2); "" if there is none.
    [[nodiscard]] std::string setting(std::string_view verb, int index) const;
    [[nodiscard]] double sample_heater_watts() const { return sample_watts_; }

private:
    using reply = std::optional<std::string>;
    using arguments = std::vector<std::string>;
    using handler = reply (instrument::*)(arguments const&);

    static std::map<std::string_view, handler> const& handlers();

    reply carry_out(message const& m);
    reply command_error();
    reply execution_error();

    reply identify(arguments const&);
    reply event_status(arguments const&);
    reply clear_status(arguments const&);
    reply operation_complete(arguments const&);
    reply nothing(arguments const&);
    reply set_scan(arguments const& a);
    reply get_scan(arguments const&);
    reply get_kelvin(arguments const& a);
    reply get_ohm(arguments const& a);
    reply get_quadrature(arguments const& a);
    reply get_power(arguments const& a);
    reply get_status(arguments const& a);
    reply set_name(arguments const& a);
    reply get_name(arguments const& a);
    reply get_heater(arguments const&);
    reply get_analog_output(arguments const& a);
    reply get_ramp_status(arguments const& a);

    void after_setting(std::string_view verb, int index);
    void step(double now, double dt);
    void scan(double now);
    void measure(int input, double now);
    double control(double dt);
    void check_limits();
    void select(int channel, double now);
    [[nodiscard]] bool over_range(int input, double ohm) const;

    struct reading {
        double kelvin = 0;
        double ohm = 0;
        int status = 0;
    };

    instrument_options options_;
    cryostat cryostat_;
    std::unique_ptr<settings> settings_;
    std::unique_ptr<curves> curves_;
    std::array<std::string, sensor_count> names_;
    std::array<reading, sensor_count> readings_;
    int active_ = 1;
    bool autoscan_;
    int event_status_ = 0;
    double now_ = 0;           // of the request being handled [s]
    double switched_at_ = 0;   // when the scanner came to the active channel [s]
    std::uint64_t ticks_ = 0;  // steps of 0.1 s done
    double setpoint_ = 0;      // where a ramp is now, in kelvin
    double integral_ = 0;      // of the control loop [%]
    double sample_percent_ = 0;
    double sample_watts_ = 0;
};

}  // namespace cerro::sim372
