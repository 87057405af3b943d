#pragma once

// Private: fixed-width little-endian fields, and the parts that archives repeat.

#include <cerro/base/bytes.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace cerro::g3 {

class encoder {
public:
    /// Appends to `out`.
    explicit encoder(bytes& out) : out_(out) {}

    template <class T>
    void number(T value)
    {
        char raw[sizeof(T)];
        std::memcpy(raw, &value, sizeof value);
        if constexpr (std::endian::native == std::endian::big) {
            for (std::size_t i = 0; i < sizeof(T) / 2; ++i) {
                std::swap(raw[i], raw[sizeof(T) - 1 - i]);
            }
        }
        out_.append(raw, sizeof raw);
    }
    template <class T>
    void numbers(std::span<T const> values)
    {
        number<std::uint64_t>(values.size());
        if constexpr (std::endian::native == std::endian::little) {
            out_.append(reinterpret_cast<char const*>(values.data()), values.size_bytes());
        } else {
            for (auto const value : values) {
                number(value);
            }
        }
    }
    void u32(std::uint32_t value) { number(value); }
    void text(std::string_view value)
    {
        number<std::uint64_t>(value.size());
        out_.append(value);
    }
    void raw(byte_view octets) { out_.append(octets); }

    static constexpr std::uint32_t fresh = 0x80000000U;

    /// Start of an archive and of its outermost object, up to and with the base class.
    void open_archive(std::string_view class_name, std::uint32_t version)
    {
        number<std::uint8_t>(1);
        first_of_class(class_name, version, 1, 1);
        u32(1);  // version of G3FrameObject, the base
    }
    /// Type id with name, pointer id, class version.
    void first_of_class(std::string_view class_name,
                        std::uint32_t version,
                        std::uint32_t type,
                        std::uint32_t pointer)
    {
        u32(fresh | type);
        text(class_name);
        u32(fresh | pointer);
        u32(version);
    }
    /// A later object of a class that was named.
    void next_of_class(std::uint32_t type, std::uint32_t pointer)
    {
        u32(type);
        u32(fresh | pointer);
    }

private:
    bytes& out_;
};

}  // namespace cerro::g3
