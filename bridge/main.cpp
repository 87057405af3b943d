#include <cerro/bridge/service.hpp>

int main(int argc, char** argv)
{
    return cerro::bridge::run(argc, argv);
}
