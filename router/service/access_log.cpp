#include "access_log.hpp"

#include <cerro/base/iso8601.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/log/log.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";

metrics::counter& dropped(metrics::registry& r, std::string_view why)
{
    return r.make_counter("cerro_router_access_log_dropped_total",
                          "lines of the access log left out",
                          std::string("reason=\"").append(why).append("\""));
}

int open_file(std::string const& path)
{
    return path == "-" ? STDOUT_FILENO
                       : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

std::string reason()
{
    return std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known numbers
}

}  // namespace

access_log::access_log(access_log_settings s, metrics::registry& metrics)
    : settings_(std::move(s)),
      written_(
          metrics.make_counter("cerro_router_access_log_lines_total", "lines of the access log written")),
      over_rate_(dropped(metrics, "rate")),
      over_queue_(dropped(metrics, "queue")),
      failed_(dropped(metrics, "write")),
      file_(open_file(settings_.path))
{
    if (file_ < 0) {
        throw failure("the access log " + settings_.path + " cannot be opened: " + reason(), 3);
    }
    thread_ = std::thread([this] { run(); });
}

access_log::~access_log()
{
    {
        std::lock_guard const lock(guard_);
        ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
    if (file_ > STDERR_FILENO) {
        ::close(file_);
    }
}

void access_log::write(std::string_view event, dict const& about)
{
    if (!room_in_rate()) {
        over_rate_.add();
        ++suppressed_;
        return;
    }
    auto const now = iso8601(std::chrono::system_clock::now());
    if (suppressed_ != 0) {
        dict const gap{{"time", now}, {"event", "suppressed"}, {"lines", std::exchange(suppressed_, 0)}};
        queue(codec::to_json(value(gap)));
    }
    dict line{{"time", now}, {"event", event}};
    for (auto const& [key, v] : about) {
        line.append(key, v);
    }
    queue(codec::to_json(value(std::move(line))));
}

bool access_log::room_in_rate()
{
    if (settings_.rate == 0) {
        return true;
    }
    auto const now = std::chrono::steady_clock::now();
    if (now - second_ >= std::chrono::seconds(1)) {
        second_ = now;
        in_second_ = 0;
    }
    return in_second_++ < settings_.rate;
}

void access_log::queue(std::string line)
{
    line += '\n';
    bool idle = false;
    {
        std::lock_guard const lock(guard_);
        if (queued_.size() + line.size() > most_queued) {
            over_queue_.add();
            ++suppressed_;
            return;
        }
        idle = queued_.empty();
        queued_ += line;
        ++queued_lines_;
    }
    if (idle) {
        wake_.notify_one();
    }
}

void access_log::reopen()
{
    {
        std::lock_guard const lock(guard_);
        reopen_ = true;
    }
    wake_.notify_one();
}

void access_log::run()
{
    for (;;) {
        std::string text;
        std::size_t lines = 0;
        bool again = false;
        bool last = false;
        {
            std::unique_lock lock(guard_);
            wake_.wait(lock, [this] { return !queued_.empty() || reopen_ || ending_; });
            text.swap(queued_);
            lines = std::exchange(queued_lines_, 0);
            again = std::exchange(reopen_, false);
            last = ending_;
        }
        if (again && file_ != STDOUT_FILENO) {
            if (int const anew = open_file(settings_.path); anew >= 0) {
                ::close(std::exchange(file_, anew));
            } else {
                log::error(
                    component, "access_log_not_reopened", {{"path", settings_.path}, {"error", reason()}});
            }
        }
        if (lines != 0) {
            bool const done = append(text);
            (done ? written_ : failed_).add(lines);
        }
        if (last) {
            return;
        }
    }
}

bool access_log::append(std::string const& text)
{
    static log::limiter complaints;
    for (std::size_t done = 0; done < text.size();) {
        auto const n = ::write(file_, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            if (std::uint64_t suppressed = 0; complaints.allow(suppressed)) {
                log::error(component,
                           "access_log_not_written",
                           {{"path", settings_.path}, {"error", reason()}, {"suppressed", suppressed}});
            }
            return false;
        }
        done += static_cast<std::size_t>(n);
    }
    return true;
}

}  // namespace cerro::router
