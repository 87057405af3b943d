#include <cerro/sim372/program.hpp>

int main(int argc, char** argv)
{
    return cerro::sim372::run_simulator(argc, argv);
}
