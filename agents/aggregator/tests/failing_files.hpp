#pragma once

// A file system in memory that fails or stalls on demand.

#include <cerro/aggregator/files.hpp>

#include <condition_variable>
#include <map>
#include <mutex>

namespace cerro::aggregator::test {

class failing_files final : public file_layer {
public:
    result<void> make_folder(std::string const& path) override
    {
        std::unique_lock lock(mutex_);
        if (no_permission_) {
            return fail(errc::io, path + ": cannot make the folder: Permission denied");
        }
        return {};
    }
    result<std::unique_ptr<output_file>> create(std::string const& path) override
    {
        std::unique_lock lock(mutex_);
        if (contents_.contains(path)) {
            return fail(errc::refused, path + ": cannot create: File exists");
        }
        contents_[path];
        return std::unique_ptr<output_file>(std::make_unique<memory_file>(*this, path));
    }
    result<void> remove(std::string const& path) override
    {
        std::unique_lock lock(mutex_);
        contents_.erase(path);
        return {};
    }

    /// Octets that still go in before "No space left on device".
    void set_space(std::size_t octets)
    {
        std::unique_lock lock(mutex_);
        space_ = octets;
    }
    void set_permission(bool ok)
    {
        std::unique_lock lock(mutex_);
        no_permission_ = !ok;
    }
    void set_stalled(bool on)
    {
        std::unique_lock lock(mutex_);
        stalled_ = on;
        moved_.notify_all();
    }
    /// Writes that the stall holds up.
    [[nodiscard]] int waiting() const
    {
        std::unique_lock lock(mutex_);
        return waiting_;
    }
    [[nodiscard]] std::map<std::string, bytes> contents() const
    {
        std::unique_lock lock(mutex_);
        return contents_;
    }

private:
    class memory_file final : public output_file {
    public:
        memory_file(failing_files& owner, std::string path) : owner_(owner), path_(std::move(path)) {}
        result<void> write(byte_view octets) override
        {
            std::unique_lock lock(owner_.mutex_);
            ++owner_.waiting_;
            owner_.moved_.wait(lock, [this] { return !owner_.stalled_; });
            --owner_.waiting_;
            auto const n = std::min(octets.size(), owner_.space_);
            owner_.space_ -= n;
            owner_.contents_[path_].append(octets.substr(0, n));
            if (n < octets.size()) {
                return fail(errc::io, path_ + ": cannot write: No space left on device");
            }
            return {};
        }
        result<void> cut(std::uint64_t size) override
        {
            std::unique_lock lock(owner_.mutex_);
            owner_.contents_[path_].resize(size);
            return {};
        }
        result<void> sync() override { return {}; }

    private:
        failing_files& owner_;
        std::string path_;
    };

    mutable std::mutex mutex_;
    std::condition_variable moved_;
    std::map<std::string, bytes> contents_;
    std::size_t space_ = SIZE_MAX;
    bool no_permission_ = false;
    bool stalled_ = false;
    int waiting_ = 0;
};

}  // namespace cerro::aggregator::test
