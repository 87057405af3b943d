#include "disk_writer.hpp"

#include <cerro/log/log.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

namespace format = segment_format;

constexpr std::string_view component = "router";
constexpr std::size_t most_at_once = 1U << 20U;   // of one write(); PUBLISHED follows each
constexpr std::size_t keep_capacity = 4U << 20U;  // memory that a burst leaves behind
constexpr std::uint64_t kib = 1U << 10U;

std::uint64_t segment_size(disk_history_options const& o)
{
    if (o.segment_bytes != 0) {
        return o.segment_bytes;
    }
    return std::max(std::clamp<std::uint64_t>(o.max_bytes / 16, 64 * kib, 65'536 * kib), o.max_bytes / 64);
}

}  // namespace

void disk_history_state::set_trouble(std::string text)
{
    std::lock_guard const lock(mutex_);
    trouble_ = std::move(text);
}

std::string disk_history_state::trouble() const
{
    std::lock_guard const lock(mutex_);
    return trouble_;
}

disk_writer::disk_writer(disk_history_options const& options,
                         std::shared_ptr<disk_history_state> state,
                         std::unique_ptr<position_file> positions,
                         std::uint64_t first,
                         std::uint64_t reserved,
                         std::function<void()> progress,
                         std::function<void(std::shared_ptr<history_file>)> sync)
    : options_(options),
      segment_bytes_(segment_size(options)),
      state_(std::move(state)),
      positions_(std::move(positions)),
      progress_(std::move(progress)),
      sync_(std::move(sync)),
      next_(first),
      reserved_(reserved),
      segment_(state_->segments->newest()),
      thread_([this] { run(); })
{}

disk_writer::~disk_writer()
{
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
        give_up_ = clock::now() + options_.stop_time;
    }
    wake_.notify_one();
    thread_.join();
}

// --- the user's thread
// ------------------------------------------------------------------------------------------

std::uint64_t disk_writer::append(history_record& r)
{
    std::size_t const size = format::frame_size + 128 + r.topic.size() + r.authid.size() + r.authrole.size() +
                             r.options.size() + r.payload.args.size() + r.payload.kwargs.size();
    if (state_->queued_bytes.load(std::memory_order_relaxed) + size > options_.queue_bytes ||
        size > format::max_record) {
        state_->refused->add();
        return 0;
    }
    r.position = take_position();
    if (r.position == 0) {
        state_->refused->add();
        return 0;
    }
    bool wake = false;
    {
        std::lock_guard const lock(mutex_);
        if (state_->oldest_queued_ns.load(std::memory_order_relaxed) == 0) {
            state_->oldest_queued_ns.store(r.time_ns, std::memory_order_relaxed);
        }
        auto const at = pending_.size();
        format::open_frame(pending_);
        encode_record(r, pending_);
        auto const added = pending_.size() - at;
        format::set_length(pending_.data() + at, added - format::frame_size);
        state_->queued_bytes.fetch_add(added, std::memory_order_relaxed);
        wake = std::exchange(idle_, false);
    }
    if (wake) {
        wake_.notify_one();
    }
    return r.position;
}

std::uint64_t disk_writer::take_position()
{
    auto const reserved = reserved_.load(std::memory_order_acquire);
    if (next_ + options_.position_block / 2 >= reserved) {
        want_positions();
    }
    return next_ < reserved ? next_++ : 0;
}

void disk_writer::want_positions()
{
    bool wake = false;
    {
        std::lock_guard const lock(mutex_);
        wake = !std::exchange(positions_wanted_, true) && std::exchange(idle_, false);
    }
    if (wake) {
        wake_.notify_one();
    }
}

// --- the writer's thread
// ----------------------------------------------------------------------------------------

void disk_writer::run()
{
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            auto const something = [&] { return !pending_.empty() || stopping_ || positions_wanted_; };
            idle_ = !something();
            if (dirty_ && options_.sync_period) {
                wake_.wait_until(lock, last_sync_ + *options_.sync_period, something);
            } else {
                wake_.wait(lock, something);
            }
            idle_ = false;
            if (pending_.empty() && stopping_) {
                break;
            }
            batch_.clear();
            if (batch_.capacity() > keep_capacity) {
                batch_.shrink_to_fit();
            }
            batch_.swap(pending_);
        }
        write_batch();
        reserve_positions();
        sync_if_due();
    }
    if (segment_ && dirty_ && options_.sync_period) {
        if (auto const done = segment_->file->sync(); !done) {
            log::error(component, "history_sync_failed", {{"what", done.error().what}});
        }
    }
    // Ended in order: the next start need not leave positions out.
    if (auto const stored = positions_->store(next_); !stored) {
        log::warn(component, "history_positions_not_stored", {{"what", stored.error().what}});
    }
}

