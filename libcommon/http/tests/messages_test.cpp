// What needs no socket: requests from bytes, targets, routes, responses to bytes, files.

#include "request_reader.hpp"
#include "response_writer.hpp"
#include "routes.hpp"
#include "static_files.hpp"
#include "target.hpp"
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>
#include <zlib.h>

using namespace cerro;
using http::request_reader;
using http::response;
using step = request_reader::step;

namespace {

constexpr std::size_t max_head = 1024;
constexpr std::size_t max_body = 100;

struct read_result {
    step end = step::need_more;
    int status = 0;
    bytes body;
    bytes rest;
};

/// Gives `text` in pieces of `piece` bytes, as a socket might.
read_result read(request_reader& reader, std::string_view text, std::size_t piece)
{
    read_result r;
    bool in_body = false;
    while (!text.empty() || !r.rest.empty()) {
        std::size_t const n = std::min(piece, text.size());
        r.rest += text.substr(0, n);
        text.remove_prefix(n);
        r.end = in_body ? reader.read_body(r.rest) : reader.read_head(r.rest);
        if (r.end == step::head) {
            in_body = true;
            r.end = reader.read_body(r.rest);
        }
        if (r.end != step::need_more || (text.empty() && n == 0)) {
            break;
        }
    }
    r.status = reader.status();
    if (r.end == step::complete) {
        r.body = reader.take_body();
        r.rest += text;
    }
    return r;
}

int refusal(std::string_view text, std::size_t piece = 4096)
{
    request_reader reader(max_head, max_body);
    auto const r = read(reader, text, piece);
    return r.end == step::refused ? r.status : 0;
}

http::handler nothing()
{
    return [](http::request) -> http::asio::awaitable<response> { co_return response(); };
}

bytes gunzip(bytes const& data)
{
    bytes out(1U << 20U, '\0');
    z_stream z{};
    REQUIRE(::inflateInit2(&z, 31) == Z_OK);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    z.avail_in = static_cast<uInt>(data.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    CHECK(::inflate(&z, Z_FINISH) == Z_STREAM_END);
    out.resize(z.total_out);
    ::inflateEnd(&z);
    return out;
}

}  // namespace

TEST_CASE("http reader: a request is the same however its bytes are cut")
{
    std::string const text =
        "\r\nPOST /call?x=1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
        "11\r\n\r\n{\"a\": true}"
        "GET /next";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        request_reader reader(max_head, max_body);
        auto const r = read(reader, text, piece);
        REQUIRE(r.end == step::complete);
        CHECK(r.body == "{\"a\": true}");
        CHECK(r.rest == "GET /next");
        CHECK(reader.method() == "POST");
        CHECK(reader.target() == "/call?x=1");
        CHECK(reader.fields().at(1) ==
              std::make_pair(std::string("content-type"), std::string("application/json")));
        CHECK(reader.keep_alive());
        CHECK(reader.raw_head() == text.substr(2, text.find("\r\n\r\n") + 2));
    }
}

TEST_CASE("http reader: a chunked body is put together")
{
    std::string const text =
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n6;x=y\r\nefghij\r\n0\r\nTrailer: "
        "x\r\n\r\nrest";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        request_reader reader(max_head, max_body);
        auto const r = read(reader, text, piece);
        REQUIRE(r.end == step::complete);
        CHECK(r.body == "abcdefghij");
        CHECK(r.rest == "rest");
    }
}

TEST_CASE("http reader: a last chunk that trickles in is waited for")
{
    std::string const text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        request_reader reader(max_head, max_body);
        CHECK(read(reader, text, piece).end == step::complete);
    }
}

