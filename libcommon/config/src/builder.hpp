#pragma once

/// @file
/// Puts a tree of nodes together from the events of a reader, and watches the limits.

#include <cerro/config/node.hpp>

#include <unordered_map>
#include <utility>

namespace cerro::config {

inline constexpr std::size_t max_text = 4U << 20U;  ///< [bytes]
inline constexpr std::size_t max_levels = 64;
inline constexpr std::size_t max_nodes = 100'000;

/// Line and column, from 1.
struct position {
    int line = 1;
    int column = 1;
};

/// Thrown inside the readers only: yaml-cpp's events cannot return anything.
struct parse_stop {
    errc code;
    position at;
    std::string what;
};

enum class repeated_keys : std::uint8_t { last_wins, refused };

class builder {
public:
    explicit builder(repeated_keys policy) : policy_(policy) {}

    void scalar(position at, std::string text, bool quoted);
    void null(position at);
    void begin(position at, node::kind k);
    void end();
    /// What was just added is known by this number to alias().
    void anchor_next(std::size_t id) { next_anchor_ = id; }
    void alias(position at, std::size_t id);

    /// The whole tree, with file and paths filled in. Call once.
    [[nodiscard]] node finish(std::string name);

private:
    struct frame {
        node made;
        std::size_t anchor = 0;
        bool key_is_due = true;  ///< of a map
        std::string key;
        position key_at;
        std::unordered_map<std::string, std::size_t> index;  ///< key -> place in made.members_
        std::vector<node> merges;                            ///< values of "<<"
    };

    void count(position at, std::size_t nodes);
    void add(position at, node n, std::size_t anchor, bool plain_merge_key = false);
    void add_member(frame& map, node n);
    static void merge(frame& map);
    static std::size_t size(node const& n);
    static std::size_t depth(node const& n);
    static void settle(node& n, std::shared_ptr<std::string const> const& file, std::string path);
    [[nodiscard]] std::size_t take_anchor();

    repeated_keys policy_;
    std::vector<frame> open_;
    node root_;
    std::unordered_map<std::size_t, node> anchors_;
    std::size_t next_anchor_ = 0;
    std::size_t nodes_ = 0;
};

}  // namespace cerro::config
