// The `auth` sections of a configuration, secrets outside of it, and `cerro-router passwd`.

#include "commands/passwd.hpp"
#include "config/secret_files.hpp"
#include <cerro/auth/password.hpp>
#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace cerro;
using namespace cerro::router;

namespace {

std::string quoted_json(std::string text)
{
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return text;
}

/// A folder of its own that goes with the test.
struct folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("cerro-access-" + std::to_string(::getpid()));
    folder() { std::filesystem::create_directories(path); }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() { std::filesystem::remove_all(path); }

    std::string write(std::string const& name, std::string const& text, ::mode_t mode = 0600) const
    {
        auto const file = (path / name).string();
        std::ofstream(file) << text;
        ::chmod(file.c_str(), mode);
        return file;
    }
};

struct setting {
    folder dir;

    result<settings> parse(std::string const& auth,
                           std::string const& more = "",
                           std::string const& role = "") const
    {
        load_options options;
        options.base_dir = dir.path.string();
        return parse_settings(
            quoted_json(
                "{'version':2,'workers':[{'type':'router','realms':[{'name':'realm1','roles':[{'name':'r'" +
                role +
                "}]}],'transports':[{'type':'websocket','endpoint':{'type':'unix','path':'s'},'auth':{" +
                auth + "}" + more + "}]}]}"),
            "config.json",
            options);
    }
    access_rules const& rules(result<settings> const& s)
    {
        INFO((s ? std::string() : s.error().what));
        REQUIRE(s.has_value());
        return *s->listeners[0].wamp.access;
    }
    std::string wrong(std::string const& auth,
                      std::string const& more = "",
                      std::string const& role = "") const
    {
        auto const s = parse(auth, more, role);
        REQUIRE_FALSE(s.has_value());
        return s.error().what;
    }
};

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE_METHOD(setting, "config: every method, static")
{
    auto const s = parse(
        "'anonymous':{'type':'static'},"
        "'ticket':{'type':'static','principals':{'joe':{'ticket':'t','role':'r','realm':'x'}}},"
        "'scram':{'type':'static','principals':{'carol':{'kdf':'argon2id-13','memory':512,'iterations':4096,"
        "'salt':'00112233445566778899aabbccddeeff','stored-key':'" +
            std::string(64, '1') + "','server-key':'" + std::string(64, '2') +
            "','role':'r'}}},"
            "'cryptosign':{'type':'static','principals':{'d':{'authorized_keys':['" +
            std::string(64, '3') +
            "'],'role':'r'}}},"
            "'tls':{'type':'static','default-role':'r','principals':{'a':{'certificate-cn':'a.b','role':'r'}}"
            "},'cookie':{}",
        ",'cookie':{'name':'c','length':32,'max_age':60,'secure':true,'http_strict':true,'same_site':'lax',"
        "'store':{'type':'file','filename':'cookies.json'}}");
    auto const& a = rules(s);
    CHECK(a.anonymous_role == "anonymous");
    CHECK(a.ticket->known->find("joe")->realm == "x");
    CHECK(a.scram->known->find("carol")->scram.memory == 512);
    CHECK(a.cryptosign->known->find("d")->keys.size() == 1);
    CHECK(a.tls->default_role == "r");
    CHECK(a.cookie);
    CHECK(a.cookies->rules().same_site == "Lax");
    CHECK(a.cookies->rules().file == (dir.path / "cookies.json").string());
    CHECK(s->secrets_inline);
    auto const shown = describe(*s);
    CHECK(shown.find("1111") == std::string::npos);
    CHECK(shown.find("a.b") == std::string::npos);
}

TEST_CASE_METHOD(setting, "config: dynamic authenticators and authorizers")
{
    std::string const asked =
        "{'type':'dynamic','authenticator':'a.b','authenticator-realm':'realm1',"
        "'authenticator-role':'r'}";
    auto const s = parse(
        "'ticket':" + asked + ",'anonymous':" + asked + ",'scram':{'type':'dynamic','authenticator':'c'}",
        "",
        ",'authorizer':'x.y','cache':true");
    auto const& a = rules(s);
    CHECK(a.ticket->authenticator->procedure == "a.b");
    CHECK(a.ticket->authenticator->realm == "realm1");
    CHECK(a.anonymous_authenticator->role == "r");
    CHECK(a.scram->authenticator->role == "trusted");
    REQUIRE(s->realms[0].authorizers.size() == 1);
    CHECK(s->realms[0].authorizers[0].second.procedure == "x.y");
    CHECK(s->realms[0].authorizers[0].second.cache);
    CHECK_FALSE(s->realms[0].authorizers[0].second.disclose);
}

