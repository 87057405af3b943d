#include <cerro/codec/dict_writer.hpp>
#include <cerro/codec/list_writer.hpp>
#include <cerro/router/history_answer.hpp>
#include <cerro/router/realm.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view get_events = "wamp.subscription.get_events";
constexpr std::string_view history_unavailable = "wamp.error.history_unavailable";
constexpr std::size_t crossbar_limit = 10;
constexpr std::size_t around_events = 1024;  // of a message: RESULT's head, next_position and the like
constexpr std::size_t most_bytes = 16U << 20U;

/// The arguments of one call. A wrong one reads as absent; wrong() then says what it is.
class arguments {
public:
    explicit arguments(meta_call const& c) : c_(c) {}

    /// Is one of ours or of the specification's given? crossbar knows `limit` alone.
    [[nodiscard]] bool any_but_limit() const
    {
        static constexpr std::array<std::string_view, 15> names{"reverse",
                                                                "topic",
                                                                "max_bytes",
                                                                "from_time",
                                                                "after_time",
                                                                "before_time",
                                                                "until_time",
                                                                "from_publication",
                                                                "after_publication",
                                                                "before_publication",
                                                                "until_publication",
                                                                "from_position",
                                                                "after_position",
                                                                "before_position",
                                                                "until_position"};
        return std::any_of(names.begin(), names.end(), [&](auto name) { return find(name) != nullptr; });
    }
    [[nodiscard]] bool paged() const
    {
        static constexpr std::array<std::string_view, 5> names{
            "max_bytes", "from_position", "after_position", "before_position", "until_position"};
        return std::any_of(names.begin(), names.end(), [&](auto name) { return find(name) != nullptr; });
    }

    std::optional<std::uint64_t> number(std::string_view name)
    {
        auto const* v = find(name);
        if (v == nullptr) {
            return std::nullopt;
        }
        auto const n = v->as_uint();
        if (!n) {
            spoil(name, "is no whole number of 0 or more");
        }
        return n;
    }
    /// [ns]
    std::optional<std::int64_t> time(std::string_view name)
    {
        auto const* v = find(name);
        if (v == nullptr) {
            return std::nullopt;
        }
        if (auto const* text = v->as_text()) {
            if (auto const t = parse_iso_time(*text)) {
                return t;
            }
        } else if (auto const seconds = v->as_double(); seconds && std::abs(*seconds) < 9e9) {
            return static_cast<std::int64_t>(*seconds * 1e9);
        }
        spoil(name, "is no time: give \"2026-11-21T03:57:31.250Z\" or Unix seconds");
        return std::nullopt;
    }
    bool flag(std::string_view name)
    {
        auto const* v = find(name);
        auto const b = v == nullptr ? std::optional<bool>(false) : v->as_bool();
        if (!b) {
            spoil(name, "is neither true nor false");
        }
        return b.value_or(false);
    }
    std::string text(std::string_view name)
    {
        auto const* v = find(name);
        auto const* content = v == nullptr ? nullptr : v->as_text();
        if (v != nullptr && content == nullptr) {
            spoil(name, "is no text");
        }
        return content == nullptr ? std::string() : *content;
    }

    [[nodiscard]] std::string const& wrong() const { return wrong_; }

private:
    void spoil(std::string_view name, std::string_view how)
    {
        wrong_ = std::string(get_events) + ": " + std::string(name) + " " + std::string(how);
    }
    [[nodiscard]] value const* find(std::string_view name) const
    {
        auto const* v = c_.kwargs.find(name);
        return v == nullptr || v->is_null() ? nullptr : v;
    }

    meta_call const& c_;
    std::string wrong_;
};

void read_bounds(arguments& a, history_query& q)
{
    if (auto const t = a.time("from_time")) {
        q.first_time_ns = std::max(q.first_time_ns, *t);
    }
    if (auto const t = a.time("after_time")) {
        q.first_time_ns = std::max(q.first_time_ns, *t + 1);
    }
    if (auto const t = a.time("until_time")) {
        q.last_time_ns = std::min(q.last_time_ns, *t);
    }
    if (auto const t = a.time("before_time")) {
        q.last_time_ns = std::min(q.last_time_ns, *t - 1);
    }
    if (auto const n = a.number("from_position")) {
        q.first_position = std::max(q.first_position, *n);
    }
    if (auto const n = a.number("after_position")) {
        q.first_position = std::max(q.first_position, *n + 1);
    }
    if (auto const n = a.number("until_position")) {
        q.last_position = std::min(q.last_position, *n);
    }
    if (auto const n = a.number("before_position")) {
        q.last_position = std::min(q.last_position, *n == 0 ? 0 : *n - 1);
    }
    q.from_publication = a.number("from_publication").value_or(0);
    q.after_publication = a.number("after_publication").value_or(0);
    q.before_publication = a.number("before_publication").value_or(0);
    q.until_publication = a.number("until_publication").value_or(0);
}

