#include <cerro/router/service.hpp>

int main(int argc, char** argv)
{
    return cerro::router::run(argc, argv);
}
