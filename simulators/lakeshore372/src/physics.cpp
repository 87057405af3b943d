#include "cerro/sim372/instrument.hpp"
#include "settings.hpp"

#include <algorithm>
#include <cmath>

namespace cerro::sim372 {

namespace {

constexpr double tick = 0.1;          // [s], the instrument's reading rate
constexpr double longest_gap = 60.0;  // of steps one by one; a longer one is skipped over [s]

constexpr int status_over_range = 16;

constexpr int mode_open_loop = 2;
constexpr int mode_still = 4;
constexpr int mode_closed_loop = 5;

}  // namespace

void instrument::advance(double now)
{
    now_ = std::max(now_, now);
    auto const due = static_cast<std::uint64_t>(now_ / tick);
    auto const most = static_cast<std::uint64_t>(longest_gap / tick);
    if (due > ticks_ + most) {
        double const skipped = static_cast<double>(due - most - ticks_) * tick;
        ticks_ = due - most;
        step(static_cast<double>(ticks_) * tick, skipped);
    }
    while (ticks_ < due) {
        ++ticks_;
        step(static_cast<double>(ticks_) * tick, tick);
    }
}

void instrument::step(double now, double dt)
{
    double const goal = settings_->number("SETP", 0, 0);
    if (settings_->number("RAMP", 0, 0) == 1) {
        double const most = settings_->number("RAMP", 0, 1) / 60.0 * dt;
        setpoint_ += std::clamp(goal - setpoint_, -most, most);
    }
    sample_percent_ = control(dt);
    double const range = settings_->number("RANGE", 0, 0);
    double const full_scale = range == 0 ? 0.0 : 31.6e-6 * std::pow(10.0, (range - 1) / 2.0);
    double const amps = full_scale * sample_percent_ / 100.0;
    sample_watts_ = amps * amps * settings_->number("HTRSET", 0, 0);

    bool const still_on =
        settings_->number("RANGE", 2, 0) == 1 && settings_->number("OUTMODE", 2, 0) == mode_still;
    cryostat_.step(dt, sample_watts_, still_on ? settings_->number("STILL", 0, 0) : 0.0);

    if (settings_->number("INSET", 0, 0) == 1) {
        measure(0, now);
    }
    scan(now);
    check_limits();
}

/// Output of the sample heater in per cent of the range's current.
double instrument::control(double dt)
{
    double const mode = settings_->number("OUTMODE", 0, 0);
    if (settings_->number("RANGE", 0, 0) == 0) {
        return 0.0;
    }
    if (mode == mode_open_loop) {
        double const value = std::max(0.0, settings_->number("MOUT", 0, 0));
        if (settings_->number("HTRSET", 0, 3) == 1) {
            return value;
        }
        double const full = 31.6e-6 * std::pow(10.0, (settings_->number("RANGE", 0, 0) - 1) / 2.0);
        double const amps = std::sqrt(value / settings_->number("HTRSET", 0, 0));
        return std::min(100.0, 100.0 * amps / full);
    }
    if (mode != mode_closed_loop) {
        return 0.0;
    }
    int const input = static_cast<int>(settings_->number("OUTMODE", 0, 1));
    auto const& r = readings_.at(static_cast<std::size_t>(input));
    bool const in_kelvin = settings_->number("INTYPE", input, 5) == 1;
    if (setpoint_ <= 0) {
        return 0.0;
    }
    // A thermistor's resistance falls with temperature.
    double const error = in_kelvin ? (setpoint_ - r.kelvin) / setpoint_ : (r.ohm - setpoint_) / setpoint_;
    double const p = settings_->number("PID", 0, 0);
    double const i = settings_->number("PID", 0, 1);
    integral_ = std::clamp(integral_ + p * i / 10.0 * error * dt, 0.0, 100.0);
    return std::clamp(p * error + integral_, 0.0, 100.0);
}

void instrument::scan(double now)
{
    double const pause = settings_->number("INSET", active_, 2);
    double const dwell = settings_->number("INSET", active_, 1);
    if (autoscan_ && now - switched_at_ >= pause + dwell) {
        for (int k = 1; k <= 16; ++k) {
            int const next = (active_ - 1 + k) % 16 + 1;
            if (next != active_ && settings_->number("INSET", next, 0) == 1) {
                select(next, now);
                break;
            }
        }
    }
    // While the input settles after a switch, its last value is repeated.
    if (now - switched_at_ >= settings_->number("INSET", active_, 2)) {
        measure(active_, now);
    }
}

void instrument::select(int channel, double now)
{
    active_ = channel;
    switched_at_ = now;
}

void instrument::measure(int input, double now)
{
    auto& r = readings_.at(static_cast<std::size_t>(input));
    bool const excitation_off = settings_->number("INTYPE", input, 4) == 1;
    double const kelvin = cryostat_.measured_kelvin(input, now, ticks_);
    double const ohm = cryostat::ohm(kelvin);
    if (excitation_off || over_range(input, ohm)) {
        r = reading{0.0, 0.0, excitation_off ? 0 : status_over_range};
        return;
    }
    r = reading{kelvin, ohm, 0};
}

void instrument::check_limits()
{
    for (int input = 0; input < sensor_count; ++input) {
        double const limit = settings_->number("TLIMIT", input, 0);
        if (limit > 0 && readings_.at(static_cast<std::size_t>(input)).kelvin > limit) {
            for (int output = 0; output <= 2; ++output) {
                settings_->put("RANGE", output, 0, 0);
            }
        }
    }
}

}  // namespace cerro::sim372
