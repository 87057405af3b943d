#include "provider.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cerro::aggregator {
namespace {

/// A frame is cut early at about this size, so that a flood of samples stays bounded in memory and in reach
/// of readers.
constexpr std::uint64_t max_frame_octets = 16U << 20U;

/// The names of a field stand in several maps.
constexpr std::uint64_t octets_per_field = 512;

std::uint64_t octets_of(g3::cell const& c)
{
    auto const* const text = std::get_if<std::string>(&c);
    return text != nullptr ? sizeof(std::string) + text->size() : sizeof(double);
}

template <class T>
void reorder(std::vector<T>& values, std::vector<std::size_t> const& order)
{
    std::vector<T> ordered;
    ordered.reserve(values.size());
    for (auto const index : order) {
        ordered.push_back(values[index]);
    }
    values = std::move(ordered);
}

/// Readers search blocks by bisection. Devices nearly always publish in order; a re-sent backlog may not.
void sort_by_time(g3::hk::block& block)
{
    if (std::is_sorted(block.times.begin(), block.times.end())) {
        return;
    }
    std::vector<std::size_t> order(block.times.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return block.times[a] < block.times[b];
    });
    reorder(block.times, order);
    for (auto& [name, values] : block.fields) {
        std::visit([&](auto& typed) { reorder(typed, order); }, values);
    }
}

}  // namespace

std::optional<g3::sample_type> widened_types::find(std::string const& field) const
{
    auto const at = types_.find(field);
    return at == types_.end() ? std::nullopt : std::optional(at->second);
}

void widened_types::remember(std::string const& field, g3::sample_type t)
{
    auto const at = types_.find(field);
    if (at != types_.end()) {
        at->second = t;
    } else if (types_.size() < max_fields) {
        types_.emplace(field, t);
    }
}

provider::provider(std::int64_t id, feed_message const& m, widened_types& widened)
    : id_(id),
      address_(m.address),
      session_id_(m.session_id),
      frame_length_(m.frame_length),
      fresh_time_(m.fresh_time),
      widened_(widened)
{}

void provider::refresh(feed_message const& m, instant now)
{
    frame_length_ = m.frame_length;
    fresh_time_ = m.fresh_time;
    last_refresh_ = now.steady;
}

std::optional<g3::sample_type> provider::open_block::written_type(std::string const& field) const
{
    auto const at = written.find(field);
    return at == written.end() ? std::nullopt : std::optional(at->second);
}

provider::open_block* provider::find_block(std::string const& name)
{
    auto const at =
        std::find_if(blocks_.begin(), blocks_.end(), [&](auto const& b) { return b.content.name == name; });
    return at == blocks_.end() ? nullptr : &*at;
}

std::string provider::field_key(std::string const& block, std::string const& field) const
{
    return address_ + '\0' + block + '\0' + field;
}

result<g3::sample_type> provider::type_for(open_block const* block,
                                           std::string const& block_name,
                                           std::string const& field,
                                           std::vector<g3::cell> const& cells) const
{
    std::optional<g3::sample_type> earlier;
    if (block != nullptr) {
        auto const open = block->content.fields.find(field);
        if (g3::size(open->second) > 0) {
            return g3::common_type(cells, g3::type_of(open->second));
        }
        earlier = block->written_type(field);
    }
    if (!earlier) {
        earlier = widened_.find(field_key(block_name, field));
    }
    auto const type = g3::common_type(cells, earlier);
    if (!type && type.error().code == errc::unsupported) {
        // Text instead of numbers or the reverse: between frames a field may change, within one it may not.
        return g3::common_type(cells, std::nullopt);
    }
    return type;
}

