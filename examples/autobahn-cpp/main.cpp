// A client of an OCS agent in Autobahn|Cpp: starts a process of the agent, prints what its feed brings, stops
// it. While it watches, AGENT.watcher.seen tells how many events came; AGENT.watcher.done is published at the
// end.
//
//     example-autobahn-cpp URL REALM AGENT PROCESS FEED [EVENTS]
//     example-autobahn-cpp rs://127.0.0.1:8081 test_realm observatory.faker acq false_temperatures
//
// URL is rs://ADDRESS:PORT (RawSocket, msgpack) or ws://HOST:PORT/PATH. Ends with 0 when EVENTS events
// (default 3) came and the process ended well, else with 1.

#include <boost/asio.hpp>

#include <autobahn/autobahn.hpp>
#include <autobahn/wamp_websocketpp_websocket_transport.hpp>
#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using websocket_client = websocketpp::client<websocketpp::config::asio_client>;
using websocket_transport = autobahn::wamp_websocketpp_websocket_transport<websocketpp::config::asio_client>;

constexpr auto patience = boost::chrono::seconds(15);  // for one answer
constexpr double wait_for_end = 10.0;                  // seconds that the process may take to stop

/// The value of a future that somebody must answer in time.
template <class T>
T take(boost::future<T> f, char const* what)
{
    if (f.wait_for(patience) != boost::future_status::ready) {
        throw std::runtime_error(std::string(what) + ": no answer");
    }
    return f.get();
}

class agent_client {
public:
    agent_client(autobahn::wamp_session& session, std::string address)
        : session_(session), operations_(std::move(address) + ".ops")
    {}

    /// Calls AGENT.ops with [action, operation, parameters, timeout] and prints the answer.
    template <class... More>
    void perform(std::string const& action, std::string const& operation, More const&... more)
    {
        auto const arguments = std::make_tuple(action, operation, more...);
        check(action, operation, take(session_.call(operations_, arguments), action.c_str()));
    }

private:
    static std::string text(msgpack::object const& o)
    {
        return o.is_nil() ? std::string() : o.as<std::string>();
    }

    /// The one argument of the result is a list: [status, message, session]; status 0 is ok, -1 error, 1
    /// timeout.
    static void check(std::string const& action,
                      std::string const& operation,
                      autobahn::wamp_call_result result)
    {
        auto const parts = result.argument<std::vector<msgpack::object>>(0);
        if (parts.size() != 3) {
            throw std::runtime_error(action + ": the answer is not [status, message, session]");
        }
        auto const status = parts[0].as<int>();
        std::cout << action << " " << operation << ": " << status << " " << text(parts[1]) << std::endl;
        if (status != 0) {
            throw std::runtime_error(action + " " + operation + " failed");
        }
        if (action == "wait") {
            auto const session = parts[2].as<std::map<std::string, msgpack::object>>();
            auto const success = session.find("success");
            if (success == session.end() || success->second.type != msgpack::type::BOOLEAN ||
                !success->second.via.boolean) {
                throw std::runtime_error(operation + " did not end with success");
            }
        }
    }

    autobahn::wamp_session& session_;
    std::string operations_;
};

/// Prints the samples of one event of a record feed: its argument is [{block: {timestamps, data}},
/// information].
void print_event(autobahn::wamp_event const& event)
{
    auto const parts = event.argument<std::vector<msgpack::object>>(0);
    auto const blocks = parts.at(0).as<std::map<std::string, msgpack::object>>();
    for (auto const& [name, block] : blocks) {
        auto const members = block.as<std::map<std::string, msgpack::object>>();
        auto const fields = members.at("data").as<std::map<std::string, std::vector<double>>>();
        for (auto const& [field, samples] : fields) {
            std::cout << name << "." << field << ":";
            for (auto const v : samples) {
                std::cout << " " << v;
            }
            std::cout << std::endl;
        }
    }
}

/// The transport for the url. `websocket` must outlive it.
std::shared_ptr<autobahn::wamp_transport> make_transport(boost::asio::io_service& io,
                                                         websocket_client& websocket,
                                                         std::string const& url)
{
    std::string const raw = "rs://";
    if (url.compare(0, raw.size(), raw) == 0) {
        auto const colon = url.rfind(':');
        auto const address = boost::asio::ip::make_address(url.substr(raw.size(), colon - raw.size()));
        auto const port = static_cast<unsigned short>(std::stoul(url.substr(colon + 1)));
        return std::make_shared<autobahn::wamp_tcp_transport>(io,
                                                              boost::asio::ip::tcp::endpoint(address, port));
    }
    websocket.init_asio(&io);
    return std::make_shared<websocket_transport>(websocket, url);
}

int talk(boost::asio::io_service& io, std::vector<std::string> const& arguments)
{
    auto const& url = arguments[0];
    auto const& realm = arguments[1];
    auto const& address = arguments[2];
    auto const& process = arguments[3];
    auto const& feed = arguments[4];
    int const wanted = arguments.size() > 5 ? std::stoi(arguments[5]) : 3;

    websocket_client websocket;
    auto const transport = make_transport(io, websocket, url);
    auto const session = std::make_shared<autobahn::wamp_session>(io);
    transport->attach(session);
    take(transport->connect(), "connect");
    take(session->start(), "start");
    auto const id = take(session->join(realm), "join");
    std::cout << "joined " << realm << " as " << id << std::endl;

    std::atomic<int> events{0};
    auto const topic = address + ".feeds." + feed;
    auto const on_event = [&events](autobahn::wamp_event const& event) {
        print_event(event);
        ++events;
    };
    take(session->subscribe(topic, on_event), "subscribe");
    // What this program offers to others: how many events it has seen.
    auto const tell = [&events](autobahn::wamp_invocation invocation) {
        invocation->result(std::make_tuple(events.load()));
    };
    take(session->provide(address + ".watcher.seen", tell), "register");

    agent_client agent(*session, address);
    std::map<std::string, double> const no_parameters;
    agent.perform("start", process, no_parameters);
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (events < wanted && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    agent.perform("stop", process, no_parameters);
    agent.perform("wait", process, no_parameters, wait_for_end);

    take(session->publish(address + ".watcher.done", std::make_tuple(events.load())), "publish");

    take(session->leave(), "leave");
    take(session->stop(), "stop");
    try {
        take(transport->disconnect(), "disconnect");
    } catch (std::exception const&) {
        // The router has closed the connection already, as it does after GOODBYE.
    }
    std::cout << events << " events" << std::endl;
    return events >= wanted ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 6 || argc > 7) {
        std::cerr << "usage: " << argv[0] << " URL REALM AGENT PROCESS FEED [EVENTS]\n";
        return 2;
    }
    // The library's futures are waited for here, its input and output runs in a thread of its own.
    boost::asio::io_service io;
    auto const work = std::make_unique<boost::asio::io_service::work>(io);
    std::thread loop([&io] { io.run(); });
    int code = 1;
    try {
        code = talk(io, std::vector<std::string>(argv + 1, argv + argc));
    } catch (std::exception const& e) {
        std::cerr << argv[0] << ": " << e.what() << std::endl;
    }
    io.stop();
    loop.join();
    return code;
}
