#include "service/child.hpp"
#include "service/reload.hpp"
#include <cerro/router/settings.hpp>
#include <cerro/testing/loop.hpp>
#include <cerro/testing/process.hpp>

#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <csignal>

using namespace cerro;
using namespace cerro::router;
using cerro::testing::run_until;
using namespace std::chrono_literals;

namespace {

std::string quoted(std::string text)
{
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return text;
}

/// A file with these workers besides the router.
result<settings> parse(std::string const& workers, std::string const& cerro = "{}", bool skip = false)
{
    return parse_settings(
        quoted("{'version':2,'workers':[{'type':'router','realms':[{'name':'r','roles':[{'name':'a'}]}],'"
               "transports':"
               "[{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'}}]}" +
               (workers.empty() ? "" : "," + workers) + "],'cerro':" + cerro + "}"),
        "config.json",
        {"/site/.crossbar", skip});
}

std::string trouble(result<settings> const& r)
{
    return r ? "none" : r.error().what;
}

constexpr auto hub =
    "{'type':'class','classname':'components.hub.Hub','realm':'test_realm','role':'server','transport':{'"
    "type':"
    "'websocket','url':'wss://127.0.0.1:8080/"
    "ws','endpoint':{'type':'tcp','host':'127.0.0.1','port':8080,'tls':{"
    "'ca_certificates':['server_cert.pem'],'hostname':'localhost'}}}}";

child_settings shell(std::string const& script)
{
    return {"/bin/sh", {"-c", script}, {{"GIVEN", "by us"}}};
}

child_timing quick()
{
    child_timing out;
    out.first_pause = 10ms;
    out.longest_pause = 40ms;
    out.stop_patience = 300ms;
    return out;
}

}  // namespace

TEST_CASE("a container with the sisock hub becomes a program beside the router")
{
    auto const s = parse(
        "{'type':'container','options':{'pythonpath':['..'],'env':{'vars':{'WAMP_USER':'server'}}},"
        "'components':[" +
        std::string(hub) + "]}");
    REQUIRE(trouble(s) == "none");
    REQUIRE(s->children.size() == 1);
    CHECK(s->children[0].program == "cerro-hub");
    CHECK(s->children[0].arguments == std::vector<std::string>{"--url",
                                                               "wss://127.0.0.1:8080/ws",
                                                               "--ca-file",
                                                               "/site/.crossbar/server_cert.pem",
                                                               "--realm",
                                                               "test_realm"});
    CHECK(s->children[0].environment ==
          std::vector<std::pair<std::string, std::string>>{{"WAMP_USER", "server"}});
}

TEST_CASE("components in Python are refused, or left out on request; disabled workers are passed over")
{
    std::string const other =
        "{'type':'container','components':[{'type':'class','classname':'my.Thing','realm':'r'}," +
        std::string(hub) + "]}";
    CHECK_THAT(trouble(parse(other)), Catch::Contains("my.Thing") && Catch::Contains("--skip-components"));
    auto const s = parse(other, "{}", true);
    REQUIRE(trouble(s) == "none");
    CHECK(s->children.size() == 1);
    CHECK(s->warnings.size() == 2);  // the component, and that the hub's role is no matter of its own
    CHECK_THAT(trouble(parse("{'type':'guest'}")), Catch::Contains("workers of type 'guest'"));
    CHECK(trouble(parse("{'type':'guest','executable':'x','options':{'disabled':true}}")) == "none");
    CHECK_THAT(trouble(parse("{'type':'roter'}")), Catch::Contains("'roter' is no type of worker"));
}

TEST_CASE("configurations of real shapes are read; what they cannot have here is said")
{
    auto const read = [](std::string const& name) {
        auto s = load_settings(CERRO_TEST_DATA "/router/configs/" + name);
        if (!s) {
            FAIL(s.error().what);
        }
        return std::move(*s);
    };
    auto const ocs = read("ocs_site.json");
    CHECK(ocs.listeners.at(0).paths.size() == 2);
    auto const sisock = read("sisock_site.json");
    CHECK(sisock.children.size() == 1);
    CHECK(sisock.listeners.size() == 2);
    CHECK(describe(sisock).find("a secret of this example") == std::string::npos);
    auto const all = read("all_paths.json");
    CHECK(all.node == "node1");
    CHECK(all.listeners.at(0).paths.size() == 10);
    std::string said;
    for (auto const& w : all.warnings) {
        said += w + "\n";
    }
    CHECK_THAT(said,
               Catch::Contains("workers[1]: this worker is disabled") &&
                   Catch::Contains("cpu_affinity: this key has no effect") &&
                   Catch::Contains("controller.options.shutdown: this key has no effect"));
    CHECK(describe(all).find("\"github_secret\": true") != std::string::npos);
}

