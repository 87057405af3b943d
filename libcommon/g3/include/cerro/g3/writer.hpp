#pragma once

/// @file
/// Writes frames: byte for byte what the reference software of the format writes, order of objects included.

#include <cerro/base/bytes.hpp>
#include <cerro/g3/hk.hpp>
#include <cerro/g3/samples.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace cerro::g3 {

/// Archives of single objects.
[[nodiscard]] bytes encode_int(std::int64_t value);
[[nodiscard]] bytes encode_double(double value);
[[nodiscard]] bytes encode_string(std::string_view value);
[[nodiscard]] bytes encode_string_vector(std::span<std::string const> values);
/// G3VectorBool, G3VectorInt (at the smallest width that holds all), G3VectorDouble or G3VectorString.
[[nodiscard]] bytes encode_column(column const& values);

/// Puts one frame together from archives.
class frame_builder {
public:
    explicit frame_builder(std::uint32_t type) : type_(type) {}
    /// @param name unique in the frame
    void add(std::string_view name, byte_view archive);
    [[nodiscard]] bytes finish() const;

private:
    std::uint32_t type_;
    std::uint32_t count_ = 0;
    std::uint32_t crc_ = 0;
    bytes objects_;
};

namespace hk {

/// A block to be written: ascending keys, every column as long as `times`, at least one time.
struct block {
    std::string name;
    std::vector<std::int64_t> times;  ///< [ticks], ascending
    std::map<std::string, column> fields;
};

struct data {
    std::int64_t prov_id = 0;
    double timestamp = 0;  ///< Unix [s]; later than that of the provider's frame before
    std::string address;
    std::string provider_session_id;
    std::vector<block> blocks;  ///< those without samples are left out
};

/// `(int(start_time) mod 2^32) << 28 | (pid mod 2^14) << 14 | crc32(description) mod 2^14`: sorts by time.
[[nodiscard]] std::int64_t make_session_id(double start_time, std::int64_t pid, std::string_view description);

/// Makes the frames of one session (one run of an aggregator).
class session_writer {
public:
    session_writer(double start_time, std::int64_t session_id, std::string description);
    session_writer(double start_time, int pid)
        : session_writer(start_time, make_session_id(start_time, pid, "HK data"), "HK data")
    {}

    [[nodiscard]] std::int64_t session_id() const noexcept { return session_id_; }
    /// First frame of each file.
    [[nodiscard]] bytes session_frame() const;
    /// @param providers all that are alive, by ascending id
    [[nodiscard]] bytes status_frame(double timestamp, std::span<provider const> providers) const;
    [[nodiscard]] bytes data_frame(data const& d) const;

private:
    double start_time_;
    std::int64_t session_id_;
    std::string description_;
};

}  // namespace hk
}  // namespace cerro::g3
