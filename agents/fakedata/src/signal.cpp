#include <cerro/fakedata/signal.hpp>

#include <cmath>

namespace cerro::fakedata {
namespace {

constexpr double base_level = 0.1;
constexpr double walk_step = 0.003;  // each way, each bundle
constexpr double noise = 0.002;      // each way, each sample
constexpr double longest_gap_s = 60.0;

std::string channel_name(int i)
{
    return (i < 10 ? "channel_0" : "channel_") + std::to_string(i);
}

}  // namespace

signal::signal(int channels, double rate, double start, std::uint64_t seed)
    : rate_(rate), next_(start), random_(seed)
{
    for (int i = 0; i < channels; ++i) {
        names_.push_back(channel_name(i));
    }
    levels_.assign(names_.size(), base_level);
    values_ = levels_;
}

bundle signal::advance(double now)
{
    if (now - next_ > longest_gap_s) {
        next_ = now - 1.0;
    }
    bundle b;
    if (now <= next_) {
        return b;
    }
    auto const count = static_cast<std::size_t>(std::floor((now - next_) * rate_));
    if (count == 0) {
        return b;
    }
    b.timestamps.reserve(count);
    for (std::size_t k = 0; k < count; ++k) {
        b.timestamps.push_back(next_ + static_cast<double>(k) / rate_);
    }
    next_ += static_cast<double>(count) / rate_;
    last_ = b.timestamps.back();
    std::uniform_real_distribution<double> unit(-1.0, 1.0);
    for (std::size_t i = 0; i < names_.size(); ++i) {
        levels_[i] += walk_step * unit(random_);
        list samples;
        samples.reserve(count);
        for (std::size_t k = 0; k < count; ++k) {
            values_[i] = levels_[i] + noise * unit(random_);
            samples.emplace_back(values_[i]);
        }
        b.fields.append(names_[i], std::move(samples));
    }
    return b;
}

dict signal::latest() const
{
    dict fields;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        fields.append(names_[i], values_[i]);
    }
    return {{"fields", std::move(fields)}, {"timestamp", last_}};
}

}  // namespace cerro::fakedata
