#include "fixtures.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/sha.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace cerro::g3::test {
namespace json = boost::json;
namespace {

double number(json::value const& v)
{
    if (v.is_string()) {
        auto const& s = v.get_string();
        return s == "nan" ? std::nan("") : s == "inf" ? HUGE_VAL : -HUGE_VAL;
    }
    return v.to_number<double>();
}

bool same(double x, json::value const& v)
{
    double const y = number(v);
    return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y));
}
bool same(std::int64_t x, json::value const& v)
{
    return v.to_number<std::int64_t>() == x;
}
bool same(std::string const& x, json::value const& v)
{
    return v.get_string() == x;
}
bool same(bool x, json::value const& v)
{
    return v.get_bool() == x;
}

void append(bytes& out, std::string const& s)
{
    std::uint64_t const n = s.size();
    out.append(reinterpret_cast<char const*>(&n), sizeof n);
    out += s;
}
template <class T>
void append(bytes& out, T number)
{
    out.append(reinterpret_cast<char const*>(&number), sizeof number);
}

std::string sha256(bytes const& octets)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<unsigned char const*>(octets.data()), octets.size(), digest);
    std::string text;
    char two[3];
    for (auto const octet : digest) {
        std::snprintf(two, sizeof two, "%02x", octet);
        text += two;
    }
    return text;
}

template <class T>
std::string vector_difference(std::vector<T> const& have, json::value const& want)
{
    if (auto const* const list = want.if_array()) {
        if (list->size() != have.size()) {
            return "length " + std::to_string(have.size());
        }
        for (std::size_t i = 0; i < have.size(); ++i) {
            if (!same(static_cast<T>(have[i]), (*list)[i])) {
                return "element " + std::to_string(i) + " is not " + json::serialize((*list)[i]);
            }
        }
        return {};
    }
    auto const& summary = want.as_object();
    bytes raw;
    for (auto&& one : have) {
        append(raw, static_cast<T>(one));
    }
    if (summary.at("n").to_number<std::size_t>() != have.size() ||
        sha256(raw) != summary.at("sha256_le").as_string()) {
        return "summary differs: " + json::serialize(want);
    }
    return {};
}

std::string map_difference(object_map const& have, json::object const& want)
{
    if (have.entries.size() != want.size()) {
        return "has " + std::to_string(have.entries.size()) + " entries";
    }
    for (auto const& [key, value] : have.entries) {
        auto const d = difference(value.get(), want.at(key));
        if (!d.empty()) {
            return key + ": " + d;
        }
    }
    return {};
}

struct compare {
    json::value const& want;

    std::string operator()(std::monostate) const { return "was not decoded"; }
    std::string operator()(std::int64_t x) const { return same(x, want) ? "" : "int differs"; }
    std::string operator()(double x) const { return same(x, want) ? "" : "double differs"; }
    std::string operator()(bool x) const { return same(x, want) ? "" : "bool differs"; }
    std::string operator()(std::string const& x) const { return same(x, want) ? "" : "text differs"; }
    std::string operator()(ticks x) const { return same(x.count, want) ? "" : "time differs"; }
    std::string operator()(std::vector<object_ptr> const& have) const
    {
        auto const& list = want.as_array();
        if (list.size() != have.size()) {
            return "length " + std::to_string(have.size());
        }
        for (std::size_t i = 0; i < have.size(); ++i) {
            auto const d = difference(have[i].get(), list[i]);
            if (!d.empty()) {
                return std::to_string(i) + ": " + d;
            }
        }
        return {};
    }
    std::string operator()(object_map const& have) const { return map_difference(have, want.as_object()); }
    std::string operator()(timesample_map const& have) const
    {
        auto const d = vector_difference(have.times, want.at("times"));
        return d.empty() ? map_difference(have.fields, want.at("fields").as_object()) : "times: " + d;
    }
    std::string operator()(irregular_block const& have) const
    {
        auto const& fields = want.at("data").as_object();
        auto d = vector_difference(have.times, want.at("t"));
        if (fields.size() != have.fields.size() || !same(have.prefix, want.at("prefix"))) {
            d += " fields or prefix differ";
        }
        for (auto const& [key, values] : have.fields) {
            d += vector_difference(values, fields.at(key));
        }
        return d;
    }
    template <class T>
    std::string operator()(std::vector<T> const& have) const
    {
        if constexpr (std::is_same_v<T, std::complex<double>> || std::is_same_v<T, ticks> ||
                      std::is_same_v<T, std::uint8_t>) {
            return "no fixture has this";
        } else {
            return vector_difference(have, want);
        }
    }
};

}  // namespace

std::string fixture(std::string const& name)
{
    return std::string(CERRO_TEST_DATA) + "/g3/" + name;
}

bytes content_of(std::string const& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw std::runtime_error("cannot open " + path);
    }
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}

json::value expected(std::string const& name)
{
    return json::parse(content_of(fixture(name + ".json")));
}

std::string difference(object const* o, json::value const& want)
{
    if (o == nullptr) {
        return want.is_null() ? "" : "null pointer";
    }
    auto const& named = *want.as_object().begin();
    if (named.key() != o->class_name) {
        return "class " + o->class_name + " instead of " + std::string(named.key());
    }
    if (named.value().is_string() && named.value().get_string() == "(not expanded)") {
        return {};
    }
    auto const d = std::visit(compare{named.value()}, o->content);
    return d.empty() ? d : o->class_name + ": " + d;
}

}  // namespace cerro::g3::test
