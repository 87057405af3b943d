#include "archive.hpp"
#include <cerro/g3/hk.hpp>
#include <cerro/g3/objects.hpp>

#include <algorithm>

namespace cerro::g3::hk {
namespace {

result<sample_type> type_of_class(std::string_view class_name)
{
    if (class_name == "G3VectorDouble") {
        return sample_type::real;
    }
    if (class_name == "G3VectorInt") {
        return sample_type::integer;
    }
    if (class_name == "G3VectorBool") {
        return sample_type::boolean;
    }
    if (class_name == "G3VectorString") {
        return sample_type::text;
    }
    return fail(errc::malformed, "class \"" + std::string(class_name) + "\" is no vector of samples");
}

/// Reads the objects of one frame by name; the first problem sticks.
class frame_objects {
public:
    explicit frame_objects(frame_view const& f) : frame_(f) {}

    template <class T>
    T required(std::string_view name)
    {
        T value{};
        if (!read(name, value)) {
            complain(errc::malformed, name, "is missing");
        }
        return value;
    }
    template <class T>
    T optional(std::string_view name, T otherwise)
    {
        read(name, otherwise);
        return otherwise;
    }
    void complain(errc code, std::string_view name, std::string const& why)
    {
        if (problem_.what.empty()) {
            problem_ = fail(code,
                            "offset " + std::to_string(frame_.offset) +
                                ": housekeeping frame: " + std::string(name) + ": " + why);
        }
    }
    [[nodiscard]] bool ok() const { return problem_.what.empty(); }
    [[nodiscard]] problem const& why() const { return problem_; }

private:
    template <class T>
    bool read(std::string_view name, T& value)
    {
        auto const* const object = frame_.find(name);
        if (object == nullptr || !ok()) {
            return object != nullptr;
        }
        auto decoded = decode_object(object->archive);
        if (!decoded) {
            complain(decoded.error().code, name, decoded.error().what);
            return true;
        }
        auto const* const content = *decoded ? (*decoded)->template as<T>() : nullptr;
        if (content == nullptr) {
            complain(errc::malformed, name, "has class \"" + std::string(class_of(object->archive)) + "\"");
            return true;
        }
        value = *content;
        return true;
    }

    frame_view const& frame_;
    problem problem_;
};

status_frame read_status(frame_objects& objects)
{
    status_frame s;
    s.timestamp = objects.required<double>("timestamp");
    for (auto const& element : objects.required<std::vector<object_ptr>>("providers")) {
        auto const* const map = element ? element->as<object_map>() : nullptr;
        bool has_id = false;
        provider p;
        if (map != nullptr) {
            for (auto const& [key, object] : map->entries) {
                auto const* const id = object ? object->as<std::int64_t>() : nullptr;
                auto const* const text = object ? object->as<std::string>() : nullptr;
                if (key == "prov_id" && id != nullptr) {
                    p.id = *id;
                    has_id = true;
                } else if (key == "description" && text != nullptr) {
                    p.description = *text;
                }
            }
        }
        if (!has_id) {
            objects.complain(errc::malformed, "providers", "an entry has no prov_id");
        }
        s.providers.push_back(std::move(p));
    }
    return s;
}

}  // namespace

/// Walks the list of blocks by its lengths; no sample is decoded.
class block_decoder {
public:
    static result<std::vector<block_view>> read(byte_view archive)
    {
        archive_cursor a(archive);
        std::vector<block_view> blocks;
        std::vector<std::pair<std::uint32_t, std::size_t>> seen;  // pointer id, index
        auto const list = a.pointer();
        if (list.class_name != "G3VectorFrameObject") {
            return a.ok() ? fail(errc::malformed, "has class \"" + std::string(list.class_name) + "\"")
                          : a.why();
        }
        a.enter(list.class_name);
        auto const n = a.count(4);
        for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
            auto const head = a.pointer();
            if (head.known) {
                auto const first = std::find_if(
                    seen.begin(), seen.end(), [&](auto const& s) { return s.first == head.pointer; });
                if (first == seen.end()) {
                    return fail(errc::malformed, "a pointer names no earlier block");
                }
                blocks.push_back(block_view(blocks[first->second]));
                continue;
            }
            if (head.class_name != "G3TimesampleMap" && head.class_name != "IrregBlockDouble") {
                return a.ok() ? fail(errc::unsupported,
                                     "class \"" + std::string(head.class_name) + "\" is no block")
                              : a.why();
            }
            bool const current = head.class_name == "G3TimesampleMap";
            auto block = current ? timesamples(a) : irregular(a);
            if (!a.ok()) {
                break;
            }
            if (!block) {
                return block.error();
            }
            seen.emplace_back(head.pointer, blocks.size());
            blocks.push_back(std::move(*block));
        }
        a.must_be_finished();
        if (!a.ok()) {
            return a.why();
        }
        return blocks;
    }

private:
    static result<block_view> timesamples(archive_cursor& a)
    {
        block_view block;
        a.version("G3TimesampleMap", 0);
        a.enter("G3MapFrameObject");
        auto const n = a.count(a.u32(), 8 + 8 + 5);
        for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
            field_view field;
            field.name = a.text();
            field.octets_ = a.take(a.u64(), "nested archive");
            auto const type = type_of_class(class_of(field.octets_));
            if (a.ok() && !type) {
                return fail(type.error().code, "field " + field.name + ": " + type.error().what);
            }
            field.type = a.ok() ? *type : sample_type::real;
            block.fields.push_back(std::move(field));
        }
        a.enter("G3VectorTime");
        block.count = a.count(8);
        if (block.count > 0) {
            a.enter("G3Time");
        }
        finish(block, a);
        return block;
    }

    static result<block_view> irregular(archive_cursor& a)
    {
        block_view block;
        a.version("IrregBlockDouble", 0);
        a.base();
        a.text();
        a.enter("G3VectorDouble");
        block.seconds_ = true;
        block.count = a.count(8);
        finish(block, a);
        a.enter("G3MapVectorDouble");
        auto const n = a.count(16);
        for (std::uint64_t i = 0; i < n && a.ok(); ++i) {
            field_view field;
            field.name = a.text();
            field.plain_ = true;
            field.big_endian_ = a.big_endian();
            field.octets_ = a.take(a.count(8) * 8, "vector");
            field.count_ = block.count;
            block.fields.push_back(std::move(field));
        }
        return block;
    }

    static void finish(block_view& block, archive_cursor& a)
    {
        block.octets_ = a.take(block.count * 8, "times");
        block.big_endian_ = a.big_endian();
        if (!a.ok()) {
            return;
        }
        for (auto& field : block.fields) {
            field.count_ = block.count;
        }
        if (block.count > 0) {
            block.first = block.time(0);
            block.last = block.time(block.count - 1);
        }
    }
};

