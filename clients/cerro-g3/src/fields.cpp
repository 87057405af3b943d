#include "scan.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/g3_tool/tool.hpp>

#include <algorithm>
#include <iomanip>

namespace cerro::g3_tool {
namespace {

void add(std::map<std::string, field_summary>& all, file_summary const& file)
{
    for (auto const& [id, session] : file.sessions) {
        for (auto const& [prov_id, provider] : session.providers) {
            for (auto const& [block_name, block] : provider.blocks) {
                for (auto const& [name, field] : block.fields) {
                    auto& sum = all[provider.description + "." + name];
                    sum.samples += field.samples;
                    if (!field.times.last) {
                        continue;
                    }
                    if (!sum.times.last || *field.times.last >= *sum.times.last) {
                        sum.last_value = field.last_value;
                        sum.type = field.type;
                    }
                    sum.times.include(*field.times.first, *field.times.last);
                }
            }
        }
    }
}

}  // namespace

int fields(std::vector<std::string> const& paths, bool json, std::ostream& out)
{
    std::map<std::string, field_summary> all;
    std::vector<error_at> errors;
    std::uint64_t files = 0;
    for (auto const& path : paths) {
        for (auto const& file : g3_files(path, errors)) {
            auto const summary = scan_file(file);
            add(all, summary);
            errors.insert(errors.end(), summary.errors.begin(), summary.errors.end());
            ++files;
        }
    }
    if (json) {
        list rows;
        for (auto const& [name, f] : all) {
            rows.emplace_back(
                dict{{"name", name},
                     {"samples", f.samples},
                     {"type", f.type},
                     {"first_time", f.times.first ? value(g3::to_seconds(*f.times.first)) : value()},
                     {"last_time", f.times.last ? value(g3::to_seconds(*f.times.last)) : value()},
                     {"last_value", f.last_value}});
        }
        dict const result{{"files", files}, {"fields", std::move(rows)}, {"errors", errors_json(errors)}};
        out << codec::to_json(result) << '\n';
    } else {
        std::size_t width = 5;
        for (auto const& [name, f] : all) {
            width = std::max(width, name.size());
        }
        auto const column = static_cast<int>(width);
        out << std::left << std::setw(column) << "field"
            << "  type   " << std::right << std::setw(10) << "samples"
            << "  last time                 last value\n";
        for (auto const& [name, f] : all) {
            out << std::left << std::setw(column) << name << "  " << std::setw(5) << f.type << "  "
                << std::right << std::setw(10) << f.samples << "  "
                << (f.times.last ? utc_text(*f.times.last) : std::string("-")) << "  "
                << codec::to_json(f.last_value) << '\n';
        }
        for (auto const& e : errors) {
            out << "ERROR " << e.text << '\n';
        }
    }
    return errors.empty() ? app::exit_code::ok : app::exit_code::failed;
}

}  // namespace cerro::g3_tool
