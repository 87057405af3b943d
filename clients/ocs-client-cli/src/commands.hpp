#pragma once

// What the subcommands do. Each returns the exit code: 0 only if the request succeeded (wait, run: the
// operation too).

#include "options.hpp"
#include <cerro/app/service.hpp>
#include <cerro/client/session.hpp>
#include <cerro/ocs/site.hpp>

#include <memory>
#include <string>

namespace cerro::ocs_client_cli {

namespace asio = boost::asio;

/// A joined session and what goes with it.
struct connection {
    app::context& context;
    std::shared_ptr<client::session> session;
    ocs::program_settings site;
};

asio::awaitable<int> scan(connection c, options o);
asio::awaitable<int> listen(connection c, options o);
asio::awaitable<int> show_api(connection c, options o);
asio::awaitable<int> request(connection c, options o);
asio::awaitable<int> wait(connection c, options o);
asio::awaitable<int> run_operation(connection c, options o);

/// Prints the error of a call for people (with a hint where there is one) or as JSON. @return 1
int print_error(std::string const& address, client::error const& e, bool json);

}  // namespace cerro::ocs_client_cli
