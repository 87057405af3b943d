#include <cerro/g3_tool/tool.hpp>

int main(int argc, char** argv)
{
    return cerro::app::run_tool(argc, argv, cerro::g3_tool::describe());
}
