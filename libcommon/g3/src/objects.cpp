#include "archive.hpp"
#include <cerro/g3/objects.hpp>

#include <cstdint>
#include <unordered_map>

namespace cerro::g3 {
namespace {

/// Nested lists and maps of objects.
constexpr unsigned max_depth = 32;
/// Objects of one archive when aliases are counted as often as they are named: who walks the result must come
/// to an end.
constexpr std::uint64_t max_nodes = 4'000'000;

std::string text(archive_cursor& a)
{
    return std::string(a.text());
}

std::vector<std::string> texts(archive_cursor& a)
{
    auto const n = a.count(8);
    std::vector<std::string> values;
    for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
        values.push_back(text(a));
    }
    return values;
}

std::vector<bool> flags(archive_cursor& a)
{
    std::vector<bool> values;
    for (char const octet : a.take(a.u64(), "vector of flags")) {
        values.push_back(octet != 0);
    }
    return values;
}

std::vector<std::complex<double>> complexes(archive_cursor& a)
{
    auto const flat = a.numbers<double>(a.count(16) * 2);
    std::vector<std::complex<double>> values;
    for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
        values.emplace_back(flat[i], flat[i + 1]);
    }
    return values;
}

std::vector<ticks> time_vector(archive_cursor& a)
{
    std::vector<ticks> values;
    for (auto const t : a.times()) {
        values.push_back({t});
    }
    return values;
}

/// Entries of a map of plain values.
template <class Read>
object_map map_of(archive_cursor& a,
                  std::string_view value_class,
                  std::uint64_t announced,
                  std::uint64_t smallest,
                  Read read)
{
    object_map m;
    auto const n = a.count(announced, 8 + smallest);
    for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
        auto key = text(a);
        object::content_type content = read();
        m.entries.emplace_back(
            std::move(key), std::make_shared<object>(object{std::string(value_class), std::move(content)}));
    }
    return m;
}

class decoder {
public:
    explicit decoder(unsigned depth) : depth_(depth) {}

    result<object_ptr> run(byte_view archive)
    {
        archive_cursor a(archive);
        auto const head = a.pointer();
        object_ptr made;
        if (!head.class_name.empty() && a.ok()) {
            auto fresh = std::make_shared<object>();
            fresh->class_name = head.class_name;
            if (!body(a, head.class_name, *fresh)) {
                return object_ptr(fresh);  // unknown: its extent is the archive's
            }
            made = fresh;
        }
        a.must_be_finished();
        if (!problem_.what.empty()) {
            return problem_;
        }
        if (!a.ok()) {
            return a.why();
        }
        return made;
    }
    [[nodiscard]] std::uint64_t nodes() const noexcept { return nodes_; }

private:
    struct seen {
        object_ptr object;
        std::uint64_t nodes;
    };

    void refuse(archive_cursor& a, errc code, std::string why)
    {
        if (problem_.what.empty()) {
            problem_ = fail(code, why);
        }
        a.fail(std::move(why));
    }

    void weigh(archive_cursor& a, std::uint64_t nodes)
    {
        nodes_ += nodes;
        if (nodes_ > max_nodes) {
            refuse(a,
                   errc::limit_exceeded,
                   "more than " + std::to_string(max_nodes) + " objects in one archive");
        }
    }

