#include "slow_peer.hpp"

#include <cerro/log/log.hpp>
#include <cerro/transport/backlog.hpp>

namespace cerro::transport {

slow_peer::verdict slow_peer::drop(
    outbox& out, std::size_t needed, bool droppable, bool writing, limits const& lim, std::string const& peer)
{
    std::uint64_t lost = out.drop_oldest(needed, lim.pending_bytes, writing);
    bool const fits = out.pending() + needed <= lim.pending_bytes;
    if (!fits && droppable) {
        ++lost;
    }
    if (lost != 0 && dropped_ == 0) {
        log::warn("transport",
                  "slow_peer_loses_events",
                  {{"peer", peer}, {"pending_bytes", lim.pending_bytes}, {"policy", "drop-oldest"}});
    }
    dropped_ += lost;
    if (lim.total) {
        lim.total->count_dropped(lost);
    }
    if (fits) {
        return verdict::take;
    }
    return droppable ? verdict::leave_out : verdict::close;
}

void slow_peer::tell(std::shared_ptr<channel> const& who, backlog& total, std::size_t pending)
{
    total.report(who, reported_, pending);
    reported_ = pending;
}

}  // namespace cerro::transport
