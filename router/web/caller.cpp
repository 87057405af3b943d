#include "caller.hpp"

#include "body.hpp"
#include <cerro/router/realm.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace cerro::router {

namespace {

using wamp::message_type;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr auto inside =
    codec::serializer::cbor;  // what most agents speak, so that payloads are passed on as they are

class caller_member final : public http_caller,
                            public peer,
                            public std::enable_shared_from_this<caller_member> {
public:
    caller_member(asio::any_io_executor ex, std::shared_ptr<core> c, caller_settings s)
        : ex_(std::move(ex)),
          core_(std::move(c)),
          settings_(std::move(s)),
          realm_(*core_->find_realm(settings_.realm)),
          member_(*this, link())
    {
        member_.who = {core_->new_session_id(), "None", settings_.role, "anonymous", "static"};
        member_.allowed = realm_.find_role(settings_.role);
        member_.internal = true;
        realm_.join(member_);
    }

    ~caller_member() override { stop(); }

    asio::awaitable<http::response> handle(http::request r) override
    {
        auto const* origin = r.header("origin");
        if (origin != nullptr && settings_.origins && !settings_.origins->admits(*origin)) {
            co_return http::response::problem(403,
                                              "pages of this origin may not call here (allowed_origins)");
        }
        auto checked = read_call(r, settings_.max_body);
        if (auto* answer = std::get_if<http::response>(&checked)) {
            co_return std::move(*answer);
        }
        auto& wanted = std::get<call_body>(checked);
        if (!wamp::valid_uri(wanted.procedure) || stopped_) {
            co_return internal_failure(r);
        }
        auto const self = shared_from_this();
        open_call call(*self, wanted);
        while (!call.answer) {
            [[maybe_unused]] auto const [ec] = co_await call.ready.async_wait(as_result);
            if (!call.answer && !call.woken) {
                break;  // the client has gone; open_call cancels the call
            }
        }
        co_return call.answer ? call_answer(r, *call.answer) : internal_failure(r);
    }

    void stop() override
    {
        if (!std::exchange(stopped_, true)) {
            realm_.leave(member_);
            for (auto const& [request, call] : waiting_) {
                call->answer =
                    call_outcome{std::string(wamp::uri::canceled), {"the router is shutting down"}, {}, true};
                call->wake();
            }
        }
    }

    // From the dealer: RESULT or ERROR of a call.
    bool send(shared_bytes frame, bool /*droppable*/) override
    {
        auto const scanned = wamp::scan(inside, byte_view(*frame).substr(4));
        if (!scanned) {
            return false;
        }
        auto const at = waiting_.find(scanned->request);
        if (at == waiting_.end()) {
            return true;  // its HTTP client has gone
        }
        auto args = wamp::decode_args(scanned->payload);
        auto kwargs = wamp::decode_kwargs(scanned->payload);
        call_outcome outcome;
        outcome.decodable = args.has_value() && kwargs.has_value();
        if (outcome.decodable) {
            outcome.args = std::move(*args);
            outcome.kwargs = std::move(*kwargs);
        }
        if (scanned->type == message_type::error) {
            outcome.error = scanned->uri;
        }
        at->second->answer = std::move(outcome);
        at->second->wake();
        return true;
    }

    void close(ending /*why*/, std::string const& /*text*/) override {}

private:
    /// One HTTP request that waits. Its end without an answer cancels the call.
    struct open_call {
        open_call(caller_member& o, call_body const& wanted)
            : owner(o), ready(o.ex_), request(++o.last_request_)
        {
            ready.expires_at(asio::steady_timer::time_point::max());
            owner.waiting_.emplace(request, this);
            wamp::payload const payload(inside, wanted.args, wanted.kwargs);
            wamp::message m;
            m.type = message_type::call;
            m.request = request;
            m.uri = wanted.procedure;
            m.payload = payload.view();
            [[maybe_unused]] auto const wrong = owner.realm_.dealer().call(owner.member_, m);
        }
        open_call(open_call const&) = delete;
        open_call& operator=(open_call const&) = delete;
        ~open_call()
        {
            owner.waiting_.erase(request);
            if (!answer && !owner.stopped_) {
                wamp::message m;
                m.type = message_type::cancel;
                m.request = request;
                owner.realm_.dealer().cancel(owner.member_, m);
            }
        }
        void wake()
        {
            woken = true;
            ready.cancel();
        }

        caller_member& owner;
        asio::steady_timer ready;
        wamp::id request;
        std::optional<call_outcome> answer;
        bool woken = false;
    };

    static link_info link()
    {
        link_info out;
        out.serializer = inside;
        out.max_outgoing = std::size_t{1} << 40U;  // it stays in this process
        out.address = "internal";
        out.transport = "http";
        return out;
    }

    asio::any_io_executor ex_;
    std::shared_ptr<core> core_;
    caller_settings settings_;
    realm& realm_;
    member member_;
    flat_map<wamp::id, open_call*> waiting_;
    wamp::id last_request_ = 0;
    bool stopped_ = false;
};

}  // namespace

std::shared_ptr<http_caller> http_caller::create(asio::any_io_executor ex,
                                                 std::shared_ptr<core> c,
                                                 caller_settings s)
{
    return std::make_shared<caller_member>(std::move(ex), std::move(c), std::move(s));
}

}  // namespace cerro::router
