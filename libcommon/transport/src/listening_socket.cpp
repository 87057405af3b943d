#include "listening_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace cerro::transport {

namespace {

[[noreturn]] void cannot_listen(std::string const& place, error_code ec)
{
    throw failure("cannot listen on " + place + ": " + ec.message());
}

void set(tcp_acceptor& a, int level, int option, int value, error_code& ec)
{
    if (!ec && ::setsockopt(a.native_handle(), level, option, &value, sizeof value) != 0) {
        ec.assign(errno, boost::system::system_category());
    }
}

/// @return an error when the port is taken; all others too
error_code try_port(tcp_acceptor& a, tcp::endpoint const& endpoint, listen_options const& o)
{
    error_code ec;
    a.open(endpoint.protocol(), ec);
    set(a, SOL_SOCKET, SO_REUSEADDR, 1, ec);
    if (o.shared) {
        set(a, SOL_SOCKET, SO_REUSEPORT, 1, ec);
    }
    if (o.user_timeout) {  // accepted sockets inherit it
        set(a, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(o.user_timeout->count()), ec);
    }
    if (!ec) {
        a.bind(endpoint, ec);
    }
    if (!ec) {
        a.listen(o.backlog, ec);
    }
    if (ec) {
        error_code ignored;
        a.close(ignored);
    }
    return ec;
}

/// Does somebody answer at a Unix socket's path?
bool answers(io_executor ex, std::string const& path)
{
    unix_socket probe(ex);
    error_code ec;
    probe.connect(unix_protocol::endpoint(path), ec);
    return !ec;
}

}  // namespace

std::string where(listen_options const& o)
{
    if (!o.unix_path.empty()) {
        return o.unix_path;
    }
    bool const v6 = o.address.find(':') != std::string::npos;
    auto const ports =
        std::to_string(o.port) + (o.last_port != 0 ? "-" + std::to_string(o.last_port) : std::string());
    return (v6 ? "[" + o.address + "]" : o.address) + ":" + ports;
}

tcp_acceptor listen_tcp(io_executor ex, listen_options const& o)
{
    error_code ec;
    auto const address = asio::ip::make_address(o.address, ec);
    if (ec) {
        throw failure("cannot listen on \"" + o.address + "\": this is no IPv4 or IPv6 address", 3);
    }
    tcp_acceptor a(ex);
    std::uint32_t const last = o.last_port != 0 ? o.last_port : o.port;
    for (std::uint32_t port = o.port; port <= last; ++port) {
        ec = try_port(a, {address, static_cast<std::uint16_t>(port)}, o);
        if (ec != asio::error::address_in_use) {
            break;
        }
    }
    if (ec) {
        cannot_listen(where(o), ec);
    }
    return a;
}

unix_acceptor listen_unix(io_executor ex, listen_options const& o)
{
    auto const& path = o.unix_path;
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        throw failure("the Unix socket path " + path + " is longer than the system's " +
                          std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " characters",
                      3);
    }
    struct stat old {};
    if (::stat(path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode)) {
        if (answers(ex, path)) {
            cannot_listen(path, asio::error::address_in_use);
        }
        ::unlink(path.c_str());  // bind says it if that failed
    }
    unix_acceptor a(ex);
    error_code ec;
    a.open(unix_protocol(), ec);
    if (!ec) {
        a.bind(unix_protocol::endpoint(path), ec);
    }
    // Nobody can connect before listen(), so nobody comes in by other permissions.
    if (!ec && o.unix_mode && ::chmod(path.c_str(), *o.unix_mode) != 0) {
        ec.assign(errno, boost::system::system_category());
    }
    if (!ec) {
        a.listen(o.backlog, ec);
    }
    if (ec) {
        cannot_listen(path, ec);
    }
    return a;
}

}  // namespace cerro::transport
