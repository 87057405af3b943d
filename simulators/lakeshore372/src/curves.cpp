#include "curves.hpp"

#include "settings.hpp"

namespace cerro::sim372 {

namespace {

bool is_number(std::string const& text)
{
    return parse_number(text).has_value();
}

std::string factory_header(int number)
{
    std::string name = "User " + std::to_string(number);
    name.resize(15, ' ');
    return name + ",0000000000,4,+40.000,1";
}

}  // namespace

bool curves::set_header(std::vector<std::string> const& a)
{
    if (a.size() != 6) {
        return false;
    }
    auto const number = parse_index(a[0], first_writable, last);
    bool const format = a[3] == "3" || a[3] == "4" || a[3] == "7";
    if (!number || !format || !is_number(a[4]) || !parse_index(a[5], 1, 2)) {
        return false;
    }
    curves_[*number].header =
        a[1].substr(0, 15) + "," + a[2].substr(0, 10) + "," + a[3] + "," + a[4] + "," + a[5];
    return true;
}

std::optional<std::string> curves::header(std::vector<std::string> const& a) const
{
    auto const number = a.size() == 1 ? parse_index(a[0], 1, last) : std::nullopt;
    if (!number) {
        return std::nullopt;
    }
    auto const at = curves_.find(*number);
    return at == curves_.end() || at->second.header.empty() ? factory_header(*number) : at->second.header;
}

bool curves::set_point(std::vector<std::string> const& a)
{
    if (a.size() < 4 || a.size() > 5) {
        return false;
    }
    auto const number = parse_index(a[0], first_writable, last);
    auto const index = parse_index(a[1], 1, points);
    if (!number || !index || !is_number(a[2]) || !is_number(a[3]) || (a.size() == 5 && !is_number(a[4]))) {
        return false;
    }
    curves_[*number].points[*index] = a[2] + "," + a[3] + (a.size() == 5 ? "," + a[4] : "");
    return true;
}

std::optional<std::string> curves::point(std::vector<std::string> const& a) const
{
    auto const number = a.size() == 2 ? parse_index(a[0], 1, last) : std::nullopt;
    auto const index = a.size() == 2 ? parse_index(a[1], 1, points) : std::nullopt;
    if (!number || !index) {
        return std::nullopt;
    }
    if (auto const at = curves_.find(*number); at != curves_.end()) {
        if (auto const p = at->second.points.find(*index); p != at->second.points.end()) {
            return p->second;
        }
    }
    return "+0.00000E+00,+0.00000E+00";
}

bool curves::erase(std::vector<std::string> const& a)
{
    auto const number = a.size() == 1 ? parse_index(a[0], first_writable, last) : std::nullopt;
    if (!number) {
        return false;
    }
    // The header stays, as the instrument keeps it.
    curves_[*number].points.clear();
    return true;
}

}  // namespace cerro::sim372
