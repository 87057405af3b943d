#include <cerro/testing/gate.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace cerro::testing {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct switches {
    bool drop = false;
    bool refuse_new = false;
    std::chrono::milliseconds delay{0};
    std::size_t split = 0;
    std::size_t rate = 0;
};

/// One connection: the side that called, and the side towards the target.
struct link {
    link(tcp::socket a, asio::any_io_executor const& ex) : near(std::move(a)), far(ex) {}
    tcp::socket near;
    tcp::socket far;

    void reset()
    {
        for (auto* s : {&near, &far}) {
            error_code ignored;
            s->set_option(asio::socket_base::linger(true, 0), ignored);
            s->close(ignored);
        }
    }
};

}  // namespace

class gate::impl : public std::enable_shared_from_this<gate::impl> {
public:
    impl(asio::any_io_executor ex, std::string const& address, std::uint16_t port)
        : acceptor(ex, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)),
          target(asio::ip::make_address(address), port)
    {}

    static asio::awaitable<void> accept(std::shared_ptr<impl> self)
    {
        while (self->acceptor.is_open()) {
            auto [ec, socket] = co_await self->acceptor.async_accept(as_result);
            if (ec) {
                co_return;
            }
            auto const one = std::make_shared<link>(std::move(socket), self->acceptor.get_executor());
            if (self->set.refuse_new) {
                one->reset();
                continue;
            }
            ++self->accepted;
            self->links.push_back(one);
            asio::co_spawn(self->acceptor.get_executor(), serve(self, one), asio::detached);
        }
    }

    static asio::awaitable<void> serve(std::shared_ptr<impl> self, std::shared_ptr<link> one)
    {
        auto [ec] = co_await one->far.async_connect(self->target, as_result);
        if (ec) {
            one->reset();
            co_return;
        }
        error_code ignored;
        one->near.set_option(tcp::no_delay(true), ignored);
        one->far.set_option(tcp::no_delay(true), ignored);
        auto const ex = self->acceptor.get_executor();
        asio::co_spawn(ex, pass(self, one, &one->near, &one->far), asio::detached);
        asio::co_spawn(ex, pass(self, one, &one->far, &one->near), asio::detached);
    }

    static asio::awaitable<void> pass(std::shared_ptr<impl> self,
                                      std::shared_ptr<link> one,
                                      tcp::socket* from,
                                      tcp::socket* to)
    {
        asio::steady_timer timer(self->acceptor.get_executor());
        std::array<char, 16U * 1024U> buffer{};
        for (;;) {
            auto const most = self->set.rate == 0
                                  ? buffer.size()
                                  : std::min(buffer.size(), std::max<std::size_t>(1, self->set.rate / 50));
            auto const into = asio::buffer(buffer.data(), most);
            auto [ec, n] = co_await from->async_read_some(into, as_result);
            if (ec) {
                error_code ignored;
                if (ec == asio::error::eof) {
                    to->shutdown(asio::socket_base::shutdown_send, ignored);
                } else {
                    one->reset();
                }
                co_return;
            }
            auto wait = self->set.delay;
            if (self->set.rate != 0) {
                wait += std::chrono::milliseconds(1'000 * n / self->set.rate);
            }
            if (wait.count() != 0) {
                timer.expires_after(wait);
                [[maybe_unused]] auto [waited] = co_await timer.async_wait(as_result);
            }
            std::size_t at = 0;
            while (at != n && !self->set.drop) {
                auto const piece = self->set.split == 0 ? n - at : std::min(self->set.split, n - at);
                auto const out = asio::buffer(buffer.data() + at, piece);
                auto [failed, written] = co_await asio::async_write(*to, out, as_result);
                if (failed) {
                    one->reset();
                    co_return;
                }
                at += written;
            }
        }
    }

    void cut()
    {
        for (auto const& weak : links) {
            if (auto const one = weak.lock()) {
                one->reset();
            }
        }
        links.clear();
    }

    std::size_t open() const
    {
        return static_cast<std::size_t>(std::count_if(links.begin(), links.end(), [](auto const& weak) {
            auto const one = weak.lock();
            return one && one->near.is_open();
        }));
    }

    tcp::acceptor acceptor;
    tcp::endpoint target;
    switches set;
    std::size_t accepted = 0;
    std::vector<std::weak_ptr<link>> links;
};

gate::gate(asio::any_io_executor ex, std::string target_address, std::uint16_t target_port)
    : impl_(std::make_shared<impl>(ex, target_address, target_port))
{
    asio::co_spawn(ex, impl::accept(impl_), asio::detached);
}

gate::~gate()
{
    error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->cut();
}

std::uint16_t gate::port() const
{
    return impl_->acceptor.local_endpoint().port();
}
void gate::drop(bool on)
{
    impl_->set.drop = on;
}
void gate::delay(std::chrono::milliseconds d)
{
    impl_->set.delay = d;
}
void gate::split(std::size_t n)
{
    impl_->set.split = n;
}
void gate::rate(std::size_t octets_per_second)
{
    impl_->set.rate = octets_per_second;
}
void gate::refuse_new(bool on)
{
    impl_->set.refuse_new = on;
}
void gate::cut()
{
    impl_->cut();
}
std::size_t gate::accepted() const
{
    return impl_->accepted;
}
std::size_t gate::open() const
{
    return impl_->open();
}

}  // namespace cerro::testing
