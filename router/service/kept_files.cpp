#include "kept_files.hpp"

#include "config/secret_files.hpp"
#include <cerro/log/log.hpp>

#include <boost/asio/steady_timer.hpp>

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";
constexpr std::chrono::seconds look_period{2};
constexpr std::chrono::seconds write_delay{1};

/// What changes when a file is written or replaced.
struct stamp {
    ino_t inode = 0;
    off_t size = -1;
    timespec modified{};
    friend bool operator==(stamp const& a, stamp const& b)
    {
        return a.inode == b.inode && a.size == b.size && a.modified.tv_sec == b.modified.tv_sec &&
               a.modified.tv_nsec == b.modified.tv_nsec;
    }
};

stamp look(std::string const& path)
{
    struct stat s {};
    return ::stat(path.c_str(), &s) == 0 ? stamp{s.st_ino, s.st_size, s.st_mtim} : stamp{};
}

class watcher final : public kept_files, public std::enable_shared_from_this<watcher> {
public:
    watcher(asio::any_io_executor ex, settings const& s) : look_timer_(ex), write_timer_(ex)
    {
        for (auto const& f : s.principal_files) {
            files_.push_back({f, look(f.path)});
        }
        for (auto const& c : s.cookie_stores) {
            if (!c->rules().file.empty()) {
                stores_.push_back(c);
            }
        }
    }
    ~watcher() override { stop(); }

    void begin()
    {
        for (auto const& c : stores_) {
            read_cookies(*c);
            c->on_change([weak = weak_from_this()] {
                if (auto const self = weak.lock()) {
                    self->write_soon();
                }
            });
        }
        if (!files_.empty()) {
            look_later();
        }
    }

    void reload() override
    {
        for (auto& f : files_) {
            auto const now = look(f.file.path);
            if (now == f.seen) {
                continue;
            }
            f.seen = now;
            auto table = load_principals(f.file.path);
            if (table) {
                f.file.table->replace(std::move(*table));
                log::info(component,
                          "principals_read",
                          {{"file", f.file.path}, {"principals", f.file.table->size()}});
            } else {
                log::error(component,
                           "principals_not_read",
                           {{"what", table.error().what}, {"kept", f.file.table->size()}});
            }
        }
    }

    void stop() override
    {
        look_timer_.cancel();
        write_timer_.cancel();
        for (auto const& c : stores_) {
            c->on_change({});
        }
        if (std::exchange(unwritten_, false)) {
            write();
        }
    }

private:
    struct watched {
        principal_file file;
        stamp seen;
    };

    void look_later()
    {
        look_timer_.expires_after(look_period);
        look_timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
            auto const self = weak.lock();
            if (!ec && self) {
                self->reload();
                self->look_later();
            }
        });
    }

    static void read_cookies(cookie_store& c)
    {
        auto const& path = c.rules().file;
        std::ifstream file(path, std::ios::binary);
        if (!file) {
            return;  // the first start
        }
        std::ostringstream text;
        text << file.rdbuf();
        auto const read = c.load(text.str(), std::chrono::system_clock::now());
        if (!read) {
            log::error(component, "cookies_not_read", {{"file", path}, {"what", read.error().what}});
        }
    }

    void write_soon()
    {
        if (std::exchange(unwritten_, true)) {
            return;
        }
        write_timer_.expires_after(write_delay);
        write_timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
            auto const self = weak.lock();
            if (!ec && self && std::exchange(self->unwritten_, false)) {
                self->write();
            }
        });
    }

    void write()
    {
        for (auto const& c : stores_) {
            auto const written = write_private(c->rules().file, c->text());
            if (!written) {
                log::error(component, "cookies_not_written", {{"what", written.error().what}});
            }
        }
    }

    asio::steady_timer look_timer_;
    asio::steady_timer write_timer_;
    std::vector<watched> files_;
    std::vector<std::shared_ptr<cookie_store>> stores_;
    bool unwritten_ = false;
};

}  // namespace

std::shared_ptr<kept_files> kept_files::start(asio::any_io_executor ex, settings const& s)
{
    auto const made = std::make_shared<watcher>(std::move(ex), s);
    made->begin();
    return made;
}

}  // namespace cerro::router
