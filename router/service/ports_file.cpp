#include <cerro/codec/codec.hpp>
#include <cerro/router/instance.hpp>

#include <filesystem>
#include <fstream>

namespace cerro::router {

void write_ports_file(std::string const& path, std::vector<listening> const& listeners)
{
    list rows;
    for (auto const& l : listeners) {
        rows.emplace_back(dict{{"transport", l.transport}, {"address", l.address}, {"port", l.port}});
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
        throw failure("cannot write the ports file " + path);
    }
}

}  // namespace cerro::router
