#include "cerro/sim372/cryostat.hpp"

#include <cmath>
#include <numbers>

namespace cerro::sim372 {

namespace {

enum class heated_by { nothing, mixing_chamber, focal_plane, still };

struct sensor_place {
    double base;  // [K]
    heated_by heater;
    double share;   // of the heat in T^2, or of the still's rise
    double period;  // of the slow drift [s]
};

constexpr std::array<sensor_place, sensor_count> places{{
    {0.200, heated_by::mixing_chamber, 1.00, 700},   // A: control thermometer, behind a weak link
    {48.0, heated_by::nothing, 0, 900},              // 1: 50 K stage
    {3.80, heated_by::nothing, 0, 640},              // 2: 4 K stage
    {0.900, heated_by::still, 1.0, 510},             // 3: still
    {0.125, heated_by::still, 0.2, 820},             // 4: cold plate
    {0.0150, heated_by::mixing_chamber, 1.00, 730},  // 5: mixing chamber
    {0.0180, heated_by::mixing_chamber, 0.98, 770},  // 6: mixing chamber, far end
    {0.0220, heated_by::focal_plane, 0.95, 910},     // 7 to 14: focal plane
    {0.0270, heated_by::focal_plane, 0.92, 930},
    {0.0330, heated_by::focal_plane, 0.90, 950},
    {0.0400, heated_by::focal_plane, 0.88, 970},
    {0.0490, heated_by::focal_plane, 0.85, 990},
    {0.0600, heated_by::focal_plane, 0.82, 1010},
    {0.0740, heated_by::focal_plane, 0.80, 1030},
    {0.0920, heated_by::focal_plane, 0.75, 1050},
    {0.310, heated_by::nothing, 0, 600},  // 15: filters
    {1.40, heated_by::nothing, 0, 580},   // 16: still's shield
}};

constexpr double cooling = 1e-2;             // P = cooling * (T^2 - T0^2)  [W/K^2]
constexpr double mixing_chamber_time = 4.0;  // [s]
constexpr double focal_plane_time = 15.0;    // [s]
constexpr double still_time = 30.0;          // [s]
constexpr double still_gain = 0.002;         // relative rise for 1 %
constexpr double noise = 3e-4;               // relative, rms
constexpr double drift = 2e-3;               // relative, amplitude

/// splitmix64: the same bits for the same arguments, in whatever order one asks.
std::uint64_t mix(std::uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

/// Nearly normal, mean 0, variance 1: a sum of four uniform numbers.
double gauss(std::uint64_t key)
{
    double sum = 0;
    for (std::uint64_t i = 0; i < 4; ++i) {
        sum += static_cast<double>(mix(key + i) >> 11U) * 0x1p-53;
    }
    return (sum - 2.0) * std::numbers::sqrt3;
}

sensor_place const& place(int sensor)
{
    return places.at(static_cast<std::size_t>(sensor));
}

}  // namespace

void cryostat::step(double dt, double sample_watts, double still_percent)
{
    double const heat = sample_watts / cooling;
    mixing_chamber_heat_ += (heat - mixing_chamber_heat_) * (1.0 - std::exp(-dt / mixing_chamber_time));
    focal_plane_heat_ +=
        (mixing_chamber_heat_ - focal_plane_heat_) * (1.0 - std::exp(-dt / focal_plane_time));
    still_rise_ += (still_gain * still_percent - still_rise_) * (1.0 - std::exp(-dt / still_time));
}

double cryostat::kelvin(int sensor, double now) const
{
    auto const& p = place(sensor);
    double t = p.base;
    switch (p.heater) {
        case heated_by::mixing_chamber: t = std::sqrt(t * t + p.share * mixing_chamber_heat_); break;
        case heated_by::focal_plane: t = std::sqrt(t * t + p.share * focal_plane_heat_); break;
        case heated_by::still: t *= 1.0 + p.share * still_rise_; break;
        case heated_by::nothing: break;
    }
    double const phase =
        static_cast<double>(mix(seed_ * 31U + static_cast<unsigned>(sensor)) % 1000U) / 1000.0;
    return t * (1.0 + drift * std::sin(2.0 * std::numbers::pi * (now / p.period + phase)));
}

double cryostat::measured_kelvin(int sensor, double now, std::uint64_t reading) const
{
    auto const key = mix(seed_ ^ mix(reading * 32U + static_cast<unsigned>(sensor)));
    return kelvin(sensor, now) * (1.0 + noise * gauss(key));
}

double cryostat::base_kelvin(int sensor)
{
    return place(sensor).base;
}

double cryostat::ohm(double kelvin)
{
    return 1000.0 * std::exp(std::pow(0.9 / kelvin, 0.33));
}

}  // namespace cerro::sim372
