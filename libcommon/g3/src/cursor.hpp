#pragma once

// Private: reads fixed-width fields from bytes. The first failure sticks; reads after it give zeros.

#include <cerro/base/bytes.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace cerro::g3 {

class cursor {
public:
    explicit cursor(byte_view content) : content_(content) {}

    void set_big_endian(bool on) noexcept { swap_ = on; }
    [[nodiscard]] bool big_endian() const noexcept { return swap_; }
    [[nodiscard]] bool ok() const noexcept { return trouble_.empty(); }
    [[nodiscard]] std::string const& trouble() const noexcept { return trouble_; }
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::size_t left() const noexcept { return content_.size() - offset_; }

    void fail(std::string why)
    {
        if (ok()) {
            trouble_ = std::move(why);
        }
        offset_ = content_.size();
    }

    /// `n` octets, or an empty view and failure.
    byte_view take(std::uint64_t n, char const* what)
    {
        if (!ok() || n > left()) {
            fail(std::string(what) + " needs " + std::to_string(n) + " octets at " + std::to_string(offset_) +
                 ", there are " + std::to_string(left()));
            return {};
        }
        auto const taken = content_.substr(offset_, n);
        offset_ += n;
        return taken;
    }

    std::uint8_t u8() { return number<std::uint8_t>(); }
    std::uint32_t u32() { return number<std::uint32_t>(); }
    std::int32_t i32() { return number<std::int32_t>(); }
    std::uint64_t u64() { return number<std::uint64_t>(); }
    std::int64_t i64() { return number<std::int64_t>(); }
    double f64() { return number<double>(); }
    byte_view text(char const* what = "text") { return take(u64(), what); }

    /// A u64 (or given) count of elements of at least `smallest` octets each: 0 and failure if they cannot
    /// all be there.
    std::uint64_t count(std::uint64_t announced, std::uint64_t smallest)
    {
        if (ok() && announced > left() / smallest) {
            fail(std::to_string(announced) + " elements announced at " + std::to_string(offset_) + ", " +
                 std::to_string(left()) + " octets left");
        }
        return ok() ? announced : 0;
    }
    std::uint64_t count(std::uint64_t smallest) { return count(u64(), smallest); }

    template <class T>
    T number()
    {
        auto const raw = take(sizeof(T), "number");
        return raw.empty() ? T{} : decode<T>(raw.data());
    }

    /// The number at `at`, in this cursor's byte order.
    template <class T>
    [[nodiscard]] T decode(char const* at) const noexcept
    {
        char ordered[sizeof(T)];
        bool const reverse = swap_ == (std::endian::native == std::endian::little);
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            ordered[i] = at[reverse ? sizeof(T) - 1 - i : i];
        }
        T value;
        std::memcpy(&value, ordered, sizeof value);
        return value;
    }

private:
    byte_view content_;
    std::size_t offset_ = 0;
    bool swap_ = false;
    std::string trouble_;
};

}  // namespace cerro::g3
