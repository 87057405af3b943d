#include <cerro/hub/service.hpp>

int main(int argc, char** argv)
{
    return cerro::hub::run(argc, argv);
}
