#pragma once

/// @file
/// Which data nodes there are, and which fields they have: asked when needed, remembered for a while.

#include <cerro/bridge/data.hpp>
#include <cerro/client/session.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>

namespace cerro::bridge {

namespace asio = boost::asio;

struct node_entry {
    std::string name;
    std::string description;
};

struct directory_options {
    std::string base;                                ///< org.simonsobservatory
    std::chrono::milliseconds node_timeout{10'000};  ///< for one call of one node
    std::chrono::milliseconds relist{10'000};        ///< the hub's list is read again so often
    std::chrono::milliseconds stale{5'000};  ///< fields are asked again for a list that people look at
    std::chrono::milliseconds unknown_again{2'000};  ///< and for a field that is not known yet
    std::chrono::milliseconds failed_again{5'000};   ///< and of a node that failed
};

/// What is known about one node's fields; nothing at all before it was asked.
struct fields_answer {
    std::shared_ptr<node_fields const> fields;  ///< null: see error
    std::string error;
};

/// Uses the session's on_join and on_leave. One per session.
class directory : public std::enable_shared_from_this<directory> {
public:
    directory(asio::any_io_executor ex, std::shared_ptr<client::session> s, directory_options o);
    /// Call once, before session->start().
    void start();
    void stop();

    [[nodiscard]] std::vector<node_entry> const& nodes() const noexcept { return nodes_; }
    /// Fields of one node, at most `max_age` old; those of a node that failed are asked again, but not waited
    /// for.
    static asio::awaitable<fields_answer> fields(std::shared_ptr<directory> self,
                                                 std::string node,
                                                 std::chrono::milliseconds max_age);
    /// What is known now, without asking.
    [[nodiscard]] fields_answer known(std::string const& node) const;
    /// fields() for a query: whatever age, unless one of `wanted` is missing.
    static asio::awaitable<fields_answer> fields_for(std::shared_ptr<directory> self,
                                                     std::string node,
                                                     std::vector<std::string> wanted);
    /// Fields of all nodes, asked in parallel; nodes that fail have an error.
    static asio::awaitable<std::vector<fields_answer>> all_fields(std::shared_ptr<directory> self,
                                                                  std::vector<node_entry> nodes);
    void forget(std::string const& node);
    [[nodiscard]] directory_options const& options() const noexcept { return options_; }

private:
    using clock = std::chrono::steady_clock;
    struct cached {
        explicit cached(asio::any_io_executor ex) : done(std::move(ex)) {}
        fields_answer answer;
        clock::time_point asked{};
        bool asking = false;
        asio::steady_timer done;
    };
    static asio::awaitable<void> watch(std::shared_ptr<directory> self);
    static asio::awaitable<void> relist(std::shared_ptr<directory> self);
    static asio::awaitable<void> ask(std::shared_ptr<directory> self,
                                     std::string node,
                                     std::shared_ptr<cached> c);
    void subscribe();
    void joined();
    std::shared_ptr<cached> entry(std::string const& node);

    asio::any_io_executor executor_;
    std::shared_ptr<client::session> session_;
    directory_options options_;
    std::vector<node_entry> nodes_;
    std::map<std::string, std::shared_ptr<cached>> cache_;
    asio::steady_timer wake_;
    bool stopping_ = false;
    clock::time_point joined_{};
    bool hub_missing_ = false;
    bool hub_missed_early_ = false;  ///< told as ordinary, not yet as a warning
    log::limiter failed_limit_;      ///< HTTP clients cause that line
};

/// Runs all at once and ends with the last; an exception is logged with `what`.
asio::awaitable<void> in_parallel(std::vector<asio::awaitable<void>> work, std::string what);

}  // namespace cerro::bridge
