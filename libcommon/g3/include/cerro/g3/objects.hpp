#pragma once

/// @file
/// Objects of a frame, decoded: the classes that housekeeping frames use, and maps of plain values.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>

#include <complex>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cerro::g3 {

struct object;
/// Shared, because an archive may name one object several times. Null pointers occur in files.
using object_ptr = std::shared_ptr<object const>;

/// Time: 10 ns since 1970-01-01 UTC.
struct ticks {
    std::int64_t count;
    friend bool operator==(ticks, ticks) = default;
};

/// Any map with text keys, in file order (G3MapDouble has objects of class G3Double as values, and so on).
struct object_map {
    std::vector<std::pair<std::string, object_ptr>> entries;
};

/// G3TimesampleMap.
struct timesample_map {
    std::vector<std::int64_t> times;  ///< [ticks]
    object_map fields;                ///< vectors as long as `times`
};

/// IrregBlockDouble, the block of schema version 0.
struct irregular_block {
    std::string prefix;
    std::vector<double> times;  ///< Unix [s]
    std::vector<std::pair<std::string, std::vector<double>>> fields;
};

struct object {
    /// std::monostate: a class we do not decode (class_name tells which).
    using content_type = std::variant<std::monostate,
                                      std::int64_t,
                                      double,
                                      bool,
                                      std::string,
                                      ticks,
                                      std::vector<double>,
                                      std::vector<std::int64_t>,
                                      std::vector<bool>,
                                      std::vector<std::string>,
                                      std::vector<std::uint8_t>,
                                      std::vector<std::complex<double>>,
                                      std::vector<ticks>,
                                      std::vector<object_ptr>,
                                      object_map,
                                      timesample_map,
                                      irregular_block>;

    std::string class_name;
    content_type content;

    /// The content if it has that type, else null pointer.
    template <class T>
    [[nodiscard]] T const* as() const noexcept
    {
        return std::get_if<T>(&content);
    }
};

/// Class of an archive's outermost object, without decoding it; "" for the null pointer and for what is no
/// archive.
[[nodiscard]] std::string_view class_of(byte_view archive) noexcept;

/// Decodes one archive. An unknown outermost class, or an unknown class as value in a map of objects, gives
/// an object without content; elsewhere (in a list) it cannot be passed over and is an error.
/// @return null for the null pointer; errc::malformed, errc::unsupported (newer class version),
/// errc::limit_exceeded
[[nodiscard]] result<object_ptr> decode_object(byte_view archive);

}  // namespace cerro::g3
