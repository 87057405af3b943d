#pragma once

/// @file
/// A client session without a router: data nodes that answer, fail, hang, or speak as those of 2019.

#include <cerro/client/session.hpp>
#include <cerro/dans/api.hpp>
#include <cerro/weather/archive.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>

namespace cerro::bridge {

namespace asio = boost::asio;

/// Nodes: apex_archive (ours), old (Python: no max_points, unequal lengths, NaN), broken (errors), silent
/// (never answers within its time-out).
class fake_session : public client::session {
public:
    explicit fake_session(asio::any_io_executor ex) : executor_(std::move(ex)) {}

    bool joined_now = true;
    std::map<std::string, int> calls;  ///< by procedure
    std::vector<dict> kwargs_of_old;

    void start() override {}
    asio::awaitable<client::outcome<void>> joined(std::chrono::milliseconds) override
    {
        co_return client::outcome<void>();
    }
    [[nodiscard]] bool is_joined() const override { return joined_now; }
    [[nodiscard]] wamp::id id() const override { return 7; }
    [[nodiscard]] dict const& welcome() const override { return welcome_; }
    void on_join(std::function<void()>) override {}
    void on_leave(std::function<void(std::string const&)>) override {}
    asio::awaitable<client::outcome<client::handle>> subscribe(std::string,
                                                               client::event_handler,
                                                               client::subscribe_options) override
    {
        co_return client::handle{1};
    }
    asio::awaitable<client::outcome<client::handle>> register_procedure(std::string,
                                                                        client::procedure_handler,
                                                                        client::register_options) override
    {
        co_return client::handle{1};
    }
    asio::awaitable<client::outcome<void>> undo(client::handle) override
    {
        co_return client::outcome<void>();
    }
    void on_restore_error(std::function<void(std::string const&, client::error const&)>) override {}
    bool publish(std::string_view, client::arguments const&, dict const&) override { return true; }
    asio::awaitable<client::outcome<wamp::id>> publish_acknowledged(std::string,
                                                                    client::arguments,
                                                                    dict) override
    {
        co_return wamp::id{1};
    }
    asio::awaitable<void> leave(std::string) override { co_return; }
    void abandon() override {}

    asio::awaitable<client::outcome<client::arguments>> call(std::string procedure,
                                                             client::arguments a,
                                                             client::call_options o) override
    {
        ++calls[procedure];
        std::string const consumer = "org.simonsobservatory.consumer.";
        auto const rest = procedure.starts_with(consumer) ? procedure.substr(consumer.size()) : procedure;
        if (rest == "get_data_node") {
            list nodes;
            for (auto const* n : {"apex_archive", "old", "broken", "silent"}) {
                nodes.emplace_back(dict{{"name", n}, {"description", std::string("node ") + n}});
            }
            co_return client::arguments(list{value(std::move(nodes))});
        }
        if (rest.starts_with("silent.")) {
            asio::steady_timer t(executor_, *o.timeout);
            [[maybe_unused]] auto [ec] = co_await t.async_wait(asio::as_tuple(asio::use_awaitable));
            co_return client::error(wamp::uri::timeout, "no answer");
        }
        if (rest.starts_with("broken.")) {
            co_return client::error(wamp::uri::runtime_error, "it broke");
        }
        if (rest == "apex_archive.get_fields") {
            co_return client::arguments(list{value(dans::fields_reply(archive_.fields({1, 2e9})))});
        }
        if (rest == "apex_archive.get_data") {
            co_return get_data(std::move(a));
        }
        if (rest == "old.get_fields") {
            dict const field{
                {"description", nullptr}, {"timeline", "t"}, {"type", "number"}, {"units", nullptr}};
            co_return client::arguments(
                list{list{dict{{"x", field}, {"y", field}, {"odd(name)", field}},
                          dict{{"t", dict{{"interval", nullptr}, {"field", list{"x", "y"}}}}}}});
        }
        if (rest == "old.get_data") {
            kwargs_of_old.push_back(a.kwargs);
            if (a.kwargs.contains("max_points")) {
                co_return client::error(wamp::uri::runtime_error,
                                        "got an unexpected keyword argument 'max_points'");
            }
            double const t = *a.args[1].as_double();
            co_return client::arguments(
                list{dict{{"data",
                           dict{{"x", list{1, std::numeric_limits<double>::quiet_NaN(), 3}},
                                {"y", list{1, 2}},
                                {"odd(name)", list{}}}},
                          {"timeline",
                           dict{{"t", dict{{"t", list{t, t + 1, t + 2}}, {"finalized_until", nullptr}}}}}}});
        }
        co_return client::error(wamp::uri::no_such_procedure,
                                "no callee registered for procedure <" + procedure + ">");
    }

private:
    client::outcome<client::arguments> get_data(client::arguments a)
    {
        dans::signature const s{"get_data", {"field", "start", "end", "min_stride", "max_points"}, 3};
        auto const bound = dans::bind(s, std::move(a.args), std::move(a.kwargs));
        auto const request = dans::parse_data_request(bound.value(), 1.8e9);
        return client::arguments(list{dans::data_reply(archive_, request.value(), 500'000)});
    }

    asio::any_io_executor executor_;
    dict welcome_;
    weather::archive archive_{std::string(CERRO_TEST_DATA) + "/sisock/example_weather"};
};

}  // namespace cerro::bridge
