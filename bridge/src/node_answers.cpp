#include <cerro/bridge/data.hpp>
#include <cerro/codec/codec.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cerro::bridge {

namespace {

std::optional<std::string> text_of(value const* v)
{
    return v != nullptr && v->as_text() != nullptr ? std::optional(*v->as_text()) : std::nullopt;
}

}  // namespace

node_field const* node_fields::find(std::string_view name) const
{
    auto const it = std::find_if(fields.begin(), fields.end(), [&](auto const& f) { return f.name == name; });
    return it == fields.end() ? nullptr : &*it;
}

result<node_fields> parse_fields(value const& reply)
{
    auto const* fields = reply.at(0) == nullptr ? nullptr : reply.at(0)->as_dict();
    auto const* timelines = reply.at(1) == nullptr ? nullptr : reply.at(1)->as_dict();
    if (fields == nullptr || timelines == nullptr) {
        return fail(errc::malformed, "get_fields must give [fields, timelines], two dicts");
    }
    node_fields n;
    for (auto const& [name, about] : *fields) {
        node_field f;
        f.name = name;
        f.timeline = text_of(about.find("timeline")).value_or("");
        f.type = text_of(about.find("type")).value_or("number");
        f.description = text_of(about.find("description"));
        f.units = text_of(about.find("units"));
        if (auto const* t = timelines->find(f.timeline)) {
            auto const* interval = t->find("interval");
            f.interval = interval == nullptr ? std::nullopt : interval->as_double();
            n.reduces = n.reduces || t->find("reduce") != nullptr;
        }
        n.fields.push_back(std::move(f));
    }
    return n;
}

namespace {

/// Times of the timeline to which `field` belongs.
value const* times_of(dict const& timelines, std::string const& field, node_fields const& known)
{
    for (auto const& [name, t] : timelines) {
        auto const* names = t.find("fields");
        if (names == nullptr || names->as_list() == nullptr) {
            continue;
        }
        for (auto const& n : *names->as_list()) {
            if (n.as_text() != nullptr && *n.as_text() == field) {
                return t.find("t");
            }
        }
    }
    auto const* f = known.find(field);
    auto const* t = f == nullptr ? nullptr : timelines.find(f->timeline);
    if (t == nullptr && timelines.size() == 1) {
        t = &timelines.begin()->second;
    }
    return t == nullptr ? nullptr : t->find("t");
}

dans::sample_type type_of(list const& values)
{
    bool flags = false;
    for (auto const& v : values) {
        if (v.is_text()) {
            return dans::sample_type::text;
        }
        if (v.is_number()) {
            return dans::sample_type::number;
        }
        flags = flags || v.is_bool();
    }
    return flags ? dans::sample_type::boolean : dans::sample_type::number;
}

/// Appends `v` in the column's type as well as that goes.
bool push_as(dans::column& c, value const& v)
{
    if (c.push(v)) {
        return true;
    }
    if (c.type() == dans::sample_type::number && v.is_bool()) {
        c.push_number(*v.as_bool() ? 1 : 0);
        return true;
    }
    if (c.type() == dans::sample_type::text && !v.is_null()) {
        return c.push(value(codec::to_json(v)));
    }
    return false;
}

void sort_by_time(dans::series& s)
{
    if (std::is_sorted(s.t.begin(), s.t.end())) {
        return;
    }
    std::vector<std::size_t> order(s.t.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return s.t[a] < s.t[b]; });
    dans::series sorted{{}, dans::column(s.v.type())};
    for (auto const i : order) {
        sorted.t.push_back(s.t[i]);
        sorted.v.push_from(s.v, i);
    }
    s = std::move(sorted);
}

dans::series to_series(list const& t, list const& v)
{
    auto const n = std::min(t.size(), v.size());
    dans::series s{{}, dans::column(type_of(v))};
    s.t.reserve(n);
    s.v.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
        auto const time = t[i].as_double();
        if (time && std::isfinite(*time) && push_as(s.v, v[i])) {
            s.t.push_back(*time);
        }
    }
    sort_by_time(s);
    return s;
}

}  // namespace

result<std::map<std::string, dans::series>> parse_data(value reply, node_fields const& known)
{
    if (reply.as_bool() == false) {
        return fail(errc::limit_exceeded, "the data node refuses to give that many samples at once");
    }
    auto const* data = reply.find("data");
    auto const* timelines = reply.find("timeline");
    if (data == nullptr || data->as_dict() == nullptr || timelines == nullptr ||
        timelines->as_dict() == nullptr) {
        return fail(errc::malformed, "get_data must give {data, timeline}, two dicts");
    }
    std::map<std::string, dans::series> out;
    for (auto const& [name, values] : *data->as_dict()) {
        auto const* t = times_of(*timelines->as_dict(), name, known);
        if (t != nullptr && t->as_list() != nullptr && values.as_list() != nullptr) {
            out.emplace(name, to_series(*t->as_list(), *values.as_list()));
        }
    }
    return out;
}

}  // namespace cerro::bridge
