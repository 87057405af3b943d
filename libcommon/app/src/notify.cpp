#include "notify.hpp"

#include <cerro/log/log.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <system_error>

namespace cerro::app {

void notify(std::string_view state)
{
    char const* const variable = std::getenv("NOTIFY_SOCKET");
    if (variable == nullptr || *variable == '\0') {
        return;
    }
    std::string_view const name = variable;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path) {
        log::warn("app", "notify_failed", {{"socket", name}, {"error", "the name is too long"}});
        return;
    }
    name.copy(address.sun_path, name.size());
    if (name[0] == '@') {
        address.sun_path[0] = '\0';  // Linux's abstract names
    }
    auto const length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    int const fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool const sent =
        fd >= 0 &&
        ::sendto(
            fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length) ==
            static_cast<ssize_t>(state.size());
    if (!sent) {
        log::warn(
            "app", "notify_failed", {{"socket", name}, {"error", std::generic_category().message(errno)}});
    }
    if (fd >= 0) {
        ::close(fd);
    }
}

}  // namespace cerro::app
