#include "cerro/sim372/program.hpp"

#include "cerro/sim372/server.hpp"
#include <cerro/app/service.hpp>
#include <cerro/log/log.hpp>

#include <CLI/CLI.hpp>

#include <fstream>

namespace cerro::sim372 {

namespace {

struct command_line {
    server_options server;
    std::uint16_t control = 0;
    CLI::Option* control_given = nullptr;
    bool no_autoscan = false;
    std::string ports_file;
    std::vector<std::string> faults;
};

void add_options(CLI::App& app, command_line& c)
{
    auto& o = c.server;
    app.add_option("--address", o.address, "address to listen on")->capture_default_str();
    app.add_option("--port", o.port, "port of the instrument, 0 = any free one")->capture_default_str();
    c.control_given =
        app.add_option("--control-port", c.control, "port for lines as 'silence 5', 'none'; 0 = any");
    app.add_option("--ports-file", c.ports_file, "write the ports there: 'instrument N', 'control N'");
    app.add_option("--serial-number", o.instrument.serial, "what *IDN? says")->capture_default_str();
    app.add_option("--seed", o.instrument.seed, "of the noise; equal seeds, equal readings")
        ->capture_default_str();
    app.add_flag("--no-autoscan", c.no_autoscan, "start with the scanner standing on channel 1");
    app.add_option("--dwell", o.instrument.dwell_s, "dwell time of every channel [s]")
        ->check(CLI::Range(1, 200))
        ->capture_default_str();
    app.add_option("--pause", o.instrument.pause_s, "pause after a channel switch [s]")
        ->check(CLI::Range(3, 200))
        ->capture_default_str();
    app.add_option(
        "--fault",
        c.faults,
        "KIND:START:DURATION in seconds, KIND one of silence close reset off garbage late half restart");
}

void write_ports_file(std::string const& path, server const& s)
{
    std::ofstream file(path);
    file << "instrument " << s.port() << '\n';
    if (s.control_port() != 0) {
        file << "control " << s.control_port() << '\n';
    }
    file.close();
    if (!file) {
        throw failure("cannot write the ports file " + path);
    }
}

asio::awaitable<int> serve(app::context& context, command_line& c)
{
    for (auto const& text : c.faults) {
        auto const f = parse_fault(text);
        if (!f) {
            throw failure("--fault: " + f.error().what, app::exit_code::usage);
        }
        c.server.faults.push_back(*f);
    }
    if (c.control_given->count() > 0) {
        c.server.control = c.control;
    }
    c.server.instrument.autoscan = !c.no_autoscan;
    auto const s = server::start(context.io(), c.server);
    log::info("sim372", "listening", {{"port", s->port()}, {"control_port", s->control_port()}});
    if (!c.ports_file.empty()) {
        write_ports_file(c.ports_file, *s);
    }
    co_await context.stopped();
    s->stop();
    co_return app::exit_code::ok;
}

}  // namespace

int run_simulator(int argc, char const* const* argv)
{
    command_line c;
    app::description d;
    d.name = "cerro-sim-lakeshore372";
    d.summary = "A simulated Lake Shore 372 temperature bridge on TCP";
    d.options = [&c](CLI::App& app) { add_options(app, c); };
    d.run = [&c](app::context& context) { return serve(context, c); };
    return app::run_service(argc, argv, std::move(d));
}

}  // namespace cerro::sim372
