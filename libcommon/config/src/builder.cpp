#include "builder.hpp"

#include <algorithm>

namespace cerro::config {

void builder::count(position at, std::size_t nodes)
{
    nodes_ += nodes;
    if (nodes_ > max_nodes) {
        throw parse_stop{errc::limit_exceeded, at, "more than " + std::to_string(max_nodes) + " values"};
    }
}

std::size_t builder::take_anchor()
{
    return std::exchange(next_anchor_, 0);
}

void builder::scalar(position at, std::string text, bool quoted)
{
    count(at, 1);
    node n;
    n.kind_ = node::kind::scalar;
    n.quoted_ = quoted;
    bool const plain_merge_key = policy_ == repeated_keys::last_wins && !quoted && text == "<<";
    n.text_ = std::move(text);
    add(at, std::move(n), take_anchor(), plain_merge_key);
}

void builder::null(position at)
{
    count(at, 1);
    add(at, node(), take_anchor());
}

void builder::begin(position at, node::kind k)
{
    count(at, 1);
    if (open_.size() >= max_levels) {
        throw parse_stop{errc::limit_exceeded, at, "more than " + std::to_string(max_levels) + " levels"};
    }
    if (!open_.empty() && open_.back().made.is_map() && open_.back().key_is_due) {
        throw parse_stop{errc::malformed, at, "a key must be plain text"};
    }
    frame f;
    f.made.kind_ = k;
    f.made.line_ = at.line;
    f.made.column_ = at.column;
    f.anchor = take_anchor();
    open_.push_back(std::move(f));
}

void builder::end()
{
    frame done = std::move(open_.back());
    open_.pop_back();
    merge(done);
    position const at{done.made.line_, done.made.column_};
    add(at, std::move(done.made), done.anchor);
}

void builder::alias(position at, std::size_t id)
{
    auto const found = anchors_.find(id);
    if (found == anchors_.end()) {
        throw parse_stop{errc::malformed, at, "an alias inside its own anchor"};
    }
    count(at, size(found->second));
    if (open_.size() + depth(found->second) > max_levels) {
        throw parse_stop{errc::limit_exceeded, at, "more than " + std::to_string(max_levels) + " levels"};
    }
    add(at, found->second, 0);
}

void builder::add(position at, node n, std::size_t anchor, bool plain_merge_key)
{
    n.line_ = at.line;
    n.column_ = at.column;
    if (anchor != 0) {
        count(at, size(n));  // the copy that is kept
        anchors_[anchor] = n;
    }
    if (open_.empty()) {
        root_ = std::move(n);
        return;
    }
    frame& parent = open_.back();
    if (parent.made.is_sequence()) {
        parent.made.items_.push_back(std::move(n));
    } else if (parent.key_is_due) {
        if (n.is_map() || n.is_sequence()) {
            throw parse_stop{errc::malformed, at, "a key must be plain text"};
        }
        parent.key = n.is_null() ? "null" : std::move(n.text_);
        parent.key_at = at;
        parent.key_is_due = false;
        if (plain_merge_key) {
            parent.merges.emplace_back();  // filled by the value, which comes next
        }
    } else {
        parent.key_is_due = true;
        if (!parent.merges.empty() && parent.merges.back().is_null() && parent.key == "<<") {
            bool const maps =
                n.is_map() ||
                (n.is_sequence() &&
                 std::all_of(n.items_.begin(), n.items_.end(), [](node const& i) { return i.is_map(); }));
            if (!maps) {
                throw parse_stop{errc::malformed, at, "'<<' takes a mapping or a list of mappings"};
            }
            parent.merges.back() = std::move(n);
        } else {
            add_member(parent, std::move(n));
        }
    }
}

void builder::add_member(frame& map, node n)
{
    n.line_ = map.key_at.line;
    n.column_ = map.key_at.column;
    auto const [at, added] = map.index.try_emplace(map.key, map.made.members_.size());
    if (added) {
        map.made.members_.emplace_back(std::move(map.key), std::move(n));
    } else if (policy_ == repeated_keys::refused) {
        throw parse_stop{errc::malformed, map.key_at, "the key '" + map.key + "' is repeated"};
    } else {
        map.made.members_[at->second].second = std::move(n);
    }
}

void builder::merge(frame& map)
{
    auto const take = [&map](node const& from) {
        for (auto const& [key, value] : from.members_) {
            if (map.index.try_emplace(key, map.made.members_.size()).second) {
                map.made.members_.emplace_back(key, value);
            }
        }
    };
    for (node const& one : map.merges) {
        if (one.is_map()) {
            take(one);
        }
        for (node const& item : one.items_) {
            take(item);
        }
    }
}

std::size_t builder::size(node const& n)
{
    std::size_t sum = 1;
    for (auto const& [key, value] : n.members_) {
        sum += 1 + size(value);
    }
    for (node const& item : n.items_) {
        sum += size(item);
    }
    return sum;
}

std::size_t builder::depth(node const& n)
{
    std::size_t deepest = 0;
    for (auto const& [key, value] : n.members_) {
        deepest = std::max(deepest, depth(value));
    }
    for (node const& item : n.items_) {
        deepest = std::max(deepest, depth(item));
    }
    return deepest + (n.is_map() || n.is_sequence() ? 1 : 0);
}

void builder::settle(node& n, std::shared_ptr<std::string const> const& file, std::string path)
{
    n.file_ = file;
    for (auto& [key, value] : n.members_) {
        settle(value, file, path.empty() ? key : path + "." + key);
    }
    for (std::size_t i = 0; i < n.items_.size(); ++i) {
        settle(n.items_[i], file, path + "[" + std::to_string(i) + "]");
    }
    n.path_ = std::move(path);
}

node builder::finish(std::string name)
{
    node all = std::move(root_);
    if (all.line_ == 0) {
        all.line_ = all.column_ = 1;
    }
    settle(all, std::make_shared<std::string const>(std::move(name)), {});
    return all;
}

}  // namespace cerro::config
