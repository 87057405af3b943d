#include <cerro/codec/codec.hpp>
#include <cerro/g3/file.hpp>
#include <cerro/g3/frames.hpp>
#include <cerro/g3/objects.hpp>
#include <cerro/g3_tool/tool.hpp>

namespace cerro::g3_tool {
namespace {

/// Elements of a vector that the text form shows.
constexpr std::size_t shown = 8;

value as_value(g3::object const* o, bool shortened);

/// A vector as list; shortened: the first elements and how many there are.
template <class T, class Convert>
value vector_value(std::vector<T> const& values, bool shortened, Convert convert)
{
    list out;
    for (auto&& one : values) {
        if (shortened && out.size() == shown) {
            out.emplace_back("... " + std::to_string(values.size()) + " in all");
            break;
        }
        out.push_back(convert(static_cast<T const&>(one)));
    }
    return out;
}

value map_value(g3::object_map const& map, bool shortened)
{
    dict out;
    for (auto const& [key, object] : map.entries) {
        out.append(key, as_value(object.get(), shortened));
    }
    return out;
}

/// The form of an object's content; the same as in our sample files' JSON.
struct content_value {
    bool shortened;

    value operator()(std::monostate) const { return "(not expanded)"; }
    value operator()(g3::ticks t) const { return t.count; }
    value operator()(g3::object_map const& map) const { return map_value(map, shortened); }
    value operator()(g3::timesample_map const& map) const
    {
        return dict{{"times", (*this)(map.times)}, {"fields", map_value(map.fields, shortened)}};
    }
    value operator()(g3::irregular_block const& block) const
    {
        dict data;
        for (auto const& [key, values] : block.fields) {
            data.append(key, (*this)(values));
        }
        return dict{{"prefix", block.prefix}, {"t", (*this)(block.times)}, {"data", std::move(data)}};
    }
    template <class T>
    value operator()(std::vector<T> const& values) const
    {
        return vector_value(values, shortened, [this](T const& one) -> value {
            if constexpr (std::is_same_v<T, g3::object_ptr>) {
                return as_value(one.get(), shortened);
            } else if constexpr (std::is_same_v<T, std::complex<double>>) {
                return list{one.real(), one.imag()};
            } else if constexpr (std::is_same_v<T, g3::ticks>) {
                return one.count;
            } else {
                return one;
            }
        });
    }
    template <class T>
    value operator()(T const& scalar) const
    {
        return scalar;
    }
};

value as_value(g3::object const* o, bool shortened)
{
    if (o == nullptr) {
        return nullptr;
    }
    return dict{{o->class_name, std::visit(content_value{shortened}, o->content)}};
}

value object_value(g3::object_view const& view, bool shortened, bool& good)
{
    auto const object = g3::decode_object(view.archive);
    if (!object) {
        good = false;
        return dict{{"error", "offset " + std::to_string(view.offset) + ": " + object.error().what}};
    }
    return as_value(object->get(), shortened);
}

bool dump_frame(g3::frame_view const& view, bool json, bool first, std::ostream& out)
{
    bool good = true;
    if (json) {
        dict objects;
        for (auto const& object : view.objects) {
            objects.set(object.name, object_value(object, false, good));
        }
        dict const frame{{"offset", view.offset},
                         {"end", view.end},
                         {"type", g3::frame_type_text(view.type)},
                         {"objects", std::move(objects)}};
        out << (first ? "" : ",\n") << codec::to_json(frame);
        return good;
    }
    out << "frame " << g3::frame_type_text(view.type) << " at " << view.offset << ", "
        << view.end - view.offset << " octets\n";
    for (auto const& object : view.objects) {
        out << "  " << object.name << ": " << codec::to_json(object_value(object, true, good)) << '\n';
    }
    return good;
}

}  // namespace

int dump(std::string const& path, bool json, std::ostream& out)
{
    auto const file = g3::file::open(path);
    if (!file) {
        throw failure(file.error().what);
    }
    g3::frame_reader reader(file->content(), path);
    g3::frame_view view;
    if (json) {
        out << R"({"file": )" << codec::to_json(value(path)) << ", \"frames\": [\n";
    }
    bool good = true;
    bool first = true;
    while (reader.next(view)) {
        good = dump_frame(view, json, first, out) && good;
        first = false;
    }
    auto const& trouble = reader.trouble();
    if (json) {
        out << "\n], \"error\": " << codec::to_json(trouble ? value(trouble->text) : value()) << "}\n";
    } else if (trouble) {
        out << "ERROR " << trouble->text << '\n';
    }
    return good && !trouble ? app::exit_code::ok : app::exit_code::failed;
}

}  // namespace cerro::g3_tool
