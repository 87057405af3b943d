#include <cerro/datafeed/store.hpp>

#include <algorithm>
#include <cmath>

namespace cerro::datafeed {

std::string field_name(std::string_view channel)
{
    std::string out(channel);
    for (char& c : out) {
        if (c == ' ') {
            c = '_';
        } else if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

store::store(store_options o) : options_(std::move(o)) {}

result<taken> store::add(value const& message)
{
    auto const* blocks = message.as_dict();
    if (blocks == nullptr) {
        return fail(errc::malformed, "a feed message must be a dict of blocks");
    }
    taken count;
    for (auto const& [name, block] : *blocks) {
        add_block(block, count);
    }
    expire();
    enforce_bytes();
    return count;
}

void store::add_block(value const& block, taken& count)
{
    auto const* times = block.find("timestamps");
    auto const* data = block.find("data");
    if (times == nullptr || times->as_list() == nullptr || data == nullptr || data->as_dict() == nullptr) {
        ++count.refused;
        return;
    }
    for (auto const& [channel, values] : *data->as_dict()) {
        if (values.as_list() == nullptr || channel.empty()) {
            ++count.refused;
            continue;
        }
        add_channel(field_name(channel), *times->as_list(), *values.as_list(), count);
    }
}

void store::add_channel(std::string const& name, list const& t, list const& v, taken& count)
{
    auto const n = std::min(t.size(), v.size());
    count.refused += std::max(t.size(), v.size()) - n;
    if (n == 0) {
        return;
    }
    auto it = fields_.find(name);
    if (it == fields_.end()) {
        if (fields_.size() >= options_.max_fields) {
            count.refused += n;
            return;
        }
        it = fields_.emplace(name, kept_field()).first;
    }
    kept_field& f = it->second;
    for (std::size_t i = 0; i < n; ++i) {
        auto const time = t[i].as_double();
        auto const type = dans::type_of(v[i]);
        if (!time || !std::isfinite(*time) || !type) {
            ++count.refused;
            continue;
        }
        if (*type != f.samples.v.type()) {
            if (v[i].is_null()) {
                ++count.refused;  // a missing string or bool is no sample
                continue;
            }
            // A channel that changed its type starts anew: a column has one.
            f.samples = {{}, dans::column(*type)};
            f.first = 0;
        }
        put(f, *time, v[i]);
        ++count.samples;
    }
    account(f);
}

void store::put(kept_field& f, double t, value const& v)
{
    auto& times = f.samples.t;
    if (times.size() == f.first || times.back() < t) {
        times.push_back(t);
        f.samples.v.push(v);
        return;
    }
    auto const at = std::lower_bound(times.begin() + static_cast<std::ptrdiff_t>(f.first), times.end(), t);
    auto const index = static_cast<std::size_t>(at - times.begin());
    if (at != times.end() && *at == t) {
        f.samples.v.set(index, v);
    } else {
        times.insert(at, t);
        f.samples.v.insert(index, v);
    }
}

void store::drop_front(kept_field& f, std::size_t n)
{
    f.first += n;
    // Moving the rest each time would cost as much as the buffer is long.
    if (f.first * 2 > f.samples.t.size()) {
        f.samples.t.erase(f.samples.t.begin(), f.samples.t.begin() + static_cast<std::ptrdiff_t>(f.first));
        f.samples.v.erase_front(f.first);
        f.first = 0;
    }
    account(f);
}

void store::account(kept_field& f)
{
    bytes_ -= f.bytes;
    f.bytes = f.samples.t.size() * sizeof(double) + f.samples.v.bytes_held();
    bytes_ += f.bytes;
}

void store::expire()
{
    double const oldest = options_.now() - options_.buffer_time;
    for (auto it = fields_.begin(); it != fields_.end();) {
        kept_field& f = it->second;
        auto const first = f.samples.t.begin() + static_cast<std::ptrdiff_t>(f.first);
        auto const keep = std::lower_bound(first, f.samples.t.end(), oldest);
        if (keep != first) {
            drop_front(f, static_cast<std::size_t>(keep - first));
        }
        if (f.samples.t.size() == f.first) {
            bytes_ -= f.bytes;
            it = fields_.erase(it);
        } else {
            ++it;
        }
    }
}

void store::enforce_bytes()
{
    while (bytes_ > options_.max_bytes && !fields_.empty()) {
        auto const largest =
            std::max_element(fields_.begin(), fields_.end(), [](auto const& a, auto const& b) {
                return a.second.bytes < b.second.bytes;
            });
        kept_field& f = largest->second;
        auto const held = f.samples.t.size() - f.first;
        auto const n = held / 2 + 1;
        dropped_ += n;
        drop_front(f, std::min(n, held));
    }
}

std::pair<std::size_t, std::size_t> store::indices(kept_field const& f, dans::time_range range) const
{
    auto [first, last] = dans::find_range(f.samples.t, range);
    return {std::max(first, f.first), std::max(last, f.first)};
}

dans::field_info store::info(std::string const& name, kept_field const& f) const
{
    dans::field_info i{
        name, std::nullopt, options_.timeline_root + "." + name, f.samples.v.type(), std::nullopt};
    for (auto const& [pattern, unit] : options_.units) {
        if (dans::fits(pattern, name)) {
            i.units = unit;
            break;
        }
    }
    return i;
}

dans::catalogue store::fields(dans::time_range range)
{
    expire();
    dans::catalogue c;
    for (auto const& [name, f] : fields_) {
        auto const [first, last] = indices(f, range);
        if (first == last) {
            continue;
        }
        c.fields.push_back(info(name, f));
        c.timelines.push_back({c.fields.back().timeline, std::nullopt});
    }
    return c;
}

std::optional<dans::field_info> store::find(std::string const& field)
{
    expire();
    auto const it = fields_.find(field);
    return it == fields_.end() ? std::nullopt : std::optional(info(field, it->second));
}

dans::series store::read(std::string const& field, dans::time_range range)
{
    auto const it = fields_.find(field);
    if (it == fields_.end()) {
        return {};
    }
    auto const& s = it->second.samples;
    auto const [first, last] = indices(it->second, range);
    dans::series out{
        {s.t.begin() + static_cast<std::ptrdiff_t>(first), s.t.begin() + static_cast<std::ptrdiff_t>(last)},
        dans::column(s.v.type())};
    out.v.append(s.v, first, last);
    return out;
}

dans::series store::latest(std::string const& field, dans::time_range range)
{
    auto const it = fields_.find(field);
    if (it == fields_.end()) {
        return {};
    }
    auto const& s = it->second.samples;
    auto const [first, last] = indices(it->second, range);
    if (first == last) {
        return {};
    }
    dans::series out{{s.t[last - 1]}, dans::column(s.v.type())};
    out.v.push_from(s.v, last - 1);
    return out;
}

std::optional<double> store::finalized_until(std::string const& timeline)
{
    auto const& root = options_.timeline_root;
    if (timeline.size() <= root.size() + 1) {
        return std::nullopt;
    }
    auto const it = fields_.find(timeline.substr(root.size() + 1));
    return it == fields_.end() || it->second.samples.t.empty() ? std::nullopt
                                                               : std::optional(it->second.samples.t.back());
}

}  // namespace cerro::datafeed
