#include <cerro/dans/api.hpp>
#include <cerro/dans/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace cerro::dans {

namespace uri {
namespace {
std::string join(std::string_view base, std::string_view rest)
{
    return std::string(base) + "." + std::string(rest);
}
}  // namespace

std::string add(std::string_view b)
{
    return join(b, "data_node.add");
}
std::string subtract(std::string_view b)
{
    return join(b, "data_node.subtract");
}
std::string get_data_node(std::string_view b)
{
    return join(b, "consumer.get_data_node");
}
std::string node_added(std::string_view b)
{
    return join(b, "consumer.data_node_added");
}
std::string node_subtracted(std::string_view b)
{
    return join(b, "consumer.data_node_subtracted");
}
std::string hub_started(std::string_view b)
{
    return join(b, "consumer.hub_started");
}
std::string get_fields(std::string_view b, std::string_view node)
{
    return join(b, "consumer.") + std::string(node) + ".get_fields";
}
std::string get_data(std::string_view b, std::string_view node)
{
    return join(b, "consumer.") + std::string(node) + ".get_data";
}
}  // namespace uri

series source::latest(std::string const& field, time_range range)
{
    return reduce(read(field, range), {.bucket_s = 0, .max_points = 1});
}

list fields_reply(catalogue const& c)
{
    dict fields;
    std::map<std::string, list, std::less<>> names;
    for (auto const& f : c.fields) {
        fields.append(f.name,
                      dict{{"description", f.description ? value(*f.description) : value()},
                           {"timeline", f.timeline},
                           {"type", name(f.type)},
                           {"units", f.units ? value(*f.units) : value()}});
        names[f.timeline].emplace_back(f.name);
    }
    dict timelines;
    for (auto const& t : c.timelines) {
        timelines.append(t.name,
                         dict{{"interval", t.interval ? value(*t.interval) : value()},
                              {"field", std::move(names[t.name])},
                              {"reduce", "minmax"}});
    }
    return {std::move(fields), std::move(timelines)};
}

result<time_range> parse_range(value const& start, value const& end, double now)
{
    for (auto const& [what, v] : {std::pair{"start", &start}, std::pair{"end", &end}}) {
        auto const number = v->as_double();
        if (!number || !std::isfinite(*number)) {
            return fail(errc::invalid_argument, std::string(what) + " must be a number of seconds");
        }
    }
    return time_range{resolve_time(*start.as_double(), now), resolve_time(*end.as_double(), now)};
}

namespace {

/// An optional number that is not negative; 0 for null.
result<double> parse_optional(value const& v, std::string_view what)
{
    if (v.is_null()) {
        return 0.0;
    }
    auto const number = v.as_double();
    if (!number || !(*number >= 0) || *number > 1e15) {
        return fail(errc::invalid_argument, std::string(what) + " must be a number, not negative, or None");
    }
    return *number;
}

}  // namespace

result<data_request> parse_data_request(list const& bound, double now)
{
    data_request r;
    if (auto const* names = bound[0].as_list()) {
        for (auto const& n : *names) {
            if (n.as_text() == nullptr) {
                return fail(errc::invalid_argument, "field must be a list of field names");
            }
            if (std::find(r.fields.begin(), r.fields.end(), *n.as_text()) == r.fields.end()) {
                r.fields.push_back(*n.as_text());
            }
        }
    } else if (!bound[0].is_null()) {
        return fail(errc::invalid_argument, "field must be a list of field names");
    }
    auto range = parse_range(bound[1], bound[2], now);
    if (!range) {
        return range.error();
    }
    auto stride = parse_optional(bound[3], "min_stride");
    if (!stride) {
        return stride.error();
    }
    auto points = parse_optional(bound[4], "max_points");
    if (!points) {
        return points.error();
    }
    r.range = *range;
    r.min_stride = *stride;
    r.max_points = static_cast<std::size_t>(*points);
    return r;
}

