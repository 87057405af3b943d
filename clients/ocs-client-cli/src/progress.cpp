#include "progress.hpp"

#include <cerro/base/time.hpp>
#include <cerro/ocs/protocol.hpp>
#include <cerro/ocs/python_text.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

namespace cerro::ocs_client_cli {
namespace {

constexpr auto period = std::chrono::milliseconds(500);
constexpr auto erase_line = "\r\x1b[K";

std::size_t terminal_width()
{
    constexpr std::size_t usual = 80;
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1U : usual;
}

}  // namespace

std::string progress_line(ocs::reply const& r, double now, std::size_t width)
{
    auto const* op = r.session.find("op_name");
    auto const* status = r.session.find("status");
    auto const* start = r.session.find("start_time");
    auto const* messages = r.session.find("messages");
    if (op == nullptr || status == nullptr || start == nullptr) {
        return {};
    }
    std::string text = ocs::python_str(*op) + "  " + ocs::python_str(*status) + "  " +
                       ocs::format_duration(now - start->as_double().value_or(now));
    auto const* all = messages == nullptr ? nullptr : messages->as_list();
    if (all != nullptr && !all->empty()) {
        auto const* last = all->back().at(1);
        text += last == nullptr ? "" : "  " + ocs::python_str(*last);
    }
    for (char& c : text) {
        c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return text.substr(0, width);
}

progress::progress(asio::any_io_executor ex,
                   std::shared_ptr<client::session> session,
                   std::string address,
                   std::string op,
                   bool wanted)
    : shown_(wanted && isatty(STDERR_FILENO) == 1),
      executor_(std::move(ex)),
      state_(std::make_shared<state>(
          executor_, ocs::agent_client(std::move(session), std::move(address)), std::move(op)))
{}

void progress::start()
{
    if (!shown_) {
        return;
    }
    asio::co_spawn(executor_, show(state_), [](std::exception_ptr failed) {
        if (failed) {
            std::rethrow_exception(failed);
        }
    });
}

void progress::stop()
{
    if (shown_ && !state_->stopped) {
        state_->timer.cancel();
        std::cerr << erase_line << std::flush;
    }
    state_->stopped = true;
}

asio::awaitable<void> progress::show(std::shared_ptr<state> s)
{
    while (!s->stopped) {
        s->timer.expires_after(period);
        [[maybe_unused]] auto [ec] = co_await s->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (s->stopped) {
            break;
        }
        auto const answer = co_await s->agent.request(std::string(ocs::action::status), s->op);
        if (answer && !s->stopped) {
            std::cerr << erase_line << progress_line(*answer, unix_now(), terminal_width()) << std::flush;
        }
    }
}

}  // namespace cerro::ocs_client_cli
