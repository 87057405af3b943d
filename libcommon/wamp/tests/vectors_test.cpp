#include <cerro/auth/hex.hpp>
#include <cerro/wamp/message.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace codec = cerro::codec;
namespace wamp = cerro::wamp;
using cerro::dict;
using cerro::value;

namespace {

struct sample {
    std::string name;
    value expected;
    value serializers;
};

std::vector<sample> load_samples()
{
    std::vector<sample> samples;
    auto const folder = std::filesystem::path(CERRO_TEST_DATA) / "wamp/singlemessage";
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".json") {
            continue;
        }
        std::ifstream file(entry.path());
        std::string const text{std::istreambuf_iterator<char>(file), {}};
        auto const document = codec::from_json(text);
        REQUIRE(document.has_value());
        for (auto const& s : *document->find("samples")->as_list()) {
            samples.push_back({entry.path().stem().string() + ": " + *s.find("description")->as_text(),
                               *s.find("expected_attributes"),
                               *s.find("serializers")});
        }
    }
    return samples;
}

/// Compares one expected attribute with what was scanned. Attributes that our message does not name apart are
/// members of its details (HELLO's roles, PUBLISH's acknowledge, ...).
void check_attribute(std::string key, value const& wanted, wamp::message const& m)
{
    INFO("attribute " << key << " = " << codec::to_json(wanted));
    using type = wamp::message_type;
    if (key.ends_with("_id")) {
        key.erase(key.size() - 3);  // the vectors are of two minds
    }
    auto const number = wanted.as_uint();
    bool const second = m.type == type::event || m.type == type::published;
    if (key == "message_type") {
        CHECK((*number == 337 ? m.type == type::event_received
                              : static_cast<std::uint64_t>(m.type) == *number));
    } else if (key == "request") {
        CHECK(m.request == *number);
    } else if (key == "request_type" || key == "session" || key == "registration") {
        CHECK(m.id2 == *number);
    } else if (key == "subscription") {
        CHECK((second ? m.request : m.id2) == *number);
    } else if (key == "publication") {
        CHECK((second ? m.id2 : m.request) == *number);
    } else if (key == "realm" && m.type == type::hello) {
        CHECK(m.uri == *wanted.as_text());
    } else if (key == "reason" || key == "error" || key == "topic" || key == "procedure") {
        auto const* const detail = m.details.find(key);  // EVENT.Details.topic of a pattern subscription
        CHECK((detail != nullptr ? *detail == wanted : m.uri == *wanted.as_text()));
    } else if (key == "method" || key == "signature" || key == "authmethod") {
        auto const* const detail = m.details.find(key);
        CHECK(
            (m.type == type::welcome && detail != nullptr ? *detail == wanted : m.text == *wanted.as_text()));
    } else if (key == "args") {
        auto const args = wamp::decode_args(m.payload);
        if (!wanted.is_null()) {
            REQUIRE(args.has_value());
            CHECK(value(*args) == wanted);
        }
    } else if (key == "kwargs") {
        auto const kwargs = wamp::decode_kwargs(m.payload);
        REQUIRE(kwargs.has_value());
        CHECK(value(*kwargs) == (wanted.is_null() ? value(dict()) : wanted));
    } else if (key == "payload" && !wanted.is_null()) {
        auto const octets = codec::decode(m.payload.serializer, m.payload.args);
        REQUIRE(octets.has_value());
        REQUIRE(octets->is_binary());
        CHECK(cerro::auth::hex_encode(octets->as_binary()->octets) == *wanted.as_text());
    } else if (key == "details" || key == "options" || key == "extra") {
        CHECK(value(m.details) == wanted);
    } else if (!wanted.is_null()) {
        auto const* const detail = m.details.find(key);
        REQUIRE(detail != nullptr);
        CHECK(*detail == wanted);
    }
}

void check_same(wamp::message const& a, wamp::message const& b)
{
    CHECK(a.type == b.type);
    CHECK(a.request == b.request);
    CHECK(a.id2 == b.id2);
    CHECK(a.uri == b.uri);
    CHECK(a.text == b.text);
    CHECK(a.details == b.details);
    CHECK(a.payload.args.empty() == b.payload.args.empty());
    CHECK(a.payload.kwargs.empty() == b.payload.kwargs.empty());
    for (auto const part : {&wamp::payload_view::args, &wamp::payload_view::kwargs}) {
        if (!(a.payload.*part).empty()) {
            auto const x = codec::decode(a.payload.serializer, a.payload.*part);
            auto const y = codec::decode(b.payload.serializer, b.payload.*part);
            REQUIRE(x.has_value());
            REQUIRE(y.has_value());
            CHECK(*x == *y);
        }
    }
}

}  // namespace

TEST_CASE(
    "single-message vectors: every form decodes to its attributes and survives re-encoding in each "
    "serializer")
{
    auto const samples = load_samples();
    REQUIRE(samples.size() == 102);
    constexpr std::array all{codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor};
    std::size_t forms_seen = 0;
    for (auto const& s : samples) {
        INFO(s.name);
        for (auto const from : all) {
            auto const* const forms = s.serializers.find(codec::name(from));
            if (forms == nullptr) {
                continue;  // samples about the meaning of one option have no bytes
            }
            for (auto const& form : *forms->as_list()) {
                INFO(codec::name(from) << ' ' << codec::to_json(form));
                ++forms_seen;
                auto const octets = cerro::auth::hex_decode(*form.find("bytes_hex")->as_text());
                REQUIRE(octets.has_value());
                auto const m = wamp::scan(from, *octets);
                REQUIRE(m.has_value());
                for (auto const& [key, wanted] : *s.expected.as_dict()) {
                    check_attribute(key, wanted, *m);
                }
                for (auto const to : all) {
                    INFO("to " << codec::name(to));
                    cerro::bytes out;
                    wamp::write(to, *m, out);
                    auto const again = wamp::scan(to, out);
                    REQUIRE(again.has_value());
                    check_same(*m, *again);
                }
            }
        }
    }
    CHECK(forms_seen >= 102);
}
