#pragma once

/// @file
/// Reads the elements of one encoded list one after the other, without building what is not asked for.

#include <cerro/codec/codec.hpp>

#include <optional>

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
    [[nodiscard]] byte_view rest() const { return input_.substr(at_); }
    template <class Read>
    bool read(Read&& act);

    serializer serializer_;
    byte_view input_;
    limits left_;
    std::size_t at_ = 0;
    std::uint64_t remaining_ = 0;  ///< elements; not used by JSON and indefinite CBOR lists
    bool first_ = true;
    bool counted_ = false;
    std::optional<problem> error_;
};

}  // namespace cerro::codec
