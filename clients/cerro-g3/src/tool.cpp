#include <cerro/g3_tool/tool.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <iostream>
#include <memory>

namespace cerro::g3_tool {
namespace {

struct request {
    std::string command;
    std::vector<std::string> paths;
    std::string file;
    bool json = false;
};

boost::asio::awaitable<int> run(std::shared_ptr<request> r)
{
    int code = app::exit_code::ok;
    if (r->command == "info") {
        code = info(r->paths, r->json, std::cout);
    } else if (r->command == "fields") {
        code = fields(r->paths, r->json, std::cout);
    } else {
        code = dump(r->file, r->json, std::cout);
    }
    std::cout.flush();
    if (!std::cout) {
        throw failure("cannot write the output");
    }
    co_return code;
}

}  // namespace

app::description describe()
{
    auto const r = std::make_shared<request>();
    app::description d;
    d.name = "cerro-g3";
    d.summary = "Looks into .g3 housekeeping files";
    d.options = [r](CLI::App& app) {
        app.require_subcommand(1);
        auto* const info_command =
            app.add_subcommand("info", "sessions, providers, blocks, samples, damages of files");
        info_command->add_option("FILE", r->paths, ".g3, .g3.gz or .g3.bz2 files")->required();
        auto* const dump_command = app.add_subcommand("dump", "every frame of a file with its objects");
        dump_command->add_option("FILE", r->file, "a .g3, .g3.gz or .g3.bz2 file")->required();
        auto* const fields_command =
            app.add_subcommand("fields", "full field names with counts and last values");
        fields_command->add_option("PATH", r->paths, "files, or folders to be walked")->required();
        for (auto* const command : {info_command, dump_command, fields_command}) {
            command->add_flag("--json", r->json, "JSON output");
            command->callback([r, command] { r->command = command->get_name(); });
        }
        app.footer(
            "Exit code 1: a file is damaged or cannot be read; what is good in it is shown all the same.");
    };
    d.run = [r](app::context&) { return run(r); };
    return d;
}

}  // namespace cerro::g3_tool
