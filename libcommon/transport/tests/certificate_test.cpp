// Certificates of every kind, on both sides, and their change while the listener runs.

#include "support.hpp"
#include <cerro/testing/certificates.hpp>

#include <catch2/catch.hpp>

#include <fstream>

namespace cerro::transport {

using testing::certificate_maker;
using testing::run;
using testing::run_until;

namespace {

std::vector<std::string> const here{"DNS:localhost", "IP:127.0.0.1"};

/// One authority, another of the same name with another key, and what they issued.
struct all_certificates : certificate_maker {
    all_certificates()
    {
        self_signed("ca", {"Site CA", {}, -1, 30, true});
        self_signed("same-name", {"Site CA", {}, -1, 30, true});
        self_signed("other-ca", {"Other CA", {}, -1, 30, true});
        issue("ca", "good", {"router", here});
        issue("ca", "second", {"router", here});
        issue("ca", "expired", {"router", here, -20, -10});
        issue("ca", "early", {"router", here, 10, 20});
        issue("ca", "elsewhere", {"router", {"DNS:router.example.org"}});
        issue("ca", "by-name", {"router", {"DNS:localhost"}});
        issue("same-name", "forged", {"router", here});
        issue("other-ca", "foreign", {"router", here});
        self_signed("alone", {"router", here});
        issue("ca", "middle", {"Middle CA", {}, -1, 30, true});
        issue("middle", "below", {"router", here});
        issue("ca", "revoked", {"router", here});
        issue("ca", "client", {"joe", {}});
        issue("ca", "old-client", {"joe", {}, -20, -10});
        issue("ca", "bad-client", {"joe", {}});
        issue("other-ca", "strange-client", {"joe", {}});
        crl = revoke("ca", {"revoked", "bad-client"});
    }
    std::string pem(std::string const& file) const { return path(file + ".pem"); }
    std::string key(std::string const& file) const { return path(file + ".key"); }
    server_tls server_files(std::string const& file) const
    {
        server_tls out;
        out.certificate = pem(file);
        out.key = key(file);
        return out;
    }
    std::string crl;
};

all_certificates const& made()
{
    static all_certificates const all;
    return all;
}

listen_options secure(server_tls const& files)
{
    listen_options o;
    o.tls = make_server_tls(files);
    return o;
}

connect_options calling(server const& s, std::string const& host = "127.0.0.1")
{
    connect_options o;
    o.url = url("rss", s, host);
    o.tls.ca_file = made().pem("ca");
    return o;
}

std::string outcome(boost::asio::io_context& io, connect_options o)
{
    auto const r = run(io, connect(std::move(o)));
    return r ? "connected" : r.error().what;
}

std::string start_problem(server_tls const& files)
{
    try {
        make_server_tls(files);
    } catch (failure const& f) {
        CHECK(f.exit_code() == 3);
        return f.what();
    }
    return "fine";
}

}  // namespace

TEST_CASE("certificates: a client refuses each bad one of a server, and says why")
{
    struct sample {
        char const* file;
        char const* host;
        char const* reason;
    };
    std::vector<sample> const samples{
        {"good", "127.0.0.1", "connected"},
        {"good", "localhost", "connected"},
        {"expired", "127.0.0.1", "certificate has expired"},
        {"early", "127.0.0.1", "certificate is not yet valid"},
        {"elsewhere", "localhost", "hostname mismatch"},
        {"elsewhere", "127.0.0.1", "IP address mismatch"},
        {"by-name", "127.0.0.1", "IP address mismatch"},
        {"by-name", "localhost", "connected"},
        {"forged", "127.0.0.1", "unable to get local issuer certificate"},
        {"foreign", "127.0.0.1", "unable to get local issuer certificate"},
        {"alone", "127.0.0.1", "self-signed certificate"},
        {"below", "127.0.0.1", "unable to get local issuer certificate"},
    };
    for (auto const& one : samples) {
        CAPTURE(one.file, one.host);
        boost::asio::io_context io(1);
        auto where = secure(made().server_files(one.file));
        where.gate = std::make_shared<admission>(admission_limits());
        server s(io, where);
        auto const text = outcome(io, calling(s, one.host));
        CAPTURE(text);
        CHECK(text.find(one.reason) != std::string::npos);
        if (text != "connected") {
            CHECK(run_until(io, [&] { return where.gate->refusals(entry_refusal::tls_failed) == 1; }));
        }
        CHECK(run_until(io, [&] { return where.gate->open() == s.channels.size(); }));
    }
}

TEST_CASE("certificates: the missing middle one helps, from the file or from chain_certificates")
{
    boost::asio::io_context io(1);
    auto files = made().server_files("below");
    files.chain = {made().pem("middle")};
    server s(io, secure(files));
    CHECK(outcome(io, calling(s)) == "connected");
    files.certificate = const_cast<all_certificates&>(made()).join("whole", {"below", "middle"});
    files.chain.clear();
    server t(io, secure(files));
    CHECK(outcome(io, calling(t)) == "connected");
}

TEST_CASE("certificates: a client with a revocation list refuses a revoked server")
{
    boost::asio::io_context io(1);
    server s(io, secure(made().server_files("revoked")));
    CHECK(outcome(io, calling(s)) == "connected");
    auto o = calling(s);
    o.tls.crl_file = made().crl;
    CHECK(outcome(io, o).find("certificate revoked") != std::string::npos);
}

TEST_CASE("certificates: a server that demands them lets in only clients that its authority knows")
{
    boost::asio::io_context io(1);
    auto files = made().server_files("good");
    files.ca = {made().pem("ca")};
    files.crl = made().crl;
    auto where = secure(files);
    where.gate = std::make_shared<admission>(admission_limits());
    server s(io, where);
    auto const joins = [&](std::string const& file) {
        auto o = calling(s);
        if (!file.empty()) {
            o.tls.certificate = made().pem(file);
            o.tls.key = made().key(file);
        }
        auto const before = s.channels.size();
        auto const text = outcome(io, o);
        CAPTURE(file, text);
        CHECK((text == "connected") == (s.channels.size() == before + 1));
        return text == "connected";
    };
    CHECK(!joins(""));
    CHECK(!joins("old-client"));
    CHECK(!joins("strange-client"));
    CHECK(!joins("bad-client"));
    CHECK(where.gate->refusals(entry_refusal::tls_failed) == 4);
    REQUIRE(joins("client"));

    auto const& who = s.channels.at(0)->info().certificate;
    REQUIRE(who != nullptr);
    CHECK(who->common_name == "joe");
    CHECK(who->issuer_name == "Site CA");
    CHECK(who->subject == "CN=joe");
    CHECK(who->sha1.size() == 20 * 3 - 1);
    CHECK(who->sha256.size() == 32 * 3 - 1);
    CHECK(who->not_after > std::chrono::system_clock::now());
}

TEST_CASE("certificates: both ends of a connection know the same channel bindings, of no other connection")
{
    boost::asio::io_context io(1);
    server s(io, secure(made().server_files("good")));
    auto const first = open_client(io, calling(s));
    auto const second = open_client(io, calling(s));
    REQUIRE(run_until(io, [&] { return s.channels.size() == 2; }));
    auto const& ours = s.channels[0]->info();
    auto const& theirs = first.line->info();
    CHECK(ours.tls_exporter.size() == 32);
    CHECK(ours.tls_unique.size() == 32);
    CHECK(ours.tls_exporter == theirs.tls_exporter);
    CHECK(ours.tls_unique == theirs.tls_unique);
    CHECK(second.line->info().tls_exporter != theirs.tls_exporter);
    CHECK(second.line->info().tls_unique != theirs.tls_unique);
    CHECK(ours.certificate == nullptr);
}

TEST_CASE("certificates: a new one serves new connections, present ones go on")
{
    boost::asio::io_context io(1);
    server s(io, secure(made().server_files("good")));
    s.echo = true;
    auto const old = open_client(io, calling(s));
    s.door->set_tls(make_server_tls(made().server_files("foreign")));
    CHECK(outcome(io, calling(s)).find("unable to get local issuer") != std::string::npos);
    auto o = calling(s);
    o.tls.ca_file = made().pem("other-ca");
    CHECK(outcome(io, o) == "connected");
    old.line->send(recorder::frame_of("still here"));
    REQUIRE(run_until(io, [&] { return old.owner->messages.size() == 1; }));
    s.door->set_tls(nullptr);
    CHECK(outcome(io, o) == "connected");
}

TEST_CASE("certificates: what is wrong with the files is said when they are read")
{
    auto files = made().server_files("good");
    auto const with = [&](auto change) {
        auto f = files;
        change(f);
        return start_problem(f);
    };
    auto& all = const_cast<all_certificates&>(made());
    CHECK(with([](auto&) {}) == "fine");
    CHECK(with([](auto& f) { f.key = "/nonexistent.key"; }) ==
          "TLS key: cannot read /nonexistent.key: No such file or directory");
    CHECK(with([](auto& f) { f.certificate = "/nonexistent.pem"; }) ==
          "TLS certificate: cannot read /nonexistent.pem: No such file or directory");
    CHECK(with([](auto& f) { f.key = made().pem("good"); }).find("cannot read a private key") !=
          std::string::npos);
    CHECK(with([](auto& f) { f.key = made().key("second"); }) == "the TLS key " + made().key("second") +
                                                                     " does not belong to the certificate " +
                                                                     made().pem("good"));
    CHECK(with([&](auto& f) {
              f.certificate = all.join("turned", {"ca", "good"});
          }).find("belongs to certificate 2 of the chain") != std::string::npos);
    CHECK(
        with([&](auto& f) {
            f.certificate = all.join("mixed", {"good", "other-ca"});
        })
            .find("the chain is in wrong order: certificate 2 (CN=Other CA) did not issue the one before it "
                  "(CN=router)") != std::string::npos);
    CHECK(with([&](auto& f) { f.chain = {made().pem("good")}; }).find("wrong order") != std::string::npos);
    CHECK(with([](auto& f) { f.ciphers = "NONSENSE"; }).find("\"NONSENSE\"") != std::string::npos);
    CHECK(with([](auto& f) { f.dhparam = made().pem("good"); }).find("no DH parameters") !=
          std::string::npos);
    CHECK(with([](auto& f) { f.crl = made().crl; }).find("needs ca_certificates") != std::string::npos);
    CHECK(with([](auto& f) { f.ca = {made().key("good")}; }).find("cannot read a certificate") !=
          std::string::npos);
    std::string const locked = made().path("locked.key");
    std::ofstream(locked)
        << "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH0\n-----END ENCRYPTED PRIVATE KEY-----\n";
    CHECK(with([&](auto& f) { f.key = locked; }).find("it is encrypted") != std::string::npos);
}

TEST_CASE("certificates: the end of one can be asked for")
{
    auto const end = cert_not_after(made().pem("good"));
    REQUIRE(end.has_value());
    using days = std::chrono::duration<double, std::ratio<86'400>>;
    CHECK(days(*end - std::chrono::system_clock::now()).count() == Approx(30).margin(0.1));
    CHECK(cert_not_after("/nonexistent.pem").error().what ==
          "cannot read /nonexistent.pem: No such file or directory");
}

}  // namespace cerro::transport
