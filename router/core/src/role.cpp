#include <cerro/router/role.hpp>

#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view trusted_name = "trusted";
constexpr std::size_t max_known = 10'000;  // answers kept for each role

std::string_view literal_head(std::string_view wildcard)
{
    return wildcard.substr(0, std::min(wildcard.find(".."), wildcard.size()));
}

}  // namespace

role::role(std::string name, std::vector<permission> permissions)
    : name_(std::move(name)), trusted_(name_ == trusted_name), permissions_(std::move(permissions))
{}

rights const& role::on(std::string_view uri)
{
    if (auto const at = known_.find(uri); at != known_.end()) {
        return at->second;
    }
    if (known_.size() >= max_known) {
        known_.clear();
    }
    return known_.emplace(std::string(uri), evaluate(uri)).first->second;
}

std::shared_ptr<role> role::for_session() const
{
    auto out = std::make_shared<role>(name_, std::vector<permission>{});
    out->drop_oldest_ = drop_oldest_;
    out->authorizer_ = authorizer_;
    return out;
}

void role::decide(std::string_view uri, rights const& granted)
{
    known_.clear();
    known_.emplace(std::string(uri), granted);
}

rights role::evaluate(std::string_view uri) const
{
    if (trusted_) {
        return {true, true, true, true, true, true};
    }
    if (authorizer_) {
        return {};
    }
    permission const* longest = nullptr;
    permission const* wildcard = nullptr;
    std::size_t head = 0;
    for (auto const& p : permissions_) {
        if (p.match == wamp::match_policy::wildcard) {
            auto const h = literal_head(p.uri);
            bool const better = wildcard == nullptr || h.size() > head;
            if (uri.starts_with(h) && better && wamp::matches(uri, p.uri, p.match)) {
                wildcard = &p;
                head = h.size();
            }
        } else if (uri.starts_with(p.uri) && (longest == nullptr || p.uri.size() >= longest->uri.size())) {
            // Of an exact and a prefix entry with the same text, the exact one is for that text only.
            bool const same_text = longest != nullptr && longest->uri.size() == p.uri.size();
            bool const wanted = !same_text || p.match == longest->match ||
                                (p.match == wamp::match_policy::exact) == (uri.size() == p.uri.size());
            if (wanted) {
                longest = &p;
            }
        }
    }
    bool const exact_hit =
        longest != nullptr && longest->match == wamp::match_policy::exact && longest->uri == uri;
    if (wildcard != nullptr && !exact_hit) {
        return wildcard->allow;
    }
    if (longest == nullptr || (longest->match == wamp::match_policy::exact && !exact_hit)) {
        return {};
    }
    return longest->allow;
}

}  // namespace cerro::router
