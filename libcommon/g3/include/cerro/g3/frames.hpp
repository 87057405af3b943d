#pragma once

/// @file
/// The frame stream: walks frames by their lengths, without decoding objects and without copying.

#include <cerro/base/bytes.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cerro::g3 {

/// Frame types are up to four characters, the last one in the low byte.
inline constexpr std::uint32_t housekeeping_frame = 'H';
[[nodiscard]] std::string frame_type_text(std::uint32_t type);

/// One named object of a frame; valid as long as the content it was read from.
struct object_view {
    std::string_view name;
    byte_view archive;         ///< the encoded object, see objects.hpp
    std::uint64_t offset = 0;  ///< of the archive in the stream
};

struct frame_view {
    std::uint64_t offset = 0;  ///< of the first octet
    std::uint64_t end = 0;     ///< behind the last octet
    std::uint32_t type = 0;
    std::vector<object_view> objects;  ///< in file order, which has no meaning

    /// The first object of that name, or null pointer.
    [[nodiscard]] object_view const* find(std::string_view name) const noexcept;
};

/// What is wrong with a stream, and where.
struct damage {
    enum class kind : std::uint8_t {
        truncated,    ///< the content ends inside a frame
        checksum,     ///< whole by its lengths, but the CRC says otherwise
        end_padding,  ///< what follows is no frame (zeros, garbage)
        limit,        ///< more objects than we take
    };
    kind what;
    std::uint64_t offset;  ///< of the damaged frame
    std::string text;      ///< "NAME: offset N: ...", for people
};

/// Walks a stream. Lengths are checked against what is left before anything else is done with them.
class frame_reader {
public:
    /// @param content stays the caller's, must live as long as the frames
    /// @param name    of the file, for the texts of damage
    frame_reader(byte_view content, std::string name, std::uint64_t start = 0);

    /// Reads the next frame into `out` (whose storage is used again).
    /// @return false at the clean end, or at damage: see trouble(). Frames before it are good.
    bool next(frame_view& out);
    /// After next() gave false: nothing, or what is wrong.
    [[nodiscard]] std::optional<damage> const& trouble() const noexcept { return trouble_; }
    /// After a checksum damage: passes over that frame, so that next() goes on behind it.
    /// @return false if what is wrong cannot be passed over
    bool resume();
    /// Where the next frame starts; behind the last good frame after damage.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

private:
    bool stop(damage::kind what, std::string const& why);

    byte_view content_;
    std::string name_;
    std::uint64_t offset_;
    std::uint64_t damaged_end_ = 0;
    std::optional<damage> trouble_;
};

}  // namespace cerro::g3
