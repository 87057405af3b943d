#pragma once

// Reads the arguments of an agent's two procedures as Python binds them to a signature.

#include "operations.hpp"
#include <cerro/client/session.hpp>

namespace cerro::agent {

/// `action, op_name, params=None, timeout=None, password=None`, positional or keyword. The problem's text is
/// the one of the ERROR.
[[nodiscard]] result<operation_request> read_operation_request(client::arguments const& call);

/// `q`, positional or keyword; other keywords are ignored.
[[nodiscard]] result<std::string> read_management_query(client::arguments const& call);

}  // namespace cerro::agent
