#include <cerro/app/ports_file.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>

#include <filesystem>
#include <fstream>

namespace cerro::app {

void write_ports_file(std::string const& path, std::vector<listening_port> const& ports)
{
    list rows;
    for (auto const& p : ports) {
        rows.emplace_back(dict{{"transport", p.transport}, {"address", p.address}, {"port", p.port}});
    }
    std::string const unfinished = path + ".part";
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    out << codec::to_json(rows) << "\n";
    out.close();
    std::error_code ec;
    if (out) {
        std::filesystem::rename(unfinished, path, ec);
    }
    if (!out || ec) {
        throw failure("--ports-file " + path + ": cannot write it");
    }
}

}  // namespace cerro::app
