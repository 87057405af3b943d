#pragma once

/// @file
/// Writes one dict entry by entry, of values and of bytes that are encoded already.

#include <cerro/codec/codec.hpp>

namespace cerro::codec {

class dict_writer {
public:
    /// Writes behind `out`, which must outlive the writer. `count` entries (at most 65535) with distinct keys
    /// must follow, then finish().
    dict_writer(serializer s, bytes& out, std::size_t count);

    void add(std::string_view key, value const& v);
    void add_unsigned(std::string_view key, std::uint64_t number);
    void add_text(std::string_view key, std::string_view text);
    /// One well-formed value in the same serializer.
    void add_encoded(std::string_view key, byte_view encoded);
    void finish();

private:
    void begin(std::string_view key);
    void write_text(std::string_view text);

    serializer serializer_;
    bytes& out_;
    bool first_ = true;
};

}  // namespace cerro::codec
