#include "request_reader.hpp"
#include "target.hpp"

#include <cstddef>
#include <cstdint>

/// The first byte says in what pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using cerro::http::request_reader;
    if (size == 0) {
        return 0;
    }
    std::size_t const piece = data[0] + 1U;
    std::string_view text(reinterpret_cast<char const*>(data) + 1, size - 1);
    request_reader reader(4096, 4096);
    cerro::bytes buffer;
    bool in_body = false;
    while (!text.empty()) {
        std::string_view const next = text.substr(0, piece);
        buffer += next;
        text.remove_prefix(next.size());
        auto step = in_body ? reader.read_body(buffer) : reader.read_head(buffer);
        if (step == request_reader::step::head) {
            in_body = true;
            (void)cerro::http::parse_target(reader.target());
            (void)reader.fields();
            (void)reader.wants_websocket();
            (void)reader.expects_continue();
            step = reader.read_body(buffer);
        }
        if (step == request_reader::step::complete) {
            (void)reader.take_body();
        }
        if (step != request_reader::step::need_more) {
            return 0;
        }
    }
    return 0;
}
