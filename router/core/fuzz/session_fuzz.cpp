// Three peers of different serializers in one realm, driven by arbitrary messages, joins, losses and time.
// Nothing may crash, each frame must be well-formed in its peer's serializer, and when all have left, the
// tables must be empty.

#include "any_peer.hpp"

#include <array>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::fuzzing;

namespace {

std::shared_ptr<access_rules const> rules()
{
    access_rules r = access_rules::open();
    principal p;
    p.role = "anonymous";
    p.ticket = "t";
    p.wampcra = {"secret", "salt", 1, 16};
    p.scram = auth::scram_derive("pencil", {auth::kdf::pbkdf2, 1, 0}, "0123456789abcdef");
    p.keys = {bytes(32, 'k')};
    r.ticket = r.wampcra = r.scram = r.cryptosign = method_rules::of({{"joe", p}, {"eve", p}});
    return std::make_shared<access_rules const>(std::move(r));
}

constexpr std::array<std::string_view, 10> uris{"a.b",
                                                "a.bc",
                                                "a..c",
                                                "a.",
                                                "wamp.session.on_join",
                                                "a.b.c",
                                                "",
                                                "wamp.x",
                                                "wamp.registration.on_unregister",
                                                "wamp.registration.list"};
constexpr std::array<std::string_view, 8> options{
    "{}",
    R"({"match":"prefix","acknowledge":true,"exclude_me":false})",
    R"({"match":"wildcard","timeout":5,"receive_progress":true})",
    R"({"force_reregister":true,"mode":"kill","progress":true,"eligible":[1]})",
    R"({"retain":true,"get_retained":true,"acknowledge":true,"x_acknowledged_delivery":true,"rkey":1,"nkey":"n"})",
    R"({"ppt_scheme":"wamp","disclose_me":true,"eligible_authrole":"anonymous","acknowledge":true})",
    R"({"invoke":"roundrobin","concurrency":1,"ppt_scheme":"x_a","ppt_keyid":7,"enc_algo":"e"})",
    R"({"invoke":"random","runmode":"partition","rkey":[1],"forward_timeout":true,"disclose_me":true})"};

/// Calls to the router's own procedures; SELF is the caller's session id.
constexpr std::array<std::string_view, 13> own_calls{
    R"("wamp.registration.list")",
    R"("wamp.registration.get",[1])",
    R"("wamp.registration.remove_callee",[1,SELF,"a.b"])",
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
    switch (in.octet() % 19) {
        case 0: return "[16," + request + "," + option + "," + uri + payload + "]";
        case 1: return "[32," + request + "," + option + "," + uri + "]";
        case 2: return "[34," + request + "," + request + "]";
        case 3: return "[48," + request + "," + option + "," + uri + payload + "]";
        case 4: return "[49," + request + "," + option + "]";
        case 5: return "[64," + request + "," + option + "," + uri + "]";
        case 6: return "[66," + request + "," + request + "]";
        case 7: return "[70," + invocation + "," + option + payload + "]";
        case 8: return "[8,68," + invocation + "," + option + ",\"wamp.error.unavailable\"" + payload + "]";
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
        case 16:
            return R"([1,"realm1",{"roles":{},"authmethods":["scram"],"authid":"joe","authextra":{"nonce":"YWJj"}}])";
        case 17:
            return R"([1,"realm1",{"roles":{},"authmethods":["cryptosign"],"authid":"eve","authextra":{}}])";
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
