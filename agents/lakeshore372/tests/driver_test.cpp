#include "cerro/lakeshore372/driver.hpp"

#include "loop.hpp"
#include <cerro/sim372/server.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch.hpp>

namespace {

using namespace cerro::lakeshore372;
namespace sim = cerro::sim372;
using tests::run;

/// A simulator and a driver on one loop.
struct bench {
    bench()
    {
        sim::server_options o;
        o.port = 0;
        o.instrument.autoscan = false;
        server = sim::server::start(io, o);
        cerro::instrument::options c;
        c.host = "127.0.0.1";
        c.port = server->port();
        c.gap_after_command = std::chrono::milliseconds(0);
        c.reply_timeout = std::chrono::milliseconds(300);
        connection = cerro::instrument::connection::create(io.get_executor(), c);
        bridge = std::make_unique<driver>(connection);
    }

    /// What the simulator heard during `work`.
    template <class Work>
    std::vector<std::string> heard_during(Work work)
    {
        auto const before = server->heard().size();
        run(io, work);
        std::vector<std::string> lines(server->heard().begin() + static_cast<std::ptrdiff_t>(before),
                                       server->heard().end());
        for (auto& l : lines) {
            l.erase(l.find_last_not_of('\r') + 1);
        }
        return lines;
    }

