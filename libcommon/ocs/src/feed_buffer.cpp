#include <cerro/ocs/feed_buffer.hpp>
#include <cerro/ocs/field_names.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace cerro::ocs {
namespace {

bool is_recordable(value const& v) noexcept
{
    return v.is_number() || v.is_text() || v.is_bool();
}

problem bad(std::string text)
{
    return fail(errc::invalid_argument, std::move(text));
}

problem bad_value(std::string_view block, std::string const& field)
{
    return bad("block " + std::string(block) + ", field " + field +
               ": a recorded value must be a float, int, str or bool; use NaN for a missing reading");
}

}  // namespace

result<void> feed_buffer::add(std::string_view block, double timestamp, dict fields, steady_time now)
{
    for (auto& [field, v] : fields.entries()) {
        if (!is_recordable(v)) {
            return bad_value(block, field);
        }
        list column;
        column.push_back(std::move(v));
        v = std::move(column);
    }
    list timestamps;
    timestamps.emplace_back(timestamp);
    return append(block, std::move(timestamps), std::move(fields), now);
}

result<void> feed_buffer::add_many(std::string_view block,
                                   std::vector<double> const& timestamps,
                                   dict fields,
                                   steady_time now)
{
    for (auto const& [field, v] : fields) {
        auto const* column = v.as_list();
        if (column == nullptr || column->size() != timestamps.size()) {
            return bad("block " + std::string(block) + ", field " + field + ": expected a list of " +
                       std::to_string(timestamps.size()) + " values, one for each timestamp");
        }
        if (!std::all_of(column->begin(), column->end(), is_recordable)) {
            return bad_value(block, field);
        }
    }
    return append(block, list(timestamps.begin(), timestamps.end()), std::move(fields), now);
}

result<void> feed_buffer::append(std::string_view block, list timestamps, dict columns, steady_time now)
{
    auto const found = find_block(block, columns);
    if (!found) {
        return found.error();
    }
    if (timestamps.empty()) {
        return {};
    }
    block_state& state = **found;
    for (std::size_t i = 0; i < state.fields.size(); ++i) {
        list& more = *columns.find(state.fields[i])->as_list();
        std::move(more.begin(), more.end(), std::back_inserter(state.columns[i]));
    }
    std::move(timestamps.begin(), timestamps.end(), std::back_inserter(state.timestamps));
    if (!due_) {
        due_ = now + buffer_time_;
    }
    return {};
}

result<feed_buffer::block_state*> feed_buffer::find_block(std::string_view block, dict const& fields)
{
    auto const known =
        std::find_if(blocks_.begin(), blocks_.end(), [&](auto const& b) { return b.name == block; });
    if (known != blocks_.end()) {
        bool const same = fields.size() == known->fields.size() &&
                          std::all_of(known->fields.begin(), known->fields.end(), [&](auto const& f) {
                              return fields.contains(f);
                          });
        if (!same) {
            return bad("Block structure does not match: " + std::string(block));
        }
        return &*known;
    }
    block_state state;
    state.name = block;
    for (auto const& [field, column] : fields) {
        if (!valid_field_name(field)) {
            return bad(
                "block " + state.name + ": '" + field +
                "' is no legal field name (letters, digits and _, beginning with a letter, at most 255)");
        }
        state.fields.push_back(field);
    }
    state.columns.resize(state.fields.size());
    blocks_.push_back(std::move(state));
    return &blocks_.back();
}

dict feed_buffer::take()
{
    dict message;
    for (auto& block : blocks_) {
        if (block.timestamps.empty()) {
            continue;
        }
        dict data;
        for (std::size_t i = 0; i < block.fields.size(); ++i) {
            data.append(block.fields[i], std::exchange(block.columns[i], {}));
        }
        dict body;
        body.append("block_name", block.name);
        body.append("data", std::move(data));
        body.append("timestamps", std::exchange(block.timestamps, {}));
        message.append(block.name, std::move(body));
    }
    due_.reset();
    return message;
}

}  // namespace cerro::ocs
