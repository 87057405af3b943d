#include "cerro/sim372/server.hpp"

#include "faults.hpp"
#include <cerro/log/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <set>

namespace cerro::sim372 {

namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr auto silence_ends_message = 30ms;
constexpr auto late_by = 3s;
constexpr std::size_t longest_input = 4'096;
constexpr std::size_t most_heard = 10'000;

/// One client's socket and what it sent that is no whole message yet.
struct client {
    explicit client(tcp::socket s) : socket(std::move(s)), idle(socket.get_executor()) {}
    tcp::socket socket;
    asio::steady_timer idle;
    std::string input;
    bool quiet = false;  // nothing came for so long that `input` is a message
};

/// Waits for the next message, without terminator. @return false at the end of the connection
asio::awaitable<bool> receive(std::shared_ptr<client> c, std::string& line)
{
    for (;;) {
        if (auto const end = c->input.find('\n'); end != std::string::npos) {
            line = c->input.substr(0, end);
            c->input.erase(0, end + 1);
            co_return true;
        }
        if (c->input.size() > longest_input) {
            co_return false;
        }
        c->quiet = false;
        if (!c->input.empty()) {
            c->idle.expires_after(silence_ends_message);
            c->idle.async_wait([c](boost::system::error_code ec) {
                if (!ec) {
                    c->quiet = true;
                    c->socket.cancel(ec);
                }
            });
        }
        char buffer[1024];
        auto [ec, n] = co_await c->socket.async_read_some(asio::buffer(buffer), as_result);
        c->idle.cancel();
        if (ec == asio::error::operation_aborted && c->quiet) {
            line = std::move(c->input);
            c->input.clear();
            co_return true;
        }
        if (ec) {
            co_return false;
        }
        c->input.append(buffer, n);
    }
}

void hang_up(client& c, bool with_reset)
{
    boost::system::error_code ignored;  // the peer may have been quicker
    if (with_reset) {
        c.socket.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    c.socket.close(ignored);
}

class tcp_server final : public server, public std::enable_shared_from_this<tcp_server> {
public:
    tcp_server(asio::io_context& io, server_options o)
        : io_(io),
          options_(std::move(o)),
          acceptor_(io),
          control_acceptor_(io),
          tick_(io),
          begin_(clock::now()),
          faults_(options_.faults),
          device_(std::make_unique<instrument>(options_.instrument))
    {}

    void open()
    {
        listen(acceptor_, options_.port);
        options_.port = acceptor_.local_endpoint().port();
        if (options_.control) {
            listen(control_acceptor_, *options_.control);
            spawn(serve_control(shared_from_this()), "control");
        }
        spawn(accept_instrument(shared_from_this()), "accept");
        spawn(watch_faults(shared_from_this()), "faults");
    }

    [[nodiscard]] std::uint16_t port() const override { return options_.port; }
    [[nodiscard]] std::uint16_t control_port() const override
    {
        return control_acceptor_.is_open() ? control_acceptor_.local_endpoint().port() : std::uint16_t{0};
    }
    [[nodiscard]] instrument& device() override { return *device_; }
    void begin_fault(fault_kind k, double duration_s) override
    {
        faults_.add(fault(k, now(), duration_s));
        apply_faults();
    }
    void end_faults() override
    {
        faults_.clear();
        apply_faults();
    }
    [[nodiscard]] std::vector<std::string> const& heard() const override { return heard_; }

    void stop() override
    {
        stopped_ = true;
        boost::system::error_code ignored;  // may be closed already
        acceptor_.close(ignored);
        control_acceptor_.close(ignored);
        tick_.cancel();
        hang_up_all(false);
    }

private:
    [[nodiscard]] double now() const { return std::chrono::duration<double>(clock::now() - begin_).count(); }

    void spawn(asio::awaitable<void> work, std::string name)
    {
        asio::co_spawn(io_, std::move(work), [name = std::move(name)](std::exception_ptr trouble) {
            try {
                if (trouble) {
                    std::rethrow_exception(trouble);
                }
            } catch (std::exception const& e) {
                log::error("sim372", "task_failed", {{"task", name}, {"why", e.what()}});
            }
        });
    }

    void listen(tcp::acceptor& a, std::uint16_t port)
    {
        try {
            tcp::endpoint const where(asio::ip::make_address(options_.address), port);
            a.open(where.protocol());
            a.set_option(asio::socket_base::reuse_address(true));
            a.bind(where);
            a.listen();
        } catch (boost::system::system_error const& e) {
            throw failure("cannot listen on " + options_.address + ":" + std::to_string(port) + ": " +
                          e.code().message() + "; choose another --port");
        }
    }

    /// Switches off and on what a fault switches; messages ask for the present fault themselves.
    void apply_faults()
    {
        if (stopped_) {
            return;
        }
        auto const t = now();
        if (faults_.take_restart(t)) {
            log::info("sim372", "restarted", {});
            device_ = std::make_unique<instrument>(options_.instrument);
            device_begin_ = t;
            hang_up_all(false);
        }
        bool const off = faults_.at(t) == fault_kind::off;
        boost::system::error_code ec;
        if (off && acceptor_.is_open()) {
            acceptor_.close(ec);
            hang_up_all(false);
        }
        if (!off && !acceptor_.is_open()) {
            listen(acceptor_, options_.port);
            spawn(accept_instrument(shared_from_this()), "accept");
        }
    }

    void hang_up_all(bool with_reset)
    {
        for (auto const& c : clients_) {
            hang_up(*c, with_reset);
        }
    }

    static asio::awaitable<void> watch_faults(std::shared_ptr<tcp_server> self)
    {
        while (!self->stopped_) {
            self->apply_faults();
            self->tick_.expires_after(20ms);
            [[maybe_unused]] auto [ec] = co_await self->tick_.async_wait(as_result);
        }
    }

    static asio::awaitable<void> accept_instrument(std::shared_ptr<tcp_server> self)
    {
        for (;;) {
            auto [ec, socket] = co_await self->acceptor_.async_accept(as_result);
            if (ec) {
                co_return;
            }
            self->spawn(serve(self, std::make_shared<client>(std::move(socket))), "client");
        }
    }

    static asio::awaitable<void> serve(std::shared_ptr<tcp_server> self, std::shared_ptr<client> c)
    {
        boost::system::error_code ignored;
        c->socket.set_option(tcp::no_delay(true), ignored);
        self->clients_.insert(c);
        std::string line;
        for (;;) {
            bool const more = co_await receive(c, line);
            if (!more) {
                break;
            }
            bool const goes_on = co_await self->answer(c, line);
            if (!goes_on) {
                break;
            }
        }
        hang_up(*c, false);
        self->clients_.erase(c);
    }

    /// @return false if the connection is to end
    asio::awaitable<bool> answer(std::shared_ptr<client> c, std::string line)
    {
        auto const present = faults_.at(now());
        if (heard_.size() < most_heard) {
            heard_.push_back(line);
        }
        if (present == fault_kind::silence) {
            co_return true;
        }
        if (present == fault_kind::close || present == fault_kind::reset) {
            hang_up(*c, present == fault_kind::reset);
            co_return false;
        }
        auto const reply = device_->handle(line, now() - device_begin_);
        if (!reply) {
            co_return true;
        }
        std::string text = *reply + "\r\n";
        if (present == fault_kind::garbage) {
            text = "\x02\xfe?!" + text.substr(0, text.size() / 2) + "\x80\r\n";
        }
        if (present == fault_kind::half) {
            text.resize(reply->size() / 2);
        }
        if (present == fault_kind::late) {
            asio::steady_timer later(io_, late_by);
            [[maybe_unused]] auto [wait_ec] = co_await later.async_wait(as_result);
        }
        auto [ec, n] = co_await asio::async_write(c->socket, asio::buffer(text), as_result);
        co_return !ec && n == text.size();
    }

    static asio::awaitable<void> serve_control(std::shared_ptr<tcp_server> self)
    {
        for (;;) {
            auto [ec, socket] = co_await self->control_acceptor_.async_accept(as_result);
            if (ec) {
                co_return;
            }
            self->spawn(obey(self, std::make_shared<client>(std::move(socket))), "control client");
        }
    }

    static asio::awaitable<void> obey(std::shared_ptr<tcp_server> self, std::shared_ptr<client> c)
    {
        std::string line;
        for (;;) {
            bool const more = co_await receive(c, line);
            if (!more) {
                break;
            }
            std::string const text = self->control(line) + "\r\n";
            auto [ec, n] = co_await asio::async_write(c->socket, asio::buffer(text), as_result);
            if (ec) {
                break;
            }
        }
        hang_up(*c, false);
    }

    std::string control(std::string line)
    {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
            line.pop_back();
        }
        if (line == "none") {
            end_faults();
            return "ok";
        }
        auto const blank = line.find(' ');
        auto const text = line.substr(0, blank) + ":0" +
                          (blank == std::string::npos ? std::string() : ":" + line.substr(blank + 1));
        auto const wanted = parse_fault(text);
        if (!wanted) {
            return wanted.error().what;
        }
        begin_fault(wanted->kind, wanted->duration_s);
        return "ok";
    }

    asio::io_context& io_;
    server_options options_;
    tcp::acceptor acceptor_;
    tcp::acceptor control_acceptor_;
    asio::steady_timer tick_;
    clock::time_point begin_;
    fault_plan faults_;
    std::unique_ptr<instrument> device_;
    double device_begin_ = 0;  // when the device was switched on, after begin_ [s]
    std::set<std::shared_ptr<client>> clients_;
    std::vector<std::string> heard_;
    bool stopped_ = false;
};

}  // namespace

std::shared_ptr<server> server::start(asio::io_context& io, server_options o)
{
    auto s = std::make_shared<tcp_server>(io, std::move(o));
    s->open();
    return s;
}

}  // namespace cerro::sim372
