#include <cerro/registry/registry.hpp>

int main(int argc, char** argv)
{
    return cerro::agent::run_agent(argc, argv, cerro::registry::describe());
}
