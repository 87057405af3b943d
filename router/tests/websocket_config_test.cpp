// crossbar's options of WebSocket transports.

#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>

namespace cerro::router {

namespace {

result<settings> with_options(std::string options)
{
    std::string text =
        "{'version':2,'workers':[{'type':'router','realms':[{'name':'r','roles':[]}],'transports':["
        "{'type':'websocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'options':" +
        options + "}]}]}";
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return parse_settings(text, "config.json", {});
}

wamp_settings options_of(std::string const& options)
{
    auto const s = with_options(options);
    INFO((s ? "" : s.error().what));
    REQUIRE(s.has_value());
    CHECK(s->warnings.empty());
    return s->listeners.at(0).wamp;
}

std::string trouble(std::string const& options)
{
    auto const s = with_options(options);
    return s ? "none" : s.error().what;
}

}  // namespace

TEST_CASE("websocket options: crossbar's defaults")
{
    auto const w = options_of("{}");
    auto const& ws = w.websocket;
    CHECK(!ws.max_frame);
    CHECK(!ws.fragment);
    CHECK(!ws.deflate);
    CHECK(ws.any_traffic_is_life);
    CHECK(!ws.fail_by_drop);
    CHECK(!ws.echo_close);
    CHECK(ws.require_mask);
    CHECK(ws.validate_utf8);
    CHECK(!ws.show_version);
    CHECK(ws.require_subprotocol);
    CHECK(ws.no_delay);
    CHECK(w.limits.max_message == 16U << 20U);

    // 0 is crossbar's word for "none"; a message has its usual limit then.
    auto const zero = options_of(
        "{'max_frame_size':0,'max_message_size':0,'auto_fragment_size':0,"
        "'close_handshake_timeout':0,'open_handshake_timeout':0}");
    CHECK(!zero.websocket.max_frame);
    CHECK(!zero.websocket.fragment);
    CHECK(zero.limits.max_message == 16U << 20U);
    CHECK(zero.websocket.close_timeout == std::chrono::seconds(1));
}

TEST_CASE("websocket options: each one is taken")
{
    auto const w = options_of(
        "{'max_frame_size':1000,'max_message_size':2000,'auto_fragment_size':300,'auto_ping_interval':100,"
        "'auto_ping_timeout':50,'auto_ping_size':125,'auto_ping_restart_on_any_traffic':false,"
        "'fail_by_drop':true,'echo_close_codereason':true,'tcp_nodelay':false,"
        "'require_masked_client_frames':false,'validate_utf8':false,'enable_webstatus':false,"
        "'show_server_version':true,'require_websocket_subprotocol':false,"
        "'open_handshake_timeout':2500,'close_handshake_timeout':700}");
    auto const& ws = w.websocket;
    CHECK(ws.max_frame == 1000U);
    CHECK(w.limits.max_message == 2000U);
    CHECK(ws.fragment == 300U);
    CHECK(w.limits.ping_interval == std::chrono::milliseconds(100));
    CHECK(w.limits.ping_timeout == std::chrono::milliseconds(150));
    CHECK(ws.ping_size == 125U);
    CHECK(!ws.any_traffic_is_life);
    CHECK(ws.fail_by_drop);
    CHECK(ws.echo_close);
    CHECK(!ws.no_delay);
    CHECK(!ws.require_mask);
    CHECK(!ws.validate_utf8);
    CHECK(ws.show_version);
    CHECK(!ws.require_subprotocol);
    CHECK(ws.close_timeout == std::chrono::milliseconds(700));
    CHECK(w.limits.handshake_timeout == std::chrono::milliseconds(2500));
    CHECK(!w.webstatus);
}

TEST_CASE("websocket options: compression")
{
    auto const usual = options_of("{'compression':{'deflate':{}}}").websocket.deflate;
    REQUIRE(usual);
    CHECK(usual->max_window_bits == 15);
    CHECK(usual->memory_level == 8);
    CHECK(!usual->no_context_takeover);
    auto const all = options_of(
                         "{'compression':{'deflate':{'request_no_context_takeover':true,"
                         "'request_max_window_bits':11,'no_context_takeover':true,"
                         "'max_window_bits':10,'memory_level':3}}}")
                         .websocket.deflate;
    REQUIRE(all);
    CHECK(all->request_no_context_takeover);
    CHECK(all->request_max_window_bits == 11);
    CHECK(all->no_context_takeover);
    CHECK(all->max_window_bits == 10);
    CHECK(all->memory_level == 3);
    CHECK_THAT(trouble("{'compression':{'deflate':{'max_window_bits':8}}}"),
               Catch::Contains("max_window_bits") && Catch::Contains("9"));
    CHECK_THAT(trouble("{'compression':{'bzip2':{}}}"), Catch::Contains("bzip2"));
}

TEST_CASE("websocket options: values out of range and unknown keys are refused")
{
    CHECK_THAT(trouble("{'auto_ping_size':3}"), Catch::Contains("auto_ping_size"));
    CHECK_THAT(trouble("{'auto_ping_size':126}"), Catch::Contains("auto_ping_size"));
    CHECK_THAT(trouble("{'max_message_size':67108865}"), Catch::Contains("max_message_size"));
    CHECK_THAT(trouble("{'auto_pong':1}"), Catch::Contains("auto_pong"));
    CHECK_THAT(trouble("{'fail_by_drop':1}"), Catch::Contains("fail_by_drop"));
}

TEST_CASE("websocket options: the description shows them")
{
    auto const s = with_options("{'auto_fragment_size':300,'compression':{'deflate':{'memory_level':3}}}");
    REQUIRE(s.has_value());
    auto const text = describe(*s);
    CHECK_THAT(text, Catch::Contains("auto_fragment_size") && Catch::Contains("memory_level"));
}

}  // namespace cerro::router
