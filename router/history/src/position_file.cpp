#include "position_file.hpp"

#include "segment_format.hpp"

namespace cerro::router {

// The form is that of a segment's header, with the limit in the place of the first position.
position_file::position_file(history_files& files, std::string const& folder)
{
    auto file = files.open(folder + "/positions", true);
    if (!file) {
        throw failure(file.error().what);
    }
    file_ = std::move(*file);
    bytes octets(segment_format::header_size, '\0');
    auto const got = file_->read(0, octets.data(), octets.size());
    if (!got) {
        throw failure(got.error().what);
    }
    auto const h = segment_format::read_header(byte_view(octets).substr(0, *got));
    if (h) {
        limit_ = h->first_position;
    } else {
        damaged_ = *got > 0;
    }
}

result<void> position_file::store(std::uint64_t limit)
{
    bytes octets;
    segment_format::write_header({limit, 0}, octets);
    for (std::size_t done = 0; done < octets.size();) {
        auto const n = file_->write(byte_view(octets).substr(done), done);
        if (!n) {
            return n.error();
        }
        done += *n;
    }
    return file_->sync();
}

}  // namespace cerro::router
