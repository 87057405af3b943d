#pragma once

// Private: one provider, that is one feed of one device process under one prov_id, and its open frame.

#include <cerro/aggregator/message.hpp>
#include <cerro/aggregator/recorder.hpp>
#include <cerro/g3/writer.hpp>

#include <map>
#include <optional>
#include <string>

namespace cerro::aggregator {

/// Types that fields were widened to, kept over the lives of providers: a field that once was a float stays
/// one.
class widened_types {
public:
    [[nodiscard]] std::optional<g3::sample_type> find(std::string const& field) const;
    void remember(std::string const& field, g3::sample_type t);

private:
    static constexpr std::size_t max_fields = 100'000;
    std::map<std::string, g3::sample_type> types_;
};

class provider {
public:
    provider(std::int64_t id, feed_message const& m, widened_types& widened);

    enum class fit : std::uint8_t {
        taken,
        refused,   ///< values that do not go together
        must_end,  ///< fields or classes change: this block can only go to a new provider
    };
    struct verdict {
        fit how;
        std::string why;
    };
    /// @param may_grow blocks that are not known yet are welcome
    verdict add(message_block const& block, instant now, bool may_grow = true);
    void refresh(feed_message const& m, instant now);

    [[nodiscard]] std::int64_t id() const noexcept { return id_; }
    [[nodiscard]] std::string const& address() const noexcept { return address_; }
    [[nodiscard]] std::string const& session_id() const noexcept { return session_id_; }
    [[nodiscard]] bool is_stale(instant now) const noexcept
    {
        return now.steady - last_refresh_ > fresh_time_;
    }
    [[nodiscard]] bool has_samples() const noexcept { return samples_ > 0; }
    /// Frame is longer than frame_length, or larger than a frame should be.
    [[nodiscard]] bool is_due(instant now) const noexcept;
    [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }
    /// About what it takes of memory; the second part stays when the frame is cut.
    [[nodiscard]] std::uint64_t frame_octets() const noexcept { return octets_; }
    [[nodiscard]] std::uint64_t octets() const noexcept { return octets_ + name_octets_; }

    /// The open frame, which is then empty. Samples come out in time order.
    g3::hk::data take_frame(double unix_now);

private:
    struct open_block {
        g3::hk::block content;
        std::map<std::string, g3::sample_type> written;  // classes of fields in earlier frames
        [[nodiscard]] std::optional<g3::sample_type> written_type(std::string const& field) const;
    };
    open_block* find_block(std::string const& name);
    [[nodiscard]] std::string field_key(std::string const& block, std::string const& field) const;
    result<g3::sample_type> type_for(open_block const* block,
                                     std::string const& block_name,
                                     std::string const& field,
                                     std::vector<g3::cell> const& cells) const;

    std::int64_t id_;
    std::string address_;
    std::string session_id_;
    double frame_length_;
    double fresh_time_;
    widened_types& widened_;
    double last_refresh_ = 0;  // steady
    double last_timestamp_ = 0;
    std::optional<double> frame_start_;  // steady
    double opened_ = 0;                  // steady
    std::vector<open_block> blocks_;     // in the order they were first seen
    std::map<std::string, std::string> block_of_field_;
    std::uint64_t samples_ = 0;  // values in the open frame
    std::uint64_t octets_ = 0;   // about what they take
    std::uint64_t name_octets_ = 0;
};

}  // namespace cerro::aggregator
