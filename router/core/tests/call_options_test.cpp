#include "rpc_support.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct options_world {
    world w;
    client caller{w};
    client callee{w};

    options_world()
    {
        join_as(caller, "", "payload_passthru_mode,progressive_call_results");
        join_as(callee, "call_canceling,call_timeout,payload_passthru_mode,progressive_call_results");
    }
    dict invocation_details(std::string const& procedure, std::string const& call_options)
    {
        call(caller, ++request, procedure, call_options);
        auto const m = callee.next();
        REQUIRE(m.at(0)->as_int() == 68);
        return *m.at(3)->as_dict();
    }
    int request = 0;
};

bool shows(dict const& details, client& who)
{
    auto const* session = details.find("caller");
    auto const* authid = details.find("caller_authid");
    auto const* authrole = details.find("caller_authrole");
    return session != nullptr && *session == value(who.id) && authid != nullptr &&
           *authid == value(who.state().who().authid) && authrole != nullptr &&
           *authrole == value(who.state().who().authrole);
}

}  // namespace

// --- pass-through
// -----------------------------------------------------------------------------------------------

TEST_CASE_METHOD(options_world,
                 "ppt_*, enc_*, transaction_hash and forward_for go through unread, nothing else does")
{
    register_at(callee, "p");
    auto const given = std::string(
        "{'ppt_scheme':'x_our','ppt_serializer':'cbor','ppt_cipher':'aes256gcm','ppt_keyid':'k',"
        "'enc_algo':'cryptobox','enc_key':'K','enc_serializer':'json','transaction_hash':'h',"
        "'forward_for':[{'session':1}],'x_own':1,'caller':666,'procedure':'forged','trustlevel':9}");
    auto const details = invocation_details("p", given);
    CHECK(details.size() == 9);
    for (auto const* key : {"ppt_scheme",
                            "ppt_serializer",
                            "ppt_cipher",
                            "ppt_keyid",
                            "enc_algo",
                            "enc_key",
                            "enc_serializer",
                            "transaction_hash",
                            "forward_for"}) {
        CHECK(details.contains(key));
    }
    callee.say("[70,1,{'ppt_scheme':'wamp','ppt_keyid':'k2','callee':666},['b']]");
    CHECK(caller.heard() == "[50,1,{'ppt_scheme':'wamp','ppt_keyid':'k2'},['b']]");
    call(caller, 2, "p");
    callee.next();
    callee.say("[8,68,2,{'ppt_scheme':'wamp','x':1},'my.error',['b']]");
    CHECK(caller.heard() == "[8,48,2,{'ppt_scheme':'wamp'},'my.error',['b']]");
}

TEST_CASE_METHOD(options_world, "payload pass-through that was not announced ends the sender's session")
{
    client plain(w);
    join_as(plain, "");
    register_at(callee, "p");
    register_at(plain, "q");
    call(caller, 1, "q");
    plain.next();
    plain.say("[70,1,{'ppt_scheme':'wamp'},['b']]");
    CHECK(*plain.next().at(2) == value("wamp.error.protocol_violation"));
    CHECK(plain.closed);
    CHECK(error_of(caller) == "wamp.error.canceled");

    client caller2(w);
    join_as(caller2, "");
    call(caller2, 1, "p", "{'ppt_scheme':'wamp'}");
    CHECK(*caller2.next().at(2) == value("wamp.error.protocol_violation"));
    CHECK(caller2.closed);

    client errs(w);
    join_as(errs, "");
    register_at(errs, "r");
    call(caller, 2, "r");
    errs.next();
    errs.say("[8,68,1,{'ppt_scheme':'wamp'},'my.error',['b']]");
    CHECK(errs.closed);
}

TEST_CASE_METHOD(options_world,
                 "payload pass-through to one that did not announce it is an error to the caller")
{
    client plain(w);
    join_as(plain, "");
    register_at(plain, "q");
    call(caller, 1, "q", "{'ppt_scheme':'wamp'}");
    CHECK(error_of(caller) == "wamp.error.feature_not_supported");
    CHECK(plain.silent());
    // autobahn's own encryption needs no announcement
    call(caller, 2, "q", "{'enc_algo':'cryptobox'}");
    CHECK(*plain.next().at(3) == value(dict{{"enc_algo", "cryptobox"}}));

    register_at(callee, "p");
    call(plain, 1, "p");
    callee.next();
    callee.say("[70,1,{'ppt_scheme':'wamp'},['b']]");
    CHECK(error_of(plain) == "wamp.error.feature_not_supported");
    CHECK(dealer_of(w).calls_open() == 1);
}

