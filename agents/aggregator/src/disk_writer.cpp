#include <cerro/aggregator/disk_writer.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace cerro::aggregator {

class disk_writer::impl {
public:
    impl(archive_options files,
         disk_options o,
         bytes session_frame,
         double start_time,
         std::shared_ptr<file_layer> layer)
        : options_(o),
          layer_(std::move(layer)),
          archive_(std::move(files), std::move(session_frame), *layer_),
          start_time_(start_time)
    {}

    void submit(std::vector<outgoing_frame> frames, double now)
    {
        std::lock_guard const lock(mutex_);
        for (auto& frame : frames) {
            status_.queued_octets += frame.octets.size();
            queue_.push_back({std::move(frame), now});
        }
        if (frames.empty() && !queue_.empty()) {
            return;  // rotation is looked at after each frame anyway
        }
        tick_ = now;
        drop_what_is_too_much();
        wake_.notify_one();
    }

    void finish()
    {
        std::lock_guard const lock(mutex_);
        finishing_ = true;
        wake_.notify_one();
    }

    [[nodiscard]] disk_status status() const
    {
        std::lock_guard const lock(mutex_);
        auto s = status_;
        auto const busy =
            std::chrono::steady_clock::now() - busy_since_.value_or(std::chrono::steady_clock::now());
        if (s.trouble.empty() && busy > options_.stall_after) {
            s.trouble = "the disk has been stalled for " +
                        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(busy).count()) + " s";
        }
        return s;
    }

    using lock_type = std::unique_lock<std::mutex>;

    /// The thread's work.
    void run()
    {
        lock_type lock(mutex_);
        status_.opened = attempt(lock, [this] { return archive_.open(start_time_); });
        for (;;) {
            wake_.wait(lock, [this] { return !queue_.empty() || tick_ || finishing_; });
            auto const tick = std::exchange(tick_, std::nullopt);
            if (!queue_.empty()) {
                write_front(lock);
            } else if (tick) {
                attempt_rotation(lock, *tick);
            } else {
                break;
            }
        }
        attempt(lock, [this] { return archive_.close(); });
        status_.finished = true;
    }

private:
    struct entry {
        outgoing_frame frame;
        double now;
    };

    void drop_what_is_too_much()
    {
        auto at = queue_.begin();
        while (status_.queued_octets > options_.max_queue && at != queue_.end()) {
            if (at->frame.what == outgoing_frame::kind::data) {
                ++status_.dropped_frames;
                status_.dropped_samples += at->frame.samples;
            } else if (std::next(at) == queue_.end() ||
                       std::next(at)->frame.what == outgoing_frame::kind::data) {
                ++at;  // the list of providers that what follows needs
                continue;
            }
            status_.queued_octets -= at->frame.octets.size();
            at = queue_.erase(at);
            // With the data between them gone, only the later of two lists counts.
            if (at != queue_.begin() && at != queue_.end() &&
                at->frame.what == outgoing_frame::kind::status &&
                std::prev(at)->frame.what == outgoing_frame::kind::status) {
                --at;
            }
        }
    }

    /// Runs `work` without the lock, and notes how it went. @return it went well
    template <class Work>
    bool attempt(lock_type& lock, Work work)
    {
        busy_since_ = std::chrono::steady_clock::now();
        lock.unlock();
        auto const done = work();
        auto const file = archive_.current_file();
        auto const files = archive_.files();
        lock.lock();
        busy_since_.reset();
        status_.current_file = file;
        status_.files = files;
        if (!done) {
            ++status_.failures;
            status_.trouble = done.error().what;
            return false;
        }
        status_.trouble.clear();
        return true;
    }

    bool write(lock_type& lock, entry const& e)
    {
        return attempt(lock, [&] {
            return e.frame.what == outgoing_frame::kind::status ? archive_.write_status(e.frame.octets, e.now)
                                                                : archive_.write_data(e.frame.octets, e.now);
        });
    }

    void write_front(lock_type& lock)
    {
        auto const e = std::move(queue_.front());
        queue_.pop_front();
        bool written = write(lock, e);
        while (!written && !finishing_) {
            wake_.wait_for(lock, options_.retry_period, [this] { return finishing_; });
            written = write(lock, e);
        }
        status_.queued_octets -= e.frame.octets.size();
        bool const is_data = e.frame.what == outgoing_frame::kind::data;
        if (written) {
            ++status_.written_frames;
            status_.written_samples += e.frame.samples;
        } else if (is_data) {
            ++status_.dropped_frames;
            status_.dropped_samples += e.frame.samples;
        }
        // All frames of one second go into one file, as their order of files in the archive is that of
        // seconds.
        bool const batch_ends = queue_.empty() || queue_.front().now != e.now;
        if (batch_ends) {
            attempt_rotation(lock, e.now);
        }
    }

    void attempt_rotation(lock_type& lock, double now)
    {
        if (status_.trouble.empty()) {
            attempt(lock, [&] { return archive_.rotate(now); });
        }
    }

    disk_options options_;
    std::shared_ptr<file_layer> layer_;
    archive archive_;
    double start_time_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<entry> queue_;
    std::optional<double> tick_;
    bool finishing_ = false;
    disk_status status_;
    std::optional<std::chrono::steady_clock::time_point> busy_since_;
};

disk_writer::disk_writer(archive_options files,
                         disk_options o,
                         bytes session_frame,
                         double start_time,
                         std::shared_ptr<file_layer> layer)
    : impl_(
          std::make_shared<impl>(std::move(files), o, std::move(session_frame), start_time, std::move(layer)))
{
    // Nobody can wait for a thread that the kernel holds in write() or fsync(): it shares what it needs.
    std::thread([state = impl_] { state->run(); }).detach();
}

disk_writer::~disk_writer()
{
    impl_->finish();
}

void disk_writer::submit(std::vector<outgoing_frame> frames, double now)
{
    impl_->submit(std::move(frames), now);
}

void disk_writer::finish()
{
    impl_->finish();
}

disk_status disk_writer::status() const
{
    return impl_->status();
}

}  // namespace cerro::aggregator
