// A service and a tool of a few lines, for service_test.cpp.

#include <cerro/app/service.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <CLI/App.hpp>

#include <iostream>

namespace {

namespace app = cerro::app;
namespace asio = boost::asio;

std::string mode = "wait";
std::string site = "none";
std::vector<std::string> passed_over;

asio::awaitable<int> run(app::context& context)
{
    if (mode == "failure") {
        throw cerro::failure("the port is taken", 1);
    }
    if (mode == "configuration") {
        throw cerro::failure("x.yaml:1:2: wrong", app::exit_code::configuration);
    }
    if (mode == "bug") {
        throw std::runtime_error("never thought of");
    }
    std::cout << "site=" << site;
    for (auto const& word : passed_over) {
        std::cout << " <" << word << ">";
    }
    std::cout << std::endl;
    if (mode == "five") {
        co_return 5;
    }
    if (mode == "sleep") {  // as a tool that waits for an answer
        asio::steady_timer timer(context.io(), std::chrono::hours(1));
        co_await timer.async_wait(asio::use_awaitable);
    }
    if (mode == "sick") {
        context.set_health("the disk is full");
    }
    int reloads = 0;
    context.on_reload([&reloads] { std::cout << "reload " << ++reloads << std::endl; });
    context.on_reload([] { throw std::runtime_error("bad file"); });
    context.metrics().make_counter("test_events_total", "Events.").add(3);
    co_await context.stopped();
    if (mode == "stuck") {
        std::cout << "stuck" << std::endl;
        asio::steady_timer timer(context.io(), std::chrono::hours(1));
        co_await timer.async_wait(asio::use_awaitable);
    }
    std::cout << "drained " << context.stopping() << std::endl;
    co_return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    app::description d;
    d.name = "cerro-test";
    d.summary = "Runs for a test.";
    d.options = [](CLI::App& a) {
        a.add_option("--mode", mode);
        a.add_option("--site", site);
        a.add_option("--site-host", site);
    };
    d.check = [] {
        if (mode == "configuration") {
            throw cerro::failure("x.yaml:1:2: wrong", app::exit_code::configuration);
        }
    };
    d.run = run;
    d.prefix_options = true;
    bool const is_tool = std::getenv("CERRO_TEST_TOOL") != nullptr;
    if (std::getenv("CERRO_TEST_PASS_OVER") != nullptr) {
        d.passed_over = &passed_over;
    }
    return is_tool ? app::run_tool(argc, argv, d) : app::run_service(argc, argv, d);
}
