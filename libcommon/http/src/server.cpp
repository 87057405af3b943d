#include "connection.hpp"
#include "static_files.hpp"
#include <cerro/log/log.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace cerro::http {

namespace {

asio::awaitable<response> file_response(std::shared_ptr<file_root const> root,
                                        std::size_t prefix_length,
                                        request r)
{
    co_return serve_file(*root, r.path.substr(prefix_length), r);
}

class server_impl final : public server, public std::enable_shared_from_this<server_impl> {
public:
    server_impl(asio::any_io_executor ex, std::string component, server_limits limits) : ex_(std::move(ex))
    {
        shared_->component = std::move(component);
        shared_->limits = limits;
    }
    ~server_impl() override { stop(); }

    void route(std::string method, std::string path, handler h) override
    {
        shared_->routes.add(std::move(method), std::move(path), std::move(h));
    }

    void route_upgrade(std::string path, upgrade_handler h) override
    {
        shared_->routes.add_upgrade(std::move(path), std::move(h));
    }

    void route_files(std::string prefix, std::string directory, file_options o) override
    {
        std::size_t const length = prefix.size();
        auto const root = std::make_shared<file_root const>(file_root{std::move(directory), std::move(o)});
        shared_->routes.add("*", std::move(prefix), [root, length](request r) {
            return file_response(root, length, std::move(r));
        });
    }

    void clear_routes() override { shared_->routes = {}; }

    std::uint16_t listen(transport::listen_options o) override
    {
        std::weak_ptr<server_impl> const weak = weak_from_this();
        auto made = transport::listen(ex_, std::move(o), [weak](std::shared_ptr<transport::stream> s) {
            if (auto const self = weak.lock()) {
                self->serve(std::move(s), {});
            } else {
                s->close();
            }
        });
        listeners_.push_back(made);
        return made->port();
    }

    void serve(std::shared_ptr<transport::stream> s, bytes rest) override
    {
        if (shared_->ending) {
            s->close();
            return;
        }
        auto const made = std::make_shared<connection>(shared_, std::move(s), std::move(rest));
        if (connections_.size() >= sweep_at_) {
            std::erase_if(connections_, [](auto const& one) { return one.expired(); });
            sweep_at_ = std::max<std::size_t>(64, 2 * connections_.size());
        }
        connections_.push_back(made);
        std::string const component = shared_->component;
        auto const done = [component](std::exception_ptr error) {
            if (error) {
                try {
                    std::rethrow_exception(error);
                } catch (std::exception const& e) {
                    log::error(component, "http_connection_failed", {{"error", e.what()}});
                }
            }
        };
        asio::co_spawn(ex_, connection::run(made), done);
    }

    void stop_listening() override
    {
        shared_->ending = true;
        for (auto const& one : std::exchange(listeners_, {})) {
            one->stop();
        }
    }

    std::size_t requests_open() const override
    {
        return static_cast<std::size_t>(
            std::count_if(connections_.begin(), connections_.end(), [](auto const& one) {
                auto const live = one.lock();
                return live && live->busy();
            }));
    }

    void stop() override
    {
        stop_listening();
        for (auto const& one : std::exchange(connections_, {})) {
            if (auto const live = one.lock()) {
                live->close();
            }
        }
    }

private:
    asio::any_io_executor ex_;
    std::shared_ptr<server_shared> shared_ = std::make_shared<server_shared>();
    std::vector<std::shared_ptr<transport::listener>> listeners_;
    std::vector<std::weak_ptr<connection>> connections_;
    std::size_t sweep_at_ = 64;
};

}  // namespace

std::shared_ptr<server> server::create(asio::any_io_executor ex, std::string component, server_limits lim)
{
    return std::make_shared<server_impl>(std::move(ex), std::move(component), lim);
}

}  // namespace cerro::http
