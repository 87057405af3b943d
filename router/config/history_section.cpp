#include "sections.hpp"

#include <utility>

namespace cerro::router {

namespace {

constexpr std::size_t crossbar_limit = 100;
constexpr std::int64_t most_events = 100'000'000;
constexpr std::string_view feeds = "..feeds.";  // <root>.<agent>.feeds.<feed>

history_entry read_entry(reader& in, config::node const& n, history_entry e)
{
    e.uri = in.text(n, "uri");
    auto const text = in.text(n, "match", "exact");
    if (auto const match = wamp::parse_match_policy(text)) {
        e.match = *match;
    } else {
        in.wrong(*n.find("match"), "'" + text + "' must be exact, prefix or wildcard");
    }
    if (!wamp::valid_pattern(e.uri, e.match)) {
        in.wrong(n, "'" + e.uri + "' is no " + std::string(wamp::name(e.match)) + " URI");
    }
    return e;
}

history_entry feeds_entry(bool durable)
{
    history_entry e;
    e.uri = feeds;
    e.match = wamp::match_policy::wildcard;
    e.durable = durable;
    e.limit = 100'000;
    e.max_bytes = 64U << 20U;
    return e;
}

std::string default_folder(load_options const& options)
{
    return options.base_dir + "/history";
}

}  // namespace

void read_history(reader& in, config::node const* n, load_options const& options, settings& out)
{
    using kind = history_settings::kind;
    auto& h = out.history;
    if (n == nullptr) {
        if (options.keep_feeds) {
            h.type = kind::disk;
            h.folder = default_folder(options);
            h.entries = {feeds_entry(true)};
        }
        return;
    }
    if (!in.map(*n, {"type", "folder", "max_bytes", "queue_bytes", "fsync", "entries"})) {
        return;
    }
    auto const type = in.text(*n, "type", "disk");
    if (type != "disk" && type != "memory" && type != "none") {
        in.wrong(*n->find("type"), "'" + type + "' must be disk, memory or none");
        return;
    }
    h.type = type == "disk" ? kind::disk : type == "memory" ? kind::memory : kind::none;
    for (std::string_view const key : {"folder", "max_bytes", "queue_bytes", "fsync"}) {
        if (auto const* given = n->find(key); given != nullptr && h.type != kind::disk) {
            in.wrong(*given, "has a meaning for type disk only");
        }
    }
    if (h.type == kind::none) {
        return;
    }
    bool const durable = h.type == kind::disk;
    if (durable) {
        auto const folder = in.text(*n, "folder");
        h.folder = folder.empty()          ? default_folder(options)
                   : folder.front() == '/' ? folder
                                           : options.base_dir + "/" + folder;
        h.max_bytes = in.size(*n, "max_bytes", h.max_bytes);
        h.queue_bytes = in.size(*n, "queue_bytes", h.queue_bytes);
        constexpr std::uint64_t least = 1U << 20U;
        if (h.max_bytes < least || h.queue_bytes < least) {
            in.wrong(*n, "max_bytes and queue_bytes must be 1MiB or more");
        }
        if (auto const* period = n->find("fsync"); period != nullptr && in.text(*n, "fsync") == "none") {
            h.sync_period.reset();
        } else {
            h.sync_period = in.duration(*n, "fsync", *h.sync_period);
        }
    }
    if (n->find("entries") == nullptr) {
        h.entries = {feeds_entry(durable)};
    }
    for (auto const& item : in.items(*n, "entries")) {
        if (!in.map(item, {"uri", "match", "limit", "max_bytes"})) {
            continue;
        }
        history_entry e;
        e.durable = durable;
        e = read_entry(in, item, e);
        for (std::string_view const key : {"limit", "max_bytes"}) {
            if (auto const* given = item.find(key); given != nullptr && durable) {
                in.wrong(*given, "has a meaning for type memory only; history.max_bytes bounds the disk");
            }
        }
        e.limit = static_cast<std::size_t>(
            in.integer(item, "limit", static_cast<std::int64_t>(e.limit), 1, most_events));
        e.max_bytes = in.size(item, "max_bytes", e.max_bytes);
        h.entries.push_back(std::move(e));
    }
}

std::vector<history_entry> read_store(reader& in, config::node const& n)
{
    std::vector<history_entry> out;
    if (auto const type = in.required_text(n, "type"); !type.empty() && type != "memory") {
        in.wrong(*n.find("type"),
                 "'" + type + "' must be memory; for a history on disk see \"cerro\": {\"history\": ...}");
    }
    history_entry base;
    base.limit = static_cast<std::size_t>(in.integer(n, "limit", crossbar_limit, 1, most_events));
    for (auto const& item : in.items(n, "event-history")) {
        if (!in.map(item, {"uri", "match", "limit"})) {
            continue;
        }
        auto e = read_entry(in, item, base);
        e.limit = static_cast<std::size_t>(
            in.integer(item, "limit", static_cast<std::int64_t>(base.limit), 1, most_events));
        out.push_back(std::move(e));
    }
    return out;
}

}  // namespace cerro::router
