// What we ask of the router.

#include "session_impl.hpp"

#include <algorithm>

namespace cerro::client {

using wamp::message_type;

namespace {

constexpr std::size_t frame_prefix = 4;  // octets of length before the message

}  // namespace

session_impl::sent session_impl::send(wamp::message const& m)
{
    if (!channel_) {
        return sent::no;
    }
    auto frame = wamp::frame(channel_->info().serializer, m);
    bool const too_big = frame->size() - frame_prefix > channel_->info().max_outgoing;
    if (channel_->send(std::move(frame))) {
        return sent::yes;
    }
    return too_big ? sent::too_big : sent::no;
}

session_impl::sent session_impl::send_with(wamp::message m, arguments const& a)
{
    if (!channel_) {
        return sent::no;
    }
    wamp::payload const encoded(channel_->info().serializer, a.args, a.kwargs);
    m.payload = encoded.view();
    return send(m);
}

wamp::id session_impl::ask(wamp::message m, arguments const& a, answer done)
{
    if (!is_joined()) {
        done(error(wamp::uri::transport_lost, "not joined: " + last_error_.what()));
        return 0;
    }
    auto const request = next_request_++;
    m.request = request;
    pending_.emplace(request, done);
    if (send_with(std::move(m), a) == sent::too_big) {
        pending_.erase(request);
        done(error(wamp::uri::payload_size_exceeded,
                   "the message is larger than the " + std::to_string(channel_->info().max_outgoing) +
                       " bytes that the router takes"));
    }  // else if it was not taken the channel is closing, and on_closed answers
    return request;
}

asio::awaitable<outcome<reply>> session_impl::request(wamp::message m,
                                                      arguments a,
                                                      std::optional<std::chrono::milliseconds> timeout)
{
    struct waiter {
        explicit waiter(asio::any_io_executor const& ex) : timer(ex, steady_time::max()) {}
        asio::steady_timer timer;
        std::optional<outcome<reply>> got;
    };
    auto const keep = self();
    auto const w = std::make_shared<waiter>(ex_);
    if (timeout) {
        w->timer.expires_after(*timeout);
    }
    bool const cancels = m.type == message_type::call;
    auto const asked = ask(std::move(m), a, [w](outcome<reply> r) {
        w->got = std::move(r);
        w->timer.cancel();
    });
    bool abandoned = false;
    if (!w->got) {
        auto [ec] = co_await w->timer.async_wait(as_result);
        abandoned = static_cast<bool>(ec);
    }
    if (w->got) {
        co_return std::move(*w->got);
    }
    pending_.erase(asked);
    if (cancels && can_cancel_ && is_joined()) {
        wamp::message cancel;
        cancel.type = message_type::cancel;
        cancel.request = asked;
        cancel.details.set("mode", value("killnowait"));
        send(cancel);
    }
    if (abandoned) {
        co_return error(wamp::uri::canceled, "the caller's coroutine was cancelled");
    }
    co_return error(wamp::uri::timeout, "no answer within " + std::to_string(timeout->count()) + " ms");
}

asio::awaitable<outcome<arguments>> session_impl::call(std::string procedure, arguments a, call_options o)
{
    wamp::message m;
    m.type = message_type::call;
    m.uri = std::move(procedure);
    auto got = co_await request(std::move(m), std::move(a), o.timeout);
    if (!got) {
        co_return got.error();
    }
    co_return std::move(got->payload);
}

bool session_impl::publish(std::string_view topic, arguments const& a, dict const& extra_options)
{
    if (!is_joined()) {
        return false;
    }
    wamp::message m;
    m.type = message_type::publish;
    m.request = next_request_++;
    m.uri = topic;
    m.details = extra_options;
    return send_with(std::move(m), a) == sent::yes;
}

asio::awaitable<outcome<wamp::id>> session_impl::publish_acknowledged(std::string topic,
                                                                      arguments a,
                                                                      dict extra_options)
{
    wamp::message m;
    m.type = message_type::publish;
    m.uri = std::move(topic);
    m.details = std::move(extra_options);
    m.details.set("acknowledge", value(true));
    auto const got = co_await request(std::move(m), std::move(a), std::nullopt);
    if (!got) {
        co_return got.error();
    }
    co_return got->id2;
}

}  // namespace cerro::client
