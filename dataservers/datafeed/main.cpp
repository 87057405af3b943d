#include <cerro/datafeed/server.hpp>

int main(int argc, char** argv)
{
    return cerro::datafeed::run(argc, argv);
}
