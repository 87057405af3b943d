#pragma once

/// @file
/// Housekeeping frames as plain structs. Schema versions 0 and 1 are read as version 2.

#include <cerro/base/result.hpp>
#include <cerro/g3/frames.hpp>
#include <cerro/g3/samples.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace cerro::g3::hk {

inline constexpr std::int64_t schema_version = 2;

/// One source of data blocks: in files of the aggregator, one feed of one agent process.
struct provider {
    std::int64_t id = 0;
    std::string description;  ///< feed address; with "." and the field: the full field name
    friend bool operator==(provider const&, provider const&) = default;
};

struct session_frame {
    double start_time = 0;  ///< Unix [s]
    std::string description;
};

struct status_frame {
    double timestamp = 0;  ///< Unix [s], when the frame was made
    std::vector<provider> providers;
};

/// One field of a block, not decoded yet; valid as long as the file's content.
class field_view {
public:
    std::string name;
    sample_type type = sample_type::real;

    /// @return as many values as the block has times, or errc::malformed
    [[nodiscard]] result<column> read() const;

private:
    friend class block_decoder;
    byte_view octets_;
    std::size_t count_ = 0;
    bool plain_ = false;       // schema 0: numbers without an archive around them
    bool big_endian_ = false;  // ... in that order
};

/// One block, not decoded yet; valid as long as the file's content.
class block_view {
public:
    std::string name;
    std::size_t count = 0;           ///< samples of each field; 0 in bad files
    std::int64_t first = 0;          ///< first time [ticks], 0 if there is none
    std::int64_t last = 0;           ///< last time [ticks]
    std::vector<field_view> fields;  ///< in file order, usually ascending

    [[nodiscard]] std::vector<std::int64_t> times() const;  ///< [ticks]

private:
    friend class block_decoder;
    [[nodiscard]] std::int64_t time(std::size_t index) const;
    byte_view octets_;
    bool seconds_ = false;  // schema 0: Unix seconds as f64
    bool big_endian_ = false;
};

struct data_frame {
    std::int64_t prov_id = 0;
    double timestamp = 0;             ///< Unix [s], when the frame was made
    std::string address;              ///< empty in old files
    std::string provider_session_id;  ///< empty in old files
    std::vector<block_view> blocks;
};

struct frame {
    std::uint64_t offset = 0;
    std::int64_t version = 0;  ///< as the file says, 0..2
    std::int64_t session_id = 0;
    std::variant<session_frame, status_frame, data_frame> content;
};

/// Reads a frame of type 'H'.
/// @return errc::malformed: an object is missing or broken; errc::unsupported: a newer schema or class, an
/// unknown hkagg_type; the text names frame offset and object
[[nodiscard]] result<frame> read_frame(frame_view const& f);

}  // namespace cerro::g3::hk
