#include <cerro/aggregator/message.hpp>
#include <cerro/ocs/field_names.hpp>

#include <algorithm>
#include <cmath>

namespace cerro::aggregator {
namespace {

constexpr std::size_t max_address = 1024;
constexpr std::size_t max_name = 1024;  // of a session or a block

result<g3::cell> read_cell(value const& v)
{
    using kind = value::kind;
    switch (v.type()) {
        case kind::null: return g3::cell{};
        case kind::boolean: return g3::cell{*v.as_bool()};
        case kind::integer: return g3::cell{*v.as_int()};
        case kind::unsigned_integer:
        case kind::real: return g3::cell{*v.as_double()};  // integers above 2^63-1 have no other home
        case kind::text: return g3::cell{*v.as_text()};
        case kind::octets: return fail(errc::malformed, "a value is binary");
        case kind::array: return fail(errc::malformed, "a value is a list");
        case kind::object: break;
    }
    return fail(errc::malformed, "a value is a dict");
}

result<std::vector<std::int64_t>> read_times(value const* v, double now)
{
    auto const* const times = v != nullptr ? v->as_list() : nullptr;
    if (times == nullptr) {
        return fail(errc::malformed, "\"timestamps\" is no list");
    }
    std::vector<std::int64_t> ticks;
    ticks.reserve(times->size());
    for (auto const& one : *times) {
        auto const seconds = one.is_number() ? one.as_double() : std::nullopt;
        if (!seconds) {
            return fail(errc::malformed, "a timestamp is no number");
        }
        auto const t = g3::to_ticks(*seconds);
        if (!t || *seconds <= 0) {
            return fail(errc::malformed, "timestamp " + std::to_string(*seconds) + " is no time");
        }
        if (*seconds > now + max_future) {
            return fail(errc::malformed,
                        "timestamp " + std::to_string(*seconds) + " is more than a day ahead");
        }
        ticks.push_back(*t);
    }
    return ticks;
}

result<message_block> read_block(std::string const& name, value const& v, double now)
{
    message_block block;
    if (name.size() > max_name) {
        return fail(errc::malformed, "its name is longer than " + std::to_string(max_name) + " octets");
    }
    block.name = name;
    auto times = read_times(v.find("timestamps"), now);
    if (!times) {
        return times.error();
    }
    block.times = std::move(*times);
    auto const* const data = v.find("data") != nullptr ? v.find("data")->as_dict() : nullptr;
    if (data == nullptr || data->empty()) {
        return fail(errc::malformed, "\"data\" is no dict with fields");
    }
    std::vector<std::string> names;
    for (auto const& [field, values] : *data) {
        names.push_back(field);
    }
    if (!std::all_of(names.begin(), names.end(), [](auto const& n) { return ocs::valid_field_name(n); })) {
        names = ocs::repair_field_names(names);
    }
    std::size_t index = 0;
    for (auto const& [field, values] : *data) {
        auto const* const column = values.as_list();
        if (column == nullptr) {
            return fail(errc::malformed, "field " + field + " is no list");
        }
        if (column->size() != block.times.size()) {
            return fail(errc::malformed,
                        "field " + field + " has " + std::to_string(column->size()) + " values for " +
                            std::to_string(block.times.size()) + " timestamps");
        }
        std::vector<g3::cell> cells;
        cells.reserve(column->size());
        for (auto const& one : *column) {
            auto cell = read_cell(one);
            if (!cell) {
                return fail(cell.error().code, "field " + field + ": " + cell.error().what);
            }
            cells.push_back(std::move(*cell));
        }
        block.fields.emplace_back(std::move(names[index++]), std::move(cells));
    }
    return block;
}

/// A positive, finite number of seconds up to `most`, or the default.
double seconds_or(value const* v, double otherwise, double most)
{
    auto const s = v != nullptr && v->is_number() ? v->as_double() : std::nullopt;
    return s && std::isfinite(*s) && *s > 0 ? std::min(*s, most) : otherwise;
}

}  // namespace

result<feed_message> read_message(list const& args, double now)
{
    auto const* const pair = args.size() == 1 ? args[0].as_list() : nullptr;
    if (pair == nullptr || pair->size() != 2) {
        return fail(errc::malformed, "a feed message is one pair [data, feed]");
    }
    auto const* const feed = (*pair)[1].as_dict();
    auto const* const address =
        feed != nullptr && feed->contains("address") ? feed->find("address")->as_text() : nullptr;
    if (address == nullptr || address->empty() || address->size() > max_address) {
        return fail(errc::malformed, "feed without usable \"address\"");
    }
    feed_message m;
    m.address = *address;
    auto const* const record = feed->find("record");
    auto const* const params = feed->find("agg_params");
    auto const* const excluded = params != nullptr ? params->find("exclude_aggregator") : nullptr;
    m.wanted = record != nullptr && record->as_bool().value_or(false) &&
               !(excluded != nullptr && excluded->as_bool().value_or(false));
    if (!m.wanted) {
        return m;
    }
    auto const* const session = feed->find("session_id");
    if (session == nullptr || session->as_text() == nullptr || session->as_text()->size() > max_name) {
        return fail(errc::malformed, m.address + ": feed without usable \"session_id\"");
    }
    m.session_id = *session->as_text();
    if (auto const* const sequence = feed->find("sequence"); sequence != nullptr && sequence->is_integer()) {
        m.sequence = sequence->as_uint();
    }
    if (params != nullptr) {
        m.frame_length = seconds_or(params->find("frame_length"), default_frame_length, max_frame_length);
        m.fresh_time = seconds_or(params->find("fresh_time"), default_fresh_time, max_fresh_time);
    }
    auto const* const data = (*pair)[0].as_dict();
    if (data == nullptr) {
        return fail(errc::malformed, m.address + ": data is no dict of blocks");
    }
    for (auto const& [name, content] : *data) {
        auto block = read_block(name, content, now);
        if (!block) {
            m.refused.push_back(m.address + ": block " + name.substr(0, 100) + ": " + block.error().what);
        } else if (!block->times.empty()) {
            m.blocks.push_back(std::move(*block));
        }
    }
    return m;
}

}  // namespace cerro::aggregator
