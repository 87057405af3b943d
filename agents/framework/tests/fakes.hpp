#pragma once

// A router that exists only as a client session, and a service that exists only as its context.

#include "once.hpp"
#include <cerro/app/service.hpp>
#include <cerro/client/session.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cerro::agent {

class fake_context final : public app::context {
public:
    asio::io_context& io() override { return io_; }
    metrics::registry& metrics() override { return metrics_; }
    asio::awaitable<void> stopped() override
    {
        co_await stop_.wait_until(std::chrono::steady_clock::time_point::max());
    }
    [[nodiscard]] bool stopping() const override { return stop_.happened(); }
    void stop() override { stop_.happen(); }
    void on_reload(std::function<void()>) override {}
    void set_health(std::string trouble) override { health = std::move(trouble); }
    void ask_health(std::function<std::string()> ask) override { health = ask(); }

    std::string health;

private:
    metrics::registry metrics_;
    asio::io_context io_;
    once stop_{io_.get_executor()};
};

/// Joins when told to, notes everything it is asked for, acknowledges publications when told to.
class fake_session final : public client::session {
public:
    explicit fake_session(asio::any_io_executor ex) : ex_(std::move(ex)) {}

    void join()
    {
        joined_ = true;
        on_join_();
    }
    void lose()
    {
        joined_ = false;
        for (auto const& p : std::exchange(pending_, {})) {
            p->lost = true;
            p->answered.happen();
        }
        on_leave_("lost");
    }
    void acknowledge_all()
    {
        for (auto const& p : std::exchange(pending_, {})) {
            p->answered.happen();
        }
    }

    void start() override { note("start"); }
    asio::awaitable<client::outcome<void>> joined(std::chrono::milliseconds) override
    {
        co_return client::outcome<void>();
    }
    [[nodiscard]] bool is_joined() const override { return joined_; }
    [[nodiscard]] wamp::id id() const override { return joined_ ? 1 : 0; }
    [[nodiscard]] dict const& welcome() const override { return welcome_; }
    void on_join(std::function<void()> f) override { on_join_ = std::move(f); }
    void on_leave(std::function<void(std::string const&)> f) override { on_leave_ = std::move(f); }
    void on_restore_error(std::function<void(std::string const&, client::error const&)> f) override
    {
        on_restore_error_ = std::move(f);
    }

    asio::awaitable<client::outcome<client::handle>> subscribe(std::string topic,
                                                               client::event_handler,
                                                               client::subscribe_options o) override
    {
        note("subscribe " + topic + ' ' + std::string(wamp::name(o.match)));
        co_return ++handles_;
    }
    asio::awaitable<client::outcome<client::handle>> register_procedure(std::string uri,
                                                                        client::procedure_handler f,
                                                                        client::register_options o) override
    {
        note("register " + uri + (o.force_reregister ? " by force" : ""));
        if (!refuse_registration.empty() && !(o.force_reregister && force_helps)) {
            co_return client::error(refuse_registration, "refused");
        }
        procedures[uri] = std::move(f);
        co_return ++handles_;
    }
    asio::awaitable<client::outcome<void>> undo(client::handle) override
    {
        note("undo");
        co_return client::outcome<void>();
    }
    asio::awaitable<client::outcome<client::arguments>> call(std::string uri,
                                                             client::arguments a,
                                                             client::call_options) override
    {
        note("call " + uri + ' ' + *a.args.at(0).as_text());
        co_return call_answer;
    }
    bool publish(std::string_view topic, client::arguments const& a, dict const&) override
    {
        if (joined_) {
            note("publish " + std::string(topic));
            published.push_back(a);
        }
        return joined_;
    }
    asio::awaitable<client::outcome<wamp::id>> publish_acknowledged(std::string topic,
                                                                    client::arguments a,
                                                                    dict) override
    {
        auto const p = std::make_shared<pending>(ex_);
        if (!joined_) {
            co_return client::error(wamp::uri::transport_lost);
        }
        note("publish " + topic + " acknowledged");
        records.push_back(std::move(a));
        pending_.push_back(p);
        co_await p->answered.wait_until(std::chrono::steady_clock::time_point::max());
        if (p->lost) {
            co_return client::error(wamp::uri::transport_lost);
        }
        co_return wamp::id(1);
    }
    asio::awaitable<void> leave(std::string) override
    {
        note("leave");
        joined_ = false;
        co_return;
    }
    void abandon() override { joined_ = false; }

    std::vector<std::string> notes;
    std::vector<client::arguments> published;
    std::vector<client::arguments> records;
    std::map<std::string, client::procedure_handler> procedures;
    std::string refuse_registration;
    bool force_helps = false;  ///< no refusal of a registration by force
    client::outcome<client::arguments> call_answer = client::error(wamp::uri::no_such_procedure);
    std::function<void(std::string const&, client::error const&)> on_restore_error_;

private:
    struct pending {
        explicit pending(asio::any_io_executor ex) : answered(std::move(ex)) {}
        once answered;
        bool lost = false;
    };
    void note(std::string text) { notes.push_back(std::move(text)); }

    asio::any_io_executor ex_;
    bool joined_ = false;
    dict welcome_;
    client::handle handles_ = 0;
    std::function<void()> on_join_;
    std::function<void(std::string const&)> on_leave_;
    std::vector<std::shared_ptr<pending>> pending_;
};

}  // namespace cerro::agent
