#include <cerro/http/client.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <optional>

namespace cerro::http {

namespace {

namespace beast = boost::beast;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr std::size_t largest_head = 64U << 10U;    // [bytes], also of a chunk
constexpr std::size_t largest_answer = 64U << 20U;  // [bytes]

struct place {
    std::string host;
    std::string host_header;
    std::uint16_t port = 80;
    bool tls = false;
    std::string target = "/";
};

result<place> parse_url(std::string const& text)
{
    auto const url = boost::urls::parse_uri(text);
    if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty()) {
        return fail(errc::invalid_argument, "\"" + text + "\" is no URL of the form http://host:port/path");
    }
    place p;
    p.tls = url->scheme() == "https";
    p.host = url->host_address();
    p.host_header = std::string(url->encoded_host_and_port());
    p.port = url->has_port() ? url->port_number() : static_cast<std::uint16_t>(p.tls ? 443 : 80);
    if (!url->encoded_path().empty()) {
        p.target = std::string(url->encoded_path());
    }
    if (url->has_query()) {
        p.target += "?" + std::string(url->encoded_query());
    }
    return p;
}

bytes request_bytes(std::string const& method,
                    place const& where,
                    bytes const& body,
                    std::vector<std::pair<std::string, std::string>> const& headers)
{
    bytes out =
        method + " " + where.target + " HTTP/1.1\r\nHost: " + where.host_header + "\r\nConnection: close\r\n";
    for (auto const& [name, value] : headers) {
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (!body.empty() || method == "POST" || method == "PUT") {
        out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return out.append("\r\n").append(body);
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

asio::awaitable<result<response>> exchange(std::shared_ptr<transport::stream> s,
                                           bytes request,
                                           bool head_only,
                                           clock::time_point deadline)
{
    auto const left = [deadline] {
        return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock::now()));
    };
    auto const written = co_await s->write(request, left());
    if (!written) {
        co_return written.error();
    }
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(largest_answer);
    parser.skip(head_only);
    parser.eager(true);
    bytes buffer;
    std::vector<char> chunk(16U << 10U);
    std::span<char> const into(chunk);
    while (!parser.is_done()) {
        auto const n = co_await s->read_some(into, left());
        boost::system::error_code ec;
        if (n) {
            buffer.append(chunk.data(), *n);
            // Beast 1.81 asserts that it never sees less of a chunked body once it has met the last chunk.
            auto const enough = [&] {
                return buffer.size() >= (parser.is_header_done() && parser.chunked() ? 5 : 1);
            };
            while (enough() && !parser.is_done() && !ec) {
                std::size_t const used = parser.put(asio::buffer(buffer), ec);
                buffer.erase(0, used);
            }
            if (ec == beast::http::error::need_more && buffer.size() <= largest_head) {
                ec = {};
            }
        } else if (n.error().code == errc::closed && !parser.got_some()) {
            co_return fail(errc::closed, "the connection was closed without an answer");
        } else if (n.error().code == errc::closed) {
            parser.put_eof(ec);  // the end of file is the end of a body without a length
            if (!ec && !parser.is_done()) {
                ec = beast::http::error::partial_message;
            }
        } else {
            co_return n.error();
        }
        if (ec) {
            co_return fail(errc::malformed, "the answer is no complete HTTP response: " + ec.message());
        }
    }
    s->close();
    response r;
    r.status = static_cast<int>(parser.get().result_int());
    for (auto const& field : parser.get()) {
        r.headers.emplace_back(lower(field.name_string()), std::string(field.value()));
    }
    r.body = std::move(parser.get().body());
    co_return r;
}

}  // namespace

asio::awaitable<result<response>> fetch(std::string method,
                                        std::string url,
                                        bytes body,
                                        std::vector<std::pair<std::string, std::string>> headers,
                                        milliseconds timeout,
                                        transport::tls_options tls)
{
    auto const deadline = clock::now() + timeout;
    auto const where = parse_url(url);
    if (!where) {
        co_return where.error();
    }
    std::optional<transport::tls_options> security;
    if (where->tls) {
        security = std::move(tls);
    }
    auto const opened = co_await transport::connect_stream(where->host, where->port, security, timeout);
    if (!opened) {
        co_return fail(opened.error().code, method + " " + url + ": " + opened.error().what);
    }
    bytes request = request_bytes(method, *where, body, headers);
    auto answer = co_await exchange(*opened, std::move(request), method == "HEAD", deadline);
    if (!answer) {
        co_return fail(answer.error().code, method + " " + url + ": " + answer.error().what);
    }
    co_return answer;
}

asio::awaitable<result<response>> fetch(std::string method,
                                        std::string url,
                                        bytes body,
                                        std::vector<std::pair<std::string, std::string>> headers,
                                        std::chrono::milliseconds timeout)
{
    transport::tls_options tls;
    return fetch(
        std::move(method), std::move(url), std::move(body), std::move(headers), timeout, std::move(tls));
}

}  // namespace cerro::http
