#include "admin_pages.hpp"

#include <cerro/base/iso8601.hpp>
#include <cerro/router/log_text.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace cerro::router::pages {

namespace {

constexpr std::size_t usual_page = 100;
constexpr std::size_t largest_page = 1'000;

/// Collects one page of what is found.
class page {
public:
    explicit page(http::request const& q)
        : limit_(number(q, "limit", usual_page, largest_page)), offset_(number(q, "offset", 0, SIZE_MAX))
    {}
    /// Is the next that matches on this page? Only then it needs to be written.
    bool next()
    {
        auto const place = found_++;
        return place >= offset_ && place - offset_ < limit_;
    }
    void add(dict one) { items_.emplace_back(std::move(one)); }
    dict finish(std::string_view name)
    {
        return {{"total", found_}, {"offset", offset_}, {std::string(name), std::move(items_)}};
    }

private:
    std::size_t limit_;
    std::size_t offset_;
    std::size_t found_ = 0;
    list items_;
};

/// Filters of a query: absent ones admit everything.
class filter {
public:
    explicit filter(http::request const& q) : q_(q) {}
    bool equal(std::string_view name, std::string_view v) const
    {
        auto const wanted = q_.parameter(name);
        return !wanted || *wanted == v;
    }
    bool within(std::string_view name, std::string_view v) const
    {
        auto const wanted = q_.parameter(name);
        return !wanted || v.find(*wanted) != std::string_view::npos;
    }

private:
    http::request const& q_;
};

double seconds_since(wall_time t)
{
    return std::chrono::duration<double>(std::chrono::system_clock::now() - t).count();
}

void append(dict& out, traffic const& t)
{
    out.append("messages_in", t.messages_in);
    out.append("messages_out", t.messages_out);
    out.append("bytes_in", t.bytes_in);
    out.append("bytes_out", t.bytes_out);
}

member const* member_of(connection const& c)
{
    auto const* const in = c.session().joined();
    return in != nullptr ? in->find_session(c.session().who().session) : nullptr;
}

dict session_row(connection const& c)
{
    auto const& who = c.session().who();
    auto const& info = c.channel().info();
    auto const* const m = member_of(c);
    dict out{{"session", who.session},
             {"realm", c.session().joined()->name()},
             {"authid", log_text(who.authid)},
             {"authrole", who.authrole},
             {"authmethod", who.authmethod},
             {"peer", info.peer},
             {"transport", info.kind},
             {"serializer", codec::name(info.serializer)},
             {"tls", info.tls},
             {"opened", iso8601(c.opened())},
             {"seconds", seconds_since(c.opened())}};
    append(out, c.passed());
    out.append("pending_bytes", c.channel().pending_bytes());
    out.append("slow", c.channel().slow());
    out.append("events_dropped", c.channel().frames_dropped());
    out.append("subscriptions", m != nullptr ? m->subscriptions.size() : 0);
    out.append("registrations", m != nullptr ? m->registrations.size() : 0);
    out.append("calls_open", m != nullptr ? m->calls.size() : 0);
    out.append("invocations_open", m != nullptr ? m->invocations.size() : 0);
    return out;
}

std::vector<connection*> joined(router_view const& r)
{
    auto all = r.connections();
    std::erase_if(all, [](connection const* c) { return c->session().joined() == nullptr; });
    return all;
}

connection* find(router_view const& r, wamp::id id)
{
    auto const all = joined(r);
    auto const at =
        std::find_if(all.begin(), all.end(), [&](auto const* c) { return c->session().who().session == id; });
    return at == all.end() ? nullptr : *at;
}

http::response no_such_session(wamp::id id)
{
    return http::response::problem(404, "no session " + std::to_string(id) + " is joined");
}

void order(std::vector<connection*>& all, std::string_view by)
{
    std::sort(all.begin(), all.end(), [by](connection const* a, connection const* b) {
        auto const rank = [by](connection const* c) -> std::uint64_t {
            return by == "pending"   ? c->channel().pending_bytes()
                   : by == "traffic" ? c->passed().messages_in + c->passed().messages_out
                                     : 0;
        };
        auto const x = rank(a);
        auto const y = rank(b);
        return x != y ? x > y : a->session().who().session < b->session().who().session;
    });
}

/// The part of a key of heavy_hitters.
dict usage_row(heavy_hitters::entry const& e)
{
    auto const cut = e.key.find('\n');
    return {{"realm", e.key.substr(0, cut)}, {"uri", e.key.substr(cut + 1)}, {"rate", e.rate}};
}

list usage_list(heavy_hitters const& of, std::size_t n)
{
    list out;
    for (auto const& e : of.top(n, std::chrono::steady_clock::now())) {
        out.emplace_back(usage_row(e));
    }
    return out;
}

template <class Each>
void each_realm(router_view const& r, filter const& f, Each each)
{
    for (auto const& one : r.shared().logic.realms()) {
        if (f.equal("realm", one->name())) {
            each(*one);
        }
    }
}

}  // namespace

