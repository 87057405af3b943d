#pragma once

/// @file
/// The cold things that the simulated instrument looks at: the stages of a dilution refrigerator, their slow
/// drifts, and their answer to the heaters.

#include <array>
#include <cstdint>

namespace cerro::sim372 {

/// Sensors are numbered as the instrument's inputs: 0 is the control input A, 1 to 16 the channels.
inline constexpr int sensor_count = 17;

class cryostat {
public:
    /// Equal seeds give equal temperatures at equal times.
    explicit cryostat(std::uint64_t seed) : seed_(seed) {}

    /// One step of the heat flow.
    /// @param dt            length of the step [s]
    /// @param sample_watts  power of the sample heater at the mixing chamber [W]
    /// @param still_percent still heater [%]
    void step(double dt, double sample_watts, double still_percent);

    /// The true temperature [K] at `now` seconds after the start.
    [[nodiscard]] double kelvin(int sensor, double now) const;

    /// What a reading at that time gives [K]: with noise, the same each time for one `reading` number.
    [[nodiscard]] double measured_kelvin(int sensor, double now, std::uint64_t reading) const;

    /// Temperature without drift and heating [K]. No two sensors are nearer than 10 % to each other, far more
    /// than noise and drift, so that a reading tells its sensor.
    [[nodiscard]] static double base_kelvin(int sensor);

    /// A thermistor's resistance [ohm]: falls steadily from some 80 kohm at 10 mK to 1.2 kohm at 50 K.
    [[nodiscard]] static double ohm(double kelvin);

private:
    std::uint64_t seed_;
    double mixing_chamber_heat_ = 0.0;  // T^2 above the base [K^2], follows the power quickly ...
    double focal_plane_heat_ = 0.0;     // ... and slowly
    double still_rise_ = 0.0;           // relative
};

}  // namespace cerro::sim372
