#include "cursor.hpp"
#include <cerro/base/crc32c.hpp>
#include <cerro/g3/frames.hpp>

#include <algorithm>
#include <cstdio>

namespace cerro::g3 {
namespace {

constexpr std::uint32_t max_objects = 1U << 20U;

std::string hex(std::uint32_t number)
{
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", number);
    return text;
}

}  // namespace

std::string frame_type_text(std::uint32_t type)
{
    std::string text;
    for (unsigned shift = 32; shift > 0;) {
        shift -= 8;
        auto const c = static_cast<char>((type >> shift) & 0xFFU);
        if (c != 0) {
            text += (c >= ' ' && c <= '~') ? c : '?';
        }
    }
    return text;
}

object_view const* frame_view::find(std::string_view name) const noexcept
{
    auto const at =
        std::find_if(objects.begin(), objects.end(), [&](auto const& o) { return o.name == name; });
    return at == objects.end() ? nullptr : &*at;
}

frame_reader::frame_reader(byte_view content, std::string name, std::uint64_t start)
    : content_(content), name_(std::move(name)), offset_(std::min<std::uint64_t>(start, content.size()))
{}

bool frame_reader::stop(damage::kind what, std::string const& why)
{
    trouble_ = damage{what, offset_, name_ + ": offset " + std::to_string(offset_) + ": " + why};
    return false;
}

bool frame_reader::next(frame_view& out)
{
    out.objects.clear();
    if (trouble_ || offset_ == content_.size()) {
        return false;
    }
    cursor c(content_.substr(offset_));
    auto const flag = c.u8();
    c.set_big_endian(flag == 0);
    auto const version = c.u32();
    auto const count = c.u32();
    auto const type = c.u32();
    auto const truncated = [&] {
        return stop(
            damage::kind::truncated,
            "frame is cut: " + c.trouble() + " (content ends at " + std::to_string(content_.size()) + ")");
    };
    if (flag > 1 || (c.ok() && (version != 1 || type == 0))) {
        auto const rest = content_.substr(offset_);
        bool const zeros = rest.find_first_not_of('\0') == byte_view::npos;
        return stop(damage::kind::end_padding,
                    std::to_string(rest.size()) +
                        (zeros ? " zero octets follow" : " octets that are no frame follow"));
    }
    if (!c.ok()) {
        return truncated();
    }
    if (count > max_objects) {
        return stop(damage::kind::limit, "frame announces " + std::to_string(count) + " objects");
    }
    std::uint32_t crc = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        object_view object;
        object.name = c.text("object name");
        auto const length = c.u64();
        object.offset = offset_ + c.offset();
        object.archive = c.take(length, "object buffer");
        if (!c.ok()) {
            return truncated();
        }
        crc = crc32c(object.archive, crc32c(object.name, crc));
        out.objects.push_back(object);
    }
    auto const recorded = c.u32();
    if (!c.ok()) {
        return truncated();
    }
    out.offset = offset_;
    out.end = offset_ + c.offset();
    out.type = type;
    if (recorded != crc) {
        damaged_end_ = out.end;
        return stop(damage::kind::checksum,
                    "recorded CRC " + hex(recorded) + " does not match calculated " + hex(crc));
    }
    offset_ = out.end;
    return true;
}

bool frame_reader::resume()
{
    if (!trouble_ || trouble_->what != damage::kind::checksum) {
        return false;
    }
    trouble_.reset();
    offset_ = damaged_end_;
    return true;
}

}  // namespace cerro::g3
