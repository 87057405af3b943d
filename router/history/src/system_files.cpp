#include <cerro/router/history_files.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace cerro::router {

namespace {

problem failed(std::string const& path, std::string_view what)
{
    return fail(errc::io, path + ": " + std::string(what) + ": " + std::strerror(errno));
}

class system_file final : public history_file {
public:
    system_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    system_file(system_file const&) = delete;
    system_file& operator=(system_file const&) = delete;
    ~system_file() override { ::close(fd_); }

    result<std::size_t> write(byte_view octets, std::uint64_t offset) override
    {
        for (;;) {
            auto const n = ::pwrite(fd_, octets.data(), octets.size(), static_cast<off_t>(offset));
            if (n > 0) {
                return static_cast<std::size_t>(n);
            }
            if (n == 0) {
                return fail(errc::io, path_ + ": write: nothing was written");
            }
            if (errno != EINTR) {
                return failed(path_, "write");
            }
        }
    }

    result<std::size_t> read(std::uint64_t offset, char* into, std::size_t most) const override
    {
        for (;;) {
            auto const n = ::pread(fd_, into, most, static_cast<off_t>(offset));
            if (n >= 0) {
                return static_cast<std::size_t>(n);
            }
            if (errno != EINTR) {
                return failed(path_, "read");
            }
        }
    }

    result<std::uint64_t> size() const override
    {
        struct stat s {};
        if (::fstat(fd_, &s) != 0) {
            return failed(path_, "stat");
        }
        return static_cast<std::uint64_t>(s.st_size);
    }

    result<void> cut(std::uint64_t size) override
    {
        if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
            return failed(path_, "cut");
        }
        return {};
    }

    result<void> sync() override
    {
        if (::fdatasync(fd_) != 0) {
            return failed(path_, "sync");
        }
        return {};
    }

    bool linked() const override
    {
        struct stat s {};
        return ::fstat(fd_, &s) == 0 && s.st_nlink > 0;
    }

private:
    int fd_;
    std::string path_;
};

class held_lock {
public:
    explicit held_lock(int fd) : fd_(fd) {}
    held_lock(held_lock const&) = delete;
    held_lock& operator=(held_lock const&) = delete;
    ~held_lock() { ::close(fd_); }

private:
    int fd_;
};

class system_files final : public history_files {
public:
    result<void> make_folder(std::string const& path) override
    {
        std::error_code ec;
        std::filesystem::create_directories(path, ec);
        if (ec) {
            return fail(errc::io, path + ": make folder: " + ec.message());
        }
        return {};
    }

    result<std::vector<std::string>> list(std::string const& folder) override
    {
        std::error_code ec;
        std::vector<std::string> names;
        for (std::filesystem::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
            names.push_back(at->path().filename().string());
        }
        if (ec) {
            return fail(errc::io, folder + ": list: " + ec.message());
        }
        return names;
    }

    result<std::shared_ptr<history_file>> open(std::string const& path, bool create) override
    {
        // Events may be nobody else's business: not readable by others.
        int const fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0640);
        if (fd < 0) {
            return failed(path, "open");
        }
        return std::shared_ptr<history_file>(std::make_shared<system_file>(fd, path));
    }

    result<void> remove(std::string const& path) override
    {
        if (::unlink(path.c_str()) != 0) {
            return failed(path, "remove");
        }
        return {};
    }

    result<std::shared_ptr<void>> lock(std::string const& path) override
    {
        int const fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_CREAT, 0640);
        if (fd < 0) {
            return failed(path, "open");
        }
        auto held = std::make_shared<held_lock>(fd);
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) {
                return fail(errc::refused, path + ": another process holds it");
            }
            return failed(path, "lock");
        }
        return std::shared_ptr<void>(std::move(held));
    }
};

}  // namespace

std::shared_ptr<history_files> history_files::system()
{
    return std::make_shared<system_files>();
}

}  // namespace cerro::router
