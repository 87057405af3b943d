#pragma once

/// @file
/// Event history (wamp protocol, 7): publications of chosen topics are kept, in memory or by a store on disk,
/// each with a position that grows for ever, and read again by `wamp.subscription.get_events`.

#include <cerro/router/environment.hpp>
#include <cerro/router/history_store.hpp>
#include <cerro/router/member.hpp>
#include <cerro/wamp/uri.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// Topics that are kept.
struct history_entry {
    std::string uri;
    wamp::match_policy match = wamp::match_policy::exact;
    bool durable = false;                ///< by the store of the realm; else in memory, within the two limits
    std::size_t limit = 100;             ///< events in memory
    std::size_t max_bytes = 16U << 20U;  ///< in memory
};

class memory_history;

/// Where the publications of a topic go. Pointers to it are valid as long as the history.
struct kept_topic {
    bool durable = false;
    std::vector<std::size_t> rings;  ///< in memory: indices of entries

    friend bool operator==(kept_topic const&, kept_topic const&) = default;
};

/// What became of a publication.
struct kept_event {
    enum class state : std::uint8_t {
        not_kept,  ///< its options name receivers by session id: such publications are never kept
        written,   ///< safe
        pending,   ///< on its way to the disk
        refused,   ///< the store takes no more: its disk is full or stalled; the event is delivered all the
                   ///< same
    };
    state what = state::not_kept;
    std::uint64_t position = 0;  ///< EVENT.Details.x_cerro_position; 0 = none
};

/// The history of one realm. Lives on the realm's thread.
class history {
public:
    using find_member = std::function<member*(wamp::id session)>;

    /// @param store for durable entries; null when there are none
    /// @param sessions finds who is still there when PUBLISHED can be sent
    history(environment& env,
            std::string realm,
            std::vector<history_entry> entries,
            std::unique_ptr<history_store> store,
            find_member sessions);
    history(history const&) = delete;
    history& operator=(history const&) = delete;
    ~history();

    [[nodiscard]] std::vector<history_entry> const& entries() const { return entries_; }

    /// Null pointer: publications of `topic` are not kept. To be remembered with what else is known of a
    /// topic.
    [[nodiscard]] kept_topic const* keeps(std::string_view topic);

    /// Keeps one publication.
    /// @param disclosed whether readers are told who published
    /// @param options PUBLISH.Options
    [[nodiscard]] kept_event keep(kept_topic const& where,
                                  member const& publisher,
                                  bool disclosed,
                                  std::string_view topic,
                                  wamp::id publication,
                                  dict const& options,
                                  wamp::payload_view payload);

    /// Answers a PUBLISH that asked for it: PUBLISHED, now or when the record is written, or ERROR
    /// history_full. Nothing is sent to a session that has left.
    void acknowledge(kept_event const& e, member& publisher, wamp::id request, wamp::id publication);

    /// Is there anything kept, or would there be, that a subscription to this pattern gets?
    [[nodiscard]] bool covers(std::string_view uri, wamp::match_policy match) const;

    /// The events that `q` asks for; `done` is called on this thread, perhaps before read() returns.
    void read(history_query q, std::function<void(history_page)> done);

    /// history_store::trouble()
    [[nodiscard]] std::string trouble() const { return store_ ? store_->trouble() : std::string(); }
    /// PUBLISHED messages that wait for the disk.
    [[nodiscard]] std::size_t held() const { return held_.size(); }

private:
    struct held_reply {
        std::uint64_t position;
        wamp::id session;
        wamp::id request;
        wamp::id publication;
    };

    void on_written();

    environment& env_;
    std::string realm_;
    std::vector<history_entry> entries_;
    std::unique_ptr<history_store> store_;
    std::unique_ptr<memory_history> memory_;
    find_member sessions_;
    std::vector<std::unique_ptr<kept_topic>> kept_;  // each combination of entries that a topic has had
    std::deque<held_reply> held_;                    // by position
    std::uint64_t last_position_ = 0;                // without a store
    bytes scratch_;
};

}  // namespace cerro::router
