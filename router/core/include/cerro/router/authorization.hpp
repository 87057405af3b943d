#pragma once

/// @file
/// Dynamic authorization (wamp protocol, 10): what one session asks for waits until the authorizer of its
/// role has answered. Broker and dealer see only the role's rights.

#include <cerro/router/core.hpp>
#include <cerro/router/own_caller.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cerro::router {

/// One for each session of a role with an authorizer. A request that has to be asked for is held, and all
/// that follows it but YIELD, ERROR and GOODBYE, so that the order stays. No answer is a no.
class authorization {
public:
    /// @param who      has joined; must outlive this object
    /// @param dispatch handles a message as if it came now; may end the session and destroy this object
    authorization(core& c, realm& home, member& who, std::function<void(byte_view)> dispatch);
    authorization(authorization const&) = delete;
    authorization& operator=(authorization const&) = delete;
    ~authorization();

    /// @return false: to be handled now, the rights for it are known. True: it is held, or refused already.
    /// @param bytes the message as received
    [[nodiscard]] bool holds(wamp::message const& m, byte_view bytes);

    [[nodiscard]] std::size_t held() const { return queue_.size(); }

private:
    enum class action : std::uint8_t { none, call, publish, register_, subscribe };
    struct decision {
        rights granted;
        bool failed = false;  // the authorizer gave no answer
        bool cache = false;
        std::string text;  // why it failed
    };
    struct request {
        std::uint64_t serial = 0;
        bytes message;
        action what = action::none;
        std::string key;               // action and URI
        own_caller::call_id call = 0;  // 0: not asked
        std::optional<decision> answer;
    };

    static action action_of(wamp::message_type t);
    static decision read(own_outcome const& o, action what, authorizer_rule const& rule);
    void follow(std::shared_ptr<role> now);
    void ask(request& r, wamp::message const& m);
    void answered(std::uint64_t serial, own_outcome const& o);
    [[nodiscard]] bool ready(request& front);
    void pump();
    void handle(request r);
    void refuse(wamp::message const& m, std::string_view error, std::string_view text);

    core& core_;
    realm& realm_;
    member& who_;
    std::function<void(byte_view)> dispatch_;
    std::shared_ptr<role> own_;  // what `who` has now; told before each request what it may
    std::optional<authorizer_rule> rule_;
    std::shared_ptr<own_caller> caller_;
    std::deque<request> queue_;
    std::size_t held_bytes_ = 0;
    string_map<decision> cached_;
    std::uint64_t last_ = 0;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace cerro::router
