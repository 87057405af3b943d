#pragma once

// Private: one object archive: byte order, the tables of type names and class versions, vectors of numbers.

#include "cursor.hpp"
#include <cerro/base/result.hpp>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

namespace cerro::g3 {

/// What stands before an object's body.
struct pointer_head {
    std::string_view class_name;  ///< empty: null pointer, nothing follows
    std::uint32_t pointer = 0;    ///< 1, 2, 3 ...
    bool known = false;           ///< the object with this number again: no body follows
};

class archive_cursor : public cursor {
public:
    explicit archive_cursor(byte_view archive) : cursor(archive)
    {
        auto const flag = u8();
        if (flag > 1) {
            fail("byte-order flag is " + std::to_string(flag) + ", not 0 or 1");
        }
        set_big_endian(flag == 0);
    }

    pointer_head pointer()
    {
        pointer_head head;
        auto const type = u32();
        if (type == 0) {
            return head;
        }
        auto const index = type & ~fresh;
        if ((type & fresh) != 0) {
            auto const name = text("class name");
            if (index != types_.size() + 1) {
                fail("type id " + std::to_string(index) + " is out of order");
            }
            types_.push_back(name);
        }
        if (!ok() || index == 0 || index > types_.size() || types_[index - 1].empty()) {
            fail("type id " + std::to_string(type) + " was never named");
            return head;
        }
        auto const id = u32();
        if (id == 0) {
            return head;
        }
        head.class_name = types_[index - 1];
        head.pointer = id & ~fresh;
        head.known = (id & fresh) == 0;
        if (!head.known) {
            ++pointers_;
        }
        bool const in_order = head.known ? head.pointer <= pointers_ : head.pointer == pointers_;
        if (!in_order) {
            fail("pointer id " + std::to_string(id) + " is out of order");
        }
        return head;
    }

    /// The version of a class: read at its first appearance in this archive, remembered after that.
    std::uint32_t version(std::string_view class_name, std::uint32_t supported)
    {
        auto const known = std::find_if(
            versions_.begin(), versions_.end(), [&](auto const& v) { return v.first == class_name; });
        if (known != versions_.end()) {
            return known->second;
        }
        auto const version = u32();
        if (version > supported) {
            newer_ = true;
            fail(std::string(class_name) + ": Trying to read newer class version (" +
                 std::to_string(version) + ") than supported (" + std::to_string(supported) +
                 "). Please upgrade your software.");
        }
        versions_.emplace_back(class_name, version);
        return version;
    }
    void base() { version("G3FrameObject", 1); }
    /// [version of the class] and of its base; the class's version.
    std::uint32_t enter(std::string_view class_name, std::uint32_t supported = 1)
    {
        auto const v = version(class_name, supported);
        base();
        return v;
    }

    template <class T>
    std::vector<T> numbers(std::uint64_t n)
    {
        auto const raw = take(count(n, sizeof(T)) * sizeof(T), "vector");
        std::vector<T> values(raw.size() / sizeof(T));
        if (big_endian() == (std::endian::native == std::endian::big)) {
            if (!values.empty()) {
                std::memcpy(values.data(), raw.data(), raw.size());
            }
            return values;
        }
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = decode<T>(raw.data() + i * sizeof(T));
        }
        return values;
    }
    template <class T>
    std::vector<T> numbers()
    {
        return numbers<T>(u64());
    }

    /// Octets of one stored integer: 1, 2, 4, 8.
    std::size_t integer_width(std::uint32_t class_version)
    {
        if (class_version < 2) {
            return 4;
        }
        auto const bits = i32();
        if (bits != 8 && bits != 16 && bits != 32 && bits != 64) {
            fail("store_bits is " + std::to_string(bits) + ", not 8, 16, 32 or 64");
            return 1;
        }
        return static_cast<std::size_t>(bits) / 8;
    }
    std::int64_t integer(std::size_t width)
    {
        switch (width) {
            case 1: return number<std::int8_t>();
            case 2: return number<std::int16_t>();
            case 4: return i32();
            default: return i64();
        }
    }
    std::vector<std::int64_t> integers(std::size_t width)
    {
        switch (width) {
            case 1: return widened<std::int8_t>();
            case 2: return widened<std::int16_t>();
            case 4: return widened<std::int32_t>();
            default: return numbers<std::int64_t>();
        }
    }
    /// Body of an embedded G3VectorTime, [ticks].
    std::vector<std::int64_t> times()
    {
        enter("G3VectorTime");
        auto const n = count(8);
        if (n > 0) {
            enter("G3Time");
        }
        return numbers<std::int64_t>(n);
    }

    void must_be_finished()
    {
        if (ok() && left() > 0) {
            fail(std::to_string(left()) + " octets left over after the object");
        }
    }
    [[nodiscard]] problem why() const { return {newer_ ? errc::unsupported : errc::malformed, trouble()}; }

private:
    static constexpr std::uint32_t fresh = 0x80000000U;

    template <class T>
    std::vector<std::int64_t> widened()
    {
        auto const narrow = numbers<T>();
        return {narrow.begin(), narrow.end()};
    }

    std::vector<std::string_view> types_;
    std::vector<std::pair<std::string_view, std::uint32_t>> versions_;
    std::uint32_t pointers_ = 0;
    bool newer_ = false;
};

}  // namespace cerro::g3
