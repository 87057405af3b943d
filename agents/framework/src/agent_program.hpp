#pragma once

// The running agent: its procedures, heartbeat, reconnection, shut-down.

#include "access.hpp"
#include "call_arguments.hpp"
#include "feeds.hpp"
#include "operations.hpp"
#include <cerro/agent/agent.hpp>
#include <cerro/ocs/site.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cerro::agent {

/// Everything that is decided before the loop starts.
struct agent_settings {
    ocs::program_settings site;
    access_policy policy;
    std::string agent_class;
    std::chrono::milliseconds stop_limit{10'000};  ///< for operations to end
    std::chrono::milliseconds drain_limit{2'000};  ///< for the last feed messages
    std::chrono::milliseconds heartbeat{1'000};
    std::chrono::milliseconds retry_first{500};  ///< of a refused registration after a re-join
    std::chrono::milliseconds retry_max{5'000};
    std::chrono::milliseconds holder_limit{2'000};  ///< for another session with our address to answer
    std::chrono::milliseconds take_over{30'000};    ///< one that does not answer loses the address after this
};

class agent_program final : public agent, public std::enable_shared_from_this<agent_program> {
public:
    agent_program(app::context& context, std::shared_ptr<client::session> session, agent_settings settings);

    /// From set-up to the end. @return the exit code
    asio::awaitable<int> run(std::function<void(agent&)> setup);

    void task(std::string name, parameters p, body run, operation_options o) override;
    void process(std::string name, parameters p, body run, operation_options o) override;
    std::shared_ptr<feed> make_feed(std::string name, feed_options o) override;
    std::shared_ptr<device_lock> make_lock() override;
    void subscribe(std::string topic, wamp::match_policy m, client::event_handler f) override;
    void on_heartbeat_switch(bool on) override { heartbeat_on_ = on; }
    bool start(std::string const& op, dict params) override
    {
        return operations_.start(op, std::move(params));
    }
    [[nodiscard]] dict op_codes() const override { return operations_.op_codes(); }

    [[nodiscard]] std::string const& address() const override { return identity_.address; }
    [[nodiscard]] std::string const& address_root() const override { return settings_.site.hub.address_root; }
    [[nodiscard]] std::string const& instance_id() const override { return settings_.site.instance_id; }
    [[nodiscard]] bool access_controlled() const override { return settings_.policy.active(); }
    [[nodiscard]] client::session& session() override { return *session_; }
    [[nodiscard]] app::context& context() override { return context_; }
    [[nodiscard]] asio::io_context& io() override { return context_.io(); }
    [[nodiscard]] asio::thread_pool& workers() override { return workers_; }
    [[nodiscard]] bool running() const override { return !stop_.happened(); }
    void quit(int code) override;

private:
    struct subscription {
        std::string topic;
        wamp::match_policy match;
        client::event_handler handler;
    };
    struct procedure {
        std::string uri;
        client::handle handle = 0;
        bool retrying = false;
    };

    void spawn(std::string what, asio::awaitable<void> work);
    void on_join();
    void on_leave(std::string const& reason);
    void on_restore_error(std::string const& uri, client::error const& e);
    asio::awaitable<void> watch_stop();
    asio::awaitable<void> begin();
    /// Another session with our address.
    enum class holder : std::uint8_t { answers, silent, unknown };

    asio::awaitable<bool> register_first(procedure& p);
    asio::awaitable<holder> ask_holder();
    void wait_for_holder(procedure const& p);
    void refused(procedure const& p, client::error const& e);
    asio::awaitable<void> force_registrations();
    asio::awaitable<void> retry_registration(std::size_t index);
    asio::awaitable<void> subscribe_now(subscription s);
    asio::awaitable<void> beat();
    asio::awaitable<void> give_up_later(std::uint64_t loss);
    asio::awaitable<void> shut_down();
    [[nodiscard]] client::procedure_handler handler_of(std::string const& uri);
    static asio::awaitable<client::outcome<client::arguments>> answer(std::shared_ptr<agent_program> self,
                                                                      bool is_operations,
                                                                      client::invocation call);
    asio::awaitable<client::outcome<client::arguments>> on_operation(client::invocation call);
    asio::awaitable<client::outcome<client::arguments>> on_management(client::invocation call);
    [[nodiscard]] value answer_query(std::string const& q);
    [[nodiscard]] dict describe_api();
    [[nodiscard]] list describe_feeds() const;

    app::context& context_;
    std::shared_ptr<client::session> session_;
    agent_settings settings_;
    agent_identity identity_;
    double started_;
    operations operations_;
    std::shared_ptr<record_publisher> records_;
    std::vector<std::shared_ptr<feed_publisher>> feeds_;
    std::shared_ptr<feed_publisher> heartbeat_;
    std::vector<subscription> subscriptions_;
    std::array<procedure, 2> procedures_;  ///< operations, then management: in this order they are registered
    asio::thread_pool workers_;
    once stop_;
    asio::steady_timer beat_timer_;
    bool heartbeat_on_ = true;
    bool beginning_ = false;
    std::optional<std::chrono::steady_clock::time_point>
        take_over_at_;     ///< set when an address is held in silence
    bool begun_ = false;   ///< the first join is complete
    bool forced_ = false;  ///< registrations are renewed by force at each further join
    std::uint64_t losses_ = 0;
    int exit_code_ = 0;
};

}  // namespace cerro::agent
