#include <cerro/transport/backlog.hpp>

#include <boost/asio/post.hpp>

#include <unistd.h>

#include <algorithm>

namespace cerro::transport {

std::size_t backlog::usual_limit()
{
    constexpr std::size_t most = 1U << 30U;
    auto const pages = ::sysconf(_SC_PHYS_PAGES);
    auto const page = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0) {
        return most;
    }
    return std::min(most, static_cast<std::size_t>(pages) / 4 * static_cast<std::size_t>(page));
}

void backlog::report(std::shared_ptr<channel> const& who, std::size_t reported, std::size_t pending)
{
    std::shared_ptr<channel> victim;
    {
        std::lock_guard const lock(guard_);
        auto const found = slow_.find(who.get());
        if (found == slow_.end() && (reported != 0 || pending == 0)) {
            return;  // it was chosen to be closed and counts no longer
        }
        if (found != slow_.end()) {
            bytes_ -= found->second.bytes;
        }
        if (pending == 0) {
            slow_.erase(found);
            return;
        }
        slow_[who.get()] = {who, pending};
        bytes_ += pending;
        if (bytes() > most_) {
            victim = take_greatest();
        }
    }
    if (victim) {
        boost::asio::post(victim->get_executor(), [victim, most = most_] {
            victim->close(close_reason::slow_consumer_total,
                          "all backlogs together are above " + std::to_string(most) +
                              " bytes, and this is the greatest",
                          false);
        });
    }
}

std::shared_ptr<channel> backlog::take_greatest()
{
    auto const greatest = std::max_element(slow_.begin(), slow_.end(), [](auto const& a, auto const& b) {
        return a.second.bytes < b.second.bytes;
    });
    auto who = greatest->second.who.lock();
    bytes_ -= greatest->second.bytes;
    slow_.erase(greatest);
    return who;
}

}  // namespace cerro::transport
