#include <cerro/auth/compare.hpp>
#include <cerro/auth/hex.hpp>
#include <cerro/auth/wampcra.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/router/cookies.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

/// How an id is kept.
std::string digest(std::string_view id)
{
    return auth::wampcra_signature("cerro cookie", id);
}

bool is_id(std::string_view text, std::size_t length)
{
    return text.size() == length && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

std::string_view trimmed(std::string_view text)
{
    auto const from = text.find_first_not_of(" \t\"");
    if (from == std::string_view::npos) {
        return {};
    }
    return text.substr(from, text.find_last_not_of(" \t\"") + 1 - from);
}

std::int64_t seconds(wall_time t)
{
    return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

std::string text_of(value const& in, std::string_view key)
{
    auto const* v = in.find(key);
    return v != nullptr && v->as_text() != nullptr ? *v->as_text() : std::string();
}

}  // namespace

std::string cookie_store::known_id(std::vector<std::pair<std::string, std::string>> const& headers,
                                   wall_time now) const
{
    for (auto const& [name, line] : headers) {
        if (name != "cookie") {
            continue;
        }
        for (std::string_view rest = line; !rest.empty();) {
            auto const piece = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
            auto const equals = piece.find('=');
            if (equals == std::string_view::npos || trimmed(piece.substr(0, equals)) != rules_.name) {
                continue;
            }
            auto const id = trimmed(piece.substr(equals + 1));
            if (is_id(id, rules_.length) && find(id, now) != nullptr) {
                return std::string(id);
            }
        }
    }
    return {};
}

std::string cookie_store::new_id() const
{
    return auth::random_token((rules_.length + 1) / 2).substr(0, rules_.length);
}

std::string cookie_store::public_name(std::string_view id) const
{
    return auth::hex_encode(digest(id)).substr(0, rules_.length);
}

std::string cookie_store::header(std::string_view id) const
{
    std::string out =
        rules_.name + "=" + std::string(id) + ";max-age=" + std::to_string(rules_.max_age.count());
    out += rules_.secure ? ";Secure" : "";
    out += rules_.http_strict ? ";HttpOnly" : "";
    out += rules_.same_site.empty() ? "" : ";SameSite=" + rules_.same_site;
    return out;
}

cookie_login const* cookie_store::find(std::string_view id, wall_time now) const
{
    auto const at = logins_.find(digest(id));
    return at == logins_.end() || now >= at->second.until ? nullptr : &at->second;
}

void cookie_store::bind(std::string_view id, cookie_login who, wall_time now)
{
    auto const key = digest(id);
    if (!logins_.contains(key) && logins_.size() >= max_logins) {
        make_room(now);
    }
    who.until = now + rules_.max_age;
    logins_.insert_or_assign(key, std::move(who));
    change();
}

void cookie_store::forget(std::string_view id)
{
    if (logins_.erase(digest(id)) != 0) {
        change();
    }
}

void cookie_store::make_room(wall_time now)
{
    boost::unordered::erase_if(logins_, [&](auto const& l) { return now >= l.second.until; });
    if (logins_.size() >= max_logins) {
        logins_.erase(std::min_element(logins_.begin(), logins_.end(), [](auto const& a, auto const& b) {
            return a.second.until < b.second.until;
        }));
    }
}

void cookie_store::change() const
{
    if (changed_) {
        changed_();
    }
}

void cookie_store::attach(std::string_view id, session& s)
{
    sessions_[digest(id)].push_back(&s);
}

void cookie_store::detach(std::string_view id, session& s)
{
    if (auto const at = sessions_.find(digest(id)); at != sessions_.end()) {
        std::erase(at->second, &s);
        if (at->second.empty()) {
            sessions_.erase(at);
        }
    }
}

std::vector<session*> cookie_store::sessions(std::string_view id) const
{
    auto const at = sessions_.find(digest(id));
    return at == sessions_.end() ? std::vector<session*>() : at->second;
}

std::string cookie_store::text() const
{
    list all;
    for (auto const& [key, l] : logins_) {
        all.emplace_back(dict{{"cookie", key},
                              {"authid", l.authid},
                              {"authrole", l.authrole},
                              {"authmethod", l.authmethod},
                              {"realm", l.realm},
                              {"extra", l.extra},
                              {"until", seconds(l.until)}});
    }
    return codec::to_json(dict{{"cookies", std::move(all)}}, 1);
}

result<void> cookie_store::load(std::string_view json, wall_time now)
{
    auto const root = codec::from_json(json);
    if (!root) {
        return root.error();
    }
    auto const* all = root->find("cookies");
    if (all == nullptr || !all->is_list()) {
        return fail(errc::malformed, "expected {\"cookies\": [..]}");
    }
    for (auto const& entry : *all->as_list()) {
        auto const* until = entry.find("until");
        auto const* extra = entry.find("extra");
        cookie_login l{
            text_of(entry, "authid"),
            text_of(entry, "authrole"),
            text_of(entry, "authmethod"),
            text_of(entry, "realm"),
            extra != nullptr && extra->is_dict() ? *extra->as_dict() : dict(),
            wall_time(std::chrono::seconds(std::clamp<std::int64_t>(
                until != nullptr ? until->as_int().value_or(0) : 0, 0, seconds(now + rules_.max_age))))};
        auto const key = text_of(entry, "cookie");
        if (key.empty() || l.authid.empty() || l.authrole.empty() || l.realm.empty()) {
            return fail(errc::malformed, "an entry has no cookie, authid, authrole or realm");
        }
        if (l.until > now && logins_.size() < max_logins) {
            logins_.insert_or_assign(key, std::move(l));
        }
    }
    return {};
}

}  // namespace cerro::router
