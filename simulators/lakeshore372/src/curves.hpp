#pragma once

/// @file
/// The instrument's memory of calibration curves: CRVHDR, CRVPT, CRVDEL.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cerro::sim372 {

class curves {
public:
    static constexpr int first_writable = 21;
    static constexpr int last = 59;
    static constexpr int points = 200;

    // Each takes the message's arguments; false or nothing: they are bad.
    bool set_header(std::vector<std::string> const& a);
    [[nodiscard]] std::optional<std::string> header(std::vector<std::string> const& a) const;
    bool set_point(std::vector<std::string> const& a);
    [[nodiscard]] std::optional<std::string> point(std::vector<std::string> const& a) const;
    bool erase(std::vector<std::string> const& a);

private:
    struct curve {
        std::string header;                 // as shown; empty = the factory's
        std::map<int, std::string> points;  // as written
    };
    std::map<int, curve> curves_;
};

}  // namespace cerro::sim372
