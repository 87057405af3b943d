#include <cerro/app/ports_file.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace {

using namespace cerro;
namespace fs = std::filesystem;

TEST_CASE("ports file: a row for each port, and nothing unfinished is left")
{
    auto const path = fs::temp_directory_path() / ("cerro-ports-test-" + std::to_string(getpid()));
    app::write_ports_file(path.string(), {{"web", "127.0.0.1", 8001}, {"http", "::1", 5000}});
    std::ifstream in(path);
    std::string const text((std::istreambuf_iterator<char>(in)), {});
    fs::remove(path);
    auto const rows = codec::from_json(text).value();
    REQUIRE(rows.as_list()->size() == 2);
    CHECK(rows.at(0)->find("transport")->as_text() != nullptr);
    CHECK(*rows.at(1)->find("address") == value("::1"));
    CHECK(*rows.at(0)->find("port") == value(8001));
    CHECK_FALSE(fs::exists(path.string() + ".part"));
}

TEST_CASE("ports file: one that cannot be written is an error that names it")
{
    CHECK_THROWS_WITH(app::write_ports_file("/nowhere/at/all", {}), Catch::Contains("/nowhere/at/all"));
}

}  // namespace
