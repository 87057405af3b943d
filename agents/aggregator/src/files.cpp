#include <cerro/aggregator/files.hpp>

#include <cmath>

namespace cerro::aggregator {
namespace {

constexpr int max_tries = 3600;

}  // namespace

archive::archive(archive_options o, bytes session_frame, file_layer& layer)
    : options_(std::move(o)), session_frame_(std::move(session_frame)), layer_(layer)
{}

result<void> archive::open(double now)
{
    if (file_) {
        return {};
    }
    return begin_file(now, false);
}

result<void> archive::begin_file(double now, bool with_status)
{
    auto const first = static_cast<std::int64_t>(std::floor(now));
    for (std::int64_t second = first; second < first + max_tries; ++second) {
        auto const name = std::to_string(second);
        auto const folder = options_.data_dir + "/" + name.substr(0, 5);
        auto const made = layer_.make_folder(folder);
        if (!made) {
            return made.error();
        }
        auto path = folder + "/" + name + ".g3";
        auto created = layer_.create(path);
        if (!created && created.error().code == errc::refused) {
            continue;  // an earlier file is never overwritten
        }
        if (!created) {
            return created.error();
        }
        file_ = std::move(*created);
        path_ = std::move(path);
        opened_ = now;
        size_ = 0;
        status_in_file_ = false;
        ++files_;
        auto const written = append(session_frame_);
        if (!written || !with_status || status_.empty()) {
            return written;
        }
        status_in_file_ = true;
        return append(status_);
    }
    return fail(errc::refused,
                options_.data_dir + ": the names of " + std::to_string(max_tries) + " seconds from " +
                    std::to_string(first) + " on are taken");
}

result<void> archive::append(byte_view frame)
{
    auto const written = file_->write(frame);
    if (written) {
        size_ += frame.size();
        return {};
    }
    // Readers must find whole frames only. If even this fails, they meet one torn frame at the end.
    auto const cut = file_->cut(size_);
    auto const path = path_;
    bool const worthless = size_ <= session_frame_.size();
    file_.reset();
    path_.clear();
    std::string text = written.error().what;
    if (!cut) {
        text += "; " + cut.error().what;
    }
    if (worthless) {
        auto const removed = layer_.remove(path);
        if (!removed) {
            text += "; " + removed.error().what;
        }
    }
    return fail(written.error().code, text);
}

result<void> archive::write_status(byte_view frame, double now)
{
    auto const ready = open(now);
    if (!ready) {
        return ready;
    }
    auto const written = append(frame);
    if (written) {
        status_ = frame;
        status_in_file_ = true;
    }
    return written;
}

result<void> archive::write_data(byte_view frame, double now)
{
    if (!file_) {
        auto const begun = begin_file(now, true);
        if (!begun) {
            return begun;
        }
    } else if (!status_in_file_ && !status_.empty()) {
        auto const listed = append(status_);
        if (!listed) {
            return listed;
        }
        status_in_file_ = true;
    }
    return append(frame);
}

result<void> archive::rotate(double now)
{
    if (file_ && std::abs(now - opened_) > options_.time_per_file) {
        return close();
    }
    return {};
}

result<void> archive::close()
{
    if (!file_) {
        return {};
    }
    auto synced = file_->sync();
    file_.reset();
    path_.clear();
    return synced;
}

}  // namespace cerro::aggregator
