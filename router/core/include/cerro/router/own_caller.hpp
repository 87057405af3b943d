#pragma once

/// @file
/// Calls and publications by the router itself: dynamic authenticators and authorizers, HTTP paths.

#include <cerro/router/core.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// What a call of the router itself came to.
struct own_outcome {
    std::string error;  ///< error URI; empty: a result
    list args;
    dict kwargs;
    bool decodable =
        true;  ///< false: an answer came that cannot be read as values; args and kwargs are empty
};

/// A member of a realm that is the router's own: it has a role and a session id, but is in no session list.
class own_caller final : private peer {
public:
    using call_id = std::uint64_t;
    using done = std::function<void(own_outcome)>;

    /// Joins at once. Core and realm must outlive it.
    /// @param allowed   what it may do
    /// @param transport how INVOCATION and the log tell of it, e.g. "http"
    own_caller(core& c, realm& r, std::shared_ptr<role> allowed, std::string transport = "internal");
    own_caller(own_caller const&) = delete;
    own_caller& operator=(own_caller const&) = delete;
    /// Leaves the realm; open calls are cancelled and never answered.
    ~own_caller() override;

    /// @param timeout wamp.error.timeout after so long, and the call is cancelled; none: as long as it takes
    /// @param f called once with the outcome, from environment::deadlines: never inside of call(), nor inside
    /// of any other function of the core. It may do everything, also destroy this object.
    call_id call(std::string_view procedure,
                 list const& args,
                 dict const& kwargs,
                 std::optional<std::chrono::milliseconds> timeout,
                 done f);
    /// Forgets a call: the callee is told, `f` is not. An id that is done already does no harm.
    void cancel(call_id id);
    /// Acknowledged by `f` if there is one (kwargs empty, args the publication id), else fire and forget.
    void publish(
        std::string_view topic, list const& args, dict const& kwargs, dict options = {}, done f = {});

    [[nodiscard]] realm& home() const { return realm_; }
    [[nodiscard]] identity const& who() const { return member_.who; }
    /// Calls and publications without an outcome.
    [[nodiscard]] std::size_t open() const { return open_.size(); }

private:
    struct pending {
        done f;
        timers::timer_id deadline = 0;
        bool answered = false;
        own_outcome outcome;
    };

    bool send(shared_bytes frame, bool droppable) override;
    void close(ending why, std::string const& text) override;
    call_id begin(std::optional<std::chrono::milliseconds> timeout, done f);
    void finish(call_id id, own_outcome outcome);
    void deliver();
    void tell_callee(call_id id);

    core& core_;
    realm& realm_;
    member member_;
    flat_map<call_id, pending> open_;
    std::vector<call_id> ready_;  // answered, to be delivered
    timers::timer_id delivery_ = 0;
    call_id last_ = 0;
    bool leaving_ = false;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace cerro::router
