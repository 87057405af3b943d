#include <cerro/auth/compare.hpp>
#include <cerro/auth/hex.hpp>
#include <cerro/base/result.hpp>

#include <openssl/rand.h>

namespace cerro::auth {

namespace {

void fill_random(unsigned char* out, std::size_t size)
{
    if (RAND_bytes(out, static_cast<int>(size)) != 1) {
        throw failure("OpenSSL's random generator gives nothing: is /dev/urandom there?");
    }
}

}  // namespace

bytes random_octets(std::size_t count)
{
    bytes octets(count, '\0');
    fill_random(reinterpret_cast<unsigned char*>(octets.data()), octets.size());
    return octets;
}

std::string random_token(std::size_t bytes)
{
    return hex_encode(random_octets(bytes));
}

std::uint64_t random_id()
{
    std::uint64_t number = 0;
    fill_random(reinterpret_cast<unsigned char*>(&number), sizeof number);
    return (number >> 11U) + 1;  // 53 random bits
}

}  // namespace cerro::auth
