#include "request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

namespace cerro::http {

namespace beast = boost::beast;

namespace {

constexpr std::size_t shortest_chunked_end = 5;

std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

}  // namespace

struct request_reader::parser : beast::http::request_parser<beast::http::string_body> {};

request_reader::request_reader(std::size_t max_head, std::size_t max_body)
    : parser_(std::make_unique<parser>()), max_head_(max_head)
{
    parser_->header_limit(static_cast<std::uint32_t>(max_head));
    parser_->body_limit(max_body);
}

request_reader::~request_reader() = default;

request_reader::step request_reader::refuse(int status, std::string reason)
{
    status_ = status;
    reason_ = std::move(reason);
    return step::refused;
}

request_reader::step request_reader::put(bytes& buffer, bool head)
{
    auto const done = [&] { return head ? parser_->is_header_done() : parser_->is_done(); };
    while (!done()) {
        // Beast 1.81 asserts that it never sees less once it has met the last chunk; and what is left of a
        // chunked body is never shorter: "0\r\n\r\n".
        if (!head && parser_->chunked() && buffer.size() < shortest_chunked_end) {
            return step::need_more;
        }
        boost::system::error_code ec;
        std::size_t const used = parser_->put(boost::asio::buffer(buffer), ec);
        if (head) {
            raw_head_.append(buffer, 0, used);
        }
        buffer.erase(0, used);
        bool const need_more = ec == beast::http::error::need_more || (!ec && used == 0 && !done());
        if (ec == beast::http::error::header_limit ||
            (head && need_more && raw_head_.size() + buffer.size() > max_head_)) {
            return refuse(431, "the head is longer than " + std::to_string(max_head_) + " bytes");
        }
        if (!head && need_more && buffer.size() > max_head_) {
            return refuse(
                400,
                "the head of a chunk or the trailer is longer than " + std::to_string(max_head_) + " bytes");
        }
        if (ec == beast::http::error::body_limit) {
            return refuse(413, "the body is too long");
        }
        if (need_more) {
            return step::need_more;
        }
        if (ec) {
            return refuse(400, "not a request of HTTP/1.1: " + ec.message());
        }
    }
    return head ? step::head : step::complete;
}

request_reader::step request_reader::read_head(bytes& buffer)
{
    if (raw_head_.empty()) {
        buffer.erase(0, buffer.find_first_not_of("\r\n"));  // old clients end a body with an empty line
    }
    return put(buffer, true);
}

request_reader::step request_reader::read_body(bytes& buffer)
{
    parser_->eager(true);
    return put(buffer, false);
}

std::string request_reader::method() const
{
    return std::string(parser_->get().method_string());
}

std::string request_reader::target() const
{
    return std::string(parser_->get().target());
}

std::vector<std::pair<std::string, std::string>> request_reader::fields() const
{
    std::vector<std::pair<std::string, std::string>> all;
    for (auto const& field : parser_->get()) {
        all.emplace_back(lower(field.name_string()), std::string(field.value()));
    }
    return all;
}

bool request_reader::keep_alive() const
{
    return parser_->keep_alive();
}

bool request_reader::is_http_1_0() const
{
    return parser_->get().version() == 10;
}

bool request_reader::wants_websocket() const
{
    return parser_->upgrade() &&
           lower(parser_->get()[beast::http::field::upgrade]).find("websocket") != std::string::npos;
}

bool request_reader::expects_continue() const
{
    return lower(parser_->get()[beast::http::field::expect]) == "100-continue";
}

bytes request_reader::take_body()
{
    return std::move(parser_->get().body());
}

}  // namespace cerro::http