void disk_writer::write_batch()
{
    std::size_t begin = 0;
    while (begin < batch_.size()) {
        std::uint64_t const room =
            segment_ && segment_->size < segment_bytes_ ? segment_bytes_ - segment_->size : segment_bytes_;
        std::size_t const most = std::min<std::uint64_t>(most_at_once, room);
        std::size_t end = begin;
        std::uint64_t first_position = 0;
        std::uint64_t last_position = 0;
        while (end < batch_.size()) {
            auto* const frame = batch_.data() + end;
            auto const size = format::frame_size + format::length(frame);
            if (end > begin && end - begin + size > most) {
                break;
            }
            format::seal(frame, size);
            auto const r = decode_record({frame + format::frame_size, size - format::frame_size});
            first_position = first_position == 0 ? r->position : first_position;
            last_position = r->position;
            end += size;
        }
        if (!write_part(begin, end, first_position)) {
            log::error(component,
                       "history_lost",
                       {{"realm", options_.realm},
                        {"bytes", batch_.size() - begin},
                        {"what", "the disk took nothing until the end of stop_time"}});
            state_->queued_bytes.fetch_sub(batch_.size() - begin, std::memory_order_relaxed);
            return;
        }
        state_->queued_bytes.fetch_sub(end - begin, std::memory_order_relaxed);
        state_->written.store(last_position, std::memory_order_release);
        progress_();
        begin = end;
    }
    std::lock_guard const lock(mutex_);
    std::int64_t oldest = 0;
    if (!pending_.empty()) {
        auto const* frame = pending_.data();
        oldest = decode_record({frame + format::frame_size, format::length(frame)})->time_ns;
    }
    state_->oldest_queued_ns.store(oldest, std::memory_order_relaxed);
}

bool disk_writer::write_part(std::size_t from, std::size_t to, std::uint64_t first_position)
{
    byte_view const part(batch_.data() + from, to - from);
    for (;;) {
        auto const done = try_part(part, first_position);
        if (done) {
            break;
        }
        failed(done.error().what);
        if (!wait_to_retry()) {
            return false;
        }
    }
    if (std::exchange(failing_, false)) {
        state_->set_trouble({});
        log::info(component, "history_writing_again", {{"realm", options_.realm}});
    }
    // The records count only now: they are whole in the file.
    for (std::size_t at = 0; at < part.size();) {
        auto const size = format::length(part.data() + at);
        auto const r = decode_record(part.substr(at + format::frame_size, size));
        segment_->note(r->position, r->time_ns, segment_->size + at);
        at += format::frame_size + size;
    }
    segment_->size += part.size();
    part_done_ = 0;
    dirty_ = true;
    return true;
}

result<void> disk_writer::try_part(byte_view part, std::uint64_t first_position)
{
    if (auto const file = ready(part.size(), first_position); !file) {
        return file;
    }
    while (part_done_ < part.size()) {
        auto const n = segment_->file->write(part.substr(part_done_), segment_->size + part_done_);
        if (!n) {
            return n.error();
        }
        part_done_ += *n;
    }
    return {};
}

result<void> disk_writer::ready(std::size_t size, std::uint64_t first_position)
{
    bool const full =
        segment_ && segment_->size > format::header_size && segment_->size + size > segment_bytes_;
    if (segment_ && !full && segment_->begin != 0 && segment_->file->linked()) {
        return {};
    }
    if (segment_ && dirty_ && options_.sync_period) {
        sync_(segment_->file);
    }
    auto const now = options_.wall().time_since_epoch();
    auto made = state_->segments->create(first_position,
                                         std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    if (!made) {
        return made.error();
    }
    segment_ = std::move(*made);
    part_done_ = 0;
    // What is full now, and the new file as it will be.
    auto const most = options_.max_bytes - std::min(options_.max_bytes, segment_bytes_);
    if (auto const shrunk = state_->segments->shrink(most); !shrunk) {
        state_->write_errors->add();
        log::error(component, "history_not_removed", {{"what", shrunk.error().what}});
    }
    return {};
}

void disk_writer::reserve_positions()
{
    {
        std::lock_guard const lock(mutex_);
        if (!std::exchange(positions_wanted_, false)) {
            return;
        }
    }
    auto const limit = reserved_.load(std::memory_order_relaxed) + options_.position_block;
    auto const stored = positions_->store(limit);
    if (stored) {
        reserved_.store(limit, std::memory_order_release);
    } else {
        failed(stored.error().what);  // asked for again with the next position
    }
}

void disk_writer::failed(std::string const& what)
{
    state_->write_errors->add();
    if (!std::exchange(failing_, true)) {
        log::error(component,
                   "history_write_failed",
                   {{"realm", options_.realm},
                    {"what", what},
                    {"cure", "free space on the disk or mend it; it is tried again until then"}});
    }
    state_->set_trouble("history of realm '" + options_.realm + "' cannot be written: " + what);
}

bool disk_writer::wait_to_retry()
{
    std::unique_lock lock(mutex_);
    auto until = clock::now() + options_.retry_period;
    if (stopping_) {
        until = std::min(until, give_up_);
    }
    wake_.wait_until(lock, until, [&] { return stopping_ && clock::now() >= give_up_; });
    return !stopping_ || clock::now() < give_up_;
}

void disk_writer::sync_if_due()
{
    if (!dirty_ || !options_.sync_period || !segment_) {
        return;
    }
    auto const now = clock::now();
    if (now - last_sync_ >= *options_.sync_period) {
        last_sync_ = now;
        dirty_ = false;
        sync_(segment_->file);
    }
}

}  // namespace cerro::router
