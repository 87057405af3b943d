#include "service/handover.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace cerro;
using router::crossing;
namespace asio = boost::asio;

namespace {

/// A loop on a thread of its own.
class loop {
public:
    loop() : thread_([this] { io_.run(); }) {}
    ~loop()
    {
        work_.reset();
        thread_.join();
    }
    asio::any_io_executor executor() { return io_.get_executor(); }

    /// Runs `f` there and waits for its result.
    template <class F>
    auto run(F f)
    {
        std::packaged_task<decltype(f())()> task(std::move(f));
        auto result = task.get_future();
        asio::post(io_, [&] { task(); });
        REQUIRE(result.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
        return result.get();
    }

private:
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    std::thread thread_;
};

/// The channel on the I/O loop; the test plays the network.
class fake_channel final : public transport::channel {
public:
    explicit fake_channel(asio::any_io_executor ex) : ex_(std::move(ex)) {}

    void start(std::shared_ptr<transport::channel_events> events) override { events_ = std::move(events); }
    bool send(shared_bytes frame, bool /*droppable*/) override
    {
        sent.push_back(*frame);
        return true;
    }
    void close(transport::close_reason why, std::string detail, bool /*flush*/) override
    {
        asio::post(ex_, [events = std::exchange(events_, nullptr), why, detail = std::move(detail)] {
            if (events) {
                events->on_closed(why, detail);
            }
        });
    }
    void set_drop_oldest(bool on) override { drop_oldest = on; }
    [[nodiscard]] std::uint64_t frames_dropped() const override { return 3; }
    [[nodiscard]] bool slow() const override { return true; }
    [[nodiscard]] transport::channel_info const& info() const override { return info_; }
    [[nodiscard]] std::size_t pending_bytes() const override { return 0; }
    [[nodiscard]] asio::any_io_executor get_executor() override { return ex_; }

    void receive(std::vector<byte_view> batch) { events_->on_messages(batch); }

    std::vector<std::string> sent;
    bool drop_oldest = false;

private:
    asio::any_io_executor ex_;
    transport::channel_info info_;
    std::shared_ptr<transport::channel_events> events_;
};

/// What the home side hears.
class listener final : public transport::channel_events {
public:
    void on_messages(std::span<byte_view const> batch) override
    {
        for (auto const m : batch) {
            heard.emplace_back(m);
        }
        wake();
    }
    void on_closed(transport::close_reason why, std::string const& detail) override
    {
        ending = std::string(transport::name(why)) + ": " + detail;
        wake();
    }
    void wake()
    {
        if (waiting && waiting()) {
            waiting = nullptr;
            reached.set_value();
        }
    }

    std::vector<std::string> heard;
    std::string ending;
    std::function<bool()> waiting;
    std::promise<void> reached;
};

struct two_loops {
    loop home;
    loop io;
    std::shared_ptr<crossing> between = std::make_shared<crossing>(home.executor(), io.executor());
    std::shared_ptr<fake_channel> far = std::make_shared<fake_channel>(io.executor());
    std::shared_ptr<transport::channel> near = io.run([this] { return between->carry(far); });
    std::shared_ptr<listener> events = std::make_shared<listener>();

    two_loops() = default;
    two_loops(two_loops const&) = delete;
    two_loops& operator=(two_loops const&) = delete;
    // A channel that was started holds both sides until its end was told.
    ~two_loops()
    {
        home.run([this] { near->close(transport::close_reason::closed_by_us); });
        io.run([] {});  // the order to close comes
        io.run([] {});  // the channel ends
        home.run([] {});
    }

    void start()
    {
        home.run([this] { near->start(events); });
        io.run([] {});
    }
    void wait_at_home(std::function<bool()> condition)
    {
        auto reached = home.run([&] {
            events->reached = {};
            auto future = events->reached.get_future();
            events->waiting = std::move(condition);
            events->wake();
            return future;
        });
        REQUIRE(reached.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    }
};

}  // namespace

TEST_CASE("handover: messages arrive at home in order, whatever the batches", "[handover]")
{
    two_loops w;
    w.start();
    constexpr int batches = 500;
    std::vector<std::string> expected;
    for (int i = 0; i < batches; ++i) {
        expected.push_back("a" + std::to_string(i));
        expected.emplace_back();
        w.io.run([&] { w.far->receive({expected[expected.size() - 2], {}}); });
    }
    w.wait_at_home([&] { return w.events->heard.size() == 2 * batches; });
    CHECK(w.home.run([&] { return w.events->heard; }) == expected);
}

TEST_CASE("handover: frames arrive at the connection in order, the close behind them", "[handover]")
{
    two_loops w;
    w.start();
    constexpr int frames = 5000;
    w.home.run([&] {
        w.near->set_drop_oldest(true);
        for (int i = 0; i < frames; ++i) {
            CHECK(w.near->send(std::make_shared<bytes const>("f" + std::to_string(i)), i % 2 == 0));
        }
        w.near->close(transport::close_reason::closed_by_us, "enough");
        CHECK_FALSE(w.near->send(std::make_shared<bytes const>("late"), false));
    });
    w.wait_at_home([&] { return !w.events->ending.empty(); });
    CHECK(w.events->ending ==
          std::string(transport::name(transport::close_reason::closed_by_us)) + ": enough");
    auto const sent = w.io.run([&] { return w.far->sent; });
    REQUIRE(sent.size() == frames);
    CHECK(sent.front() == "f0");
    CHECK(sent.back() == "f" + std::to_string(frames - 1));
    CHECK(w.io.run([&] { return w.far->drop_oldest; }));
    CHECK(w.home.run([&] { return w.near->pending_bytes(); }) == 0);
    CHECK(w.home.run([&] { return w.near->frames_dropped(); }) == 3);
    CHECK(w.home.run([&] { return w.near->slow(); }));
}

TEST_CASE("handover: a connection lost on its loop is told at home, once", "[handover]")
{
    two_loops w;
    w.start();
    w.io.run([&] { w.far->close(transport::close_reason::connection_lost, "reset", false); });
    w.wait_at_home([&] { return !w.events->ending.empty(); });
    w.home.run([&] { w.near->close(transport::close_reason::closed_by_us); });
    w.io.run([] {});
    CHECK(w.home.run([&] { return w.events->ending; }).ends_with("reset"));
}

TEST_CASE("handover: a busy home loop makes the connections wait, and loses nothing", "[handover]")
{
    two_loops w;
    w.start();
    std::promise<void> go;
    auto held = go.get_future();
    asio::post(w.home.executor(), [&] { held.wait(); });
    std::string const big(1U << 20U, 'x');
    constexpr int messages = 40;  // more than crossing::max_inbound
    auto sending = std::async(std::launch::async, [&] {
        for (int i = 0; i < messages; ++i) {
            w.io.run([&] { w.far->receive({big}); });
        }
    });
    CHECK(sending.wait_for(std::chrono::milliseconds(200)) == std::future_status::timeout);
    go.set_value();
    sending.get();
    w.wait_at_home([&] { return w.events->heard.size() == messages; });
}

TEST_CASE("handover: after stop() a connection never waits for home", "[handover]")
{
    two_loops w;
    w.start();
    std::promise<void> go;
    auto held = go.get_future();
    asio::post(w.home.executor(), [&] { held.wait(); });
    w.between->stop();
    std::string const big(1U << 20U, 'x');
    for (int i = 0; i < 40; ++i) {
        w.io.run([&] { w.far->receive({big}); });
    }
    go.set_value();
    w.wait_at_home([&] { return w.events->heard.size() == 40; });
}
