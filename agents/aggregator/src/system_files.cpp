#include <cerro/aggregator/files.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace cerro::aggregator {
namespace {

problem system_problem(std::string const& path, char const* what, int error)
{
    return fail(error == EEXIST ? errc::refused : errc::io, path + ": " + what + ": " + std::strerror(error));
}

class system_file final : public output_file {
public:
    system_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    system_file(system_file const&) = delete;
    system_file& operator=(system_file const&) = delete;
    ~system_file() override { ::close(fd_); }

    result<void> write(byte_view octets) override
    {
        struct stat s {};
        if (::fstat(fd_, &s) == 0 && s.st_nlink == 0) {
            // Writing on would succeed, into a file that nobody can open.
            return fail(errc::io,
                        path_ + ": the file was removed while it was written, its samples are gone");
        }
        while (!octets.empty()) {
            auto const n = ::write(fd_, octets.data(), octets.size());
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                return system_problem(path_, "cannot write", n == 0 ? ENOSPC : errno);
            }
            octets.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }
    result<void> cut(std::uint64_t size) override
    {
        if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
            return system_problem(path_, "cannot cut off an incomplete frame", errno);
        }
        return {};
    }
    result<void> sync() override
    {
        if (::fsync(fd_) != 0) {
            return system_problem(path_, "cannot sync", errno);
        }
        return {};
    }

private:
    int fd_;
    std::string path_;
};

class system_layer final : public file_layer {
public:
    result<void> make_folder(std::string const& path) override
    {
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) {
            return system_problem(path, "cannot make the folder", error.value());
        }
        return {};
    }
    result<std::unique_ptr<output_file>> create(std::string const& path) override
    {
        int const fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
        if (fd < 0) {
            return system_problem(path, "cannot create", errno);
        }
        return std::unique_ptr<output_file>(std::make_unique<system_file>(fd, path));
    }
    result<void> remove(std::string const& path) override
    {
        if (::unlink(path.c_str()) != 0) {
            return system_problem(path, "cannot remove", errno);
        }
        return {};
    }
};

}  // namespace

std::unique_ptr<file_layer> file_layer::system()
{
    return std::make_unique<system_layer>();
}

}  // namespace cerro::aggregator