TEST_CASE("http reader: limits and garbage have their status")
{
    CHECK(refusal("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n") == 431);
    CHECK(refusal("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x'), 7) == 431);
    CHECK(refusal(std::string(5000, 'A'), 100) != 0);
    CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n") == 413);
    CHECK(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n" + std::string(200, 'x')) ==
          413);
    CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd") == 400);
    CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n") == 400);
    CHECK(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n") == 400);
    std::string const chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(refusal(chunked + "1;" + std::string(2000, 'x'), 50) == 400);
    CHECK(refusal(chunked + "0\r\nT: " + std::string(2000, 'x'), 50) == 400);
    CHECK(refusal("GET / HTTP/3.7\r\n\r\n") == 400);
    CHECK(refusal("GET  / HTTP/1.1\r\n\r\n") == 400);
    CHECK(refusal("G\x01T / HTTP/1.1\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nNo colon\r\n\r\n") == 400);
    CHECK(refusal("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") == 400);  // TLS on a plain port
}

TEST_CASE("http reader: what the head asks for")
{
    auto const ask = [](std::string_view head) {
        auto reader = std::make_unique<request_reader>(max_head, max_body);
        bytes buffer(head);
        REQUIRE(reader->read_head(buffer) == step::head);
        return reader;
    };
    CHECK_FALSE(ask("GET / HTTP/1.0\r\n\r\n")->keep_alive());
    CHECK(ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->keep_alive());
    CHECK_FALSE(ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")->keep_alive());
    CHECK(ask("POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n")->expects_continue());
    CHECK(ask("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n")->wants_websocket());
    CHECK_FALSE(ask("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")->wants_websocket());
    CHECK_FALSE(ask("GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n")->wants_websocket());
}

TEST_CASE("http target: decoding, absolute form, and what is refused")
{
    CHECK(http::parse_target("/a%20b/%C3%a9?q=%20").value().path == "/a b/\xc3\xa9");
    CHECK(http::parse_target("/a%20b?q=%20").value().query == "q=%20");
    CHECK(http::parse_target("http://host:80/x?y").value().path == "/x");
    CHECK(http::parse_target("http://host").value().path == "/");
    CHECK(http::parse_target("http://host?y").value().query == "y");
    for (auto const* const bad : {"", "a", "*", "/%", "/%4", "/%zz", "/%00", "//host"}) {
        INFO(bad);
        CHECK(http::parse_target(bad).has_value() == (std::string_view(bad) == "//host"));
    }
    CHECK(http::stays_below_root("/a..b/..c/...") == true);
    CHECK_FALSE(http::stays_below_root("/a/../b"));
    CHECK_FALSE(http::stays_below_root("/.."));
    CHECK_FALSE(http::stays_below_root("/./a"));
}

TEST_CASE("http request: parameters are decoded, the first of a name counts")
{
    http::request r;
    r.query = "target=a%26b&x=1+2&x=3&flag&bad=%z&=";
    CHECK(r.parameter("target") == "a&b");
    CHECK(r.parameter("x") == "1 2");
    CHECK(r.parameter("flag") == "");
    CHECK(r.parameter("bad") == std::nullopt);
    CHECK(r.parameter("none") == std::nullopt);
    r.headers = {{"a", "1"}, {"a", "2"}};
    CHECK(*r.header("a") == "1");
    CHECK(r.header("b") == nullptr);
}

TEST_CASE("http routes: the longest path wins; 404, 405, 426 and the missing slash")
{
    http::route_table t;
    t.add("GET", "/", nothing());
    t.add("POST", "/call", nothing());
    t.add("GET", "/ui/", nothing());
    t.add("*", "/ui/any", nothing());
    t.add_upgrade("/ws", [](auto, auto, auto) {});
    CHECK(t.find("GET", "/").serve != nullptr);
    CHECK(t.find("GET", "/else/where").serve == t.find("GET", "/").serve);
    CHECK(t.find("GET", "/ui/x/y").serve != t.find("GET", "/").serve);
    CHECK(t.find("DELETE", "/ui/any").serve != nullptr);
    CHECK(t.find("HEAD", "/ui/x").serve == t.find("GET", "/ui/x").serve);
    CHECK(t.find("GET", "/call").status == 405);
    CHECK(t.find("GET", "/call").allow == "POST");
    CHECK(t.find("PUT", "/ui/x").allow == "GET, HEAD");
    CHECK(t.find("GET", "/ui").status == 308);
    CHECK(t.find("GET", "/ui").location == "/ui/");
    CHECK(t.find("GET", "/ws").status == 426);
    CHECK(t.find_upgrade("/ws") != nullptr);
    CHECK(t.find_upgrade("/call") == nullptr);
    http::route_table const empty;
    CHECK(empty.find("GET", "/").status == 404);
}

TEST_CASE("http writer: a response as bytes")
{
    http::write_options how;
    std::string const text = http::to_bytes(response::text("hello"), how);
    CHECK(text.rfind("HTTP/1.1 200 OK\r\nDate: ", 0) == 0);
    CHECK(text.find("\r\nContent-Length: 5\r\n\r\nhello") != std::string::npos);
    CHECK(text.find("Connection") == std::string::npos);

    how.head_only = true;
    how.keep_alive = false;
    std::string const head = http::to_bytes(response::text("hello"), how);
    CHECK(head.find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(head.find("Connection: close\r\n") != std::string::npos);
    CHECK(head.substr(head.size() - 4) == "\r\n\r\n");

    response none;
    none.status = 304;
    CHECK(http::to_bytes(none, {}).find("Content-Length") == std::string::npos);
    CHECK(http::http_date(std::chrono::system_clock::from_time_t(1795233451)) ==
          "Sat, 21 Nov 2026 03:57:31 GMT");
}

TEST_CASE("http writer: a header value cannot begin a new header")
{
    response r;
    r.headers.emplace_back("X-Echo", "a\r\nSet-Cookie: b");
    r.headers.emplace_back("Content-Length", "999");
    std::string const text = http::to_bytes(r, {});
    CHECK(text.find("X-Echo: a  Set-Cookie: b\r\n") != std::string::npos);
    CHECK(text.find("999") == std::string::npos);
}

TEST_CASE("http writer: large text is compressed for those who take it")
{
    std::string const body(5000, 'x');
    http::write_options how;
    how.accepts_gzip = true;
    std::string const text = http::to_bytes(response::text(body), how);
    CHECK(text.find("Content-Encoding: gzip\r\n") != std::string::npos);
    CHECK(text.find("Vary: Accept-Encoding\r\n") != std::string::npos);
    CHECK(gunzip(text.substr(text.find("\r\n\r\n") + 4)) == body);
    CHECK(http::to_bytes(response::text(std::string(1024, 'x')), how).find("gzip") == std::string::npos);
    CHECK(http::to_bytes(response::text(body, 200, "image/png"), how).find("gzip") == std::string::npos);
    std::size_t const most = 1U << 20U;
    CHECK(http::to_bytes(response::text(std::string(most, 'x')), how).size() < most / 10);
    std::string const plain = http::to_bytes(response::text(std::string(most + 1, 'x')), how);
    CHECK(plain.find("gzip") == std::string::npos);
    CHECK(plain.size() > most);
    how.accepts_gzip = false;
    CHECK(http::to_bytes(response::text(body), how).find("gzip") == std::string::npos);

    CHECK(http::allows_gzip("gzip, deflate, br"));
    CHECK(http::allows_gzip("br;q=1.0, GZIP;q=0.5"));
    CHECK_FALSE(http::allows_gzip("gzip;q=0"));
    CHECK_FALSE(http::allows_gzip("identity"));
}

TEST_CASE("http files: content, type, tag and cache")
{
    testing::temp_dir const folder;
    std::filesystem::create_directory(folder / "sub");
    testing::write_file(folder / "index.html", "<p>");
    testing::write_file(folder / "sub/index.html", "sub");
    testing::write_file(folder / "app.js", "js");
    http::request r;
    r.method = "GET";
    auto const get = [&](std::string const& path) { return http::serve_file({folder.path(), {}}, path, r); };
    auto const header = [](response const& got, std::string_view name) {
        for (auto const& [key, value] : got.headers) {
            if (key == name) {
                return value;
            }
        }
        return std::string("none");
    };
    CHECK(get("").body == "<p>");
    CHECK(header(get(""), "Content-Type") == "text/html; charset=utf-8");
    CHECK(header(get(""), "Cache-Control") == "no-cache");
    CHECK(get("sub/").body == "sub");
    CHECK(header(get("sub"), "Location") == "sub/");
    CHECK(header(get("app.js"), "Content-Type") == "text/javascript; charset=utf-8");
    std::string const tag = header(get("app.js"), "ETag");
    r.headers = {{"if-none-match", "\"other\", " + tag.substr(2)}};
    CHECK(get("app.js").status == 304);
    CHECK(get("app.js").body.empty());
    testing::write_file(folder / "app.js", "changed");
    CHECK(get("app.js").status == 200);
    r.method = "DELETE";
    CHECK(get("app.js").status == 405);
}

TEST_CASE("http files: nothing outside the folder, no hidden files, no devices")
{
    testing::temp_dir const outside;
    std::filesystem::create_directory(outside / "www");
    testing::write_file(outside / "secret", "s");
    testing::write_file(outside / "www/.hidden", "h");
    http::request r;
    r.method = "GET";
    for (std::string const& path : {std::string("../secret"),
                                    std::string("a/../../secret"),
                                    std::string("./../secret"),
                                    std::string(".hidden"),
                                    std::string(".git/config"),
                                    "/" + (outside / "secret").string(),
                                    (outside / "secret").string(),
                                    std::string("secret\0.html", 12),
                                    std::string("missing"),
                                    std::string(5000, 'x')}) {
        INFO(path);
        CHECK(http::serve_file({outside / "www", {}}, path, r).status == 404);
    }
    CHECK(http::serve_file({"/dev", {}}, "null", r).status == 404);
}
