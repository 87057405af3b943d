#include "provider.hpp"
#include "taken_numbers.hpp"
#include <cerro/aggregator/recorder.hpp>
#include <cerro/base/time.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

namespace cerro::aggregator {
namespace {

/// Feed addresses are published by anybody; this many is far above any site, and bounds what we remember of
/// them.
constexpr std::size_t max_addresses = 10'000;
constexpr std::size_t max_providers = 10'000;

}  // namespace

class recorder::impl {
public:
    impl(double start_time, std::int64_t pid, recorder_limits limits)
        : limits_(limits),
          writer_(start_time, g3::hk::make_session_id(start_time, pid, "HK data"), "HK data"),
          session_frame_(writer_.session_frame())
    {}

    std::vector<std::string> take(std::string_view topic, list const& args, instant now)
    {
        auto message = read_message(args, now.unix_time);
        if (!message) {
            ++counters.refused_messages;
            return {message.error().what};
        }
        if (message->address != topic) {
            ++counters.refused_messages;
            return {"a message of " + message->address + " was published to " + std::string(topic)};
        }
        if (!message->wanted) {
            return {};
        }
        if (is_repetition(*message)) {
            ++counters.repeated_messages;
            return {};
        }
        auto* p = find(*message);
        auto refused = std::move(message->refused);
        if (p == nullptr && !message->blocks.empty()) {
            bool const full = providers_.size() >= max_providers ||
                              (listed.size() >= max_addresses && !listed.contains(message->address));
            if (full) {
                ++counters.refused_messages;
                return {message->address + ": too many feeds (" + std::to_string(max_addresses) +
                        ") are recorded already"};
            }
            p = &start(*message);
        }
        if (p == nullptr) {
            counters.refused_blocks += refused.size();
            return refused;
        }
        p->refresh(*message, now);
        std::string last_block;
        for (auto const& block : message->blocks) {
            auto verdict = add(*p, block, now);
            if (verdict.how == provider::fit::must_end) {
                ++counters.restarted_providers;
                end(*p, now.unix_time);
                p = &start(*message);
                p->refresh(*message, now);
                verdict = add(*p, block, now);
            }
            if (verdict.how != provider::fit::taken) {
                refused.push_back(message->address + ": " + verdict.why);
                continue;
            }
            last_block = block.name;
            counters.samples += block.fields.size() * block.times.size();
        }
        counters.messages += last_block.empty() ? 0 : 1;
        counters.refused_blocks += refused.size();
        list_provider(*message, now.unix_time, last_block);
        return refused;
    }

    std::vector<outgoing_frame> relieve(instant now)
    {
        if (octets_ + out_octets_ <= limits_.max_octets) {
            return {};
        }
        // Down to half of it, else the next messages would each cut a small frame.
        auto const names = name_octets();
        auto const enough = names + (limits_.max_octets - std::min(names, limits_.max_octets)) / 2;
        while (octets_ > enough) {
            auto const largest =
                std::max_element(providers_.begin(), providers_.end(), [](auto const& a, auto const& b) {
                    return a->frame_octets() < b->frame_octets();
                });
            if (largest == providers_.end() || !(*largest)->has_samples()) {
                break;
            }
            ++counters.early_frames;
            write_data(**largest, now.unix_time);
        }
        return take_out();
    }

    std::vector<outgoing_frame> tick(instant now)
    {
        for (std::size_t i = 0; i < providers_.size();) {
            auto& p = *providers_[i];
            if (p.is_stale(now)) {
                mark_stale(p);
                end(p, now.unix_time);
            } else {
                ++i;
            }
        }
        if (status_due_) {
            write_status(now.unix_time);
        }
        for (auto const& p : providers_) {
            if (p->is_due(now)) {
                write_data(*p, now.unix_time);
            }
        }
        return take_out();
    }

    std::vector<outgoing_frame> finish(instant now)
    {
        if (status_due_) {
            write_status(now.unix_time);
        }
        for (auto const& p : providers_) {
            write_data(*p, now.unix_time);
        }
        return take_out();
    }

    [[nodiscard]] bytes const& session_frame() const { return session_frame_; }

    recorder_counters counters;
    dict listed;

private:
    /// After a lost connection agents send again what the router had not acknowledged, in order and before
    /// anything newer.
    bool is_repetition(feed_message const& m)
    {
        if (!m.sequence || (numbers_.size() >= max_addresses && !numbers_.contains(m.address))) {
            return false;
        }
        auto& [session_id, taken] = numbers_[m.address];
        if (session_id != m.session_id) {
            session_id = m.session_id;
            taken = {};
        }
        auto const before = taken.missed();
        bool const is_new = taken.add(*m.sequence);
        counters.missed_messages += taken.missed() - before;
        return !is_new;
    }

