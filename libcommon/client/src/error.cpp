#include <cerro/client/session.hpp>

namespace cerro::client {

std::string error::what() const
{
    std::string out = uri;
    if (!args.empty()) {
        auto const* text = args.front().as_text();
        out += ": " + (text != nullptr ? *text : codec::to_json(args.front()));
    }
    return out;
}

void throw_exception_from_error(error const& e, boost::source_location const&)
{
    throw failure(e.what());
}

}  // namespace cerro::client
