#include "top.hpp"

#include "crossbar_options.hpp"
#include "top/terminal.hpp"
#include <cerro/app/service.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/http/client.hpp>
#include <cerro/router/settings.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace cerro::router {

namespace {

namespace asio = boost::asio;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
using clock = std::chrono::steady_clock;

struct options {
    std::string url;
    std::string token_file;
    std::string config;
    std::string cbdir;
    double interval_s = 1.0;
    bool once = false;
    bool json = false;
};

/// From the configuration, what --url and --token-file do not say.
void complete(options& o)
{
    if (!o.url.empty()) {
        return;
    }
    auto const path = config_path(o.cbdir, o.config);
    auto const s = load_settings(path, true);
    if (!s) {
        throw failure(s.error().what, app::exit_code::configuration);
    }
    if (!s->admin || s->admin->port == 0) {
        throw failure(path + ": \"cerro\": {\"admin\": {\"port\": ...}} names no port; add it, or give --url",
                      app::exit_code::configuration);
    }
    auto const& a = *s->admin;
    bool const v6 = a.address.find(':') != std::string::npos;
    std::string const host = a.address == "0.0.0.0" || a.address == "::" ? "127.0.0.1"
                             : v6                                        ? "[" + a.address + "]"
                                                                         : a.address;
    o.url = "http://" + host + ":" + std::to_string(a.port);
    if (o.token_file.empty()) {
        o.token_file = a.token_file;
    }
}

struct reading {
    dict page;
    clock::time_point at;
};

asio::awaitable<result<reading>> ask(std::string url, std::string token)
{
    std::vector<std::pair<std::string, std::string>> headers;
    if (!token.empty()) {
        headers.emplace_back("Authorization", "Bearer " + token);
    }
    auto const page = url + "/api/overview";
    auto const answer =
        co_await http::fetch("GET", page, bytes(), std::move(headers), std::chrono::milliseconds(5'000));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        co_return fail(errc::refused,
                       page + " answers " + std::to_string(answer->status) + ": " + answer->body);
    }
    auto decoded = codec::decode(codec::serializer::json, answer->body);
    auto const* const overview = decoded ? decoded->as_dict() : nullptr;
    if (overview == nullptr) {
        co_return fail(errc::malformed, page + " does not answer as a router's admin API");
    }
    reading got{*overview, clock::now()};
    co_return got;
}

void print(std::vector<std::string> const& lines)
{
    for (auto const& line : lines) {
        std::printf("%s\n", line.c_str());
    }
}

std::string read_token(std::string const& file)
{
    std::string token;
    if (file.empty()) {
        return token;
    }
    std::ifstream in(file);
    if (!std::getline(in, token)) {
        throw failure("the token file " + file + " cannot be read", app::exit_code::configuration);
    }
    while (!token.empty() && (token.back() == ' ' || token.back() == '\r')) {
        token.pop_back();
    }
    return token;
}

asio::awaitable<void> pause(app::context& context, clock::duration time)
{
    asio::steady_timer timer(context.io(), time);
    [[maybe_unused]] auto const [ec] = co_await timer.async_wait(as_result);
}

/// Two readings, so that there are rates; or the one as it came.
asio::awaitable<int> show_once(app::context& context, options const& o, std::string token)
{
    auto const first = co_await ask(o.url, token);
    if (!first) {
        throw failure(first.error().what, app::exit_code::failed);
    }
    if (o.json) {
        std::printf("%s\n", codec::to_json(value(first->page), 2).c_str());
        co_return app::exit_code::ok;
    }
    co_await pause(context, std::chrono::milliseconds(static_cast<int>(o.interval_s * 1e3)));
    auto const second = co_await ask(o.url, token);
    if (!second) {
        throw failure(second.error().what, app::exit_code::failed);
    }
    auto const seconds = std::chrono::duration<double>(second->at - first->at).count();
    top::size all;
    all.rows = 200;
    all.columns = top::terminal::present() ? top::terminal::current_size().columns : 120;
    print(top::lines(second->page, first->page, seconds, all));
    co_return app::exit_code::ok;
}

/// The live view: readings, keys and the window's size, each when it comes.
class live_view : public std::enable_shared_from_this<live_view> {
public:
    explicit live_view(asio::io_context& io)
        : keys_(io, ::dup(STDIN_FILENO)), resized_(io, SIGWINCH), wake_(io)
    {}

