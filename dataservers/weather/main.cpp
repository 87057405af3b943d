#include <cerro/weather/server.hpp>

int main(int argc, char** argv)
{
    return cerro::weather::run(argc, argv);
}
