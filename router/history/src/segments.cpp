#include "segments.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace cerro::router {

namespace {

namespace format = segment_format;

constexpr std::string_view suffix = ".history";
constexpr std::size_t digits = 20;
constexpr std::uint64_t point_distance = 64U << 10U;

std::string file_name(std::uint64_t position)
{
    auto number = std::to_string(position);
    number.insert(0, digits - number.size(), '0');
    return number.append(suffix);
}

/// The position in a file name of ours; nothing for other files.
std::optional<std::uint64_t> position_in(std::string_view name)
{
    if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) {
        return std::nullopt;
    }
    std::uint64_t position = 0;
    auto const read = std::from_chars(name.data(), name.data() + digits, position);
    return read.ec == std::errc{} && read.ptr == name.data() + digits ? std::optional(position)
                                                                      : std::nullopt;
}

}  // namespace

void history_segment::note(std::uint64_t position, std::int64_t time_ns, std::uint64_t offset)
{
    {
        std::lock_guard const lock(index_mutex);
        if (index_.empty() || offset - index_.back().offset >= point_distance) {
            index_.push_back({position, offset});
        }
    }
    if (records.fetch_add(1, std::memory_order_relaxed) == 0) {
        first_time_ns.store(time_ns, std::memory_order_relaxed);
    }
    last_position.store(position, std::memory_order_relaxed);
}

std::vector<history_segment::point> history_segment::points() const
{
    std::lock_guard const lock(index_mutex);
    return index_;
}

history_segments::history_segments(std::shared_ptr<history_files> files,
                                   std::string folder,
                                   damage_report report)
    : files_(std::move(files)), folder_(std::move(folder)), report_(std::move(report))
{
    auto names = files_->list(folder_);
    if (!names) {
        throw failure(names.error().what);
    }
    std::sort(names->begin(), names->end());
    for (auto const& name : *names) {
        if (position_in(name)) {
            open(name);
        }
    }
    if (!segments_.empty()) {
        if (auto const checked = check(*segments_.back(), true); !checked) {
            throw failure(checked.error().what);
        }
    }
}

void history_segments::open(std::string const& name)
{
    auto const s = std::make_shared<segment>();
    s->path = folder_ + "/" + name;
    s->first_position = *position_in(name);
    auto file = files_->open(s->path, false);
    if (!file) {
        throw failure(file.error().what);
    }
    s->file = std::move(*file);
    bytes head(format::header_size, '\0');
    auto const got = s->file->read(0, head.data(), head.size());
    auto const size = s->file->size();
    if (!got || !size) {
        throw failure((got ? size.error() : got.error()).what);
    }
    auto const h = format::read_header(byte_view(head).substr(0, *got));
    if (!h && h.error().code == errc::unsupported) {
        throw failure(s->path + ": " + h.error().what);
    }
    s->begin = h ? format::header_size : 0;  // damaged: what follows may still be good
    s->size = *size;
    segments_.push_back(s);
}

format::source history_segments::source_of(segment const& s)
{
    return [file = s.file](std::uint64_t offset, char* into, std::size_t most) {
        return file->read(offset, into, most);
    };
}

result<void> history_segments::check(segment& s, bool newest)
{
    std::uint64_t const size = s.size;
    std::vector<history_damage> found;
    auto const begin = std::min<std::uint64_t>(s.begin, size);
    format::record_stream stream(source_of(s), begin, size, [&](std::uint64_t offset, std::uint64_t length) {
        found.push_back({s.path, offset, length, false});
    });
    while (stream.next()) {
        if (auto const r = decode_record(stream.record())) {
            s.note(r->position, r->time_ns, stream.offset());
        } else {
            found.push_back({s.path, stream.offset(), stream.record().size(), false});
        }
    }
    if (!stream.failure().empty()) {
        return fail(errc::io, stream.failure());
    }
    if (newest && stream.good_end() < size) {
        if (auto const cut = s.file->cut(stream.good_end()); !cut) {
            return cut;
        }
        s.size = stream.good_end();
        if (!found.empty()) {
            found.back().cut = true;
        }
    }
    for (auto const& damage : found) {
        report_(damage);
    }
    std::lock_guard const lock(s.index_mutex);
    s.indexed = true;
    return {};
}

bool history_segments::check_one()
{
    auto const snapshot = all();
    auto const unknown = std::find_if(snapshot.begin(), snapshot.end(), [](auto const& s) {
        std::lock_guard const lock(s->index_mutex);
        return !s->indexed;
    });
    if (unknown == snapshot.end()) {
        return false;
    }
    if (auto const checked = check(**unknown, false); !checked) {
        report_({checked.error().what, 0, 0, false});
        std::lock_guard const lock((*unknown)->index_mutex);
        (*unknown)->indexed = true;  // not tried again and again
    }
    return true;
}

std::vector<std::shared_ptr<history_segment>> history_segments::all() const
{
    std::lock_guard const lock(mutex_);
    return {segments_.begin(), segments_.end()};
}

std::shared_ptr<history_segment> history_segments::newest() const
{
    std::lock_guard const lock(mutex_);
    return segments_.empty() ? nullptr : segments_.back();
}

