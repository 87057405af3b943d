#include "unpack.hpp"

#include <bzlib.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace cerro::g3 {
namespace {

constexpr std::size_t piece_size = 256U << 10U;
constexpr std::size_t largest_input = std::numeric_limits<unsigned>::max() / 2;

problem too_long(std::uint64_t max_size)
{
    return fail(errc::limit_exceeded, "unpacked content is above " + std::to_string(max_size) + " octets");
}

problem broken(char const* packing, std::size_t offset, char const* why)
{
    return fail(
        errc::malformed,
        std::string("broken ") + packing + " data near offset " + std::to_string(offset) + ": " + why);
}

}  // namespace

result<bytes> gunzip(byte_view packed, std::uint64_t max_size)
{
    z_stream z{};
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&z, gzip_only) != Z_OK) {
        return fail(errc::io, "zlib does not start");
    }
    struct guard {
        z_stream* z;
        ~guard() { inflateEnd(z); }
    } const at_end{&z};

    bytes out;
    auto piece = std::make_unique<std::array<char, piece_size>>();
    std::size_t taken = 0;
    int status = Z_OK;
    while (taken < packed.size() || status != Z_STREAM_END) {
        if (status == Z_STREAM_END) {
            inflateReset(&z);
        }
        auto const offered = std::min(packed.size() - taken, largest_input);
        z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + taken));
        z.avail_in = static_cast<uInt>(offered);
        z.next_out = reinterpret_cast<Bytef*>(piece->data());
        z.avail_out = static_cast<uInt>(piece->size());
        status = inflate(&z, Z_NO_FLUSH);
        taken += offered - z.avail_in;
        if (status != Z_OK && status != Z_STREAM_END) {
            return broken("gzip", taken, status == Z_BUF_ERROR ? "it ends early" : zError(status));
        }
        out.append(piece->data(), piece->size() - z.avail_out);
        if (out.size() > max_size) {
            return too_long(max_size);
        }
    }
    return out;
}

result<bytes> bunzip2(byte_view packed, std::uint64_t max_size)
{
    bz_stream z{};
    if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK) {
        return fail(errc::io, "libbz2 does not start");
    }
    struct guard {
        bz_stream* z;
        ~guard() { BZ2_bzDecompressEnd(z); }
    } const at_end{&z};

    bytes out;
    auto piece = std::make_unique<std::array<char, piece_size>>();
    std::size_t taken = 0;
    int status = BZ_OK;
    while (taken < packed.size() || status != BZ_STREAM_END) {
        if (status == BZ_STREAM_END) {
            BZ2_bzDecompressEnd(&z);
            z = bz_stream{};
            if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK) {
                return fail(errc::io, "libbz2 does not start");
            }
        }
        auto const offered = std::min(packed.size() - taken, largest_input);
        z.next_in = const_cast<char*>(packed.data() + taken);
        z.avail_in = static_cast<unsigned>(offered);
        z.next_out = piece->data();
        z.avail_out = static_cast<unsigned>(piece->size());
        status = BZ2_bzDecompress(&z);
        auto const used = offered - z.avail_in;
        auto const made = piece->size() - z.avail_out;
        taken += used;
        if (status != BZ_OK && status != BZ_STREAM_END) {
            return broken("bzip2", taken, "not decodable");
        }
        if (status == BZ_OK && used == 0 && made == 0) {
            return broken("bzip2", taken, "it ends early");
        }
        out.append(piece->data(), made);
        if (out.size() > max_size) {
            return too_long(max_size);
        }
    }
    return out;
}

}  // namespace cerro::g3