TEST_CASE("crossbar's forwarder, and ours")
{
    auto const s = parse(
        "{'type':'container','components':[{'type':'class','classname':'crossbar.bridge.rest."
        "MessageForwarder',"
        "'realm':'r','role':'a','extra':{'subscriptions':[{'url':'http://h/"
        "x','topic':'t'}],'expectedcode':204}}"
        "]}",
        "{'forwarders':[{'realm':'r','role':'a','method':'PUT','timeout':'2s','queue':5,'subscriptions':[{'"
        "url':"
        "'https://h/y','topic':'t.','match':'prefix'}]}]}");
    REQUIRE(trouble(s) == "none");
    REQUIRE(s->forwarders.size() == 2);
    auto const& ours = s->forwarders[0];
    CHECK(ours.timeout == 2s);
    CHECK(ours.queue == 5);
    CHECK(ours.subscriptions[0].match == wamp::match_policy::prefix);
    CHECK(s->forwarders[1].expected_status == 204);
    CHECK_THAT(
        trouble(parse("",
                      "{'forwarders':[{'realm':'r','role':'b','subscriptions':[{'url':'http://h','topic':"
                      "'t'}]}]}")),
        Catch::Contains("has no role 'b'"));
    CHECK_THAT(
        trouble(parse("",
                      "{'forwarders':[{'realm':'r','role':'a','subscriptions':[{'url':'ftp://h','topic':"
                      "'t'}]}]}")),
        Catch::Contains("is no http"));
}

TEST_CASE("what changes between two configurations")
{
    auto const a = parse("").value();
    auto b = a;
    CHECK(needs_restart(a, b).empty());
    b.realms[0].options.uri_check = wamp::uri_rule::strict;
    b.realms[0].roles.clear();
    b.sessions.max_uri = 100;
    CHECK(needs_restart(a, b) == std::vector<std::string>{"realms.r.uri_check"});
    b.realms[0].name = "q";
    CHECK(needs_restart(a, b).empty());
    CHECK(realms_gone(a, b) == std::vector<std::string>{"r"});
}

TEST_CASE("child: is started again when it ends, each time after a longer pause")
{
    asio::io_context io;
    metrics::registry metrics;
    testing::temp_dir const folder;
    auto const log = folder / "log";
    auto const c = child::start(
        io.get_executor(), shell("echo \"$GIVEN\" >> " + log.string() + "; exit 3"), metrics, quick());
    CHECK(run_until(io,
                    [&] { return std::filesystem::exists(log) && testing::read_file(log).size() >= 3 * 6; }));
    CHECK_THAT(testing::read_file(log), Catch::StartsWith("by us\nby us\n"));
    c->stop();
    io.run();
    CHECK(c->pid() == 0);
    CHECK_THAT(metrics.text(), Catch::Contains("cerro_router_programs_started_total{program=\"sh\"}"));
}

TEST_CASE("child: is asked to end, and killed when it does not")
{
    asio::io_context io;
    metrics::registry metrics;
    testing::temp_dir const folder;
    auto const ready = folder / "ready";
    auto const stubborn =
        child::start(io.get_executor(),
                     shell("trap '' TERM; : > " + ready.string() + "; while :; do sleep 0.05; done"),
                     metrics,
                     quick());
    REQUIRE(run_until(io, [&] { return std::filesystem::exists(ready); }));
    int const pid = stubborn->pid();
    stubborn->stop();
    CHECK(::kill(pid, 0) == 0);
    io.restart();
    io.run();
    CHECK(stubborn->pid() == 0);
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("child: inherits no descriptors of ours")
{
    asio::io_context io;
    metrics::registry metrics;
    testing::temp_dir const folder;
    auto const log = folder / "log";
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    auto const c = child::start(io.get_executor(),
                                shell("ls /proc/self/fd | wc -l > " + log.string() + ".part; mv " +
                                      log.string() + ".part " + log.string() + "; exec sleep 60"),
                                metrics,
                                quick());
    REQUIRE(run_until(io, [&] { return std::filesystem::exists(log); }));
    CHECK(std::stoi(testing::read_file(log)) <= 5);  // 0, 1, 2, the folder, the pipe to wc in between
    c->kill();
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("child: a program that is not there is a failure that names it")
{
    CHECK_THROWS_WITH(find_program("cerro-nothing"), Catch::Contains("/cerro-nothing: is not there"));
    CHECK(find_program("/bin/sh") == "/bin/sh");
}
