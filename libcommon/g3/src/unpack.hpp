#pragma once

// Private: whole-content decompression with a limit.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>

#include <cstdint>

namespace cerro::g3 {

/// Concatenated members are joined, as gzip(1) and bzip2(1) do.
[[nodiscard]] result<bytes> gunzip(byte_view packed, std::uint64_t max_size);
[[nodiscard]] result<bytes> bunzip2(byte_view packed, std::uint64_t max_size);

}  // namespace cerro::g3
