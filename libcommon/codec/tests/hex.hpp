#pragma once

#include <cerro/base/bytes.hpp>

/// Octets written as hexadecimal digits, blanks between them allowed.
inline cerro::bytes octets(std::string_view hex)
{
    cerro::bytes out;
    std::string pair;
    for (char const ch : hex) {
        if (ch == ' ') {
            continue;
        }
        pair += ch;
        if (pair.size() == 2) {
            out += static_cast<char>(std::stoi(pair, nullptr, 16));
            pair.clear();
        }
    }
    return out;
}
