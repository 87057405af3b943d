#pragma once

/// @file
/// The samples of a record feed: checked, gathered for a while, and made into one message. No I/O; the clock
/// is a parameter.

#include <cerro/base/result.hpp>
#include <cerro/base/time.hpp>
#include <cerro/codec/value.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::ocs {

class feed_buffer {
public:
    /// @param buffer_time 0: each addition is due at once
    explicit feed_buffer(std::chrono::nanoseconds buffer_time) : buffer_time_(buffer_time) {}

    /// One sample: each field has one value. Nothing is taken if anything is wrong.
    /// @return errc::invalid_argument for an illegal field name, a value that is no float, int, str or bool,
    /// or a field set other than the first one of this block ("Block structure does not match: <block>")
    [[nodiscard]] result<void> add(std::string_view block, double timestamp, dict fields, steady_time now);
    /// Many samples: each field has a list as long as `timestamps`.
    [[nodiscard]] result<void> add_many(std::string_view block,
                                        std::vector<double> const& timestamps,
                                        dict fields,
                                        steady_time now);

    /// When what is buffered has to be sent; nothing if nothing is buffered.
    [[nodiscard]] std::optional<steady_time> due() const noexcept { return due_; }
    [[nodiscard]] bool empty() const noexcept { return !due_; }
    /// The feed's message: {block: {"block_name", "data": {field: [...]}, "timestamps": [...]}} of all blocks
    /// that hold something, emptied. The field sets of the blocks stay known.
    [[nodiscard]] dict take();

private:
    struct block_state {
        std::string name;
        std::vector<std::string> fields;  ///< in the order of the first message
        std::vector<list> columns;        ///< parallel to fields
        list timestamps;
    };
    [[nodiscard]] result<block_state*> find_block(std::string_view block, dict const& fields);
    [[nodiscard]] result<void> append(std::string_view block, list timestamps, dict columns, steady_time now);

    std::chrono::nanoseconds buffer_time_;
    std::optional<steady_time> due_;
    std::vector<block_state> blocks_;  ///< in the order of their first message
};

}  // namespace cerro::ocs
