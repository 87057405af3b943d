#pragma once

/// @file
/// Reads the elements of one encoded list one after the other, without building what is not asked for.

#include <cerro/codec/cursor.hpp>

namespace cerro::codec {

/// Every read function returns false at the first fault; error() then says what it was. Nothing throws.
///
/// The elements count as depth 0 for limits::max_depth; max_items counts over all elements together.
class list_reader {
public:
    enum class element : std::uint8_t { number, text, octets, list, dict, null, other };

    /// @param input must stay valid while the reader and the views that it gave are used
    list_reader(serializer s, byte_view input, limits const& lim);

    /// The list's beginning; to be called first.
    bool open();
    /// Is there one more element? To be asked before each read. JSON: passes over the comma.
    bool more();
    /// What the next element is, by its first octet. JSON's binary is text here.
    [[nodiscard]] element next() const;

    /// An integer of 0 to 2^53, or a float with such a value (JavaScript peers send those).
    bool read_id(std::uint64_t& out);
    bool read_text(std::string& out);
    /// `out` keeps nothing of what it held. Null counts as an empty dict.
    bool read_dict(dict& out);
    /// Passes over one well-formed element; `raw` are its bytes.
    bool skip(byte_view& raw);
    /// The list must end here, and with it the input.
    bool close();

    [[nodiscard]] problem error() const;

private:
    serializer serializer_;
    bool counted_ = false;  ///< the number of elements is known: not JSON, not CBOR's indefinite lists
    bool first_ = true;
    std::uint64_t remaining_ = 0;  ///< elements, if counted_
    cursor c_;
};

}  // namespace cerro::codec
