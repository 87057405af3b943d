#include "assemble.hpp"

#include <limits>

namespace cerro::wamp {

namespace {

/// Payloads here were scanned with somebody's limits already; these only bound the recursion.
constexpr codec::limits already_checked{1024, std::numeric_limits<std::size_t>::max()};

bytes transcoded(payload_view const& p, byte_view part, codec::serializer to)
{
    bytes out;
    if (part.empty()) {
        return out;
    }
    out.reserve(part.size() + part.size() / 4);
    if (auto const done = codec::transcode(p.serializer, part, to, out, already_checked); !done) {
        throw failure("a payload that was never scanned cannot be written: " + done.error().what, 70);
    }
    return out;
}

}  // namespace

payload_parts::payload_parts(codec::serializer s, payload_view const& p)
    : view_(p), transcoded_(s != p.serializer)
{
    if (transcoded_) {
        own_args_ = transcoded(p, p.args, s);
        own_kwargs_ = transcoded(p, p.kwargs, s);
    }
}

void payload_parts::add_to(codec::list_writer& out) const
{
    if (!args().empty()) {
        out.add_encoded(args());
    } else if (has_kwargs()) {
        out.add_empty_list();
    }
    if (has_kwargs()) {
        out.add_encoded(kwargs());
    }
}

frame_builder::frame_builder(std::size_t expected) : out_(std::make_shared<bytes>())
{
    out_->reserve(4 + expected);
    out_->append(4, '\0');
}

shared_bytes frame_builder::finish()
{
    auto const length = out_->size() - 4;
    for (std::size_t i = 0; i < 4; ++i) {
        (*out_)[i] = static_cast<char>(length >> (24U - 8U * i) & 0xffU);
    }
    return std::move(out_);
}

result<list> decode_args(payload_view const& p, codec::limits const& lim)
{
    if (p.args.empty()) {
        return list();
    }
    auto v = codec::decode(p.serializer, p.args, lim);
    if (!v) {
        return fail(v.error().code, "args: " + v.error().what);
    }
    if (auto* const elements = v->as_list()) {
        return std::move(*elements);
    }
    return fail(errc::malformed,
                "args are not a list; payload passthru and encryption are not understood here");
}

result<dict> decode_kwargs(payload_view const& p, codec::limits const& lim)
{
    if (p.kwargs.empty()) {
        return dict();
    }
    auto v = codec::decode(p.serializer, p.kwargs, lim);
    if (!v) {
        return fail(v.error().code, "kwargs: " + v.error().what);
    }
    if (auto* const members = v->as_dict()) {
        return std::move(*members);
    }
    return fail(errc::malformed, "kwargs are not a dict");
}

payload::payload(codec::serializer s, list const& args, dict const& kwargs) : serializer_(s)
{
    if (!args.empty() || !kwargs.empty()) {
        codec::list_writer out(s, args_, args.size());
        for (auto const& arg : args) {
            out.add_value(arg);
        }
        out.finish();
    }
    if (!kwargs.empty()) {
        codec::encode_dict(s, kwargs, kwargs_);
    }
}

}  // namespace cerro::wamp