TEST_CASE_METHOD(setting, "config: mistakes in auth are named")
{
    CHECK_THAT(wrong("'ticket':{'type':'magic'}"), Contains("'magic' is no type of authentication"));
    CHECK_THAT(wrong("'ticket':{'type':'function','create':'x'}"), Contains("make it a procedure"));
    CHECK_THAT(wrong("'ticket':{'type':'static'}"), Contains("'principals' must name who may join"));
    CHECK_THAT(wrong("'ticket':{'type':'static','principals':{'joe':{'role':'r'}}}"),
               Contains("'ticket' is missing"));
    CHECK_THAT(wrong("'ticket':{'type':'static','principals':{'joe':{'ticket':'t'}}}"),
               Contains("'role' is missing"));
    CHECK_THAT(wrong("'ticket':{'type':'dynamic'}"), Contains("'authenticator' is missing"));
    CHECK_THAT(wrong("'ticket':{'type':'dynamic','authenticator':'a..b'}"),
               Contains("is not the URI of a procedure"));
    CHECK_THAT(wrong("'scram':{'type':'static','principals':{'c':{'stored-key':'x','role':'r'}}}"),
               Contains("'salt'"));
    CHECK_THAT(wrong("'cookie':{}"), Contains("gives no cookies"));
    CHECK_THAT(wrong("'cookie':{}", ",'cookie':{'store':{'type':'database'}}"),
               Contains("no store of cookies"));
    CHECK_THAT(wrong("'cookie':{}", ",'cookie':{'name':'a;b'}"), Contains("cookie's name"));
    CHECK_THAT(wrong("'anonymous-proxy':{'type':'static'}"), Contains("crossbar's own proxies"));
    CHECK_THAT(wrong("", "", ",'authorizer':'x','permissions':[]"),
               Contains("either 'permissions' or an 'authorizer'"));
}

TEST_CASE_METHOD(
    setting, "config: secrets from the environment and from files, with a warning where all may read them")
{
    ::setenv("CERRO_TEST_TICKET", "from the environment", 1);
    dir.write("closed", "from a file\n");
    dir.write("open", "from an open file\n", 0644);
    auto const s = parse(
        "'ticket':{'type':'static','principals':{'a':{'ticket':'$CERRO_TEST_TICKET','role':'r'},"
        "'b':{'ticket':{'file':'closed'},'role':'r'},'c':{'ticket':{'file':'open'},'role':'r'}}}");
    auto const& known = *rules(s).ticket->known;
    CHECK(known.find("a")->ticket == "from the environment");
    CHECK(known.find("b")->ticket == "from a file");
    CHECK(known.find("c")->ticket == "from an open file");
    CHECK_FALSE(s->secrets_inline);
    REQUIRE(s->warnings.size() == 1);
    CHECK_THAT(s->warnings[0], Contains("open") && Contains("chmod 600"));
    CHECK_THAT(wrong("'ticket':{'type':'static','principals':{'a':{'ticket':{'file':'nosuch'},'role':'r'}}}"),
               Contains("nosuch: cannot be read"));
}

TEST_CASE_METHOD(setting, "config: methods share the principals of a file, and a broken file is a problem")
{
    password_change joe{"joe", "r", "pencil", true, false, false};
    dir.write("p.json", *change_principals("", joe));
    auto const s = parse(
        "'ticket':{'type':'file','principals_file':'p.json'},"
        "'scram':{'type':'file','principals_file':'p.json'}");
    auto const& a = rules(s);
    CHECK(a.ticket->known == a.scram->known);
    CHECK(a.ticket->known->size() == 1);
    REQUIRE(s->principal_files.size() == 1);
    CHECK(s->warnings.empty());
    dir.write("bad.json", "{'principals':{}}");
    CHECK_THAT(wrong("'ticket':{'type':'file','principals_file':'bad.json'}"), Contains("bad.json"));
    CHECK_THAT(wrong("'ticket':{'type':'file','principals_file':'nosuch.json'}"), Contains("cannot be read"));
}

TEST_CASE("passwd: adds, changes and removes, and leaves the rest as it is")
{
    auto const first = change_principals("", {"joe", "operator", "pencil", false, false, false});
    REQUIRE(first.has_value());
    CHECK(first->find("pencil") == std::string::npos);
    auto const second = change_principals(*first, {"eve", "reader", "crayon", true, true, false});
    REQUIRE(second.has_value());
    auto const both = *parse_principals(*second);
    CHECK(auth::scram_matches(both.at("joe").scram, "pencil"));
    CHECK(auth::scram_matches(both.at("eve").scram, "crayon"));
    CHECK(both.at("eve").scram.kdf == auth::kdf::argon2id13);
    CHECK_FALSE(both.at("eve").wampcra.secret.empty());
    // a new password takes the old one's WAMP-CRA key away; the role stays
    auto const third = change_principals(*second, {"eve", "", "chalk", false, false, false});
    auto const eve = parse_principals(*third)->at("eve");
    CHECK(eve.role == "reader");
    CHECK(eve.wampcra.secret.empty());
    CHECK(auth::scram_matches(eve.scram, "chalk"));
    auto const fourth = change_principals(*third, {"joe", "", "", false, false, true});
    CHECK(parse_principals(*fourth)->size() == 1);
    CHECK(change_principals(*fourth, {"joe", "", "", false, false, true}).error().code == errc::not_found);
    CHECK(change_principals(*fourth, {"joe", "", "x", false, false, false}).error().code ==
          errc::invalid_argument);
    CHECK(change_principals("broken", {"joe", "r", "x", false, false, false}).has_error());
}

TEST_CASE_METHOD(setting, "a private file is replaced whole and can be read by its user only")
{
    auto const path = dir.write("f", "old", 0644);
    REQUIRE(write_private(path, "new").has_value());
    struct stat s {};
    REQUIRE(::stat(path.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777U) == 0600U);
    std::string text;
    std::getline(std::ifstream(path), text);
    CHECK(text == "new");
    CHECK(std::distance(std::filesystem::directory_iterator(dir.path), {}) == 1);
    CHECK_THAT(write_private((dir.path / "no" / "f").string(), "x").error().what, Contains("no/f"));
}
