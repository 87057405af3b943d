// Preloaded into a program: folders are not made while $CERRO_HOLD/mkdir exists, and files not synced while
// $CERRO_HOLD/fsync exists, as on a disk that does not answer. $CERRO_HOLD/held tells that a call waits.

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace {

void wait_while_held(char const* call)
{
    std::string const folder = std::getenv("CERRO_HOLD");
    while (::access((folder + "/" + call).c_str(), F_OK) == 0) {
        std::ofstream(folder + "/held").put('1');
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

}  // namespace

extern "C" int mkdir(char const* path, mode_t mode) noexcept
{
    wait_while_held("mkdir");
    return static_cast<int>(::syscall(SYS_mkdirat, -100 /* AT_FDCWD */, path, mode));
}

extern "C" int fsync(int fd)
{
    wait_while_held("fsync");
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
