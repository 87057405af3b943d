#pragma once

/// @file
/// What this library's readers carry along; others have no use for it.

#include <cerro/codec/codec.hpp>

#include <algorithm>
#include <cstring>

namespace cerro::codec {

/// However large limits::max_depth is, no reader goes deeper: decoded values are destroyed recursively.
inline constexpr std::size_t hard_max_depth = 1024;

/// What a reader does with text that is not UTF-8.
enum class text_policy : std::uint8_t {
    check,   ///< refuses it
    repair,  ///< replaces the bad octets by U+FFFD
};

/// A place in encoded bytes, what is left of the limits, and the first thing that went wrong.
/// Readers return false at once after fail(); `p` then stands at or behind the fault.
struct cursor {
    cursor(byte_view input, limits const& lim, std::size_t offset = 0)
        : begin(input.data()),
          p(begin + std::min(offset, input.size())),
          end(begin + input.size()),
          max_depth(std::min(lim.max_depth, hard_max_depth)),
          items_left(lim.max_items)
    {}

    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end - p); }
    [[nodiscard]] std::size_t offset() const noexcept { return static_cast<std::size_t>(p - begin); }

    bool fail(errc why, char const* text) noexcept
    {
        if (what == nullptr) {
            code = why;
            what = text;
        }
        return false;
    }
    bool malformed(char const* text) noexcept { return fail(errc::malformed, text); }
    bool truncated() noexcept { return malformed("the input ends inside a value"); }
    bool too_deep() noexcept { return fail(errc::limit_exceeded, "nested too deeply (limits::max_depth)"); }

    bool take_items(std::uint64_t n) noexcept
    {
        if (n > items_left) {
            return fail(errc::limit_exceeded, "too many elements (limits::max_items)");
        }
        items_left -= static_cast<std::size_t>(n);
        return true;
    }

    /// Reads `Unsigned` in network order.
    template <class Unsigned>
    bool take(Unsigned& out) noexcept
    {
        if (left() < sizeof(Unsigned)) {
            return truncated();
        }
        std::uint64_t v = 0;
        for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
            v = v << 8U | static_cast<unsigned char>(p[i]);
        }
        out = static_cast<Unsigned>(v);
        p += sizeof(Unsigned);
        return true;
    }

    /// Passes over `n` octets, giving them in `out`.
    bool take_octets(std::uint64_t n, byte_view& out) noexcept
    {
        if (n > left()) {
            return truncated();
        }
        out = {p, static_cast<std::size_t>(n)};
        p += n;
        return true;
    }

    [[nodiscard]] problem error(serializer s) const
    {
        return {code, std::string(name(s)) + ": " + what + " at byte " + std::to_string(offset())};
    }

    char const* begin;
    char const* p;
    char const* end;
    std::size_t max_depth;
    std::size_t items_left;
    errc code = errc::malformed;
    char const* what = nullptr;  ///< null pointer: nothing went wrong
};

}  // namespace cerro::codec
