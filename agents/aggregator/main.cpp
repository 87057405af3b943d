#include <cerro/aggregator/aggregator_agent.hpp>

int main(int argc, char** argv)
{
    return cerro::agent::run_agent(argc, argv, cerro::aggregator::describe());
}
