#include "sections.hpp"

#include <utility>

namespace cerro::router {

namespace {

call_queue_rule read_call_queue(reader& in, config::node const& n)
{
    call_queue_rule rule;
    if (!in.map(n, {"uri", "match", "limit"})) {
        return rule;
    }
    rule.uri = in.required_text(n, "uri");
    auto const text = in.text(n, "match", "exact");
    auto const match = wamp::parse_match_policy(text);
    if (!match) {
        in.wrong(*n.find("match"), "'" + text + "' must be exact, prefix or wildcard");
    } else if (!rule.uri.empty() && !wamp::valid_pattern(rule.uri, *match)) {
        in.wrong(*n.find("uri"), "'" + rule.uri + "' is no URI pattern for match " + text);
    } else {
        rule.match = *match;
    }
    rule.limit =
        static_cast<std::size_t>(in.integer(n, "limit", static_cast<std::int64_t>(rule.limit), 1, 1'000'000));
    return rule;
}

}  // namespace

void read_call_queues(reader& in, config::node const& store, realm_options& out)
{
    for (auto const& rule : in.items(store, "call-queue")) {
        out.call_queues.push_back(read_call_queue(in, rule));
    }
}

}  // namespace cerro::router
