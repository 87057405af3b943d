#include "disk_reader.hpp"
#include "disk_writer.hpp"
#include <cerro/log/log.hpp>
#include <cerro/router/disk_history.hpp>
#include <cerro/router/history_answer.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";
constexpr std::string_view history_unavailable = "wamp.error.history_unavailable";
constexpr std::int64_t stalled_ns = 5'000'000'000;  // a record that waits longer is worth a word

std::int64_t unix_ns(wall_time t)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

/// A realm's name as the name of a folder.
std::string folder_name(std::string_view realm)
{
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (char const c : realm) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '_' || c == '-' || c == '@' || (c == '.' && !out.empty());
        auto const octet = static_cast<unsigned char>(c);
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += hex[octet >> 4U];
            out += hex[octet & 15U];
        }
    }
    return out;
}

void report_damage(history_damage const& d)
{
    if (d.length == 0) {
        log::error(component, "history_not_readable", {{"what", d.path}});
    } else if (d.cut) {
        log::warn(
            component, "history_torn_end_cut", {{"file", d.path}, {"offset", d.offset}, {"bytes", d.length}});
    } else {
        log::error(component,
                   "history_damage_skipped",
                   {{"file", d.path}, {"offset", d.offset}, {"bytes", d.length}});
    }
}

class disk_history final : public history_store {
public:
    disk_history(disk_history_options options,
                 metrics::registry& metrics,
                 std::shared_ptr<history_files> const& files)
        : options_(std::move(options)), state_(std::make_shared<disk_history_state>())
    {
        auto const folder = options_.folder + "/" + folder_name(options_.realm);
        try {
            open(folder, metrics, files);
        } catch (failure const& e) {
            throw failure("the event history of realm '" + options_.realm + "' cannot be kept: " + e.what() +
                          "; give the router a folder it may write to (\"cerro\": {\"history\": {\"folder\": "
                          "...}}), or "
                          "none (\"cerro\": {\"history\": {\"type\": \"none\"}})");
        }
    }

    std::uint64_t append(history_record& r) override { return writer_->append(r); }
    std::uint64_t take_position() override { return writer_->take_position(); }
    std::uint64_t written() const override { return written_; }
    void on_written(std::function<void()> f) override { on_written_ = std::move(f); }

    void read(history_query q, std::function<void(history_page)> done) override
    {
        auto answer = [post = options_.post, alive = std::weak_ptr(alive_), done](history_page page) {
            // The function and its page are moved through a std::function, which wants copies.
            auto const shared = std::make_shared<history_page>(std::move(page));
            post([alive, done, shared] {
                if (alive.lock()) {
                    done(std::move(*shared));
                }
            });
        };
        bool const taken = reader_->read([state = state_, q = std::move(q), answer]() mutable {
            answer(answer_from(*state, std::move(q)));
        });
        if (!taken) {
            history_page page;
            page.error = history_unavailable;
            page.failure = "too many calls read the history at the same time; try again";
            answer(std::move(page));
        }
    }

    std::string trouble() const override
    {
        auto text = state_->trouble();
        auto const oldest = state_->oldest_queued_ns.load();
        if (text.empty() && oldest != 0 && unix_ns(options_.wall()) - oldest > stalled_ns) {
            text = "history of realm '" + options_.realm + "': the disk is stalled";
        }
        return text;
    }

private:
    void open(std::string const& folder,
              metrics::registry& metrics,
              std::shared_ptr<history_files> const& files)
    {
        if (auto const made = files->make_folder(folder); !made) {
            throw failure(made.error().what);
        }
        auto lock = files->lock(folder + "/lock");
        if (!lock) {
            throw failure(lock.error().what);
        }
        lock_ = std::move(*lock);
        auto positions = std::make_unique<position_file>(*files, folder);
        if (positions->damaged()) {
            log::error(component, "history_positions_damaged", {{"folder", folder}});
        }
        make_counters(metrics);
        state_->segments = std::make_shared<history_segments>(
            files, folder, [damaged = state_->damaged_bytes](history_damage const& d) {
                report_damage(d);
                damaged->add(d.length);
            });
        auto const last = state_->segments->last_position();
        auto first = std::max(positions->limit().value_or(0), last + 1);
        if (!positions->limit()) {
            // New, or emptied by hand: above all that was ever given, as long as the clock is right.
            first = std::max(first, static_cast<std::uint64_t>(unix_ns(options_.wall()) / 1000));
        }
        auto const reserved = first + options_.position_block;
        if (auto const stored = positions->store(reserved); !stored) {
            throw failure(stored.error().what);
        }
        make_gauges(metrics);
        written_ = last;
        state_->written = last;
        reader_ = std::make_unique<disk_reader>(state_->segments, options_.max_reads);
        writer_ = std::make_unique<disk_writer>(
            options_,
            state_,
            std::move(positions),
            first,
            reserved,
            [this] { tell(); },
            [this](std::shared_ptr<history_file> file) { reader_->sync(std::move(file)); });
        log::info(component,
                  "history_opened",
                  {{"realm", options_.realm},
                   {"folder", folder},
                   {"bytes", state_->segments->size_bytes()},
                   {"next_position", first}});
    }

