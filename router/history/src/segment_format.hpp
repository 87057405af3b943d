#pragma once

/// @file
/// The bytes of a segment file (docs/formats/router-history.md): a header, then records, each with a mark,
/// its length and a checksum. Nothing here touches a file.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>

#include <cstdint>
#include <functional>

namespace cerro::router::segment_format {

inline constexpr std::size_t header_size = 32;
inline constexpr std::size_t frame_size = 12;          ///< before each record: mark, length, checksum
inline constexpr std::size_t max_record = 64U << 20U;  ///< what claims to be longer is no record

struct header {
    std::uint64_t first_position = 0;
    std::int64_t created_ns = 0;
};
void write_header(header const& h, bytes& out);
/// @return errc::malformed, errc::unsupported for another version
[[nodiscard]] result<header> read_header(byte_view octets);

/// Room for the frame of a record that is appended to `out` next; seal() fills it.
void open_frame(bytes& out);
/// Writes length and checksum of the record that begins at `frame` and fills the rest of `size` octets.
void seal(char* frame, std::size_t size) noexcept;
/// The length as it was written by set_length(); for frames that are not sealed yet.
void set_length(char* frame, std::size_t record_size) noexcept;
[[nodiscard]] std::size_t length(char const* frame) noexcept;

/// Reads `most` octets at `offset`; fewer only at the end.
using source = std::function<result<std::size_t>(std::uint64_t offset, char* into, std::size_t most)>;

/// The records of a part of a segment, one after the other; passes over what is damaged.
class record_stream {
public:
    /// @param damaged called with offset and length of each stretch of bytes that are no records
    record_stream(source from,
                  std::uint64_t begin,
                  std::uint64_t end,
                  std::function<void(std::uint64_t offset, std::uint64_t length)> damaged = {});

    /// @return false at the end, or when the file cannot be read: see failure()
    bool next();
    [[nodiscard]] byte_view record() const { return record_; }      ///< valid until next()
    [[nodiscard]] std::uint64_t offset() const { return offset_; }  ///< of the record's frame
    /// Behind the last good record.
    [[nodiscard]] std::uint64_t good_end() const { return good_end_; }
    [[nodiscard]] std::string const& failure() const { return failure_; }

private:
    enum class verdict : std::uint8_t { good, bad, failed };
    /// Has `n` octets from `at_` on in the buffer; false: the part, or the file, has no more.
    bool have(std::size_t n);
    verdict look();
    void skip_damage(std::uint64_t from);

    source from_;
    std::function<void(std::uint64_t, std::uint64_t)> damaged_;
    std::uint64_t at_;  // of the next frame
    std::uint64_t end_;
    std::uint64_t good_end_;
    std::uint64_t offset_ = 0;
    byte_view record_;
    bytes buffer_;
    std::uint64_t buffer_at_;  // offset of its first octet
    std::string failure_;
};

}  // namespace cerro::router::segment_format
