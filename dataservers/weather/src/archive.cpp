#include <cerro/dans/reduce.hpp>
#include <cerro/log/log.hpp>
#include <cerro/weather/archive.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <sstream>

namespace cerro::weather {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t max_file = 256U << 20U;

std::shared_ptr<weather_file const> load(fs::path const& path, std::uintmax_t size)
{
    if (size > max_file) {
        log::warn(
            "weather", "file_passed_over", {{"file", path.string()}, {"reason", "larger than 256 MiB"}});
        return nullptr;
    }
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) {
        log::warn("weather", "file_passed_over", {{"file", path.string()}, {"reason", "cannot be read"}});
        return nullptr;
    }
    auto file = parse_weather_file(text.view());
    if (!file) {
        log::warn("weather", "file_passed_over", {{"file", path.string()}, {"reason", file.error().what}});
        return nullptr;
    }
    if (file->bad_lines > 0) {
        log::warn("weather", "bad_lines", {{"file", path.string()}, {"lines", file->bad_lines}});
    }
    return std::make_shared<weather_file const>(std::move(*file));
}

dans::field_info info(std::string const& name, weather_file const& f)
{
    return {name, f.description, f.timeline, dans::sample_type::number, f.units};
}

}  // namespace

/// What happens on the other thread.
class archive::reader {
public:
    explicit reader(fs::path folder) : folder_(std::move(folder)), thread_(1) {}
    ~reader()
    {
        ending_ = true;
        thread_.join();
    }
    reader(reader const&) = delete;
    reader& operator=(reader const&) = delete;

    /// Nothing if one is under way.
    void start()
    {
        if (!busy_.exchange(true)) {
            asio::post(thread_, [this] {
                try {
                    look();
                } catch (std::exception const& e) {
                    log::error("weather", "task_failed", {{"task", "reading files"}, {"error", e.what()}});
                }
                busy_ = false;
            });
        }
    }

    /// One at a time: before the first start(), or on the thread.
    void look();

    [[nodiscard]] std::shared_ptr<contents const> newest() const
    {
        std::scoped_lock const lock(mutex_);
        return files_;
    }
    [[nodiscard]] std::size_t parsed() const noexcept { return parsed_; }

private:
    struct seen {
        fs::path path;
        fs::file_time_type changed;
        std::uintmax_t size;
    };
    [[nodiscard]] std::optional<std::vector<seen>> list() const;

    fs::path folder_;
    mutable std::mutex mutex_;
    std::shared_ptr<contents const> files_ = std::make_shared<contents const>();
    std::atomic<std::size_t> parsed_ = 0;
    std::atomic<bool> busy_ = false;
    std::atomic<bool> ending_ = false;
    asio::thread_pool thread_;
};

std::optional<std::vector<archive::reader::seen>> archive::reader::list() const
{
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
        return std::nullopt;
    }
    return listing;
}

void archive::reader::look()
{
    auto const listing = list();
    if (!listing) {
        return;
    }
    auto const before = newest();
    contents now;
    for (auto const& s : *listing) {
        if (ending_) {
            return;
        }
        auto const name = s.path.stem().string();
        auto const old = before->find(name);
        if (old != before->end() && old->second.changed == s.changed && old->second.size == s.size) {
            now.emplace(name, old->second);
            continue;
        }
        now.emplace(name, entry{s.changed, s.size, load(s.path, s.size)});
        ++parsed_;
    }
    std::scoped_lock const lock(mutex_);
    files_ = std::make_shared<contents const>(std::move(now));
}

archive::archive(fs::path folder, std::chrono::milliseconds refresh_every) : refresh_every_(refresh_every)
{
    std::error_code ec;
    if (!fs::is_directory(folder, ec)) {
        throw failure(
            "--data-dir " + folder.string() + ": no such folder; it must hold the files <field>.dat", 3);
    }
    reader_ = std::make_unique<reader>(std::move(folder));
    reader_->look();
    files_ = reader_->newest();
    asked_ = std::chrono::steady_clock::now();
}

archive::~archive() = default;

std::size_t archive::parsed() const noexcept
{
    return reader_->parsed();
}

void archive::refresh()
{
    files_ = reader_->newest();
    auto const now = std::chrono::steady_clock::now();
    if (now - asked_ >= refresh_every_) {
        asked_ = now;
        reader_->start();
    }
}

weather_file const* archive::known(std::string const& field) const
{
    auto const it = files_->find(field);
    return it == files_->end() ? nullptr : it->second.file.get();
}

dans::catalogue archive::fields(dans::time_range range)
{
    refresh();
    dans::catalogue c;
    for (auto const& [name, e] : *files_) {
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
    for (auto const& [name, e] : *files_) {
        if (e.file && e.file->timeline == timeline && !e.file->samples.t.empty()) {
            latest = std::max(latest.value_or(0), e.file->samples.t.back());
        }
    }
    return latest;
}

}  // namespace cerro::weather