/// @return errc::invalid_argument
result<history_query> read_query(meta_call const& c)
{
    arguments a(c);
    history_query q;
    auto const* limit = c.arg(1, "limit");
    if (limit != nullptr && !limit->as_uint()) {
        return fail(errc::invalid_argument,
                    std::string(get_events) + ": limit is no whole number of 0 or more");
    }
    if (a.any_but_limit()) {
        q.reverse = a.flag("reverse");
        q.limit = limit == nullptr ? std::numeric_limits<std::size_t>::max() : *limit->as_uint();
    } else {  // crossbar's way: the latest, newest first
        q.reverse = true;
        q.limit = limit == nullptr || *limit->as_uint() == 0 ? crossbar_limit : *limit->as_uint();
    }
    q.topic = a.text("topic");
    read_bounds(a, q);
    q.paged = a.paged();
    auto const most =
        std::min(most_bytes, std::max(c.who.link.max_outgoing, 2 * around_events)) - around_events;
    q.max_bytes = q.paged ? std::min<std::size_t>(a.number("max_bytes").value_or(q.max_bytes), most) : most;
    if (!a.wrong().empty()) {
        return fail(errc::invalid_argument, a.wrong());
    }
    q.authid = c.who.who.authid;
    q.authrole = c.who.who.authrole;
    q.serializer = c.who.link.serializer;
    return q;
}

void answer(realm& r, wamp::id caller, wamp::id request, history_query const& asked, history_page const& page)
{
    if (!page.error.empty()) {
        r.refuse(caller, request, page.error, page.failure);
        return;
    }
    bytes args;
    codec::list_writer list(asked.serializer, args, 1);
    list.add_encoded(page.events);
    list.finish();
    bytes kwargs;
    if (asked.paged) {
        codec::dict_writer dict(asked.serializer, kwargs, 3);
        dict.add_unsigned("next_position", page.next_position);
        dict.add_unsigned("oldest_position", page.oldest_position);
        dict.add("more", page.more);
        dict.finish();
    }
    r.answer_encoded(caller, request, {asked.serializer, args, kwargs});
}

/// Whoever may subscribe may read: the right to call is not asked for, because roles as OCS has them may not
/// call anything under "wamp.".
void call_get_events(realm& r, meta_call const& c)
{
    auto const* id = c.arg(0, "subscription_id");
    auto const wanted = id == nullptr ? std::nullopt : id->as_uint();
    if (!wanted) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_argument,
                 "wamp.subscription.get_events takes the id of a subscription");
        return;
    }
    auto* const s = r.broker().find_subscription(*wanted);
    bool const held = s != nullptr && c.who.subscriptions.contains(s);
    if (s == nullptr || !(held || c.who.allowed->on(s->uri).subscribe)) {
        // Whether others have such a subscription is none of the caller's business.
        r.refuse(
            c.caller,
            c.request,
            wamp::uri::no_such_subscription,
            "no subscription with ID " + std::to_string(*wanted) + " that this session may subscribe to");
        return;
    }
    if (!r.history()->covers(s->uri, s->match)) {
        r.refuse(c.caller,
                 c.request,
                 history_unavailable,
                 "no history is kept of '" + s->uri + "' (configuration: cerro.history.entries)");
        return;
    }
    auto q = read_query(c);
    if (!q) {
        r.refuse(c.caller, c.request, wamp::uri::invalid_argument, q.error().what);
        return;
    }
    q->uri = s->uri;
    q->match = s->match;
    q->subscription = s->id;
    r.history()->read(*q, [&r, caller = c.caller, request = c.request, asked = *q](history_page const& page) {
        answer(r, caller, request, asked, page);
    });
}

}  // namespace

void add_history_meta(realm& r)
{
    r.meta().add_open(std::string(get_events), [&r](meta_call const& c) { call_get_events(r, c); });
}

}  // namespace cerro::router
