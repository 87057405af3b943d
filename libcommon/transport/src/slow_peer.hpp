#pragma once

// What a channel does with a peer that takes less than it is sent. The same for all kinds of channel.

#include "outbox.hpp"
#include <cerro/transport/channel.hpp>

namespace cerro::transport {

class slow_peer {
public:
    enum class verdict : std::uint8_t {
        take,       ///< there is room
        leave_out,  ///< the new frame is droppable and does not fit: it is counted and forgotten
        close,      ///< over the limit, and nothing more may be left out
    };
    void set_drop_oldest(bool on) { drop_oldest_ = on; }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

    /// Is there room for `needed` bytes more? Under drop-oldest it makes room in `out`.
    /// @param elsewhere bytes that wait beside those in `out`
    /// @param writing a write of pieces of `out` is under way
    verdict make_room(outbox& out,
                      std::size_t elsewhere,
                      std::size_t needed,
                      bool droppable,
                      bool writing,
                      limits const& lim,
                      std::string const& peer)
    {
        if (out.pending() + elsewhere + needed <= lim.pending_bytes) {
            return verdict::take;
        }
        return drop_oldest_ ? drop(out, elsewhere + needed, droppable, writing, lim, peer) : verdict::close;
    }

    /// Tells the backlog of the process when that of `who` has changed much. To be called only when something
    /// could not be written at once, or when that has ended (`pending` 0).
    template <class Channel>
    void report(Channel& who, limits const& lim, std::size_t pending)
    {
        constexpr std::size_t step = 64U * 1024U;
        bool const much = pending == 0 ? reported_ != 0 : pending / step != reported_ / step;
        if (lim.total && much) {
            tell(who.shared_from_this(), *lim.total, pending);
        }
    }

private:
    verdict drop(outbox& out,
                 std::size_t needed,
                 bool droppable,
                 bool writing,
                 limits const& lim,
                 std::string const& peer);
    void tell(std::shared_ptr<channel> const& who, backlog& total, std::size_t pending);

    std::size_t reported_ = 0;
    std::uint64_t dropped_ = 0;
    bool drop_oldest_ = false;
};

[[nodiscard]] inline std::string backlog_text(limits const& lim, std::string const& peer)
{
    return "more than " + std::to_string(lim.pending_bytes) + " bytes wait for " + peer;
}

}  // namespace cerro::transport
