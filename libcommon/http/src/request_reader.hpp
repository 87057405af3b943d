#pragma once

// One request, from bytes as they come. No I/O; Beast's parser does the work inside.

#include <cerro/base/bytes.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cerro::http {

class request_reader {
public:
    enum class step : std::uint8_t {
        need_more,  ///< give more bytes
        head,       ///< the head is complete; fields can be read, and body() can follow
        complete,   ///< the body is complete too
        refused,    ///< see status() and reason(); the connection cannot go on
    };

    request_reader(std::size_t max_head, std::size_t max_body);
    ~request_reader();
    request_reader(request_reader const&) = delete;
    request_reader& operator=(request_reader const&) = delete;

    /// Takes what it can from the front of `buffer` until the head is complete.
    step read_head(bytes& buffer);
    /// After `head`: the same for the body.
    step read_body(bytes& buffer);

    // After `refused`
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] std::string const& reason() const { return reason_; }

    // After `head`
    [[nodiscard]] std::string method() const;
    [[nodiscard]] std::string target() const;
    /// Names in lower case, in order.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields() const;
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] bool is_http_1_0() const;
    [[nodiscard]] bool wants_websocket() const;
    [[nodiscard]] bool expects_continue() const;
    /// As received, with its final empty line.
    [[nodiscard]] bytes const& raw_head() const { return raw_head_; }

    // After `complete`
    [[nodiscard]] bytes take_body();

private:
    struct parser;
    step put(bytes& buffer, bool head);
    step refuse(int status, std::string reason);

    std::unique_ptr<parser> parser_;
    bytes raw_head_;
    std::size_t max_head_;
    int status_ = 0;
    std::string reason_;
};

}  // namespace cerro::http
