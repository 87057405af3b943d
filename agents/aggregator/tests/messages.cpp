#include "messages.hpp"

namespace cerro::aggregator::test {

value block(std::string const& name, list times, dict fields)
{
    return dict{{"block_name", name}, {"timestamps", std::move(times)}, {"data", std::move(fields)}};
}

dict feed(std::string const& name, std::string const& session_id, dict agg_params)
{
    return dict{{"agent_address", "observatory." + name},
                {"agg_params", std::move(agg_params)},
                {"feed_name", "f"},
                {"address", "observatory." + name + ".feeds.f"},
                {"record", true},
                {"session_id", session_id},
                {"agent_class", "Test"}};
}

list message(value one_block, dict const& info)
{
    return message(std::vector<value>{std::move(one_block)}, info);
}

list message(std::vector<value> const& blocks, dict const& info)
{
    dict data;
    for (auto const& b : blocks) {
        data.set(*b.find("block_name")->as_text(), b);
    }
    list pair;
    pair.emplace_back(std::move(data));
    pair.emplace_back(info);
    list args;
    args.emplace_back(std::move(pair));
    return args;
}

instant at(double seconds)
{
    return {seconds, seconds};
}

std::vector<std::string> take(recorder& r, list const& args, instant now)
{
    auto const* const pair = args.empty() ? nullptr : args[0].as_list();
    auto const* const info = pair != nullptr && pair->size() > 1 ? pair->at(1).as_dict() : nullptr;
    auto const* const address = info != nullptr ? info->find("address") : nullptr;
    auto const* const topic = address != nullptr ? address->as_text() : nullptr;
    return r.take(topic != nullptr ? *topic : "observatory.a.feeds.f", args, now);
}

archive_content::archive_content(bytes content) : octets(std::move(content))
{
    g3::frame_reader reader(octets, "test");
    g3::frame_view view;
    while (reader.next(view)) {
        auto frame = g3::hk::read_frame(view);
        if (!frame) {
            trouble = frame.error().what;
            return;
        }
        frames.push_back(std::move(*frame));
    }
    if (reader.trouble()) {
        trouble = reader.trouble()->text;
    }
}

namespace {

bytes joined(recorder const& r, std::vector<outgoing_frame> const& frames)
{
    auto all = r.session_frame();
    for (auto const& frame : frames) {
        all += frame.octets;
    }
    return all;
}

template <class T>
std::vector<T const*> of_type(std::vector<g3::hk::frame> const& frames)
{
    std::vector<T const*> found;
    for (auto const& frame : frames) {
        if (auto const* const one = std::get_if<T>(&frame.content)) {
            found.push_back(one);
        }
    }
    return found;
}

}  // namespace

archive_content::archive_content(recorder const& r, std::vector<outgoing_frame> const& out)
    : archive_content(joined(r, out))
{}

std::vector<g3::hk::data_frame const*> archive_content::data() const
{
    return of_type<g3::hk::data_frame>(frames);
}

std::vector<g3::hk::status_frame const*> archive_content::status() const
{
    return of_type<g3::hk::status_frame>(frames);
}

g3::column values(g3::hk::data_frame const& frame, std::string const& name, std::string const& field)
{
    for (auto const& b : frame.blocks) {
        for (auto const& f : b.fields) {
            if (b.name == name && f.name == field) {
                return f.read().value();
            }
        }
    }
    return std::vector<double>{};
}

}  // namespace cerro::aggregator::test