std::size_t number(http::request const& q, std::string_view name, std::size_t otherwise, std::size_t most)
{
    auto const text = q.parameter(name);
    std::size_t n = otherwise;
    if (text) {
        std::size_t read = 0;
        auto const* const end = text->data() + text->size();
        if (std::from_chars(text->data(), end, read).ptr == end && !text->empty()) {
            n = read;
        }
    }
    return std::min(n, most);
}

dict overview(router_view const& r)
{
    auto& shared = r.shared();
    auto const& counts = shared.metrics;
    auto const trouble = r.condition().trouble();
    auto const backlog = backlog_of(r);
    auto const all = joined(r);
    std::size_t calls = 0;
    for (auto const& one : shared.logic.realms()) {
        calls += one->dealer().calls_open();
    }
    dict bytes;
    for (auto const* const kind : {"rawsocket", "websocket"}) {
        auto const octets = counts.of_kind(kind);
        bytes.append(kind, dict{{"in", octets.in->value()}, {"out", octets.out->value()}});
    }
    dict ends;
    for (std::size_t i = 1; i < ending_count; ++i) {
        auto const why = static_cast<ending>(i);
        if (auto const n = counts.closed_as(why); n != 0) {
            ends.append(std::string(name(why)), n);
        }
    }
    auto waiting = all;
    std::erase_if(waiting, [](connection const* c) { return c->channel().pending_bytes() == 0; });
    order(waiting, "pending");
    list slow;
    for (std::size_t i = 0; i < std::min<std::size_t>(waiting.size(), 10); ++i) {
        slow.emplace_back(session_row(*waiting[i]));
    }
    return {
        {"time", iso8601(std::chrono::system_clock::now())},
        {"node", r.current().node},
        {"version", CERRO_VERSION},
        {"pid", static_cast<std::int64_t>(::getpid())},
        {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - shared.begun).count()},
        {"health", trouble.empty() ? "ok" : trouble},
        {"sessions", all.size()},
        {"connections", r.connections().size()},
        {"opened", counts.opened.value()},
        {"messages_in", shared.logic.env().stats.messages_received()},
        {"messages_out", counts.messages_sent()},
        {"bytes", std::move(bytes)},
        {"calls_open", calls},
        {"routing_seconds",
         dict{{"p50", counts.routing.quantile(0.5)},
              {"p99", counts.routing.quantile(0.99)},
              {"samples", counts.routing.count()}}},
        {"pending",
         dict{{"bytes", backlog.sum}, {"greatest", backlog.greatest}, {"slow_peers", backlog.slow}}},
        {"closed", std::move(ends)},
        {"slow", std::move(slow)},
        {"topics", usage_list(counts.topics, 20)},
        {"procedures", usage_list(counts.procedures, 20)}};
}

dict sessions(router_view const& r, http::request const& q)
{
    filter const f(q);
    auto all = joined(r);
    std::erase_if(all, [&](connection const* c) {
        auto const& who = c->session().who();
        return !f.equal("realm", c->session().joined()->name()) || !f.equal("authid", who.authid) ||
               !f.equal("authrole", who.authrole) || !f.equal("transport", c->channel().info().kind) ||
               !f.within("peer", c->channel().info().peer) || (q.parameter("slow") && !c->channel().slow());
    });
    order(all, q.parameter("sort").value_or(""));
    page out(q);
    for (auto const* const c : all) {
        if (out.next()) {
            out.add(session_row(*c));
        }
    }
    return out.finish("sessions");
}

