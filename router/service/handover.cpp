#include "handover.hpp"

#include <boost/asio/post.hpp>

#include <atomic>
#include <utility>

namespace cerro::router {

/// Beside the real channel, on the I/O loop.
class crossing::far_end final : public transport::channel_events {
public:
    explicit far_end(std::shared_ptr<transport::channel> inner) : inner_(std::move(inner)) {}

    void on_messages(std::span<byte_view const> batch) override
    {
        inbound i;
        std::size_t total = 0;
        for (auto const m : batch) {
            total += m.size();
        }
        i.octets.reserve(total);
        i.sizes.reserve(batch.size());
        for (auto const m : batch) {
            i.octets.append(m);
            i.sizes.push_back(m.size());
        }
        i.to = near_;
        crossing_->deliver(std::move(i));
        look();
    }

    void on_closed(transport::close_reason why, std::string const& detail) override
    {
        crossing_->deliver({std::move(near_), {}, {}, why, detail});
        crossing_.reset();
    }

    /// Notes what the home loop may ask for.
    void look()
    {
        pending_.store(inner_->pending_bytes(), std::memory_order_relaxed);
        slow_.store(inner_->slow(), std::memory_order_relaxed);
        dropped_.store(inner_->frames_dropped(), std::memory_order_relaxed);
    }

    std::shared_ptr<transport::channel> inner_;
    std::shared_ptr<crossing>
        crossing_;  // both from start() until on_closed(): until then the home side is needed
    std::shared_ptr<near_end> near_;
    std::atomic<std::size_t> on_the_way_{
        0};                                // octets sent by the home loop and not yet handed to the channel
    std::atomic<std::size_t> pending_{0};  // octets that waited in the channel when last looked at
    std::atomic<bool> slow_{false};
    std::atomic<std::uint64_t> dropped_{0};
};

/// What the home loop sees.
class crossing::near_end final : public transport::channel, public std::enable_shared_from_this<near_end> {
public:
    near_end(std::shared_ptr<crossing> c, std::shared_ptr<far_end> far)
        : crossing_(std::move(c)), far_(std::move(far)), info_(far_->inner_->info())
    {}
    near_end(near_end const&) = delete;
    near_end& operator=(near_end const&) = delete;
    // Never started: nobody will hear of the connection's end.
    ~near_end() override
    {
        if (!started_) {
            close(transport::close_reason::closed_by_us);
        }
    }

    void start(std::shared_ptr<transport::channel_events> events) override
    {
        started_ = true;
        events_ = std::move(events);
        asio::post(crossing_->io_, [far = far_, near = shared_from_this(), c = crossing_] {
            far->near_ = near;
            far->crossing_ = c;
            far->inner_->start(far);
        });
    }

    bool send(shared_bytes frame, bool droppable) override
    {
        if (closed_ || frame->size() > info_.max_outgoing + 4) {
            return false;
        }
        far_->on_the_way_.fetch_add(frame->size(), std::memory_order_relaxed);
        crossing_->send({far_, std::move(frame), droppable});
        return true;
    }

    void close(transport::close_reason why, std::string detail = {}, bool flush = true) override
    {
        if (!std::exchange(closed_, true)) {
            crossing_->send({far_, nullptr, false, std::nullopt, ending{why, std::move(detail), flush}});
        }
    }

    void set_drop_oldest(bool on) override { crossing_->send({far_, nullptr, false, on}); }
    [[nodiscard]] std::uint64_t frames_dropped() const override
    {
        return far_->dropped_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool slow() const override { return far_->slow_.load(std::memory_order_relaxed); }
    [[nodiscard]] transport::channel_info const& info() const override { return info_; }
    [[nodiscard]] std::size_t pending_bytes() const override
    {
        return far_->on_the_way_.load(std::memory_order_relaxed) +
               far_->pending_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] asio::any_io_executor get_executor() override { return crossing_->home_; }

    void take(inbound& i)
    {
        if (i.why != transport::close_reason::none) {
            closed_ = true;
            std::exchange(events_, nullptr)->on_closed(i.why, i.detail);
            return;
        }
        if (closed_) {
            return;  // closed while they were on their way
        }
        views_.clear();
        std::size_t at = 0;
        for (auto const size : i.sizes) {
            views_.push_back(byte_view(i.octets).substr(at, size));
            at += size;
        }
        events_->on_messages(views_);
    }

private:
    std::shared_ptr<crossing> crossing_;
    std::shared_ptr<far_end> far_;
    transport::channel_info info_;
    std::shared_ptr<transport::channel_events> events_;
    std::vector<byte_view> views_;
    bool started_ = false;
    bool closed_ = false;
};

std::shared_ptr<transport::channel> crossing::carry(std::shared_ptr<transport::channel> inner)
{
    return std::make_shared<near_end>(shared_from_this(), std::make_shared<far_end>(std::move(inner)));
}

void crossing::send(outbound o)
{
    bool first = false;
    {
        std::scoped_lock const lock(mutex_);
        first = outbound_.empty();
        outbound_.push_back(std::move(o));
    }
    if (first) {
        asio::post(io_, [self = shared_from_this()] { self->run_outbound(); });
    }
}

void crossing::run_outbound()
{
    std::vector<outbound> batch;
    {
        std::scoped_lock const lock(mutex_);
        batch.swap(outbound_);
    }
    for (auto& o : batch) {
        auto& inner = *o.to->inner_;
        if (o.frame) {
            auto const size = o.frame->size();
            inner.send(std::move(o.frame), o.droppable);
            o.to->on_the_way_.fetch_sub(size, std::memory_order_relaxed);
        } else if (o.drop_oldest) {
            inner.set_drop_oldest(*o.drop_oldest);
        } else {
            inner.close(o.end->why, std::move(o.end->detail), o.end->flush);
        }
        o.to->look();
    }
}

void crossing::deliver(inbound i)
{
    bool first = false;
    {
        std::unique_lock lock(mutex_);
        // A home loop that cannot keep up slows its senders down through TCP, instead of filling memory.
        room_.wait(lock, [&] { return inbound_bytes_ < max_inbound || stopped_; });
        first = inbound_.empty();
        inbound_bytes_ += i.octets.size();
        inbound_.push_back(std::move(i));
    }
    if (first) {
        asio::post(home_, [self = shared_from_this()] { self->run_inbound(); });
    }
}

void crossing::run_inbound()
{
    std::vector<inbound> batch;
    {
        std::scoped_lock const lock(mutex_);
        batch.swap(inbound_);
        inbound_bytes_ = 0;
    }
    room_.notify_all();
    for (auto& i : batch) {
        auto const near = std::move(i.to);  // may be the last that holds it
        near->take(i);
    }
}

void crossing::stop()
{
    {
        std::scoped_lock const lock(mutex_);
        stopped_ = true;
    }
    room_.notify_all();
}

}  // namespace cerro::router
