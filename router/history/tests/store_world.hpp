#pragma once

/// @file
/// A history on disk in a folder of its own, the thread that uses it, and a disk that fails when it is told
/// to.

#include <cerro/router/disk_history.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace cerro::router::testing {

/// A folder that goes with the object.
class folder {
public:
    folder()
    {
        static std::atomic<int> count{0};
        path_ = std::filesystem::temp_directory_path() /
                ("history-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
        std::filesystem::remove_all(path_);
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string path() const { return path_.string(); }
    [[nodiscard]] std::filesystem::path realm() const { return path_ / "realm1"; }
    /// The files of records, oldest first.
    [[nodiscard]] std::vector<std::filesystem::path> segments() const
    {
        std::vector<std::filesystem::path> out;
        for (auto const& e : std::filesystem::directory_iterator(realm())) {
            if (e.path().extension() == ".history") {
                out.push_back(e.path());
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }
    /// What a process that is killed now leaves behind.
    void copy_to(folder const& other) const
    {
        std::filesystem::copy(path_, other.path_, std::filesystem::copy_options::recursive);
    }

private:
    std::filesystem::path path_;
};

inline std::string content(std::filesystem::path const& p)
{
    std::ifstream in(p, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline void put(std::filesystem::path const& p, std::string const& octets)
{
    std::ofstream(p, std::ios::binary | std::ios::trunc) << octets;
}

/// The system's files, until told otherwise. Thread-safe.
class faulty_files final : public history_files {
public:
    std::atomic<bool> full{false};          ///< writes fail
    std::atomic<bool> read_error{false};    ///< reads fail
    std::atomic<bool> short_writes{false};  ///< a write takes half of what it is given
    std::atomic<long> fail_at{-1};          ///< the step (write, open, remove, sync) that fails, once
    std::atomic<long> steps{0};

    void stall(bool on)
    {
        {
            std::lock_guard const lock(mutex_);
            stalled_ = on;
        }
        moved_.notify_all();
    }

    result<void> make_folder(std::string const& path) override { return real_->make_folder(path); }
    result<std::vector<std::string>> list(std::string const& path) override { return real_->list(path); }
    result<std::shared_ptr<history_file>> open(std::string const& path, bool create) override
    {
        if (step_fails()) {
            return fail(errc::io, path + ": open: told to fail");
        }
        auto opened = real_->open(path, create);
        if (!opened) {
            return opened.error();
        }
        return std::shared_ptr<history_file>(std::make_shared<file>(*this, *opened));
    }
    result<void> remove(std::string const& path) override
    {
        return step_fails() ? result<void>(fail(errc::io, path + ": remove: told to fail"))
                            : real_->remove(path);
    }
    result<std::shared_ptr<void>> lock(std::string const& path) override { return real_->lock(path); }

private:
    class file final : public history_file {
    public:
        file(faulty_files& owner, std::shared_ptr<history_file> real) : owner_(owner), real_(std::move(real))
        {}
        result<std::size_t> write(byte_view octets, std::uint64_t offset) override
        {
            owner_.wait_while_stalled();
            if (owner_.full || owner_.step_fails()) {
                return fail(errc::io, "write: No space left on device");
            }
            return real_->write(
                octets.substr(0, owner_.short_writes ? (octets.size() + 1) / 2 : octets.size()), offset);
        }
        result<std::size_t> read(std::uint64_t offset, char* into, std::size_t most) const override
        {
            if (owner_.read_error) {
                return fail(errc::io, "read: Input/output error");
            }
            return real_->read(offset, into, most);
        }
        result<std::uint64_t> size() const override { return real_->size(); }
        result<void> cut(std::uint64_t size) override { return real_->cut(size); }
        result<void> sync() override
        {
            return owner_.step_fails() ? result<void>(fail(errc::io, "sync: told to fail")) : real_->sync();
        }
        bool linked() const override { return real_->linked(); }

    private:
        faulty_files& owner_;
        std::shared_ptr<history_file> real_;
    };

    bool step_fails() { return steps.fetch_add(1) == fail_at; }
    void wait_while_stalled()
    {
        std::unique_lock lock(mutex_);
        moved_.wait(lock, [&] { return !stalled_; });
    }

    std::shared_ptr<history_files> real_ = history_files::system();
    std::mutex mutex_;
    std::condition_variable moved_;
    bool stalled_ = false;
};

/// One store, and what it tells.
class store_world {
public:
    explicit store_world(folder const& where,
                         std::function<void(disk_history_options&)> const& choose = {},
                         std::shared_ptr<faulty_files> disk = std::make_shared<faulty_files>())
        : files(std::move(disk))
    {
        disk_history_options o;
        o.folder = where.path();
        o.realm = "realm1";
        o.retry_period = std::chrono::milliseconds(5);
        o.stop_time = std::chrono::milliseconds(100);
        o.sync_period = std::chrono::milliseconds(5);
        o.post = [this](std::function<void()> f) {
            std::lock_guard const lock(mutex_);
            posted_.push_back(std::move(f));
            came_.notify_all();
        };
        if (choose) {
            choose(o);
        }
        store = open_disk_history(std::move(o), metrics, files);
        store->on_written([this] { ++told; });
    }

    /// Appends an event [number]. @return its position
    std::uint64_t add(int number, std::string const& topic = "site.a.feeds.f", std::size_t padding = 0)
    {
        auto const args = "[" + std::to_string(number) + ",\"" + std::string(padding, 'x') + "\"]";
        history_record r;
        r.time_ns = 1'795'253'460'000'000'000 + number * 1'000'000'000LL;
        r.publication = static_cast<wamp::id>(1000 + number);
        r.session = 17;
        r.authid = "joe";
        r.authrole = "agents";
        r.topic = topic;
        r.payload = {codec::serializer::json, args, {}};
        return store->append(r);
    }

    /// Runs what the store's threads have posted, until `so`.
    template <class F>
    void until(F const& so)
    {
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!so()) {
            std::function<void()> f;
            {
                std::unique_lock lock(mutex_);
                came_.wait_for(lock, std::chrono::milliseconds(2), [&] { return !posted_.empty(); });
                if (!posted_.empty()) {
                    f = std::move(posted_.front());
                    posted_.pop_front();
                }
            }
            if (f) {
                f();
            }
            REQUIRE(std::chrono::steady_clock::now() < deadline);
        }
    }
    void until_written(std::uint64_t position)
    {
        until([&] { return store->written() >= position; });
    }

    history_page read(history_query q)
    {
        bool done = false;
        history_page page;
        if (q.uri.empty()) {
            q.uri = "..feeds.";
            q.match = wamp::match_policy::wildcard;
        }
        store->read(std::move(q), [&](history_page p) {
            page = std::move(p);
            done = true;
        });
        until([&] { return done; });
        return page;
    }
    /// All numbers, in order.
    std::vector<int> numbers(history_query q = {})
    {
        q.limit = 1'000'000;
        q.max_bytes = 1U << 30U;
        return numbers_in(read(std::move(q)));
    }
    static std::vector<int> numbers_in(history_page const& page)
    {
        INFO(page.failure);
        REQUIRE(page.error.empty());
        auto const events = codec::decode(codec::serializer::json, page.events);
        REQUIRE(events.has_value());
        std::vector<int> out;
        for (auto const& e : *events->as_list()) {
            out.push_back(static_cast<int>(e.find("args")->at(0)->as_int().value()));
        }
        return out;
    }

    double gauge(std::string const& name) const
    {
        auto const text = metrics.text();
        auto const head = "\n" + name + "{realm=\"realm1\"} ";
        auto const at = text.find(head);
        REQUIRE(at != std::string::npos);
        return std::stod(text.substr(at + head.size()));
    }
    std::uint64_t counter(std::string const& name)
    {
        return metrics.make_counter(name, "", "realm=\"realm1\"").value();
    }

    metrics::registry metrics;
    std::shared_ptr<faulty_files> files;
    int told = 0;

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<std::function<void()>> posted_;

public:
    std::unique_ptr<history_store> store;
};

inline std::vector<int> count_up(int from, int to)
{
    std::vector<int> out;
    for (int i = from; i <= to; ++i) {
        out.push_back(i);
    }
    return out;
}

}  // namespace cerro::router::testing
