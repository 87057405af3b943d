#include "publish_options.hpp"
#include "replies.hpp"
#include <cerro/router/meta.hpp>
#include <cerro/router/realm.hpp>
#include <cerro/router/testaments.hpp>

#include <utility>
#include <variant>

namespace cerro::router {

namespace {

constexpr std::string_view testament_error = "wamp.error.testament_error";

/// A call that is refused: error URI and text.
using refusal = std::pair<std::string_view, std::string>;

std::variant<testaments::scope, refusal> scope_of(meta_call const& c, std::size_t index)
{
    auto const* given = c.arg(index, "scope");
    if (given == nullptr) {
        return testaments::scope::destroyed;
    }
    auto const* text = given->as_text();
    auto const scope = text != nullptr ? parse_testament_scope(*text) : std::nullopt;
    if (!scope) {
        return refusal(testament_error, "scope must be destroyed or detached");
    }
    return *scope;
}

/// What the session may not say in a PUBLISH of its own it may not leave behind either.
std::optional<refusal> refused(realm& r, member const& who, std::string const& topic, dict const& options)
{
    publish_options const parsed(options);
    if (parsed.chosen.too_long()) {
        return refusal(wamp::uri::invalid_argument, "testament: a list that chooses receivers is too long");
    }
    if (parsed.passthru && !who.features.publisher_passthru) {
        return refusal(wamp::uri::invalid_argument,
                       "testament: ppt_scheme, but HELLO did not announce payload_passthru_mode");
    }
    auto const& limits = r.env().limits;
    if (topic.size() > limits.max_uri || !wamp::valid_uri(topic, r.options().uri_check)) {
        return refusal(wamp::uri::invalid_uri,
                       quoted("testament with invalid topic URI", topic.substr(0, limits.max_uri)));
    }
    if (std::string_view(topic).starts_with(reserved) && !who.allowed->trusted()) {
        return refusal(wamp::uri::invalid_uri, quoted("testament with restricted topic URI", topic));
    }
    if (!who.allowed->on(topic).publish) {
        return refusal(wamp::uri::not_authorized,
                       quoted("session not authorized to publish to topic", topic));
    }
    return std::nullopt;
}

void add(realm& r, meta_call const& c)
{
    auto const refuse = [&](std::string_view error, std::string_view text) {
        r.refuse(c.caller, c.request, error, text);
    };
    auto const* topic = c.arg(0, "topic");
    auto const* args = c.arg(1, "args");
    auto const* kwargs = c.arg(2, "kwargs");
    auto const* options = c.arg(3, "publish_options");
    bool const right = topic != nullptr && topic->is_text() && (args == nullptr || args->is_list()) &&
                       (kwargs == nullptr || kwargs->is_dict()) && (options == nullptr || options->is_dict());
    if (!right) {
        refuse(wamp::uri::invalid_argument,
               "wamp.session.add_testament takes a topic, a list, a dict and, if any, publish_options and "
               "scope");
        return;
    }
    auto const scope = scope_of(c, 4);
    if (auto const* no = std::get_if<refusal>(&scope)) {
        refuse(no->first, no->second);
        return;
    }
    testament t;
    t.topic = *topic->as_text();
    if (options != nullptr) {
        t.options = *options->as_dict();
        t.options.erase("acknowledge");
        t.options.erase("exclude_me");
    }
    if (auto const no = refused(r, c.who, t.topic, t.options)) {
        refuse(no->first, no->second);
        return;
    }
    t.payload = wamp::payload(codec::serializer::msgpack,
                              args != nullptr ? *args->as_list() : list{},
                              kwargs != nullptr ? *kwargs->as_dict() : dict{});
    t.cost = sizeof(t) + t.topic.size() + t.payload.view().args.size() + t.payload.view().kwargs.size() +
             codec::encode(codec::serializer::msgpack, value(t.options)).size();
    auto& of = c.who.last_will;
    auto const& limits = r.env().limits;
    std::size_t const count = of ? of->count() : 0;
    if (count >= limits.max_testaments || (of ? of->cost() : 0) + t.cost > limits.max_testament_bytes) {
        r.env().stats.limited(limit_reached::max_testaments);
        refuse(limit_exceeded,
               "this session has " + std::to_string(count) +
                   " testaments, the limits are max_testaments and max_testament_bytes");
        return;
    }
    if (!of) {
        of = std::make_unique<testaments>();
    }
    t.publication = r.env().random_id();
    r.answer(c.caller, c.request, {t.publication});
    of->add(*std::get_if<testaments::scope>(&scope), std::move(t));
}

void flush(realm& r, meta_call const& c)
{
    auto const scope = scope_of(c, 0);
    if (auto const* no = std::get_if<refusal>(&scope)) {
        r.refuse(c.caller, c.request, no->first, no->second);
        return;
    }
    auto& of = c.who.last_will;
    std::size_t const count = of ? of->flush(*std::get_if<testaments::scope>(&scope)) : 0;
    r.answer(c.caller, c.request, {count});
}

}  // namespace

void testaments::add(scope s, testament t)
{
    cost_ += t.cost;
    all_[static_cast<std::size_t>(s)].push_back(std::move(t));
}

std::size_t testaments::flush(scope s)
{
    auto const gone = std::exchange(all_[static_cast<std::size_t>(s)], {});
    for (auto const& t : gone) {
        cost_ -= t.cost;
    }
    return gone.size();
}

std::optional<testaments::scope> parse_testament_scope(std::string_view text)
{
    if (text == "destroyed") {
        return testaments::scope::destroyed;
    }
    if (text == "detached" || text == "detatched") {
        return testaments::scope::detached;
    }
    return std::nullopt;
}

void add_testament_meta(realm& r)
{
    r.meta().add("wamp.session.add_testament", [&r](meta_call const& c) { add(r, c); });
    r.meta().add("wamp.session.flush_testaments", [&r](meta_call const& c) { flush(r, c); });
}

}  // namespace cerro::router
