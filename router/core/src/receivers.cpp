#include <cerro/router/member.hpp>
#include <cerro/router/receivers.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace cerro::router {

namespace {

using ids = std::optional<std::vector<wamp::id>>;
using names = std::optional<std::vector<std::string>>;

void read(value const& v, ids& into)
{
    if (auto const id = v.as_uint()) {
        into->push_back(*id);
    }
}

void read(value const& v, names& into)
{
    if (auto const* text = v.as_text()) {
        into->push_back(*text);
    }
}

std::size_t cost_of(ids const& list)
{
    return list ? list->size() * sizeof(wamp::id) : 0;
}

std::size_t cost_of(names const& list)
{
    std::size_t sum = 0;
    if (list) {
        for (auto const& name : *list) {
            sum += sizeof(name) + name.size();
        }
    }
    return sum;
}

}  // namespace

struct receivers::lists {
    bool too_long = false;
    ids exclude;
    ids eligible;
    names exclude_authid;
    names exclude_authrole;
    names eligible_authid;
    names eligible_authrole;

    friend bool operator==(lists const&, lists const&) = default;

    template <class T>
    void take(value const& v, T& into)
    {
        into.emplace();
        auto const* items = v.as_list();
        if (items == nullptr) {
            read(v, into);
            return;
        }
        if (items->size() > max_entries) {
            too_long = true;
            return;
        }
        for (auto const& item : *items) {
            read(item, into);
        }
        std::sort(into->begin(), into->end());
    }
};

bool receivers::take(std::string_view key, value const& v)
{
    bool const ours = key == "exclude" || key == "eligible" || key == "exclude_authid" ||
                      key == "exclude_authrole" || key == "eligible_authid" || key == "eligible_authrole";
    if (!ours || v.is_null()) {
        return ours;
    }
    if (!lists_) {
        lists_ = std::make_shared<lists>();
    }
    if (key == "exclude") {
        lists_->take(v, lists_->exclude);
    } else if (key == "eligible") {
        lists_->take(v, lists_->eligible);
    } else if (key == "exclude_authid") {
        lists_->take(v, lists_->exclude_authid);
    } else if (key == "exclude_authrole") {
        lists_->take(v, lists_->exclude_authrole);
    } else if (key == "eligible_authid") {
        lists_->take(v, lists_->eligible_authid);
    } else {
        lists_->take(v, lists_->eligible_authrole);
    }
    return true;
}

bool receivers::listed(member const& m) const
{
    auto const among = [](auto const& chosen, auto const& x) {
        return chosen && std::binary_search(chosen->begin(), chosen->end(), x);
    };
    auto const lacks = [&](auto const& chosen, auto const& x) { return chosen && !among(chosen, x); };
    auto const& l = *lists_;
    return !among(l.exclude, m.who.session) && !among(l.exclude_authid, m.who.authid) &&
           !among(l.exclude_authrole, m.who.authrole) && !lacks(l.eligible, m.who.session) &&
           !lacks(l.eligible_authid, m.who.authid) && !lacks(l.eligible_authrole, m.who.authrole);
}

bool receivers::too_long() const
{
    return lists_ && lists_->too_long;
}

std::size_t receivers::cost() const
{
    if (!lists_) {
        return 0;
    }
    auto const& l = *lists_;
    return sizeof(l) + cost_of(l.exclude) + cost_of(l.eligible) + cost_of(l.exclude_authid) +
           cost_of(l.exclude_authrole) + cost_of(l.eligible_authid) + cost_of(l.eligible_authrole);
}

bool operator==(receivers const& a, receivers const& b)
{
    return a.lists_ == b.lists_ || (a.lists_ && b.lists_ && *a.lists_ == *b.lists_);
}

}  // namespace cerro::router