// --- disclosure
// -------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(options_world, "disclose_me where the realm does not allow it")
{
    register_at(callee, "p");
    call(caller, 1, "p", "{'disclose_me':true}");
    CHECK(error_of(caller) == "wamp.error.option_disallowed.disclose_me");
    CHECK(callee.silent());
    CHECK_FALSE(invocation_details("p", "{'disclose_me':false}").contains("caller"));
    callee.say("[64,1,{'disclose_caller':true},'q']");
    CHECK(error_of(callee) == "wamp.error.option_disallowed.disclose_me");
}

TEST_CASE_METHOD(options_world, "procedures of crossbar and of wamp are always told who calls")
{
    register_at(callee, "crossbar.x");
    CHECK(shows(invocation_details("crossbar.x", "{}"), caller));
    CHECK(shows(invocation_details("crossbar.x", "{'disclose_me':false}"), caller));
    register_at(callee, "cross", "{'match':'prefix'}");
    CHECK(shows(invocation_details("crossbar.y", "{}"), caller));
    CHECK_FALSE(invocation_details("crossing", "{}").contains("caller"));
}

TEST_CASE("disclose_me and disclose_caller where the realm allows them")
{
    world w;
    realm_options options;
    options.allow_disclose_me = true;
    w.logic.add_realm("open", {std::make_shared<role>("anonymous", std::vector{everything()})}, options);
    client caller(w);
    client callee(w);
    for (auto* c : {&caller, &callee}) {
        c->say("[1,'open',{'roles':{}}]");
        c->id = c->next().at(1)->as_uint().value();
    }
    register_at(callee, "p");
    register_at(callee, "q", "{'disclose_caller':true}");
    call(caller, 1, "p");
    CHECK(*callee.next().at(3) == value(dict{}));
    call(caller, 2, "p", "{'disclose_me':true}");
    CHECK(shows(*callee.next().at(3)->as_dict(), caller));
    call(caller, 3, "q");
    CHECK(shows(*callee.next().at(3)->as_dict(), caller));
}

TEST_CASE("the trust level of a permission goes with its calls")
{
    world w;
    auto rated = everything();
    rated.allow.trustlevel = 3;
    w.logic.add_realm("rated", {std::make_shared<role>("anonymous", std::vector{rated})});
    client caller(w);
    client callee(w);
    for (auto* c : {&caller, &callee}) {
        c->say("[1,'rated',{'roles':{}}]");
        c->inbox.clear();
    }
    register_at(callee, "p");
    call(caller, 1, "p", "{'trustlevel':9}");
    CHECK(*callee.next().at(3) == value(dict{{"trustlevel", 3}}));
}

// --- time limits
// ------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(options_world,
                 "a time limit is forwarded to a callee that wants to keep it, and not kept here")
{
    register_at(callee, "p", "{'forward_timeout':true}");
    CHECK(*invocation_details("p", "{'timeout':250}").find("timeout") == value(250));
    CHECK_FALSE(w.logic.env().deadlines.next().has_value());
    w.pass(std::chrono::milliseconds(1000));
    CHECK(caller.silent());
    callee.say("[8,68,1,{},'wamp.error.timeout']");
    CHECK(error_of(caller) == "wamp.error.timeout");
    CHECK_FALSE(invocation_details("p", "{'timeout':0}").contains("timeout"));
}

TEST_CASE_METHOD(options_world,
                 "a time limit is kept here if the callee did not ask for it, or cannot keep it")
{
    register_at(callee, "p");
    CHECK_FALSE(invocation_details("p", "{'timeout':250}").contains("timeout"));
    client plain(w);
    join_as(plain, "");
    register_at(plain, "q", "{'forward_timeout':true}");
    call(caller, 2, "q", "{'timeout':250}");
    CHECK(*plain.next().at(3) == value(dict{}));
    w.pass(std::chrono::milliseconds(250));
    CHECK(error_of(caller) == "wamp.error.timeout");
    CHECK(error_of(caller) == "wamp.error.timeout");
    CHECK(callee.next().at(0)->as_int() == 69);
    CHECK(plain.silent());
    CHECK(limit_reached_count(w, "call_timeout") == 2);
}