    provider::verdict add(provider& p, message_block const& block, instant now)
    {
        auto const before = p.octets();
        auto const frame_before = p.frame_octets();
        auto v = p.add(block, now, name_octets() <= limits_.max_octets / 2);
        octets_ += p.octets() - before;
        frame_octets_ += p.frame_octets() - frame_before;
        return v;
    }

    [[nodiscard]] std::uint64_t name_octets() const { return octets_ - frame_octets_; }

    std::vector<outgoing_frame> take_out()
    {
        out_octets_ = 0;
        return std::exchange(out_, {});
    }

    void put_out(outgoing_frame frame)
    {
        out_octets_ += frame.octets.size();
        out_.push_back(std::move(frame));
    }

    provider* find(feed_message const& m)
    {
        auto const at = std::find_if(providers_.begin(), providers_.end(), [&](auto const& p) {
            return p->address() == m.address && p->session_id() == m.session_id;
        });
        return at == providers_.end() ? nullptr : at->get();
    }

    provider& start(feed_message const& m)
    {
        status_due_ = true;
        return *providers_.emplace_back(std::make_unique<provider>(next_id_++, m, widened_));
    }

    void end(provider& p, double now)
    {
        write_data(p, now);
        octets_ -= p.octets();
        std::erase_if(providers_, [&](auto const& one) { return one.get() == &p; });
        status_due_ = true;
    }

    void write_status(double now)
    {
        std::vector<g3::hk::provider> alive;
        written_ids_.clear();
        for (auto const& p : providers_) {
            alive.push_back({p->id(), p->address()});
            written_ids_.insert(p->id());
        }
        put_out({outgoing_frame::kind::status, writer_.status_frame(now, alive)});
        status_due_ = false;
    }

    /// A data frame never precedes the status frame that lists its provider.
    void write_data(provider& p, double now)
    {
        if (!p.has_samples()) {
            return;
        }
        if (!written_ids_.contains(p.id())) {
            write_status(now);
        }
        auto const samples = p.samples();
        octets_ -= p.frame_octets();
        frame_octets_ -= p.frame_octets();
        put_out({outgoing_frame::kind::data, writer_.data_frame(p.take_frame(now)), samples});
    }

    void list_provider(feed_message const& m, double now, std::string const& last_block)
    {
        auto& entry = listed[m.address];
        auto const* const before = entry.find("last_block_received");
        value last = last_block.empty() ? (before != nullptr ? *before : value()) : value(last_block);
        entry = dict{
            {"last_refresh", now}, {"sessid", m.session_id}, {"stale", false}, {"last_block_received", last}};
    }

    void mark_stale(provider const& p)
    {
        auto* const entry = listed.find(p.address());
        if (entry == nullptr || entry->as_dict() == nullptr) {
            return;
        }
        auto const* const sessid = entry->find("sessid");
        // A restarted device is listed by its new process already.
        if (sessid != nullptr && *sessid == value(p.session_id())) {
            entry->as_dict()->set("stale", true);
        }
    }

    struct numbered {
        std::string session_id;
        taken_numbers taken;
    };

    recorder_limits limits_;
    g3::hk::session_writer writer_;
    bytes session_frame_;
    widened_types widened_;
    std::vector<std::unique_ptr<provider>> providers_;  // by ascending prov_id
    std::map<std::string, numbered> numbers_;           // by feed address
    std::int64_t next_id_ = 0;
    bool status_due_ = false;
    std::set<std::int64_t> written_ids_;  // listed in the latest status frame
    std::vector<outgoing_frame> out_;
    std::uint64_t out_octets_ = 0;
    std::uint64_t octets_ = 0;        // of all providers
    std::uint64_t frame_octets_ = 0;  // of these, what cutting the frames would free
};

instant instant::now()
{
    std::chrono::duration<double> const steady = std::chrono::steady_clock::now().time_since_epoch();
    return {unix_now(), steady.count()};
}

recorder::recorder(double start_time, std::int64_t pid, recorder_limits limits)
    : impl_(std::make_unique<impl>(start_time, pid, limits))
{}
recorder::~recorder() = default;

bytes const& recorder::session_frame() const
{
    return impl_->session_frame();
}

std::vector<std::string> recorder::take(std::string_view topic, list const& args, instant now)
{
    return impl_->take(topic, args, now);
}

std::vector<outgoing_frame> recorder::relieve(instant now)
{
    return impl_->relieve(now);
}

std::vector<outgoing_frame> recorder::tick(instant now)
{
    return impl_->tick(now);
}

std::vector<outgoing_frame> recorder::finish(instant now)
{
    return impl_->finish(now);
}

dict const& recorder::providers() const
{
    return impl_->listed;
}

recorder_counters const& recorder::counters() const
{
    return impl_->counters;
}

}  // namespace cerro::aggregator
