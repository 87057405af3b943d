#pragma once

// The table of paths. No I/O.

#include <cerro/http/server.hpp>

namespace cerro::http {

class route_table {
public:
    void add(std::string method, std::string path, handler h);
    void add_upgrade(std::string path, upgrade_handler h);

    struct match {
        handler const* serve = nullptr;
        int status = 404;      ///< why there is none: 404, 405, 426 (only WebSocket is spoken there), 308
        std::string allow;     ///< for 405: "GET, HEAD, POST"
        std::string location;  ///< for 308: the path with the missing final slash
    };
    [[nodiscard]] match find(std::string_view method, std::string_view path) const;
    /// Null pointer if no WebSocket is spoken there.
    [[nodiscard]] upgrade_handler const* find_upgrade(std::string_view path) const;

private:
    struct place {
        std::map<std::string, handler> methods;
        upgrade_handler upgrade;
    };
    /// The longest path that serves `path` and for which `is_right` holds.
    template <class Predicate>
    [[nodiscard]] place const* longest(std::string_view path, Predicate is_right) const;

    std::map<std::string, place, std::less<>> places_;
};

}  // namespace cerro::http
