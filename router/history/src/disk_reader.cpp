#include "disk_reader.hpp"

#include <cerro/log/log.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

disk_reader::disk_reader(std::shared_ptr<history_segments> segments, std::size_t max_reads)
    : segments_(std::move(segments)), max_reads_(max_reads), thread_([this] { run(); })
{}

disk_reader::~disk_reader()
{
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

bool disk_reader::read(std::function<void()> job)
{
    {
        std::lock_guard const lock(mutex_);
        if (reads_.size() >= max_reads_) {
            return false;
        }
        reads_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
}

void disk_reader::sync(std::shared_ptr<history_file> file)
{
    {
        std::lock_guard const lock(mutex_);
        // A stalled disk must not make this grow: one wish for each file is enough.
        if (std::find(syncs_.begin(), syncs_.end(), file) != syncs_.end()) {
            return;
        }
        syncs_.push_back(std::move(file));
    }
    wake_.notify_one();
}

void disk_reader::run()
{
    bool to_check = true;
    for (;;) {
        std::function<void()> job;
        std::shared_ptr<history_file> file;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return to_check || stopping_ || !reads_.empty() || !syncs_.empty(); });
            if (stopping_) {
                return;
            }
            if (!reads_.empty()) {
                job = std::move(reads_.front());
                reads_.pop_front();
            }
            if (!syncs_.empty()) {
                file = std::move(syncs_.front());
                syncs_.pop_front();
            }
        }
        if (job) {
            job();
        }
        if (file) {
            if (auto const done = file->sync(); !done) {
                log::error("router", "history_sync_failed", {{"what", done.error().what}});
            }
        }
        if (!job && !file) {
            to_check = segments_->check_one();
        }
    }
}

}  // namespace cerro::router
