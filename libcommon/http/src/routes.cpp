#include "routes.hpp"

namespace cerro::http {

void route_table::add(std::string method, std::string path, handler h)
{
    places_[std::move(path)].methods[std::move(method)] = std::move(h);
}

void route_table::add_upgrade(std::string path, upgrade_handler h)
{
    places_[std::move(path)].upgrade = std::move(h);
}

template <class Predicate>
route_table::place const* route_table::longest(std::string_view path, Predicate is_right) const
{
    if (auto const exact = places_.find(path); exact != places_.end() && is_right(exact->second)) {
        return &exact->second;
    }
    for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos;
         slash = slash == 0 ? std::string_view::npos : path.rfind('/', slash - 1)) {
        auto const above = places_.find(path.substr(0, slash + 1));
        if (above != places_.end() && is_right(above->second)) {
            return &above->second;
        }
    }
    return nullptr;
}

route_table::match route_table::find(std::string_view method, std::string_view path) const
{
    match m;
    std::string const with_slash = std::string(path) + "/";
    bool const is_folder = path.back() != '/' && places_.find(path) == places_.end();
    if (auto const folder = places_.find(with_slash);
        is_folder && folder != places_.end() && !folder->second.methods.empty()) {
        m.status = 308;
        m.location = with_slash;
        return m;
    }
    place const* const found = longest(path, [](place const& p) { return !p.methods.empty() || p.upgrade; });
    if (found == nullptr) {
        return m;
    }
    if (found->methods.empty()) {
        m.status = 426;
        return m;
    }
    auto const use = [&](std::string const& name) {
        auto const at = found->methods.find(name);
        m.serve = at == found->methods.end() ? nullptr : &at->second;
        return m.serve != nullptr;
    };
    if (use(std::string(method)) || (method == "HEAD" && use("GET")) || use("*")) {
        m.status = 200;
        return m;
    }
    m.status = 405;
    for (auto const& [name, serve] : found->methods) {
        m.allow += (m.allow.empty() ? "" : ", ") + name;
        if (name == "GET" && found->methods.count("HEAD") == 0) {
            m.allow += ", HEAD";
        }
    }
    return m;
}

upgrade_handler const* route_table::find_upgrade(std::string_view path) const
{
    place const* const found = longest(path, [](place const& p) { return static_cast<bool>(p.upgrade); });
    return found == nullptr ? nullptr : &found->upgrade;
}

}  // namespace cerro::http
