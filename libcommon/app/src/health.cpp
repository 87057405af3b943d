#include "health.hpp"

#include <cerro/app/service.hpp>
#include <cerro/base/time.hpp>
#include <cerro/log/log.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace cerro::app {

namespace {

double resident_bytes()
{
    std::ifstream file("/proc/self/statm");
    double total = 0.0;
    double resident = 0.0;
    file >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto const seconds = [](timeval const& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_descriptors()
{
    std::error_code ec;
    std::filesystem::directory_iterator const all("/proc/self/fd", ec);
    return ec ? 0.0 : static_cast<double>(std::distance(begin(all), end(all)));
}

asio::awaitable<http::response> healthz(std::function<std::string()> trouble)
{
    std::string const text = trouble();
    co_return text.empty() ? http::response::text("ok\n") : http::response::text(text + "\n", 503);
}

asio::awaitable<http::response> scrape(metrics::registry* registry)
{
    co_return http::response::text(registry->text(), 200, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace

std::shared_ptr<http::server> serve_health(asio::any_io_executor ex,
                                           std::uint16_t port,
                                           std::function<std::string()> trouble,
                                           metrics::registry& registry)
{
    auto server = http::server::create(std::move(ex), "health");
    server->route("GET", "/healthz", [trouble](http::request) { return healthz(trouble); });
    server->route("GET", "/metrics", [&registry](http::request) { return scrape(&registry); });
    transport::listen_options where;
    where.port = port;
    std::uint16_t const got = server->listen(where);
    log::info("app", "health_listening", {{"address", "127.0.0.1"}, {"port", got}});
    return server;
}

void add_process_metrics(metrics::registry& registry)
{
    double const started = unix_now();
    registry.make_gauge("process_start_time_seconds", "When the process started, in Unix time.").set(started);
    registry.make_gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes);
    registry.make_gauge("process_cpu_seconds_total", "User and system processor time.", processor_seconds);
    registry.make_gauge("process_open_fds", "Open file descriptors.", open_descriptors);
}

}  // namespace cerro::app
