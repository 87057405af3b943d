// What clients and files say in the course of a log-in. Nothing may crash; what can be read can be written
// and read again; no answer that the fuzzer finds admits anybody.

#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/password.hpp>
#include <cerro/codec/codec.hpp>

#include <cstdio>
#include <cstdlib>

using namespace cerro;

namespace {

void require(bool holds, char const* what)
{
    if (!holds) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

/// Costs that a fuzzer can pay many times a second.
bool cheap(dict const& challenge)
{
    auto const* const iterations = challenge.find("iterations");
    auto const* const memory = challenge.find("memory");
    auto const small = [](value const* v, std::uint64_t most) {
        return v == nullptr || v->as_uint().value_or(0) <= most;
    };
    return small(iterations, 4) && small(memory, 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    std::string_view const text(reinterpret_cast<char const*>(data + 1), size - 1);
    static auto const user = auth::scram_derive("pencil", {auth::kdf::pbkdf2, 1, 0}, "0123456789abcdef");
    switch (data[0] % 5) {
        case 0:
            if (auto const read = auth::parse_scram(text)) {
                auto const again = auth::parse_scram(auth::to_text(*read));
                require(again && auth::to_text(*again) == auth::to_text(*read),
                        "a hash can be written and read");
            }
            break;
        case 1:
            if (auto const read = auth::parse_wampcra(text)) {
                require(auth::to_text(*read) == text || auth::parse_wampcra(auth::to_text(*read)).has_value(),
                        "a derived key can be written and read");
            }
            break;
        case 2:
            if (auto const server =
                    auth::scram_server::create(user, "joe", text.substr(0, text.find('\n')))) {
                auto const extra = codec::from_json(text);
                require(!server->verify(text, extra && extra->is_dict() ? *extra->as_dict() : dict()),
                        "without the password nobody is admitted");
            }
            break;
        case 3:
            if (auto const extra = codec::from_json(text);
                extra && extra->is_dict() && cheap(*extra->as_dict())) {
                auth::scram_client client("joe", "pencil");
                auto challenge = *extra->as_dict();
                if (auto const* const nonce = challenge.find("nonce");
                    nonce != nullptr && nonce->as_text() != nullptr) {
                    challenge.set("nonce",
                                  *client.hello_extra().find("nonce")->as_text() + *nonce->as_text());
                }
                if (auto const answer = client.respond(challenge)) {
                    require(!client.proves(*extra->as_dict()), "without the keys no router is trusted");
                }
            }
            break;
        default: {
            auth::cryptosign_server const server({bytes(32, 'k')});
            require(!server.accepts(text), "without the key nobody is admitted");
            if (auto const extra = codec::from_json(text); extra && extra->is_dict()) {
                auto const answer = auth::cryptosign_answer(bytes(32, 's'), *extra->as_dict());
                require(!answer || answer->size() == 192, "an answer has 192 digits");
            }
        }
    }
    return 0;
}
