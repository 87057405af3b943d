#include "unpack.hpp"
#include <cerro/g3/file.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cerro::g3 {
namespace {

struct descriptor {
    int fd;
    ~descriptor()
    {
        if (fd >= 0) {
            ::close(fd);
        }
    }
};

problem system_problem(std::string const& path, char const* what)
{
    int const error = errno;
    return fail(error == ENOENT ? errc::not_found : errc::io,
                path + ": " + what + ": " + std::strerror(error));
}

}  // namespace

result<file> file::open(std::string path, file_limits const& limits)
{
    file f;
    f.path_ = std::move(path);
    descriptor const d{::open(f.path_.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat s {};
    if (d.fd < 0 || ::fstat(d.fd, &s) != 0) {
        return system_problem(f.path_, "cannot open");
    }
    if (!S_ISREG(s.st_mode)) {
        return fail(errc::invalid_argument, f.path_ + ": not a regular file");
    }
    if (s.st_size == 0) {
        return f;
    }
    auto const size = static_cast<std::size_t>(s.st_size);
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, d.fd, 0);
    if (at == MAP_FAILED) {
        return system_problem(f.path_, "cannot map");
    }
    f.mapped_ = static_cast<char const*>(at);
    f.mapped_size_ = size;

    bool const gz = f.path_.ends_with(".gz");
    if (gz || f.path_.ends_with(".bz2")) {
        byte_view const packed(f.mapped_, size);
        auto plain = gz ? gunzip(packed, limits.max_unpacked) : bunzip2(packed, limits.max_unpacked);
        if (!plain) {
            return fail(plain.error().code, f.path_ + ": " + plain.error().what);
        }
        ::munmap(at, size);
        f.mapped_ = nullptr;
        f.unpacked_ = std::move(*plain);
    }
    return f;
}

file::file(file&& other) noexcept
    : path_(std::move(other.path_)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_size_(other.mapped_size_),
      unpacked_(std::move(other.unpacked_))
{}

file& file::operator=(file&& other) noexcept
{
    std::swap(path_, other.path_);
    std::swap(mapped_, other.mapped_);
    std::swap(mapped_size_, other.mapped_size_);
    std::swap(unpacked_, other.unpacked_);
    return *this;
}

file::~file()
{
    if (mapped_ != nullptr) {
        ::munmap(const_cast<char*>(mapped_), mapped_size_);
    }
}

byte_view file::content() const noexcept
{
    return mapped_ != nullptr ? byte_view(mapped_, mapped_size_) : byte_view(unpacked_);
}

}  // namespace cerro::g3
