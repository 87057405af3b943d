#include "scan.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/g3_tool/tool.hpp>

namespace cerro::g3_tool {
namespace {

value seconds(std::optional<std::int64_t> ticks)
{
    return ticks ? value(g3::to_seconds(*ticks)) : value();
}

value as_json(file_summary const& f)
{
    list sessions;
    for (auto const& [id, session] : f.sessions) {
        list providers;
        for (auto const& [prov_id, provider] : session.providers) {
            list blocks;
            for (auto const& [name, block] : provider.blocks) {
                list names;
                for (auto const& [field, summary] : block.fields) {
                    names.emplace_back(field);
                }
                blocks.emplace_back(dict{{"name", name},
                                         {"samples", block.samples},
                                         {"first_time", seconds(block.times.first)},
                                         {"last_time", seconds(block.times.last)},
                                         {"fields", std::move(names)}});
            }
            providers.emplace_back(dict{{"prov_id", prov_id},
                                        {"description", provider.description},
                                        {"frames", provider.frames},
                                        {"blocks", std::move(blocks)}});
        }
        sessions.emplace_back(dict{{"session_id", id},
                                   {"start_time", session.start_time ? value(*session.start_time) : value()},
                                   {"description", session.description},
                                   {"providers", std::move(providers)}});
    }
    auto const times = f.times();
    return dict{{"file", f.path},
                {"size", f.size},
                {"packed", f.packed},
                {"frames", f.frames},
                {"other_frames", f.other_frames},
                {"samples", f.samples()},
                {"first_time", seconds(times.first)},
                {"last_time", seconds(times.last)},
                {"sessions", std::move(sessions)},
                {"errors", errors_json(f.errors)}};
}

void print(file_summary const& f, std::ostream& out)
{
    out << f.path << ": " << f.size << " octets" << (f.packed ? " unpacked" : "") << ", " << f.frames
        << " frames";
    if (f.other_frames > 0) {
        out << " (" << f.other_frames << " not housekeeping)";
    }
    out << ", " << f.samples() << " values";
    auto const times = f.times();
    if (times.first) {
        out << ", " << utc_text(*times.first) << " .. " << utc_text(*times.last);
    }
    out << '\n';
    for (auto const& [id, session] : f.sessions) {
        out << "  session " << id;
        if (session.start_time) {
            out << " \"" << session.description << "\", started "
                << utc_text(g3::to_ticks(*session.start_time).value_or(0));
        }
        out << '\n';
        for (auto const& [prov_id, provider] : session.providers) {
            out << "    provider " << prov_id << " " << provider.description << ", " << provider.frames
                << " data frames\n";
            for (auto const& [name, block] : provider.blocks) {
                out << "      block " << name << ": " << block.samples << " samples of "
                    << block.fields.size() << " fields";
                if (block.times.first) {
                    out << ", " << utc_text(*block.times.first) << " .. " << utc_text(*block.times.last);
                }
                out << '\n';
            }
        }
    }
    for (auto const& e : f.errors) {
        out << "  ERROR " << e.text << '\n';
    }
}

}  // namespace

int info(std::vector<std::string> const& files, bool json, std::ostream& out)
{
    bool good = true;
    for (auto const& path : files) {
        auto const summary = scan_file(path);
        good = good && summary.errors.empty();
        if (json) {
            out << codec::to_json(as_json(summary)) << '\n';
        } else {
            print(summary, out);
        }
    }
    return good ? app::exit_code::ok : app::exit_code::failed;
}

}  // namespace cerro::g3_tool
