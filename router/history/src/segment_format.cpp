#include "segment_format.hpp"

#include <cerro/base/crc32c.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router::segment_format {

namespace {

constexpr byte_view magic = "CERROHIS";
constexpr std::uint32_t version = 1;
constexpr byte_view mark = "\xc5HR\n";
constexpr std::uint32_t seed = 0xffffffffU;  // so that zeros are no record
constexpr std::size_t chunk = 256U << 10U;

void put(char* at, std::uint64_t v, std::size_t octets) noexcept
{
    for (std::size_t i = 0; i < octets; ++i) {
        at[i] = static_cast<char>(v >> (8 * i) & 0xffU);
    }
}

std::uint64_t take(char const* at, std::size_t octets) noexcept
{
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < octets; ++i) {
        v |= static_cast<std::uint64_t>(static_cast<unsigned char>(at[i])) << (8 * i);
    }
    return v;
}

std::uint32_t checksum(char const* frame, byte_view record) noexcept
{
    return crc32c(record, crc32c({frame + 4, 4}, seed));
}

}  // namespace

void write_header(header const& h, bytes& out)
{
    auto const at = out.size();
    out.append(header_size, '\0');
    auto* const octets = out.data() + at;
    std::copy(magic.begin(), magic.end(), octets);
    put(octets + 8, version, 4);
    put(octets + 16, h.first_position, 8);
    put(octets + 24, static_cast<std::uint64_t>(h.created_ns), 8);
    put(octets + 12, crc32c({octets + 16, 16}, seed), 4);
}

result<header> read_header(byte_view octets)
{
    if (octets.size() < header_size || !octets.starts_with(magic)) {
        return fail(errc::malformed, "the header of a history segment is missing");
    }
    auto const* at = octets.data();
    if (take(at + 8, 4) != version) {
        return fail(errc::unsupported,
                    "history format " + std::to_string(take(at + 8, 4)) + "; this program knows version 1");
    }
    if (take(at + 12, 4) != crc32c({at + 16, 16}, seed)) {
        return fail(errc::malformed, "the header of a history segment is damaged");
    }
    return header{take(at + 16, 8), static_cast<std::int64_t>(take(at + 24, 8))};
}

void open_frame(bytes& out)
{
    out.append(frame_size, '\0');
}

void set_length(char* frame, std::size_t record_size) noexcept
{
    put(frame + 4, record_size, 4);
}

std::size_t length(char const* frame) noexcept
{
    return take(frame + 4, 4);
}

void seal(char* frame, std::size_t size) noexcept
{
    std::copy(mark.begin(), mark.end(), frame);
    set_length(frame, size - frame_size);
    put(frame + 8, checksum(frame, {frame + frame_size, size - frame_size}), 4);
}

record_stream::record_stream(source from,
                             std::uint64_t begin,
                             std::uint64_t end,
                             std::function<void(std::uint64_t, std::uint64_t)> damaged)
    : from_(std::move(from)),
      damaged_(std::move(damaged)),
      at_(begin),
      end_(end),
      good_end_(begin),
      buffer_at_(begin)
{}

bool record_stream::have(std::size_t n)
{
    if (n > end_ - at_) {
        return false;
    }
    auto const in_buffer = [&] { return buffer_at_ + buffer_.size() - at_; };
    if (at_ >= buffer_at_ && at_ <= buffer_at_ + buffer_.size() && in_buffer() >= n) {
        return true;
    }
    if (at_ > buffer_at_ + buffer_.size()) {
        buffer_.clear();
    } else {
        buffer_.erase(0, at_ - buffer_at_);
    }
    buffer_at_ = at_;
    auto const filled = buffer_.size();
    auto const wanted = std::min<std::uint64_t>(std::max(n, chunk), end_ - at_);
    buffer_.resize(wanted);
    std::size_t got = filled;
    while (got < wanted) {
        auto const read = from_(at_ + got, buffer_.data() + got, wanted - got);
        if (!read) {
            failure_ = read.error().what;
            break;
        }
        if (*read == 0) {
            break;
        }
        got += *read;
    }
    buffer_.resize(got);
    return got >= n;
}

record_stream::verdict record_stream::look()
{
    auto const short_of = [&] { return failure_.empty() ? verdict::bad : verdict::failed; };
    if (!have(frame_size)) {
        return short_of();
    }
    auto const* frame = buffer_.data() + (at_ - buffer_at_);
    auto const size = length(frame);
    if (byte_view(frame, mark.size()) != mark || size > max_record) {
        return verdict::bad;
    }
    if (!have(frame_size + size)) {
        return short_of();
    }
    frame = buffer_.data() + (at_ - buffer_at_);
    byte_view const record(frame + frame_size, size);
    if (take(frame + 8, 4) != checksum(frame, record)) {
        return verdict::bad;
    }
    record_ = record;
    offset_ = at_;
    return verdict::good;
}

/// Goes from `at_`, where no good record begins, to the next place that bears the mark.
void record_stream::skip_damage(std::uint64_t from)
{
    at_ = from;
    while (at_ < end_ && failure_.empty()) {
        // The last octets of the part may be the beginning of a mark, but then no record follows.
        if (!have(mark.size())) {
            at_ = end_;
            return;
        }
        byte_view const seen = byte_view(buffer_).substr(at_ - buffer_at_);
        auto const found = seen.find(mark);
        if (found != byte_view::npos) {
            at_ += found;
            return;
        }
        at_ += seen.size() - (mark.size() - 1);
    }
}

bool record_stream::next()
{
    auto const damage_begins = at_;
    while (at_ < end_ && failure_.empty()) {
        auto const found = look();
        if (found == verdict::failed) {
            return false;
        }
        if (found == verdict::bad) {
            skip_damage(at_ + 1);
            continue;
        }
        if (offset_ != damage_begins && damaged_) {
            damaged_(damage_begins, offset_ - damage_begins);
        }
        at_ = offset_ + frame_size + record_.size();
        good_end_ = at_;
        return true;
    }
    if (failure_.empty() && at_ != damage_begins && damaged_) {
        damaged_(damage_begins, end_ - damage_begins);
    }
    return false;
}

}  // namespace cerro::router::segment_format
