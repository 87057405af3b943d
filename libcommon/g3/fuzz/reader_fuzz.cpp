// Any bytes as a .g3 file: all frames, all objects, all samples.

#include <cerro/g3/frames.hpp>
#include <cerro/g3/hk.hpp>
#include <cerro/g3/objects.hpp>

#include <cstdint>

using namespace cerro::g3;

namespace {

void read_everything(frame_view const& view)
{
    for (auto const& object : view.objects) {
        (void)decode_object(object.archive);
    }
    auto const frame = hk::read_frame(view);
    if (!frame) {
        return;
    }
    if (auto const* const data = std::get_if<hk::data_frame>(&frame->content)) {
        for (auto const& block : data->blocks) {
            (void)block.times();
            for (auto const& field : block.fields) {
                (void)field.read();
            }
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* octets, std::size_t size)
{
    cerro::byte_view const content(reinterpret_cast<char const*>(octets), size);
    frame_reader reader(content, "fuzz");
    frame_view view;
    do {
        while (reader.next(view)) {
            read_everything(view);
        }
        // A wrong CRC is no protection: what is inside must be harmless as well.
        if (!view.objects.empty()) {
            read_everything(view);
        }
    } while (reader.resume());
    return 0;
}
