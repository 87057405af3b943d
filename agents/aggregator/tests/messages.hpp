#pragma once

// Feed messages for tests, and frames read back.

#include <cerro/aggregator/recorder.hpp>
#include <cerro/g3/file.hpp>
#include <cerro/g3/hk.hpp>

#include <string>
#include <vector>

namespace cerro::aggregator::test {

/// {block_name, timestamps, data}
value block(std::string const& name, list times, dict fields);
/// feed_info of observatory.NAME
dict feed(std::string const& name, std::string const& session_id = "1.0", dict agg_params = {});
/// Arguments of an event with one block.
list message(value one_block, dict const& info);
list message(std::vector<value> const& blocks, dict const& info);

/// One moment of a clock that was never set.
instant at(double seconds);
/// recorder::take() of a message on its own topic.
std::vector<std::string> take(recorder& r, list const& args, instant now);

/// The frames, read.
struct archive_content {
    explicit archive_content(bytes octets);
    /// The session frame, then `frames`.
    archive_content(recorder const& r, std::vector<outgoing_frame> const& frames);

    bytes octets;
    std::vector<g3::hk::frame> frames;
    std::string trouble;

    [[nodiscard]] std::vector<g3::hk::data_frame const*> data() const;
    [[nodiscard]] std::vector<g3::hk::status_frame const*> status() const;
};

/// Column `field` of block `name` in a data frame; an empty float column if there is none.
g3::column values(g3::hk::data_frame const& frame, std::string const& name, std::string const& field);

}  // namespace cerro::aggregator::test