namespace {

struct known_field {
    std::string name;
    series samples;
};

/// The fields of one timeline brought onto common times.
struct merged {
    std::vector<double> t;
    std::vector<std::vector<std::size_t>> index;  ///< [field][k]: sample for t[k], or npos
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

merged merge_times(std::vector<known_field> const& fields)
{
    merged m;
    m.index.resize(fields.size());
    std::vector<std::size_t> head(fields.size(), 0);
    for (;;) {
        double next = std::numeric_limits<double>::infinity();
        for (std::size_t f = 0; f < fields.size(); ++f) {
            if (head[f] < fields[f].samples.t.size()) {
                next = std::min(next, fields[f].samples.t[head[f]]);
            }
        }
        if (!std::isfinite(next)) {
            return m;
        }
        m.t.push_back(next);
        for (std::size_t f = 0; f < fields.size(); ++f) {
            bool const has = head[f] < fields[f].samples.t.size() && fields[f].samples.t[head[f]] == next;
            m.index[f].push_back(has ? head[f]++ : merged::npos);
        }
    }
}

list times(std::vector<double> const& t)
{
    return {t.begin(), t.end()};
}

list values(column const& v)
{
    list out;
    out.reserve(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
        out.push_back(v.at(i));
    }
    return out;
}

void set_shared(std::vector<known_field> const& fields, double min_stride, dict& data, dict& entry)
{
    merged const m = merge_times(fields);
    auto const kept = stride_indices(m.t, min_stride);
    list t;
    t.reserve(kept.size());
    for (std::size_t const k : kept) {
        t.emplace_back(m.t[k]);
    }
    for (std::size_t f = 0; f < fields.size(); ++f) {
        list v;
        v.reserve(kept.size());
        for (std::size_t const k : kept) {
            std::size_t const i = m.index[f][k];
            v.push_back(i == merged::npos ? value() : fields[f].samples.v.at(i));
        }
        data.set(fields[f].name, std::move(v));
    }
    entry.append("t", std::move(t));
}

value finalized(source& s, std::string const& timeline)
{
    auto const t = s.finalized_until(timeline);
    return t ? value(*t) : value();
}

}  // namespace

value data_reply(source& s, data_request const& r, std::size_t allowance)
{
    dict data;
    std::vector<std::pair<std::string, std::vector<known_field>>> groups;
    std::size_t total = 0;
    for (auto const& f : r.fields) {
        data.append(f, list());
        auto const info = s.find(f);
        if (!info) {
            continue;
        }
        auto samples = r.max_points == 1 ? s.latest(f, r.range) : s.read(f, r.range);
        if (r.max_points > 0) {
            samples = reduce(std::move(samples), {.bucket_s = r.min_stride, .max_points = r.max_points});
        }
        total += samples.t.size();
        auto const same = [&](auto const& g) { return g.first == info->timeline; };
        auto group = std::find_if(groups.begin(), groups.end(), same);
        if (group == groups.end()) {
            group = groups.insert(groups.end(), {info->timeline, {}});
        }
        group->second.push_back({f, std::move(samples)});
    }
    if (total > allowance) {
        return false;
    }
    dict timelines;
    for (auto const& [timeline, fields] : groups) {
        if (r.max_points == 0) {
            dict entry;
            set_shared(fields, r.min_stride, data, entry);
            entry.append("finalized_until", finalized(s, timeline));
            timelines.append(timeline, std::move(entry));
            continue;
        }
        for (auto const& f : fields) {
            data.set(f.name, values(f.samples.v));
            timelines.append(fields.size() == 1 ? timeline : timeline + "/" + f.name,
                             dict{{"t", times(f.samples.t)},
                                  {"finalized_until", finalized(s, timeline)},
                                  {"fields", list{f.name}}});
        }
    }
    return dict{{"data", std::move(data)}, {"timeline", std::move(timelines)}};
}

}  // namespace cerro::dans