std::uint64_t history_segments::last_position() const
{
    std::lock_guard const lock(mutex_);
    for (auto s = segments_.rbegin(); s != segments_.rend(); ++s) {
        if ((*s)->last_position != 0) {
            return (*s)->last_position;
        }
    }
    return 0;
}

std::uint64_t history_segments::oldest_position() const
{
    std::lock_guard const lock(mutex_);
    return segments_.empty() ? 0 : segments_.front()->first_position;
}

std::int64_t history_segments::oldest_time_ns() const
{
    std::lock_guard const lock(mutex_);
    return segments_.empty() ? 0 : segments_.front()->first_time_ns.load();
}

std::uint64_t history_segments::size_bytes() const
{
    std::lock_guard const lock(mutex_);
    std::uint64_t sum = 0;
    for (auto const& s : segments_) {
        sum += s->size;
    }
    return sum;
}

std::uint64_t history_segments::record_count() const
{
    std::lock_guard const lock(mutex_);
    std::uint64_t sum = 0;
    for (auto const& s : segments_) {
        sum += s->records;
    }
    return sum;
}

result<std::shared_ptr<history_segment>> history_segments::create(std::uint64_t position,
                                                                  std::int64_t time_ns)
{
    if (auto const made = files_->make_folder(folder_); !made) {
        return made.error();
    }
    auto const s = std::make_shared<segment>();
    s->path = folder_ + "/" + file_name(position);
    s->first_position = position;
    auto file = files_->open(s->path, true);
    if (!file) {
        return file.error();
    }
    s->file = std::move(*file);
    bytes head;
    format::write_header({position, time_ns}, head);
    for (std::size_t done = 0; done < head.size();) {
        auto const n = s->file->write(byte_view(head).substr(done), done);
        if (!n) {
            // Left behind it would be an empty file that counts as the newest.
            [[maybe_unused]] auto const removed = files_->remove(s->path);
            return n.error();
        }
        done += *n;
    }
    s->begin = head.size();
    s->size = head.size();
    s->indexed = true;
    std::lock_guard const lock(mutex_);
    segments_.push_back(s);
    return s;
}

result<void> history_segments::shrink(std::uint64_t most)
{
    auto total = size_bytes();
    while (total > most) {
        std::shared_ptr<segment> oldest;
        {
            std::lock_guard const lock(mutex_);
            if (segments_.size() < 2) {
                return {};
            }
            oldest = segments_.front();
            segments_.pop_front();  // who reads it now reads on: the file is open
        }
        total -= oldest->size;
        if (auto const removed = files_->remove(oldest->path); !removed) {
            return removed;
        }
    }
    return {};
}

result<bool> history_segments::walk_up(segment const& s, range const& wanted, visitor const& visit)
{
    std::uint64_t from = s.begin;
    for (auto const& p : s.points()) {
        if (p.position > wanted.first) {
            break;
        }
        from = p.offset;
    }
    format::record_stream stream(source_of(s), from, s.size);
    while (stream.next()) {
        auto const r = decode_record(stream.record());
        if (r && r->position > wanted.last) {
            return false;
        }
        if (r && r->position >= wanted.first && !visit(*r)) {
            return false;
        }
    }
    if (!stream.failure().empty()) {
        return fail(errc::io, stream.failure());
    }
    return true;
}

// From point to point: what is between two is read forwards, and shown backwards.
result<bool> history_segments::walk_down(segment const& s, range const& wanted, visitor const& visit)
{
    auto const points = s.points();
    std::uint64_t end = s.size;
    for (auto p = points.rbegin(); p != points.rend(); ++p) {
        if (p->offset >= end || p->position > wanted.last) {
            end = std::min(end, p->offset);
            continue;
        }
        bytes records;
        std::vector<std::pair<std::size_t, std::size_t>> places;
        format::record_stream stream(source_of(s), p->offset, std::exchange(end, p->offset));
        while (stream.next()) {
            places.emplace_back(records.size(), stream.record().size());
            records += stream.record();
        }
        if (!stream.failure().empty()) {
            return fail(errc::io, stream.failure());
        }
        for (auto place = places.rbegin(); place != places.rend(); ++place) {
            auto const r = decode_record(byte_view(records).substr(place->first, place->second));
            if (r && r->position < wanted.first) {
                return false;
            }
            if (r && r->position <= wanted.last && !visit(*r)) {
                return false;
            }
        }
    }
    return true;
}

result<void> history_segments::walk(std::uint64_t first,
                                    std::uint64_t last,
                                    bool reverse,
                                    visitor const& visit)
{
    auto snapshot = all();
    if (reverse) {
        std::reverse(snapshot.begin(), snapshot.end());
    }
    for (auto const& s : snapshot) {
        bool known = false;
        {
            std::lock_guard const lock(s->index_mutex);
            known = s->indexed;
        }
        if (!known) {
            if (auto const checked = check(*s, false); !checked) {
                return checked;
            }
        }
        if (s->last_position < first || s->first_position > last) {
            continue;
        }
        range const wanted{first, last};
        auto const go_on = reverse ? walk_down(*s, wanted, visit) : walk_up(*s, wanted, visit);
        if (!go_on) {
            return go_on.error();
        }
        if (!*go_on) {
            return {};
        }
    }
    return {};
}

}  // namespace cerro::router