std::int64_t block_view::time(std::size_t index) const
{
    cursor c(octets_.substr(index * 8, 8));
    c.set_big_endian(big_endian_);
    // A time of schema 0 that fits no tick counter cannot be placed anywhere; 0 keeps the block readable.
    return seconds_ ? to_ticks(c.f64()).value_or(0) : c.i64();
}

std::vector<std::int64_t> block_view::times() const
{
    std::vector<std::int64_t> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = time(i);
    }
    return values;
}

result<column> field_view::read() const
{
    column values;
    if (plain_) {
        cursor c(octets_);
        c.set_big_endian(big_endian_);
        std::vector<double> numbers(octets_.size() / 8);
        for (auto& number : numbers) {
            number = c.f64();
        }
        values = std::move(numbers);
    } else {
        auto const decoded = decode_object(octets_);
        if (!decoded) {
            return fail(decoded.error().code, "field " + name + ": " + decoded.error().what);
        }
        auto const& object = **decoded;
        switch (type) {
            case sample_type::boolean: values = *object.as<std::vector<bool>>(); break;
            case sample_type::integer: values = *object.as<std::vector<std::int64_t>>(); break;
            case sample_type::real: values = *object.as<std::vector<double>>(); break;
            case sample_type::text: values = *object.as<std::vector<std::string>>(); break;
        }
    }
    if (size(values) != count_) {
        return fail(errc::malformed,
                    "field " + name + " has " + std::to_string(size(values)) + " values for " +
                        std::to_string(count_) + " times");
    }
    return values;
}

namespace {

data_frame read_data(frame_objects& objects, frame_view const& f)
{
    data_frame d;
    d.prov_id = objects.required<std::int64_t>("prov_id");
    d.timestamp = objects.required<double>("timestamp");
    d.address = objects.optional<std::string>("address", {});
    d.provider_session_id = objects.optional<std::string>("provider_session_id", {});
    auto const names = objects.optional<std::vector<std::string>>("block_names", {});
    auto const* const list = f.find("blocks");
    if (list == nullptr) {
        objects.complain(errc::malformed, "blocks", "is missing");
        return d;
    }
    auto blocks = block_decoder::read(list->archive);
    if (!blocks) {
        objects.complain(blocks.error().code, "blocks", blocks.error().what);
        return d;
    }
    d.blocks = std::move(*blocks);
    for (std::size_t i = 0; i < d.blocks.size(); ++i) {
        auto& block = d.blocks[i];
        if (i < names.size()) {
            block.name = names[i];
            continue;
        }
        // What converted old files are given; also for the (bad) frames that list too few names.
        auto const first = std::min_element(block.fields.begin(),
                                            block.fields.end(),
                                            [](auto const& x, auto const& y) { return x.name < y.name; });
        block.name = "block_for_" + (first == block.fields.end() ? std::string() : first->name);
    }
    return d;
}

}  // namespace

result<frame> read_frame(frame_view const& f)
{
    frame_objects objects(f);
    frame made;
    made.offset = f.offset;
    made.version = objects.optional<std::int64_t>("hkagg_version", 0);
    if (objects.ok() && (made.version < 0 || made.version > schema_version)) {
        objects.complain(
            errc::unsupported, "hkagg_version", "is " + std::to_string(made.version) + ", we read 0 to 2");
    }
    made.session_id = objects.required<std::int64_t>("session_id");
    auto const type = objects.required<std::int64_t>("hkagg_type");
    if (objects.ok()) {
        if (type == 0) {
            session_frame s;
            s.start_time = objects.required<double>("start_time");
            s.description = objects.optional<std::string>("description", {});
            made.content = std::move(s);
        } else if (type == 1) {
            made.content = read_status(objects);
        } else if (type == 2) {
            made.content = read_data(objects, f);
        } else {
            objects.complain(
                errc::unsupported, "hkagg_type", "is " + std::to_string(type) + ", we know 0, 1 and 2");
        }
    }
    if (!objects.ok()) {
        return objects.why();
    }
    return made;
}

}  // namespace cerro::g3::hk
