#pragma once

#include <cerro/router/history.hpp>

#include <deque>
#include <memory>
#include <vector>

namespace cerro::router {

/// Records in memory: for each entry its latest, within its two limits.
class memory_history {
public:
    explicit memory_history(std::vector<history_entry> const& entries);

    /// @param rings indices of entries
    void add(std::vector<std::size_t> const& rings, history_record const& r);
    /// From the entry whose pattern is just the query's, else from all that overlap it.
    [[nodiscard]] history_page read(history_query q) const;
    [[nodiscard]] std::size_t size_bytes() const { return total_bytes_; }

private:
    struct kept {
        std::uint64_t position;
        shared_bytes record;
    };
    struct ring {
        history_entry const& entry;
        std::deque<kept> records;
        std::size_t size_bytes = 0;
    };

    std::vector<ring> rings_;
    std::size_t total_bytes_ = 0;  // a record in two rings counts twice
    std::uint64_t newest_ = 0;
};

}  // namespace cerro::router