    boost::asio::io_context io;
    std::shared_ptr<sim::server> server;
    std::shared_ptr<cerro::instrument::connection> connection;
    std::unique_ptr<driver> bridge;
};

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("codes: the nearest step by absolute difference")
{
    REQUIRE(excitation_code(1, excitation_mode::voltage, 20e-6) == 3);
    REQUIRE(excitation_code(1, excitation_mode::voltage, 0) == 1);
    REQUIRE(excitation_code(1, excitation_mode::voltage, 5) == 12);
    REQUIRE(excitation_code(1, excitation_mode::current, 1e-9) == 7);
    REQUIRE(excitation_code(0, excitation_mode::current, 30e-9) == 5);
    REQUIRE(range_code(2000) == 13);
    REQUIRE(range_code(1e9) == 22);
    REQUIRE(range_value(13) == 2000.0);
    REQUIRE_FALSE(range_value(23));
    REQUIRE(heater_range_code(0.001) == 4);
    REQUIRE(heater_range_code(0.00316) == 5);
    REQUIRE_FALSE(heater_range_code(0.002));
    REQUIRE(output_mode_code("Closed Loop") == 5);
    REQUIRE_FALSE(output_mode_code("closed loop"));
    REQUIRE(plain_number(1e-5) == "0.00001");
    REQUIRE(shortest(31.6e-6) == "3.16e-05");
    REQUIRE(parse_number(" +10.60") == 10.6);
    REQUIRE_FALSE(parse_number("1,2"));
    REQUIRE_FALSE(parse_number("inf"));
}

TEST_CASE("driver: readings carry the temperature of the input that was asked for")
{
    bench b;
    run(b.io, [&]() -> asio::awaitable<void> {
        for (int input = 1; input <= channel_count; ++input) {
            auto const t = co_await b.bridge->kelvin(input);
            auto const r = co_await b.bridge->ohm(input);
            REQUIRE(t.has_value());
            REQUIRE(r.has_value());
            REQUIRE(*t == Approx(sim::cryostat::base_kelvin(input)).epsilon(0.04));
            REQUIRE(*r == Approx(sim::cryostat::ohm(*t)).epsilon(0.001));
        }
    });
}

TEST_CASE("driver: a setter reads the line, replaces one field, writes it back and looks")
{
    bench b;
    auto const heard = b.heard_during([&]() -> asio::awaitable<void> {
        auto const done = co_await b.bridge->change(line_kind::inset, 2, field::inset_dwell, "20");
        REQUIRE(done.has_value());
    });
    REQUIRE(heard == lines{"INSET? 2", "INSET 2,1,20,003,21,1", "INSET? 2"});
    REQUIRE(b.server->device().setting("INSET", 2) == "1,020,003,21,1");
}

TEST_CASE("driver: excitation follows the mode of the input")
{
    bench b;
    auto const heard = b.heard_during([&]() -> asio::awaitable<void> {
        auto const mode = co_await b.bridge->change(line_kind::intype, 3, field::intype_mode, "1");
        REQUIRE(mode.has_value());
        auto const set = co_await b.bridge->set_excitation(3, 1.1e-9);
        REQUIRE(set.has_value());
        auto const now = co_await b.bridge->setup(3);
        REQUIRE(now.has_value());
        REQUIRE(now->mode == excitation_mode::current);
        REQUIRE(now->excitation == 1e-9);
        REQUIRE(now->autorange == 1);
        REQUIRE(now->range == 63.2);
    });
    REQUIRE(heard[1] == "INTYPE 3,1,07,1,10,0,1");
    REQUIRE(heard[5] == "INTYPE 3,1,7,1,10,0,1");
}

TEST_CASE("driver: a value that the instrument does not take is an error that tells what it has")
{
    bench b;
    run(b.io, [&]() -> asio::awaitable<void> {
        auto const done = co_await b.bridge->change(line_kind::inset, 2, field::inset_dwell, "999");
        REQUIRE_FALSE(done.has_value());
        REQUIRE(done.error().code == cerro::errc::refused);
        REQUIRE(done.error().what.find("it has 1,005,003,21,1") != std::string::npos);
    });
}

TEST_CASE("driver: outputs")
{
    bench b;
    run(b.io, [&]() -> asio::awaitable<void> {
        auto const range = co_await b.bridge->set_heater_range(output::sample, 4);
        REQUIRE(range.has_value());
        auto const manual = co_await b.bridge->set_manual_output(output::sample, 12.5);
        REQUIRE(manual.has_value());
        auto const pid = co_await b.bridge->set_pid(10, 20, 0);
        REQUIRE(pid.has_value());
        auto const still = co_await b.bridge->set_still_output(12.5);
        REQUIRE(still.has_value());
        auto const shown = co_await b.bridge->still_output();
        REQUIRE(*shown == "+12.50");
        auto const goal = co_await b.bridge->set_setpoint(0.15);
        REQUIRE(goal.has_value());
        auto const setpoint = co_await b.bridge->setpoint();
        REQUIRE(*setpoint == Approx(0.15));
        auto const input = co_await b.bridge->servo_input();
        REQUIRE(*input == 6);
        scanner wanted;
        wanted.channel = 7;
        auto const scan = co_await b.bridge->set_scan(wanted);
        REQUIRE(scan.has_value());
    });
    auto const& d = b.server->device();
    REQUIRE(d.setting("RANGE", 0) == "4");
    REQUIRE(d.setting("MOUT", 0) == "+12.5000");
    REQUIRE(d.setting("PID", 0) == "+0010.00,+00020.0,+00000.0");
    REQUIRE(d.active_channel() == 7);
}

TEST_CASE("driver: after every fault the next answer belongs to its question")
{
    auto const kind = GENERATE(sim::fault_kind::silence,
                               sim::fault_kind::close,
                               sim::fault_kind::reset,
                               sim::fault_kind::off,
                               sim::fault_kind::garbage,
                               sim::fault_kind::half,
                               sim::fault_kind::late);
    bench b;
    run(b.io, [&]() -> asio::awaitable<void> {
        auto const warm = co_await b.bridge->kelvin(1);
        REQUIRE(warm.has_value());
        b.server->begin_fault(kind, 60);
        auto const failed = co_await b.bridge->kelvin(2);
        REQUIRE_FALSE(failed.has_value());
        b.server->end_faults();
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        auto next = co_await b.bridge->kelvin(3);
        while (!next.has_value() && std::chrono::steady_clock::now() < until) {
            boost::asio::steady_timer pause(b.io, std::chrono::milliseconds(50));
            co_await pause.async_wait(boost::asio::use_awaitable);
            next = co_await b.bridge->kelvin(3);
        }
        REQUIRE(next.has_value());
        REQUIRE(*next == Approx(sim::cryostat::base_kelvin(3)).epsilon(0.04));
    });
}
