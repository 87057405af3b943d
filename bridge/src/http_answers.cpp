#include <cerro/bridge/data.hpp>
#include <cerro/codec/codec.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace cerro::bridge {

std::int64_t milliseconds(double seconds)
{
    constexpr double most = 9e15;  // exact in a double, and in JavaScript
    double const ms = std::round(seconds * 1000);
    return std::abs(ms) < most ? static_cast<std::int64_t>(ms) : 0;
}

namespace {

void write_number(std::string& out, double d)
{
    if (!std::isfinite(d)) {
        out += "null";
        return;
    }
    std::array<char, 32> buffer{};
    auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d).ptr;
    out.append(buffer.data(), end);
}

void write_time(std::string& out, double seconds)
{
    std::array<char, 24> buffer{};
    auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), milliseconds(seconds)).ptr;
    out.append(buffer.data(), end);
}

void write_value(std::string& out, dans::column const& v, std::size_t i)
{
    if (auto const* numbers = v.numbers()) {
        write_number(out, (*numbers)[i]);
    } else {
        out += codec::to_json(v.at(i));
    }
}

void write_table(std::string& out, answered const& a)
{
    out += R"({"type":"table","columns":[{"text":"Time","type":"time"},{"text":)";
    out += codec::to_json(value(a.target));
    out += R"(,"type":")";
    out += a.samples.v.type() == dans::sample_type::number ? "number" : "string";
    out += R"("}],"rows":[)";
    for (std::size_t i = 0; i < a.samples.t.size(); ++i) {
        out += i == 0 ? "[" : ",[";
        write_time(out, a.samples.t[i]);
        out += ',';
        write_value(out, a.samples.v, i);
        out += ']';
    }
    out += "]}";
}

void write_points(std::string& out, answered const& a)
{
    out += R"({"target":)";
    out += codec::to_json(value(a.target));
    out += R"(,"datapoints":[)";
    for (std::size_t i = 0; i < a.samples.t.size(); ++i) {
        out += i == 0 ? "[" : ",[";
        write_value(out, a.samples.v, i);
        out += ',';
        write_time(out, a.samples.t[i]);
        out += ']';
    }
    out += "]}";
}

std::size_t expected_size(std::vector<answered> const& all)
{
    std::size_t n = 2;
    for (auto const& a : all) {
        n += 64 + a.target.size() + a.samples.t.size() * 36;
    }
    return n;
}

}  // namespace

std::string write_series(std::vector<answered> const& all)
{
    std::string out;
    out.reserve(expected_size(all));
    out += '[';
    for (auto const& a : all) {
        out += out.size() > 1 ? "," : "";
        if (a.table) {
            write_table(out, a);
        } else {
            write_points(out, a);
        }
    }
    return out += ']';
}

std::string write_records(std::vector<answered> const& all)
{
    std::string out;
    out.reserve(2 * expected_size(all));
    out += '[';
    for (auto const& a : all) {
        for (std::size_t i = 0; i < a.samples.t.size(); ++i) {
            out += out.size() > 1 ? R"(,{"time":)" : R"({"time":)";
            write_time(out, a.samples.t[i]);
            out += R"(,"value":)";
            write_value(out, a.samples.v, i);
            if (all.size() > 1) {
                out += R"(,"target":)" + codec::to_json(value(a.target));
            }
            out += '}';
        }
    }
    return out += ']';
}

}  // namespace cerro::bridge
