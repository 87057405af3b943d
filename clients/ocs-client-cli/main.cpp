#include <cerro/ocs_client_cli/tool.hpp>

int main(int argc, char** argv)
{
    return cerro::ocs_client_cli::run(argc, argv);
}
