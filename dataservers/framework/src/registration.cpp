#include <cerro/dans/registration.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace cerro::dans {

namespace asio = boost::asio;

std::string missing_procedures::trouble() const
{
    return why_.empty() ? std::string()
                        : "cannot register " + why_.begin()->first + ": " + why_.begin()->second;
}

asio::awaitable<void> register_until_done(std::shared_ptr<client::session> session,
                                          std::string component,
                                          std::string uri,
                                          client::procedure_handler handler,
                                          std::function<bool(client::error const*)> told)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    log::limiter limit(60);
    std::chrono::milliseconds pause{500};
    constexpr std::chrono::milliseconds longest{10'000};
    for (;;) {
        auto const done = co_await session->register_procedure(uri, handler);
        if (done) {
            told(nullptr);
            co_return;
        }
        client::error const e = done.error();
        std::uint64_t suppressed = 0;
        if (limit.allow(suppressed)) {
            log::warn(component,
                      "not_registered",
                      {{"uri", uri},
                       {"error", e.what()},
                       {"next", "trying again until it works"},
                       {"suppressed", suppressed}});
        }
        if (!told(&e)) {
            co_return;
        }
        timer.expires_after(pause);
        co_await timer.async_wait(asio::use_awaitable);
        pause = std::min(pause * 2, longest);
    }
}

}  // namespace cerro::dans
