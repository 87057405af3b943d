#include <cerro/fakedata/fakedata.hpp>

int main(int argc, char** argv)
{
    return cerro::agent::run_agent(argc, argv, cerro::fakedata::describe());
}