    void make_counters(metrics::registry& metrics)
    {
        auto const label = "realm=\"" + options_.realm + "\"";
        state_->write_errors = &metrics.make_counter(
            "cerro_router_history_write_errors_total", "failed writes of the event history", label);
        state_->refused =
            &metrics.make_counter("cerro_router_history_refused_total",
                                  "publications not kept because the queue to the disk was full",
                                  label);
        state_->damaged_bytes = &metrics.make_counter("cerro_router_history_damaged_bytes_total",
                                                      "bytes found that are no records: torn or damaged",
                                                      label);
    }

    void make_gauges(metrics::registry& metrics)
    {
        auto const label = "realm=\"" + options_.realm + "\"";
        auto const gauge = [&](std::string_view name, std::string_view help, auto ask) {
            metrics.make_gauge(
                name,
                help,
                [weak = std::weak_ptr(state_), ask]() -> double {
                    auto const state = weak.lock();
                    return state ? static_cast<double>(ask(*state)) : 0.0;
                },
                label);
        };
        using state = disk_history_state;
        gauge("cerro_router_history_bytes", "size of the event history on disk", [](state const& s) {
            return s.segments->size_bytes();
        });
        gauge("cerro_router_history_records", "records in the event history on disk", [](state const& s) {
            return s.segments->record_count();
        });
        gauge("cerro_router_history_oldest_position", "first position that is kept", [](state const& s) {
            return s.segments->oldest_position();
        });
        gauge("cerro_router_history_newest_position", "position written last", [](state const& s) {
            return s.written.load();
        });
        gauge("cerro_router_history_oldest_time_seconds",
              "Unix time of the oldest record",
              [](state const& s) { return static_cast<double>(s.segments->oldest_time_ns()) / 1e9; });
        gauge("cerro_router_history_queue_bytes", "records that wait for the disk", [](state const& s) {
            return s.queued_bytes.load();
        });
        gauge("cerro_router_history_lag_seconds",
              "age of the oldest record that waits for the disk",
              [wall = options_.wall](state const& s) {
                  auto const oldest = s.oldest_queued_ns.load();
                  return oldest == 0 ? 0.0 : static_cast<double>(unix_ns(wall()) - oldest) / 1e9;
              });
    }

    static history_page answer_from(disk_history_state& state, history_query q)
    {
        std::string failed;
        auto const newest = state.written.load(std::memory_order_acquire);
        auto const walk = [&](std::uint64_t first,
                              std::uint64_t last,
                              bool reverse,
                              history_segments::visitor const& visit) {
            auto const done = state.segments->walk(first, std::min(last, newest), reverse, visit);
            if (!done) {
                failed = done.error().what;
            }
        };
        auto page = answer_query(std::move(q), walk, state.segments->oldest_position(), newest);
        if (!failed.empty()) {
            page = {};
            page.error = history_unavailable;
            page.failure = "the history cannot be read: " + failed;
        }
        return page;
    }

    /// On the writer's thread: says once that `written` has grown, until that has been heard.
    void tell()
    {
        if (told_.exchange(true)) {
            return;
        }
        options_.post([this, alive = std::weak_ptr(alive_)] {
            if (alive.lock()) {
                told_ = false;
                written_ = state_->written.load(std::memory_order_acquire);
                if (on_written_) {
                    on_written_();
                }
            }
        });
    }

    disk_history_options options_;
    std::shared_ptr<disk_history_state> state_;
    std::shared_ptr<void> lock_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::atomic<bool> told_{false};
    std::uint64_t written_ = 0;
    std::function<void()> on_written_;
    std::unique_ptr<disk_reader> reader_;
    std::unique_ptr<disk_writer> writer_;  // ends first: it uses the reader
};

}  // namespace

std::unique_ptr<history_store> open_disk_history(disk_history_options options,
                                                 metrics::registry& metrics,
                                                 std::shared_ptr<history_files> files)
{
    return std::make_unique<disk_history>(std::move(options), metrics, files);
}

}  // namespace cerro::router
