// Four peers of different serializers and abilities that have joined, and what they register, call, cancel,
// answer and break off, in any order. Frames must be well-formed; a RESULT or ERROR to a CALL must belong to
// a call that is open; each call is answered once; when all have left, the tables must be empty.

#include "any_peer.hpp"

#include <algorithm>
#include <array>
#include <string>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::fuzzing;

namespace {

constexpr std::array<std::string_view, 5> uris{"q.a", "q.b", "p.a", "p.", "wamp.registration.list"};
constexpr std::array<std::string_view, 7> register_options{
    "{}",
    R"({"invoke":"roundrobin","concurrency":1})",
    R"({"invoke":"roundrobin","concurrency":2,"forward_timeout":true})",
    R"({"invoke":"first","match":"prefix"})",
    R"({"invoke":"last"})",
    R"({"invoke":"random","disclose_caller":true})",
    R"({"force_reregister":true,"invoke":"roundrobin","concurrency":1})"};
constexpr std::array<std::string_view, 6> call_options{"{}",
                                                       R"({"timeout":20})",
                                                       R"({"progress":true,"receive_progress":true})",
                                                       R"({"receive_progress":true,"timeout":40})",
                                                       R"({"runmode":"partition","rkey":"k"})",
                                                       R"({"ppt_scheme":"x_a","disclose_me":true})"};
constexpr std::array<std::string_view, 4> cancel_options{
    "{}", R"({"mode":"kill"})", R"({"mode":"skip"})", R"({"mode":"odd"})"};
constexpr std::array<std::string_view, 3> yield_options{
    "{}", R"({"progress":true})", R"({"ppt_scheme":"x_a"})"};
constexpr std::array<std::string_view, 3> callee_features{
    R"({"call_canceling":true,"progressive_call_results":true,"progressive_call_invocations":true,)"
    R"("call_reroute":true,"call_timeout":true,"payload_passthru_mode":true,"registration_revocation":true})",
    R"({"call_reroute":true,"progressive_call_results":true,"payload_passthru_mode":true})",
    R"({})"};

struct caller_book {
    std::map<wamp::id, int> calls;  ///< how many CALLs there were with each request id
};

std::string composed(input& in, any_peer const& from, caller_book& book)
{
    auto const pick = [&](auto const& some) { return std::string(some[in.octet() % some.size()]); };
    auto const uri = ",\"" + pick(uris) + "\"";
    auto const number = in.octet();
    auto const request = std::to_string(1 + number % 16);
    auto const invocation =
        std::to_string(from.last_invocation() - std::min<wamp::id>(from.last_invocation(), number % 4));
    std::string const payload = number % 3 == 0 ? ",[\"" + std::string(number * 3U, 'x') + "\"]" : "";
    switch (in.octet() % 8) {
        case 0: return "[64," + request + "," + pick(register_options) + uri + "]";
        case 1: return "[66," + request + "," + request + "]";
        case 2:
        case 3:
            ++book.calls[1 + number % 16];
            return "[48," + request + "," + pick(call_options) + uri + payload + "]";
        case 4: return "[49," + request + "," + pick(cancel_options) + "]";
        case 5: return "[70," + invocation + "," + pick(yield_options) + payload + "]";
        case 6: return "[8,68," + invocation + ",{},\"wamp.error.unavailable\"" + payload + "]";
        default: return "[8,68," + invocation + ",{},\"e.e\"" + payload + "]";
    }
}

void say(any_peer& p, std::string const& json)
{
    bytes message;
    require(codec::transcode(codec::serializer::json, json, p.serializer(), message).has_value(),
            "what this target composes is well-formed");
    p.state().on_message(message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    metrics::registry metrics;
    core logic(metrics, 1);
    steady_time now{};
    auto& env = logic.env();
    env.now = [&now] { return now; };
    env.limits.max_registrations = env.limits.max_calls_open = 6;
    permission all;
    all.match = wamp::match_policy::prefix;
    all.allow.call = all.allow.register_ = all.allow.publish = all.allow.subscribe = true;
    realm_options options;
    options.allow_disclose_me = true;
    options.call_queues = {{"q.", wamp::match_policy::prefix, 2}};
    auto& realm = logic.add_realm("realm1", {std::make_shared<role>("anonymous", std::vector{all})}, options);
    auto const access = std::make_shared<access_rules const>(access_rules::open());
    std::array<std::unique_ptr<any_peer>, 4> peers;
    std::array<caller_book, 4> books;
    auto const renew = [&](std::size_t i) {
        books[i] = {};
        peers[i] = std::make_unique<any_peer>(logic, static_cast<codec::serializer>(i % 3 + 1), access);
        say(*peers[i],
            R"([1,"realm1",{"roles":{"caller":{"features":{"progressive_call_invocations":true,)"
            R"("payload_passthru_mode":true}},"callee":{"features":)" +
                std::string(callee_features[std::min<std::size_t>(i, callee_features.size() - 1)]) + "}}}]");
    };
    for (std::size_t i = 0; i < peers.size(); ++i) {
        renew(i);
    }
    input in{{reinterpret_cast<char const*>(data), size}};
    while (!in.left.empty()) {
        auto const what = in.octet();
        std::size_t const i = what % peers.size();
        switch (what / 4 % 16) {
            case 0: renew(i); break;
            case 1:
                now += std::chrono::milliseconds(in.octet());
                env.deadlines.run(now);
                break;
            default: say(*peers[i], composed(in, *peers[i], books[i]));
        }
        for (std::size_t k = 0; k < peers.size(); ++k) {
            for (auto const& [request, n] : peers[k]->final_answers()) {
                require(n <= books[k].calls[request], "a CALL is answered once");
            }
        }
        std::size_t waiting = 0;
        for (auto const& [id, r] : realm.dealer().registrations()) {
            require(!r->callees.empty(), "a registration has a callee");
            require(r->waiting.size() <= r->queue_limit, "a queue keeps its limit");
            waiting += r->waiting.size();
        }
        require(waiting == realm.dealer().calls_waiting(), "waiting calls are counted");
    }
    for (auto& p : peers) {
        p->state().on_closed();
    }
    require(realm.dealer().registration_count() == 0, "no registrations are left");
    require(realm.dealer().calls_open() == 0, "no calls are left");
    require(realm.dealer().calls_waiting() == 0, "no calls wait");
    require(!env.deadlines.next().has_value(), "no timers are left");
    return 0;
}