    void start()
    {
        read_key();
        watch_size();
    }
    void end()
    {
        boost::system::error_code ignored;
        keys_.close(ignored);
        resized_.cancel(ignored);
    }

    /// @return false when the user wants to leave
    asio::awaitable<bool> wait(clock::time_point until)
    {
        wake_.expires_at(until);
        while (!leave_ && clock::now() < until) {
            [[maybe_unused]] auto const [ec] = co_await wake_.async_wait(as_result);
            if (std::exchange(redraw_, false)) {
                draw();
            }
            wake_.expires_at(until);
        }
        co_return !leave_;
    }

    void show(result<reading> got)
    {
        if (got) {
            before_ = std::move(now_);
            now_ = std::move(*got);
            trouble_.clear();
        } else {
            trouble_ = got.error().what;
        }
        draw();
    }

private:
    void draw() const
    {
        auto const s = top::terminal::current_size();
        std::vector<std::string> page;
        if (now_) {
            dict const none;
            auto const seconds =
                before_ ? std::chrono::duration<double>(now_->at - before_->at).count() : 0.0;
            page = top::lines(now_->page, before_ ? before_->page : none, seconds, s);
        }
        if (!trouble_.empty()) {
            page.insert(page.begin(), ("! " + trouble_).substr(0, s.columns));
            page.resize(std::min(page.size(), s.rows));
        }
        top::terminal::show(page);
    }

    void read_key()
    {
        keys_.async_read_some(asio::buffer(&key_, 1),
                              [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
                                  if (ec || self->key_ == 'q' || self->key_ == 'Q') {
                                      self->leave_ = true;
                                      self->wake_.cancel();
                                      return;
                                  }
                                  self->read_key();
                              });
    }

    void watch_size()
    {
        resized_.async_wait([self = shared_from_this()](boost::system::error_code ec, int) {
            if (!ec) {
                self->redraw_ = true;
                self->wake_.cancel();
                self->watch_size();
            }
        });
    }

    asio::posix::stream_descriptor keys_;
    asio::signal_set resized_;
    asio::steady_timer wake_;
    std::optional<reading> now_;
    std::optional<reading> before_;
    std::string trouble_;
    char key_ = 0;
    bool leave_ = false;
    bool redraw_ = false;
};

asio::awaitable<int> show_live(app::context& context, options const& o, std::string token)
{
    top::terminal const screen;
    auto const view = std::make_shared<live_view>(context.io());
    view->start();
    auto const period = std::chrono::milliseconds(static_cast<int>(o.interval_s * 1e3));
    for (bool goes_on = true; goes_on;) {
        auto const next = clock::now() + period;
        auto got = co_await ask(o.url, token);
        view->show(std::move(got));
        goes_on = co_await view->wait(next);
    }
    view->end();
    co_return app::exit_code::ok;
}

asio::awaitable<int> run(app::context& context, options& o)
{
    complete(o);
    auto const token = read_token(o.token_file);
    bool const live = !o.once && !o.json && top::terminal::present();
    int const code = live ? co_await show_live(context, o, token) : co_await show_once(context, o, token);
    co_return code;
}

}  // namespace

int run_top(int argc, char const* const* argv)
{
    options o;
    app::description d;
    d.name = "cerro-router top";
    d.summary = "live view of a running router, from its admin API; q ends it";
    d.options = [&o](CLI::App& app) {
        app.add_option(
            "--url", o.url, "the admin API, e.g. http://127.0.0.1:8090 (default: of the configuration)");
        app.add_option("--token-file", o.token_file, "file with the admin API's token");
        app.add_option("--config", o.config, "the router's configuration file");
        app.add_option("--cbdir", o.cbdir, "folder with config.json (default $CROSSBAR_DIR, or .crossbar)");
        app.add_option("--interval", o.interval_s, "seconds between readings")
            ->check(CLI::Range(0.1, 3600.0));
        app.add_flag("--once", o.once, "print one page and end (also when there is no terminal)");
        app.add_flag("--json", o.json, "print one reading as JSON and end");
    };
    d.run = [&o](app::context& context) { return run(context, o); };
    return app::run_tool(argc, argv, std::move(d));
}

}  // namespace cerro::router
