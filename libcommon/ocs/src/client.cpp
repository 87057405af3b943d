#include <cerro/ocs/client.hpp>
#include <cerro/ocs/protocol.hpp>

namespace cerro::ocs {

asio::awaitable<client::outcome<reply>> agent_client::request(std::string action,
                                                              std::string op,
                                                              request_options o)
{
    dict keywords;
    keywords.append("params", std::move(o.params));
    keywords.append("timeout", o.timeout ? value(*o.timeout) : value());
    if (!o.password.empty()) {
        keywords.append("password", std::move(o.password));
    }
    list words;
    words.emplace_back(std::move(action));
    words.emplace_back(std::move(op));
    client::arguments arguments(std::move(words), std::move(keywords));
    client::call_options options;
    options.timeout = o.call_timeout;
    auto answer = co_await session_->call(ops_address(address_), std::move(arguments), options);
    if (!answer) {
        co_return answer.error();
    }
    auto parsed = parse_reply(answer->args.empty() ? value() : answer->args.front());
    if (!parsed) {
        co_return client::error(wamp::uri::runtime_error, parsed.error().what);
    }
    co_return std::move(*parsed);
}

asio::awaitable<client::outcome<value>> agent_client::query(
    std::string q, std::optional<std::chrono::milliseconds> call_timeout)
{
    list words;
    words.emplace_back(std::move(q));
    client::arguments arguments(std::move(words));
    client::call_options options;
    options.timeout = call_timeout;
    auto answer = co_await session_->call(address_, std::move(arguments), options);
    if (!answer) {
        co_return answer.error();
    }
    if (answer->args.empty()) {
        co_return value();
    }
    co_return std::move(answer->args.front());
}

asio::awaitable<client::outcome<value>> agent_client::get_api(
    std::optional<std::chrono::milliseconds> call_timeout)
{
    return query(std::string(ocs::query::get_api), call_timeout);
}

}  // namespace cerro::ocs
