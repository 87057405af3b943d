#pragma once

// One line on a terminal that shows what an operation is doing while we wait for it.

#include <cerro/ocs/client.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace cerro::ocs_client_cli {

namespace asio = boost::asio;

class progress {
public:
    /// @param wanted false: nothing is shown; it never is if standard error is no terminal
    progress(asio::any_io_executor ex,
             std::shared_ptr<client::session> session,
             std::string address,
             std::string op,
             bool wanted);
    ~progress() { stop(); }
    progress(progress const&) = delete;
    progress& operator=(progress const&) = delete;

    void start();
    /// Removes the line.
    void stop();

private:
    struct state {
        state(asio::any_io_executor ex, ocs::agent_client a, std::string name)
            : timer(std::move(ex)), agent(std::move(a)), op(std::move(name))
        {}
        asio::steady_timer timer;
        ocs::agent_client agent;
        std::string op;
        bool stopped = false;
    };
    static asio::awaitable<void> show(std::shared_ptr<state> s);

    bool shown_;
    asio::any_io_executor executor_;
    std::shared_ptr<state> state_;
};

/// "acq  running  3.2 s  Status is now \"running\"." (the last message), cut to `width` characters
[[nodiscard]] std::string progress_line(ocs::reply const& r, double now, std::size_t width);

}  // namespace cerro::ocs_client_cli
