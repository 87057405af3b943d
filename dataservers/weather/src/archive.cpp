#include <cerro/dans/reduce.hpp>
#include <cerro/log/log.hpp>
#include <cerro/weather/archive.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace cerro::weather {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t max_file = 256U << 20U;

std::optional<weather_file> load(fs::path const& path, std::uintmax_t size)
{
    if (size > max_file) {
        log::warn(
            "weather", "file_passed_over", {{"file", path.string()}, {"reason", "larger than 256 MiB"}});
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) {
        log::warn("weather", "file_passed_over", {{"file", path.string()}, {"reason", "cannot be read"}});
        return std::nullopt;
    }
    auto file = parse_weather_file(text.view());
    if (!file) {
        log::warn("weather", "file_passed_over", {{"file", path.string()}, {"reason", file.error().what}});
        return std::nullopt;
    }
    if (file->bad_lines > 0) {
        log::warn("weather", "bad_lines", {{"file", path.string()}, {"lines", file->bad_lines}});
    }
    return std::move(*file);
}

dans::field_info info(std::string const& name, weather_file const& f)
{
    return {name, f.description, f.timeline, dans::sample_type::number, f.units};
}

}  // namespace

archive::archive(fs::path folder) : folder_(std::move(folder))
{
    std::error_code ec;
    if (!fs::is_directory(folder_, ec)) {
        throw failure(
            "--data-dir " + folder_.string() + ": no such folder; it must hold the files <field>.dat", 3);
    }
    refresh();
}

void archive::refresh()
{
    struct seen {
        fs::path path;
        fs::file_time_type changed;
        std::uintmax_t size;
    };
    std::vector<seen> listing;
    std::error_code ec;
    for (fs::directory_iterator it(folder_, ec), end; !ec && it != end; it.increment(ec)) {
        std::error_code gone;
        auto const changed = fs::last_write_time(it->path(), gone);
        auto const size = gone ? 0 : fs::file_size(it->path(), gone);
        if (!gone && it->path().extension() == ".dat") {
            listing.push_back({it->path(), changed, size});
        }
    }
    if (ec) {
        log::warn("weather", "folder_unreadable", {{"folder", folder_.string()}, {"reason", ec.message()}});
        return;
    }
    std::map<std::string, entry, std::less<>> now;
    for (auto const& s : listing) {
        auto const name = s.path.stem().string();
        auto const old = files_.find(name);
        if (old != files_.end() && old->second.changed == s.changed && old->second.size == s.size) {
            now.emplace(name, std::move(old->second));
            continue;
        }
        ++parsed_;
        now.emplace(name, entry{s.changed, s.size, load(s.path, s.size)});
    }
    files_ = std::move(now);
}

weather_file const* archive::known(std::string const& field)
{
    auto const it = files_.find(field);
    return it == files_.end() || !it->second.file ? nullptr : &*it->second.file;
}

dans::catalogue archive::fields(dans::time_range range)
{
    refresh();
    dans::catalogue c;
    for (auto const& [name, e] : files_) {
        if (!e.file) {
            continue;
        }
        auto const [first, last] = dans::find_range(e.file->samples.t, range);
        if (first == last) {
            continue;
        }
        c.fields.push_back(info(name, *e.file));
        auto const& timeline = e.file->timeline;
        bool const listed = std::any_of(
            c.timelines.begin(), c.timelines.end(), [&](auto const& t) { return t.name == timeline; });
        if (!listed) {
            c.timelines.push_back({timeline, e.file->interval});
        }
    }
    return c;
}

std::optional<dans::field_info> archive::find(std::string const& field)
{
    refresh();
    auto const* f = known(field);
    return f == nullptr ? std::nullopt : std::optional(info(field, *f));
}

dans::series archive::read(std::string const& field, dans::time_range range)
{
    auto const* f = known(field);
    return f == nullptr ? dans::series() : dans::slice(f->samples, range);
}

dans::series archive::latest(std::string const& field, dans::time_range range)
{
    auto const* f = known(field);
    if (f == nullptr) {
        return {};
    }
    auto const [first, last] = dans::find_range(f->samples.t, range);
    if (first == last) {
        return {};
    }
    dans::series s;
    s.t.push_back(f->samples.t[last - 1]);
    s.v.push_from(f->samples.v, last - 1);
    return s;
}

std::optional<double> archive::finalized_until(std::string const& timeline)
{
    std::optional<double> latest;
    for (auto const& [name, e] : files_) {
        if (e.file && e.file->timeline == timeline && !e.file->samples.t.empty()) {
            latest = std::max(latest.value_or(0), e.file->samples.t.back());
        }
    }
    return latest;
}

}  // namespace cerro::weather
