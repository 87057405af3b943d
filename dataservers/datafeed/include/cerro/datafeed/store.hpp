#pragma once

/// @file
/// The last hour of one OCS feed in memory, as a source. Bounded in time and in bytes.

#include <cerro/base/result.hpp>
#include <cerro/dans/source.hpp>

#include <chrono>
#include <functional>
#include <map>

namespace cerro::datafeed {

struct store_options {
    std::string timeline_root;            ///< "observatory.LSA22YE": timelines are <root>.<field>
    double buffer_time = 3600;            ///< older samples are dropped [s]
    std::size_t max_bytes = 256U << 20U;  ///< of all samples; above it the oldest of the largest field go
    std::size_t max_fields = 10'000;      ///< further ones are refused
    /// (pattern, unit): the first whose pattern fits the field name counts; '*' stands for any text.
    std::vector<std::pair<std::string, std::string>> units;
    std::function<double()> now;  ///< unix seconds
};

/// Field names as sisock has them: lower case, blanks to underscores.
[[nodiscard]] std::string field_name(std::string_view channel);

/// What one message changed.
struct taken {
    std::size_t samples = 0;
    std::size_t refused = 0;  ///< unusable values, blocks or channels
};

class store : public dans::source {
public:
    explicit store(store_options o);

    /// The first element of a feed event: `{block: {"timestamps": [...], "data": {channel: [...]}}}`.
    /// Late samples are put in their place; a sample of a time that is there already replaces it.
    /// @return errc::malformed if `message` is no such dict
    result<taken> add(value const& message);
    /// Drops what is older than buffer_time. Called by add() and by every request; call it now and then when
    /// a feed is silent.
    void expire();

    dans::catalogue fields(dans::time_range range) override;
    std::optional<dans::field_info> find(std::string const& field) override;
    dans::series read(std::string const& field, dans::time_range range) override;
    dans::series latest(std::string const& field, dans::time_range range) override;
    std::optional<double> finalized_until(std::string const& timeline) override;

    /// Memory held by samples, about [bytes].
    [[nodiscard]] std::size_t bytes_held() const noexcept { return bytes_; }
    /// Samples dropped because of max_bytes.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    /// Samples from `first` on are valid: dropping at the front moves the index, and now and then the memory.
    struct kept_field {
        dans::series samples;
        std::size_t first = 0;
        std::size_t bytes = 0;
    };
    void add_block(value const& block, taken& count);
    void add_channel(std::string const& name, list const& t, list const& v, taken& count);
    void put(kept_field& f, double t, value const& v);
    void drop_front(kept_field& f, std::size_t n);
    void account(kept_field& f);
    void enforce_bytes();
    [[nodiscard]] std::pair<std::size_t, std::size_t> indices(kept_field const& f,
                                                              dans::time_range range) const;
    [[nodiscard]] dans::field_info info(std::string const& name, kept_field const& f) const;

    store_options options_;
    std::map<std::string, kept_field, std::less<>> fields_;
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace cerro::datafeed
