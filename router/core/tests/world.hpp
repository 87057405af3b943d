#pragma once

/// @file
/// A router without sockets for tests: clients that write WAMP messages as JSON text and read what came back.

#include <cerro/codec/codec.hpp>
#include <cerro/router/session.hpp>

#include <catch2/catch.hpp>

#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace cerro::router::testing {

inline permission everything(std::string uri = "", wamp::match_policy match = wamp::match_policy::prefix)
{
    return {std::move(uri), match, {true, true, true, true, false, false}};
}

/// One core with the realm "realm1": role "anonymous" may do all, "reader" may only subscribe and call below
/// "site.".
struct world {
    world() : logic(metrics, 42)
    {
        logic.env().now = [this] { return now; };
        logic.env().secret = "secret of the process";
        logic.env().names = {"node1", "worker1", 17};
        permission reading{"site.", wamp::match_policy::prefix, {true, false, false, true, false, false}};
        logic.add_realm("realm1",
                        {std::make_shared<role>("anonymous", std::vector{everything()}),
                         std::make_shared<role>("reader", std::vector{reading})});
    }

    void pass(std::chrono::milliseconds t)
    {
        now += t;
        logic.env().deadlines.run(now);
    }

    std::uint64_t counter(std::string_view name, std::string_view labels = {})
    {
        return metrics.make_counter(name, "", labels).value();
    }
    std::uint64_t dropped(std::string_view reason)
    {
        return counter("cerro_router_dropped_total", "reason=\"" + std::string(reason) + "\"");
    }

    metrics::registry metrics;
    core logic;
    steady_time now{};
};

/// `text` is JSON in which ' stands for ", as is easier to read in C++.
inline std::string unquote(std::string_view text)
{
    std::string out(text);
    for (auto& c : out) {
        c = c == '\'' ? '"' : c;
    }
    return out;
}

inline std::shared_ptr<access_rules const> anonymous_access(std::string role = "anonymous")
{
    access_rules rules;
    rules.anonymous_role = std::move(role);
    return std::make_shared<access_rules const>(std::move(rules));
}

class client final : public peer {
public:
    explicit client(world& w,
                    codec::serializer s = codec::serializer::json,
                    std::shared_ptr<access_rules const> access = anonymous_access(),
                    std::size_t max_outgoing = 1U << 24U)
        : serializer_(s), state_(w.logic, *this, link(s, max_outgoing), std::move(access))
    {}

    /// Over a connection that has more to tell.
    client(world& w,
           codec::serializer s,
           std::shared_ptr<access_rules const> access,
           std::shared_ptr<link_details const> details)
        : serializer_(s), state_(w.logic, *this, link(s, 1U << 24U, std::move(details)), std::move(access))
    {}

    bool send(shared_bytes frame, bool droppable) override
    {
        last_droppable = droppable;
        if (refuse_frames) {
            return false;
        }
        auto const message = byte_view(*frame).substr(4);
        REQUIRE(wamp::scan(serializer_, message).has_value());
        // What a payload holds is for its receiver to judge; the router passes it on within one serializer.
        auto v = codec::decode(serializer_, message);
        inbox.push_back(v ? std::move(*v) : value());
        frames.push_back(std::move(frame));
        return true;
    }
    void close(ending why, std::string const& /*text*/) override
    {
        closed = true;
        ended = why;
    }
    void set_drop_oldest(bool on) override { drops_oldest = on; }

    /// A message as JSON text, with ' for ".
    void say(std::string_view text)
    {
        auto const json = unquote(text);
        bytes out;
        REQUIRE(codec::transcode(codec::serializer::json, json, serializer_, out).has_value());
        state_.on_message(out);
    }
    void say_bytes(byte_view bytes) { state_.on_message(bytes); }

    /// The oldest message not yet looked at.
    value next()
    {
        if (inbox.empty()) {
            FAIL("no message has come");
        }
        auto v = std::move(inbox.front());
        inbox.pop_front();
        return v;
    }
    /// The same as JSON text with ' for ".
    std::string heard()
    {
        auto text = codec::encode(codec::serializer::json, next());
        for (auto& c : text) {
            c = c == '"' ? '\'' : c;
        }
        return text;
    }
    bool silent() const { return inbox.empty(); }

    /// HELLO to realm1 as a peer with the usual features; WELCOME is taken out.
    client& join()
    {
        say("[1,'realm1',{'roles':{'caller':{},'publisher':{},'subscriber':{},"
            "'callee':{'features':{'call_canceling':true,'progressive_call_results':true,"
            "'registration_revocation':true}}}}]");
        auto const welcome = next();
        REQUIRE(welcome.at(0)->as_int() == 2);
        id = welcome.at(1)->as_uint().value();
        return *this;
    }
    /// Joins as a peer without any features.
    client& join_plain()
    {
        say("[1,'realm1',{'roles':{'caller':{},'callee':{}}}]");
        id = next().at(1)->as_uint().value();
        return *this;
    }
    void drop() { state_.on_closed(); }

    class session& state() { return state_; }

    std::deque<value> inbox;
    std::vector<shared_bytes> frames;
    bool closed = false;
    bool drops_oldest = false;    ///< as the session told its peer
    bool last_droppable = false;  ///< of the frame sent last
    ending ended = ending::none;  ///< as the session said
    bool refuse_frames = false;   ///< as a connection that is closed already
    wamp::id id = 0;

private:
    static link_info link(codec::serializer s,
                          std::size_t max_outgoing,
                          std::shared_ptr<link_details const> details = nullptr)
    {
        link_info out;
        out.serializer = s;
        out.max_outgoing = max_outgoing;
        out.address = "tcp4:127.0.0.1:50000";
        out.transport = "test";
        out.details = std::move(details);
        return out;
    }

    codec::serializer serializer_;
    class session state_;
};

}  // namespace cerro::router::testing