TEST_CASE_METHOD(options_world, "call_timeout_max bounds what a caller may ask for, here and forwarded")
{
    w.logic.env().limits.call_timeout_max = std::chrono::milliseconds(100);
    register_at(callee, "p");
    register_at(callee, "q", "{'forward_timeout':true}");
    CHECK(*invocation_details("q", "{'timeout':9007199254740992}").find("timeout") == value(100));
    invocation_details("p", "{'timeout':9007199254740992}");
    w.pass(std::chrono::milliseconds(100));
    CHECK(error_of(caller) == "wamp.error.timeout");
}

TEST_CASE_METHOD(options_world, "time limits that are none")
{
    register_at(callee, "p");
    for (auto const* timeout : {"0", "-5", "null", "'soon'", "1.5", "true", "[]"}) {
        invocation_details("p", "{'timeout':" + std::string(timeout) + "}");
        CHECK_FALSE(w.logic.env().deadlines.next().has_value());
    }
}

// --- cancel
// -----------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(options_world,
                 "cancel without a mode: at once, and the callee is told if it can be interrupted")
{
    client plain(w);
    join_as(plain, "");
    register_at(callee, "p");
    register_at(plain, "q");
    for (auto const* options : {"{}", "{'mode':null}"}) {
        call(caller, ++request, "p");
        invoked(callee);
        caller.say("[49," + std::to_string(request) + "," + options + "]");
        CHECK(error_of(caller) == "wamp.error.canceled");
        CHECK(*callee.next().at(2)->find("mode") == value("killnowait"));
        call(caller, ++request, "q");
        invoked(plain);
        caller.say("[49," + std::to_string(request) + "," + options + "]");
        CHECK(error_of(caller) == "wamp.error.canceled");
        CHECK(plain.silent());
    }
}

TEST_CASE_METHOD(options_world,
                 "cancel with kill: the callee's result still counts, also progressive ones before it")
{
    register_at(callee, "p");
    call(caller, 1, "p", "{'receive_progress':true}");
    callee.next();
    caller.say("[49,1,{'mode':'kill'}]");
    callee.next();
    caller.say("[49,1,{'mode':'skip'}]");
    CHECK(caller.silent());
    callee.say("[70,1,{'progress':true},[1]]");
    CHECK(caller.heard() == "[50,1,{'progress':true},[1]]");
    callee.say("[70,1,{},[2]]");
    CHECK(caller.heard() == "[50,1,{},[2]]");
    CHECK(dealer_of(w).calls_open() == 0);
}

TEST_CASE_METHOD(options_world,
                 "cancel with kill: the time limit, the caller's and the callee's end still come")
{
    register_at(callee, "p");
    call(caller, 1, "p", "{'timeout':50}");
    callee.next();
    caller.say("[49,1,{'mode':'kill'}]");
    callee.next();
    w.pass(std::chrono::milliseconds(50));
    CHECK(error_of(caller) == "wamp.error.timeout");
    callee.inbox.clear();

    call(caller, 2, "p");
    callee.next();
    caller.say("[49,2,{'mode':'kill'}]");
    callee.next();
    client other(w);
    join_as(other, "");
    call(other, 1, "p");
    callee.next();
    other.say("[49,1,{'mode':'kill'}]");
    callee.next();
    other.drop();
    CHECK(callee.silent());  // it was told once
    callee.drop();
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(dealer_of(w).calls_open() == 0);
}

TEST_CASE("caller and callee of many calls to each other go at the same time")
{
    world w;
    client a(w);
    client b(w);
    a.join();
    b.join();
    register_at(a, "a");
    register_at(b, "b");
    for (int i = 1; i <= 10; ++i) {
        call(a, i, "b");
        call(b, i, "a");
        call(a, 100 + i, "a");
    }
    a.refuse_frames = b.refuse_frames = true;
    a.drop();
    b.drop();
    CHECK(dealer_of(w).calls_open() == 0);
    CHECK(dealer_of(w).registration_count() == 0);
}

TEST_CASE("a callee dies with 10,000 open calls: every caller is told at once, the tables are empty")
{
    world w;
    client callee(w);
    callee.join();
    register_at(callee, "p");
    std::vector<std::unique_ptr<client>> callers;
    for (int i = 0; i < 10; ++i) {
        callers.push_back(std::make_unique<client>(w));
        callers.back()->join();
        for (int request = 1; request <= 1000; ++request) {
            call(*callers.back(), request, "p");
        }
    }
    CHECK(dealer_of(w).calls_open() == 10'000);
    callee.drop();
    CHECK(dealer_of(w).calls_open() == 0);
    for (auto& c : callers) {
        REQUIRE(c->inbox.size() == 1000);
        CHECK(error_of(*c) == "wamp.error.canceled");
    }
}