    std::vector<object_ptr> objects(archive_cursor& a)
    {
        std::vector<object_ptr> list;
        auto const n = a.count(4);
        for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
            list.push_back(element(a));
        }
        return list;
    }

    object_ptr element(archive_cursor& a)
    {
        auto const head = a.pointer();
        if (!a.ok() || head.class_name.empty()) {
            weigh(a, 1);
            return nullptr;
        }
        if (head.known) {
            auto const first = seen_.find(head.pointer);
            if (first == seen_.end() || !first->second.object ||
                first->second.object->class_name != head.class_name) {
                a.fail("pointer id " + std::to_string(head.pointer) + " names no finished object of class " +
                       std::string(head.class_name));
                return nullptr;
            }
            weigh(a, first->second.nodes);
            return first->second.object;
        }
        if (++depth_ > max_depth) {
            refuse(a, errc::limit_exceeded, "objects nested deeper than " + std::to_string(max_depth));
            return nullptr;
        }
        auto const before = nodes_;
        auto made = std::make_shared<object>();
        made->class_name = head.class_name;
        weigh(a, 1);
        if (a.ok() && !body(a, head.class_name, *made)) {
            refuse(a, errc::unsupported, "class " + made->class_name + " in a list is not known");
        }
        --depth_;
        seen_[head.pointer] = {made, nodes_ - before};
        return made;
    }

    object_map map_of_objects(archive_cursor& a)
    {
        a.enter("G3MapFrameObject");
        object_map m;
        auto const n = a.count(a.u32(), 8 + 8 + 5);
        for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
            auto key = text(a);
            auto const nested = a.take(a.u64(), "nested archive");
            if (!a.ok()) {
                break;
            }
            if (depth_ + 1 > max_depth) {
                refuse(a, errc::limit_exceeded, "objects nested deeper than " + std::to_string(max_depth));
                break;
            }
            decoder inner(depth_ + 1);
            auto value = inner.run(nested);
            weigh(a, inner.nodes() + 1);
            if (!value) {
                refuse(a, value.error().code, key + ": " + value.error().what);
                break;
            }
            m.entries.emplace_back(std::move(key), std::move(*value));
        }
        return m;
    }

    bool scalar_body(archive_cursor& a, std::string_view name, object::content_type& out)
    {
        if (name == "G3Int") {
            a.enter(name);
            out = a.i64();
        } else if (name == "G3Double") {
            a.enter(name);
            out = a.f64();
        } else if (name == "G3Bool") {
            a.enter(name);
            out = a.u8() != 0;
        } else if (name == "G3String") {
            a.enter(name);
            out = text(a);
        } else if (name == "G3Time") {
            a.enter(name);
            out = ticks{a.i64()};
        } else {
            return false;
        }
        return true;
    }

    bool vector_body(archive_cursor& a, std::string_view name, object::content_type& out)
    {
        if (name == "G3VectorDouble") {
            a.enter(name);
            out = a.numbers<double>();
        } else if (name == "G3VectorInt") {
            auto const version = a.enter(name, 2);
            out = a.integers(a.integer_width(version));
        } else if (name == "G3VectorBool") {
            a.enter(name);
            out = flags(a);
        } else if (name == "G3VectorString") {
            a.enter(name);
            out = texts(a);
        } else if (name == "G3VectorTime") {
            out = time_vector(a);
        } else if (name == "G3VectorUnsignedChar") {
            a.enter(name);
            out = a.numbers<std::uint8_t>();
        } else if (name == "G3VectorComplexDouble") {
            a.enter(name);
            out = complexes(a);
        } else if (name == "G3VectorVectorString") {
            a.enter(name);
            std::vector<object_ptr> list;
            auto const n = a.count(8);
            for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
                a.enter("G3VectorString");
                list.push_back(std::make_shared<object>(object{"G3VectorString", texts(a)}));
            }
            out = std::move(list);
        } else if (name == "G3VectorFrameObject") {
            a.enter(name);
            out = objects(a);
        } else {
            return false;
        }
        return true;
    }

    bool map_body(archive_cursor& a, std::string_view name, object::content_type& out)
    {
        if (name == "G3MapFrameObject") {
            out = map_of_objects(a);
        } else if (name == "G3TimesampleMap") {
            a.version(name, 0);
            timesample_map m;
            m.fields = map_of_objects(a);
            m.times = a.times();
            out = std::move(m);
        } else if (name == "IrregBlockDouble") {
            a.version(name, 0);
            a.base();
            irregular_block b;
            b.prefix = text(a);
            a.enter("G3VectorDouble");
            b.times = a.numbers<double>();
            a.enter("G3MapVectorDouble");
            auto const n = a.count(16);
            for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
                auto key = text(a);
                b.fields.emplace_back(std::move(key), a.numbers<double>());
            }
            out = std::move(b);
        } else {
            return plain_map_body(a, name, out);
        }
        return true;
    }

    bool plain_map_body(archive_cursor& a, std::string_view name, object::content_type& out)
    {
        if (name == "G3MapDouble") {
            a.enter(name);
            out = map_of(a, "G3Double", a.u64(), 8, [&] { return a.f64(); });
        } else if (name == "G3MapString") {
            a.enter(name);
            out = map_of(a, "G3String", a.u64(), 8, [&] { return text(a); });
        } else if (name == "G3MapInt") {
            auto const version = a.enter(name, 2);
            auto const width = a.integer_width(version);
            out = map_of(a, "G3Int", a.u64(), width, [&] { return a.integer(width); });
        } else if (name == "G3MapVectorDouble") {
            a.enter(name);
            out = map_of(a, "G3VectorDouble", a.u64(), 8, [&] { return a.numbers<double>(); });
        } else if (name == "G3MapVectorBool") {
            a.enter(name);
            out = map_of(a, "G3VectorBool", a.u64(), 8, [&] { return flags(a); });
        } else if (name == "G3MapVectorString") {
            a.enter(name);
            out = map_of(a, "G3VectorString", a.u64(), 8, [&] { return texts(a); });
        } else if (name == "G3MapVectorComplexDouble") {
            a.enter(name);
            out = map_of(a, "G3VectorComplexDouble", a.u64(), 8, [&] { return complexes(a); });
        } else if (name == "G3MapVectorInt") {
            auto const version = a.enter(name, 2);
            // Since version 2 the count is 32 bit wide here, and only here.
            auto const n = version < 2 ? a.u64() : a.u32();
            out = map_of(a, "G3VectorInt", n, 8, [&] { return a.integers(a.integer_width(version)); });
        } else if (name == "G3MapMapDouble") {
            a.enter(name);
            out = map_of(a, "G3MapDouble", a.u64(), 8, [&] {
                a.enter("G3MapDouble");
                return map_of(a, "G3Double", a.u64(), 8, [&] { return a.f64(); });
            });
        } else if (name == "G3MapVectorTime") {
            a.enter(name);
            out = map_of(a, "G3VectorTime", a.u64(), 8, [&] { return time_vector(a); });
        } else if (name == "G3MapTime") {
            a.enter(name);
            out = map_of(a, "G3Time", a.u64(), 8, [&] {
                a.enter("G3Time");
                return ticks{a.i64()};
            });
        } else {
            return false;
        }
        return true;
    }

    /// @return false: the class is not known, nothing was read
    bool body(archive_cursor& a, std::string_view name, object& out)
    {
        return scalar_body(a, name, out.content) || vector_body(a, name, out.content) ||
               map_body(a, name, out.content);
    }

    unsigned depth_;
    std::uint64_t nodes_ = 0;
    std::unordered_map<std::uint32_t, seen> seen_;
    problem problem_;
};

}  // namespace

std::string_view class_of(byte_view archive) noexcept
{
    archive_cursor a(archive);
    auto const head = a.pointer();
    return a.ok() ? head.class_name : std::string_view{};
}

result<object_ptr> decode_object(byte_view archive)
{
    return decoder(0).run(archive);
}

}  // namespace cerro::g3
