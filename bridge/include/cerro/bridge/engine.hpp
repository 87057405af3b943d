#pragma once

/// @file
/// Answers queries: from target names to samples of many nodes, asked in parallel.

#include <cerro/bridge/directory.hpp>
#include <cerro/bridge/query.hpp>
#include <cerro/log/log.hpp>

#include <functional>

namespace cerro::bridge {

struct engine_options {
    std::size_t most_series = 2'000;       ///< of one query, after expansion of patterns
    std::size_t most_samples = 5'000'000;  ///< of one answer: the bound of each series is lowered to that
    std::chrono::milliseconds latest_age{700};        ///< the latest values are asked again after that
    std::chrono::milliseconds latest_timeout{2'000};  ///< one node that hangs must not hold up all others
};

/// The last value of each field of one node.
struct node_latest {
    std::string node;
    std::map<std::string, dans::series> values;  ///< one sample each, at most
};

class engine : public std::enable_shared_from_this<engine> {
public:
    engine(std::shared_ptr<client::session> s, std::shared_ptr<directory> d, engine_options o)
        : session_(std::move(s)), directory_(std::move(d)), options_(o)
    {}

    /// One series for each target in order of nodes' first appearance (as the Python bridge answered);
    /// patterns give one for each field. Whatever fails is an empty series.
    static asio::awaitable<std::vector<answered>> ask(std::shared_ptr<engine> self, query q);
    /// The last value of every field whose node is known to directory::all_fields(), at most latest_age old.
    static asio::awaitable<std::shared_ptr<std::vector<node_latest> const>> latest(
        std::shared_ptr<engine> self);

    [[nodiscard]] directory& nodes() const noexcept { return *directory_; }
    [[nodiscard]] std::shared_ptr<directory> const& shared_nodes() const noexcept { return directory_; }

private:
    struct job;
    struct wanted;
    static asio::awaitable<std::vector<wanted>> expand(std::shared_ptr<engine> self,
                                                       std::vector<target> targets);
    /// What a target's text stands for / the fields that one of these names, by wildcards.
    static asio::awaitable<std::vector<std::string>> choices(std::shared_ptr<engine> self,
                                                             std::string text,
                                                             std::size_t most);
    static asio::awaitable<std::vector<std::string>> matches(std::shared_ptr<engine> self,
                                                             std::string choice);
    void cut();
    static asio::awaitable<void> run(std::shared_ptr<engine> self, std::shared_ptr<job> j);
    static asio::awaitable<client::outcome<client::arguments>> call(std::shared_ptr<engine> self,
                                                                    std::shared_ptr<job> j,
                                                                    bool reduces);

    std::shared_ptr<client::session> session_;
    std::shared_ptr<directory> directory_;
    engine_options options_;
    std::shared_ptr<std::vector<node_latest> const> latest_;
    std::chrono::steady_clock::time_point latest_at_{};
    // HTTP clients cause these lines.
    log::limiter cut_limit_;
    log::limiter failed_limit_;
};

}  // namespace cerro::bridge
