// Name servers that do not answer. The C library's look-up is replaced in this program by one that waits.

#include <cerro/testing/loop.hpp>
#include <cerro/transport/stream.hpp>

#include <catch2/catch.hpp>
#include <netdb.h>

#include <condition_variable>
#include <mutex>

namespace {

std::mutex mutex;
std::condition_variable changed;
bool answering = false;

}  // namespace

extern "C" int getaddrinfo(char const* /*node*/,
                           char const* /*service*/,
                           addrinfo const* /*hints*/,
                           addrinfo** /*found*/) noexcept
{
    std::unique_lock lock(mutex);
    changed.wait(lock, [] { return answering; });
    return EAI_NONAME;
}

TEST_CASE("connect: name servers that do not answer are waited for no longer than the timeout")
{
    using namespace cerro;
    boost::asio::io_context io(1);
    transport::connect_options o;
    o.url = "rs://observatory.invalid:8001";
    o.connect_timeout = std::chrono::milliseconds(50);
    answering = false;
    std::optional<result<std::shared_ptr<transport::channel>>> made;
    try {
        made = testing::run(io, transport::connect(o), std::chrono::milliseconds(5'000));
    } catch (std::exception const&) {
        made.reset();
    }
    {
        std::lock_guard const lock(mutex);
        answering = true;
    }
    changed.notify_all();
    REQUIRE(made.has_value());
    REQUIRE(made->has_error());
    CHECK(made->error().code == errc::timed_out);
    CHECK(made->error().what.find("no address of observatory.invalid") != std::string::npos);

    auto const answered = testing::run(io, transport::connect(o));
    REQUIRE(answered.has_error());
    CHECK(answered.error().code == errc::not_found);
}