http::response session(router_view const& r, wamp::id id)
{
    auto const* const c = find(r, id);
    auto const* const m = c != nullptr ? member_of(*c) : nullptr;
    if (m == nullptr) {
        return no_such_session(id);
    }
    auto out = session_row(*c);
    list topics;
    for (auto const& [s, place] : m->subscriptions) {
        if (topics.size() < largest_page) {
            topics.emplace_back(dict{{"id", s->id}, {"uri", s->uri}, {"match", wamp::name(s->match)}});
        }
    }
    list procedures;
    for (auto const& [number, p] : m->registrations) {
        if (procedures.size() < largest_page) {
            procedures.emplace_back(dict{{"id", p->id}, {"uri", p->uri}, {"match", wamp::name(p->match)}});
        }
    }
    out.append("subscribed", std::move(topics));
    out.append("registered", std::move(procedures));
    return http::response::json(value(std::move(out)));
}

http::response kill(router_view const& r, wamp::id id, std::string const& text)
{
    auto* const c = find(r, id);
    if (c == nullptr) {
        return no_such_session(id);
    }
    c->session().say_goodbye(ending::killed, wamp::uri::killed, log_text(text));
    return http::response::json(value(dict{{"killed", id}}));
}

dict realms(router_view const& r)
{
    list out;
    for (auto const& one : r.shared().logic.realms()) {
        std::size_t joined_now = 0;
        for (auto const& [id, m] : one->members()) {
            joined_now += m->internal ? 0 : 1;
        }
        out.emplace_back(dict{{"realm", one->name()},
                              {"sessions", joined_now},
                              {"subscriptions", one->broker().subscription_count()},
                              {"registrations", one->dealer().registration_count()},
                              {"calls_open", one->dealer().calls_open()},
                              {"calls_waiting", one->dealer().calls_waiting()}});
    }
    return {{"realms", std::move(out)}};
}

dict registrations(router_view const& r, http::request const& q)
{
    filter const f(q);
    page out(q);
    each_realm(r, f, [&](realm& one) {
        for (auto const& [id, p] : one.dealer().registrations()) {
            if (!f.within("uri", p->uri) || !out.next()) {
                continue;
            }
            list callees;
            for (auto const& callee : p->callees) {
                if (callees.size() < usual_page) {
                    callees.emplace_back(callee.who->who.session);
                }
            }
            out.add({{"id", id},
                     {"realm", one.name()},
                     {"uri", p->uri},
                     {"match", wamp::name(p->match)},
                     {"invoke", name(p->policy)},
                     {"created", iso8601(p->created)},
                     {"callees", p->callees.size()},
                     {"sessions", std::move(callees)},
                     {"waiting", p->waiting.size()}});
        }
    });
    return out.finish("registrations");
}

dict subscriptions(router_view const& r, http::request const& q)
{
    filter const f(q);
    page out(q);
    each_realm(r, f, [&](realm& one) {
        for (auto const& [id, s] : one.broker().subscriptions()) {
            if (f.within("uri", s->uri) && out.next()) {
                out.add({{"id", id},
                         {"realm", one.name()},
                         {"uri", s->uri},
                         {"match", wamp::name(s->match)},
                         {"subscribers", s->subscribers.size()}});
            }
        }
    });
    return out.finish("subscriptions");
}

dict topics(router_view const& r, http::request const& q)
{
    auto const n = number(q, "limit", 20, 100);
    auto const& counts = r.shared().metrics;
    return {{"topics", usage_list(counts.topics, n)}, {"procedures", usage_list(counts.procedures, n)}};
}

dict closed(router_view const& r, http::request const& q)
{
    filter const f(q);
    page out(q);
    auto const& kept = r.shared().metrics.ended.kept();
    for (auto at = kept.rbegin(); at != kept.rend(); ++at) {
        if (!f.equal("reason", name(at->reason)) || !f.equal("realm", at->realm) ||
            !f.equal("authid", at->authid) || !f.within("peer", at->peer) || !out.next()) {
            continue;
        }
        dict one{{"reason", name(at->reason)},
                 {"text", at->text},
                 {"session", at->session == 0 ? value() : value(at->session)},
                 {"realm", at->realm},
                 {"authid", at->authid},
                 {"authrole", at->authrole},
                 {"peer", at->peer},
                 {"transport", at->transport},
                 {"opened", iso8601(at->opened)},
                 {"ended", iso8601(at->ended)},
                 {"seconds", std::chrono::duration<double>(at->ended - at->opened).count()}};
        append(one, at->passed);
        out.add(std::move(one));
    }
    return out.finish("closed");
}

}  // namespace cerro::router::pages
