#include "scan.hpp"

#include <cerro/g3/file.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>

namespace cerro::g3_tool {
namespace {

namespace fs = std::filesystem;

value last_of(g3::column const& c)
{
    return std::visit(
        [](auto const& values) {
            using element = typename std::decay_t<decltype(values)>::value_type;
            return values.empty() ? value() : value(static_cast<element>(values.back()));
        },
        c);
}

void add_block(provider_summary& provider,
               g3::hk::block_view const& block,
               file_summary& out,
               std::uint64_t offset)
{
    auto& b = provider.blocks[block.name];
    b.samples += block.count;
    for (auto const& field : block.fields) {
        auto& f = b.fields[field.name];
        auto const column = field.read();
        if (!column) {
            out.errors.push_back(
                {offset, out.path + ": offset " + std::to_string(offset) + ": " + column.error().what});
            continue;
        }
        f.type = g3::name(field.type);
        f.samples += block.count;
        if (block.count > 0) {
            if (!f.times.last || block.last >= *f.times.last) {
                f.last_value = last_of(*column);
            }
            f.times.include(block.first, block.last);
        }
    }
    if (block.count > 0) {
        b.times.include(block.first, block.last);
    }
}

void add_frame(file_summary& out, g3::hk::frame const& frame)
{
    auto& session = out.sessions[frame.session_id];
    if (auto const* const s = std::get_if<g3::hk::session_frame>(&frame.content)) {
        session.start_time = s->start_time;
        session.description = s->description;
    } else if (auto const* const status = std::get_if<g3::hk::status_frame>(&frame.content)) {
        for (auto const& provider : status->providers) {
            session.providers[provider.id].description = provider.description;
        }
    } else if (auto const* const data = std::get_if<g3::hk::data_frame>(&frame.content)) {
        auto& provider = session.providers[data->prov_id];
        if (provider.description.empty()) {
            provider.description = data->address;
        }
        ++provider.frames;
        for (auto const& block : data->blocks) {
            add_block(provider, block, out, frame.offset);
        }
    }
}

bool named_like_g3(fs::path const& path)
{
    auto const name = path.filename().string();
    return name.ends_with(".g3") || name.ends_with(".g3.gz") || name.ends_with(".g3.bz2");
}

}  // namespace

void time_range::include(std::int64_t from, std::int64_t to)
{
    first = std::min(first.value_or(from), from);
    last = std::max(last.value_or(to), to);
}

std::uint64_t file_summary::samples() const
{
    std::uint64_t n = 0;
    for (auto const& [id, session] : sessions) {
        for (auto const& [prov_id, provider] : session.providers) {
            for (auto const& [name, block] : provider.blocks) {
                n += block.samples * block.fields.size();
            }
        }
    }
    return n;
}

time_range file_summary::times() const
{
    time_range all;
    for (auto const& [id, session] : sessions) {
        for (auto const& [prov_id, provider] : session.providers) {
            for (auto const& [name, block] : provider.blocks) {
                if (block.times.first) {
                    all.include(*block.times.first, *block.times.last);
                }
            }
        }
    }
    return all;
}

file_summary scan_file(std::string const& path)
{
    file_summary out;
    out.path = path;
    auto const file = g3::file::open(path);
    if (!file) {
        out.errors.push_back({std::nullopt, file.error().what});
        return out;
    }
    out.size = file->content().size();
    out.packed = file->is_packed();
    g3::frame_reader reader(file->content(), path);
    g3::frame_view view;
    for (;;) {
        if (!reader.next(view)) {
            if (!reader.trouble()) {
                break;
            }
            out.errors.push_back({reader.trouble()->offset, reader.trouble()->text});
            if (!reader.resume()) {
                break;
            }
            continue;
        }
        ++out.frames;
        if (view.type != g3::housekeeping_frame) {
            ++out.other_frames;
            continue;
        }
        auto const frame = g3::hk::read_frame(view);
        if (frame) {
            add_frame(out, *frame);
        } else {
            out.errors.push_back({view.offset, path + ": " + frame.error().what});
        }
    }
    return out;
}

std::vector<std::string> g3_files(std::string const& path, std::vector<error_at>& errors)
{
    std::error_code error;
    if (!fs::is_directory(path, error)) {
        return {path};
    }
    std::vector<std::string> found;
    fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
    while (!error && at != fs::recursive_directory_iterator()) {
        if (named_like_g3(at->path()) && at->is_regular_file(error) && !error) {
            found.push_back(at->path().string());
        }
        at.increment(error);
    }
    if (error) {
        errors.push_back({std::nullopt, path + ": " + error.message()});
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string utc_text(std::int64_t ticks)
{
    constexpr std::int64_t per_second = 100'000'000;
    auto second = static_cast<std::time_t>(ticks / per_second);
    auto rest = ticks % per_second;
    if (rest < 0) {
        --second;
        rest += per_second;
    }
    std::tm parts{};
    std::array<char, 64> date{};
    if (::gmtime_r(&second, &parts) == nullptr ||
        std::strftime(date.data(), date.size(), "%FT%T", &parts) == 0) {
        return std::to_string(ticks) + " ticks";
    }
    std::array<char, 80> text{};
    std::snprintf(
        text.data(), text.size(), "%s.%03dZ", date.data(), static_cast<int>(rest / (per_second / 1000)));
    return text.data();
}

list errors_json(std::vector<error_at> const& errors)
{
    list all;
    for (auto const& e : errors) {
        all.emplace_back(dict{{"offset", e.offset ? value(*e.offset) : value()}, {"text", e.text}});
    }
    return all;
}

}  // namespace cerro::g3_tool
