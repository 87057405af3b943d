#include <cerro/lakeshore372/agent.hpp>

int main(int argc, char** argv)
{
    return cerro::lakeshore372::run_program(argc, argv);
}
