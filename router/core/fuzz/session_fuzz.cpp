// Three peers of different serializers in one realm, driven by arbitrary messages, joins, losses and time.
// Nothing may crash, each frame must be well-formed in its peer's serializer, and when all have left, the
// tables must be empty.

#include <cerro/router/session.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

using namespace cerro;
using namespace cerro::router;

namespace {

void require(bool holds, char const* what)
{
    if (!holds) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

class any_peer final : public peer {
public:
    any_peer(core& c, codec::serializer s, std::shared_ptr<access_rules const> access)
        : serializer_(s), state_(std::make_unique<session>(c, *this, link(s), std::move(access)))
    {}

    bool send(shared_bytes frame, bool /*droppable*/) override
    {
        require(frame->size() > 4, "a frame has a message");
        auto const read = wamp::scan(serializer_, byte_view(*frame).substr(4));
        require(read.has_value(), "a frame can be read in its peer's serializer");
        require(!closed_, "nothing is sent after close");
        if (read->type == wamp::message_type::invocation) {
            last_invocation_ = read->request;
        }
        if (read->type == wamp::message_type::event) {
            last_publication_ = read->id2;
        }
        return true;
    }
    void close(cerro::router::ending /*why*/, std::string const& /*text*/) override { closed_ = true; }

    session& state() { return *state_; }
    session const& state() const { return *state_; }
    codec::serializer serializer() const { return serializer_; }
    wamp::id last_invocation() const { return last_invocation_; }
    wamp::id last_publication() const { return last_publication_; }

private:
    static link_info link(codec::serializer s)
    {
        link_info out;
        out.serializer = s;
        out.max_outgoing = s == codec::serializer::cbor ? 512 : 1U << 24U;
        return out;
    }

    codec::serializer serializer_;
    bool closed_ = false;
    wamp::id last_invocation_ = 0;
    wamp::id last_publication_ = 0;
    std::unique_ptr<session> state_;
};

std::shared_ptr<access_rules const> rules()
{
    access_rules r = access_rules::open();
    r.ticket.emplace();
    r.ticket->emplace("joe", ticket_principal{"t", "anonymous"});
    r.wampcra.emplace();
    r.wampcra->emplace("eve", wampcra_principal{{"secret", "salt", 1, 16}, "anonymous"});
    return std::make_shared<access_rules const>(std::move(r));
}

/// Reads the input octet by octet; 0 behind its end.
struct input {
    byte_view left;
    std::uint8_t octet()
    {
        if (left.empty()) {
            return 0;
        }
        auto const c = static_cast<std::uint8_t>(left.front());
        left.remove_prefix(1);
        return c;
    }
    byte_view piece(std::size_t n)
    {
        auto const out = left.substr(0, n);
        left.remove_prefix(out.size());
        return out;
    }
};

constexpr std::array<std::string_view, 8> uris{
    "a.b", "a.bc", "a..c", "a.", "wamp.session.on_join", "a.b.c", "", "wamp.x"};
constexpr std::array<std::string_view, 6> options{
    "{}",
    R"({"match":"prefix","acknowledge":true,"exclude_me":false})",
    R"({"match":"wildcard","timeout":5,"receive_progress":true})",
    R"({"force_reregister":true,"mode":"kill","progress":true,"eligible":[1]})",
    R"({"retain":true,"get_retained":true,"acknowledge":true,"x_acknowledged_delivery":true,"rkey":1,"nkey":"n"})",
    R"({"ppt_scheme":"wamp","disclose_me":true,"eligible_authrole":"anonymous","acknowledge":true})"};

/// Calls to the router's own procedures; SELF is the caller's session id.
constexpr std::array<std::string_view, 10> own_calls{
    R"("wamp.session.add_testament",["a.b",[1],{},{"retain":true}])",
    R"("wamp.session.add_testament",["a.b",[1],{},null,"detached"])",
    R"("wamp.session.flush_testaments")",
    R"("wamp.session.kill_all",[],{"reason":"a.b"})",
    R"("wamp.session.kill_by_authrole",["anonymous"])",
    R"("wamp.session.kill",[SELF])",
    R"("wamp.subscription.list")",
    R"("wamp.subscription.match",["a.b"])",
    R"("wamp.subscription.get",[1])",
    R"("wamp.subscription.remove_subscriber",[1,SELF,"a.b"])"};

/// A plausible message made of few octets, so that the fuzzer gets deep quickly.
std::string composed(input& in, any_peer const& from)
{
    auto const request = std::to_string(1 + in.octet() % 4);
    auto const uri = "\"" + std::string(uris[in.octet() % uris.size()]) + "\"";
    auto const option = std::string(options[in.octet() % options.size()]);
    auto const invocation =
        std::to_string(from.last_invocation() - std::min<wamp::id>(from.last_invocation(), in.octet() % 2));
    std::string const payload = in.octet() % 2 == 0 ? ",[1.5,\"x\"],{\"k\":[null]}" : "";
    switch (in.octet() % 17) {
        case 0: return "[16," + request + "," + option + "," + uri + payload + "]";
        case 1: return "[32," + request + "," + option + "," + uri + "]";
        case 2: return "[34," + request + "," + request + "]";
        case 3: return "[48," + request + "," + option + "," + uri + payload + "]";
        case 4: return "[49," + request + "," + option + "]";
        case 5: return "[64," + request + "," + option + "," + uri + "]";
        case 6: return "[66," + request + "," + request + "]";
        case 7: return "[70," + invocation + "," + option + payload + "]";
        case 8: return "[8,68," + invocation + ",{},\"e.e\"" + payload + "]";
        case 9:
            return R"([1,"realm1",{"roles":{"callee":{"features":{"call_canceling":true,"registration_revocation":true}}}}])";
        case 10: return R"([1,"realm1",{"roles":{},"authmethods":["ticket"],"authid":"joe"}])";
        case 11: return R"([1,"realm1",{"roles":{},"authmethods":["wampcra"],"authid":"eve"}])";
        case 12: return R"([5,"t",{}])";
        case 13: return "[37," + std::to_string(from.last_publication()) + "]";
        case 14: {
            auto call = std::string(own_calls[in.octet() % own_calls.size()]);
            if (auto const at = call.find("SELF"); at != std::string::npos) {
                call.replace(at, 4, std::to_string(from.state().who().session));
            }
            return "[48," + request + ",{}," + call + "]";
        }
        case 15:
            return R"([1,"realm1",{"roles":{"publisher":{"features":{"payload_passthru_mode":true}},"subscriber":{"features":{"payload_passthru_mode":true,"subscription_revocation":true,"acknowledge_event_received":true}}}}])";
        default: return R"([6,{},"wamp.close.normal"])";
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    metrics::registry metrics;
    core logic(metrics, 1);
    steady_time now{};
    auto& env = logic.env();
    env.now = [&now] { return now; };
    env.secret = "s";
    env.limits.max_subscriptions = env.limits.max_registrations = env.limits.max_calls_open = 3;
    env.limits.max_testaments = env.limits.max_retained = env.limits.max_deliveries_open = 3;
    permission all{"", wamp::match_policy::prefix, {true, true, true, true, true, true}};
    auto& realm = logic.add_realm("realm1", {std::make_shared<role>("anonymous", std::vector{all})});
    auto const access = rules();
    std::array<std::unique_ptr<any_peer>, 3> peers;
    auto const renew = [&](std::size_t i) {
        peers[i] = std::make_unique<any_peer>(logic, static_cast<codec::serializer>(i + 1), access);
    };
    for (std::size_t i = 0; i < peers.size(); ++i) {
        renew(i);
    }
    input in{{reinterpret_cast<char const*>(data), size}};
    while (!in.left.empty()) {
        auto const what = in.octet();
        std::size_t const i = what % peers.size();
        auto& p = *peers[i];
        switch (what / 3 % 8) {
            case 0: p.state().on_message(in.piece(in.octet())); break;
            case 1: renew(i); break;
            case 2:
                now += std::chrono::milliseconds(in.octet());
                env.deadlines.run(now);
                break;
            case 3:
                if (in.octet() == 0) {
                    p.state().say_goodbye(cerro::router::ending::killed, "wamp.close.killed", "x");
                }
                break;
            default: {
                bytes message;
                require(codec::transcode(codec::serializer::json, composed(in, p), p.serializer(), message)
                            .has_value(),
                        "what this target composes is well-formed");
                p.state().on_message(message);
            }
        }
    }
    for (auto& p : peers) {
        p->state().on_closed();
    }
    require(realm.session_count() == 0, "no sessions are left");
    require(realm.broker().subscription_count() == 0, "no subscriptions are left");
    require(realm.broker().open_deliveries().open() == 0, "no deliveries are waited for");
    require(realm.dealer().registration_count() == 0, "no registrations are left");
    require(realm.dealer().calls_open() == 0, "no calls are left");
    require(!env.deadlines.next().has_value(), "no timers are left");
    return 0;
}
