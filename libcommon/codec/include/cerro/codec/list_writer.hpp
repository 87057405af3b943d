#pragma once

/// @file
/// Writes one list element by element, of values and of bytes that are encoded already.

#include <cerro/codec/codec.hpp>

namespace cerro::codec {

class list_writer {
public:
    /// Writes behind `out`, which must outlive the writer. `count` elements must follow, then finish().
    list_writer(serializer s, bytes& out, std::size_t count);

    void add_unsigned(std::uint64_t number);
    void add_text(std::string_view text);
    void add_dict(dict const& d);
    void add_value(value const& v);
    /// One well-formed value in the same serializer.
    void add_encoded(byte_view encoded);
    void add_empty_list();
    void finish();

private:
    void separate();

    serializer serializer_;
    bytes& out_;
    bool first_ = true;
};

}  // namespace cerro::codec
