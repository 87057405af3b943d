#include "companions.hpp"

#include "reload.hpp"

#include <algorithm>

namespace cerro::router {

namespace {

/// Takes the entry of these settings out of `from`; a null pointer when there is none.
template <class Settings, class Thing>
std::shared_ptr<Thing> taken(std::vector<std::pair<Settings, std::shared_ptr<Thing>>>& from,
                             Settings const& s)
{
    auto const at = std::find_if(from.begin(), from.end(), [&](auto const& e) { return e.first == s; });
    if (at == from.end()) {
        return nullptr;
    }
    auto out = std::move(at->second);
    from.erase(at);
    return out;
}

}  // namespace

void companions::apply(settings const& s)
{
    check_programs(s);
    auto old_children = std::move(children_);
    children_.clear();
    for (auto const& c : s.children) {
        auto present = taken(old_children, c);
        children_.emplace_back(c, present ? std::move(present) : child::start(ex_, c, metrics_));
    }
    for (auto const& [ignored, c] : old_children) {
        c->stop();
    }
    auto old_forwarders = std::move(forwarders_);
    forwarders_.clear();
    for (auto const& f : s.forwarders) {
        auto present = taken(old_forwarders, f);
        forwarders_.emplace_back(f, present ? std::move(present) : forwarder::start(ex_, core_, f, metrics_));
    }
    for (auto const& [ignored, f] : old_forwarders) {
        f->stop();
    }
}

void companions::leave_realm(std::string const& name)
{
    std::erase_if(forwarders_, [&](auto const& f) {
        bool const there = f.second->realm_name() == name;
        if (there) {
            f.second->stop();
        }
        return there;
    });
}

void companions::stop()
{
    for (auto const& [ignored, c] : children_) {
        c->stop();
    }
    for (auto const& [ignored, f] : forwarders_) {
        f->stop();
    }
}

bool companions::running() const
{
    return std::any_of(
        children_.begin(), children_.end(), [](auto const& c) { return c.second->pid() != 0; });
}

void companions::kill()
{
    stop();
    for (auto const& [ignored, c] : children_) {
        c->kill();
    }
}

}  // namespace cerro::router
