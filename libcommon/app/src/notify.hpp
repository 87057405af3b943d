#pragma once

// Word to the service manager (systemd's protocol).

#include <string_view>

namespace cerro::app {

/// Sends e.g. "READY=1" to $NOTIFY_SOCKET; without one it does nothing. A failure is logged.
void notify(std::string_view state);

}  // namespace cerro::app