provider::verdict provider::add(message_block const& block, instant now, bool may_grow)
{
    auto* known = find_block(block.name);
    bool same_fields = known == nullptr || known->content.fields.size() == block.fields.size();
    for (auto const& [field, cells] : block.fields) {
        auto const owner = block_of_field_.find(field);
        bool const right_owner = owner != block_of_field_.end() && owner->second == block.name;
        same_fields = same_fields && (known != nullptr ? right_owner : owner == block_of_field_.end());
    }
    if (!same_fields) {
        return {fit::must_end, "block " + block.name + " has other fields now"};
    }
    if (known == nullptr && !may_grow) {
        return {fit::refused,
                "block " + block.name + ": the fields of all feeds take too much memory already"};
    }
    std::vector<g3::sample_type> types;
    for (auto const& [field, cells] : block.fields) {
        auto const type = type_for(known, block.name, field, cells);
        if (!type) {
            return {fit::refused, "block " + block.name + ": field " + field + ": " + type.error().what};
        }
        auto const written = known != nullptr ? known->written_type(field) : std::nullopt;
        if (written && *written != *type) {
            if (*type != g3::sample_type::text && *written != g3::sample_type::text) {
                widened_.remember(field_key(block.name, field), *type);
            }
            return {fit::must_end,
                    "field " + field + " of block " + block.name + " was " + std::string(g3::name(*written)) +
                        " and is now " + std::string(g3::name(*type))};
        }
        types.push_back(*type);
    }

    if (known == nullptr) {
        known = &blocks_.emplace_back();
        known->content.name = block.name;
        for (auto const& [field, cells] : block.fields) {
            block_of_field_.emplace(field, block.name);
            name_octets_ += octets_per_field + 4 * field.size() + block.name.size();
        }
    }
    auto& content = known->content;
    for (std::size_t i = 0; i < block.fields.size(); ++i) {
        auto const& [field, cells] = block.fields[i];
        auto& values = content.fields.try_emplace(field, g3::make_column(types[i])).first->second;
        if (g3::type_of(values) != types[i]) {
            if (g3::size(values) > 0) {
                widened_.remember(field_key(block.name, field), types[i]);
                g3::widen(values, types[i]);
            } else {
                values = g3::make_column(types[i]);
            }
        }
        g3::append(values, cells);
        samples_ += cells.size();
        for (auto const& c : cells) {
            octets_ += octets_of(c);
        }
    }
    content.times.insert(content.times.end(), block.times.begin(), block.times.end());
    octets_ += 8 * block.times.size();
    if (!frame_start_) {
        opened_ = now.steady;
        frame_start_ = now.steady;
    }
    // Only the message that opened the frame counts: a backlog later must not cut it short.
    if (opened_ == now.steady) {
        double const age = now.unix_time - g3::to_seconds(block.times.front());
        frame_start_ = std::min(*frame_start_, now.steady - age);
    }
    return {fit::taken, {}};
}

bool provider::is_due(instant now) const noexcept
{
    return has_samples() &&
           (now.steady - frame_start_.value_or(now.steady) > frame_length_ || octets_ > max_frame_octets);
}

g3::hk::data provider::take_frame(double unix_now)
{
    g3::hk::data d;
    d.prov_id = id_;
    // Strictly increasing for each provider, also when the clock was set back.
    d.timestamp = unix_now > last_timestamp_
                      ? unix_now
                      : std::nextafter(last_timestamp_, std::numeric_limits<double>::infinity());
    last_timestamp_ = d.timestamp;
    d.address = address_;
    d.provider_session_id = session_id_;
    for (auto& block : blocks_) {
        if (block.content.times.empty()) {
            continue;
        }
        g3::hk::block emptied;
        emptied.name = block.content.name;
        for (auto const& [field, values] : block.content.fields) {
            block.written[field] = g3::type_of(values);
            emptied.fields.emplace(field, g3::make_column(g3::type_of(values)));
        }
        sort_by_time(block.content);
        d.blocks.push_back(std::exchange(block.content, std::move(emptied)));
    }
    frame_start_.reset();
    samples_ = 0;
    octets_ = 0;
    return d;
}

}  // namespace cerro::aggregator
