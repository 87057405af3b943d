#pragma once

/// @file
/// The few WAMP messages that the load generator needs, in MessagePack or JSON, and the reading of their ids.
/// Written by hand and for speed: the load shares the machine with what it measures.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

enum class dialect { msgpack, json };

class writer {
public:
    writer(dialect d, std::string& out) : json_(d == dialect::json), out_(out) { out_.clear(); }

    writer& list(int n) { return open(n, '[', ']', 0x90); }
    writer& dict(int n) { return open(n, '{', '}', 0x80); }
    writer& close()
    {
        if (json_) {
            out_ += closing_[--depth_];
            after_value();
        }
        return *this;
    }
    writer& number(std::uint64_t v)
    {
        separate();
        if (json_) {
            out_ += std::to_string(v);
        } else {
            out_.push_back(static_cast<char>(0xcf));
            for (int shift = 56; shift >= 0; shift -= 8) {
                out_.push_back(static_cast<char>(v >> static_cast<unsigned>(shift)));
            }
        }
        after_value();
        return *this;
    }
    writer& text(std::string_view s)
    {
        separate();
        if (json_) {
            out_.append("\"").append(s).append("\"");
        } else {
            out_.push_back(static_cast<char>(0xda));
            out_.push_back(static_cast<char>(s.size() >> 8U));
            out_.push_back(static_cast<char>(s.size()));
            out_.append(s);
        }
        after_value();
        return *this;
    }
    writer& yes()
    {
        separate();
        if (json_) {
            out_ += "true";
        } else {
            out_.push_back(static_cast<char>(0xc3));
        }
        after_value();
        return *this;
    }
    /// A key of a dict; its value follows.
    writer& key(std::string_view s)
    {
        text(s);
        if (json_) {
            out_ += ':';
            fresh_ = true;
        }
        return *this;
    }
    /// [ <text of so many octets> ]
    writer& payload(std::size_t octets)
    {
        list(1);
        filler_.resize(octets, 'x');
        text(filler_);
        return close();
    }

private:
    writer& open(int n, char begin, char end, int tag)
    {
        separate();
        if (json_) {
            out_ += begin;
            closing_[depth_++] = end;
            fresh_ = true;
        } else {
            out_.push_back(static_cast<char>(tag | n));
        }
        return *this;
    }
    void separate()
    {
        if (json_ && !fresh_) {
            out_ += ',';
        }
    }
    void after_value() { fresh_ = false; }

    bool json_;
    std::string& out_;
    char closing_[8] = {};
    int depth_ = 0;
    bool fresh_ = true;
    std::string filler_;
};

/// The unsigned number at `at`, which moves behind it (and behind a comma).
inline std::uint64_t read_number(dialect d, std::string_view m, std::size_t& at)
{
    std::uint64_t v = 0;
    if (d == dialect::json) {
        for (; m.at(at) >= '0' && m[at] <= '9'; ++at) {
            v = v * 10 + static_cast<std::uint64_t>(m[at] - '0');
        }
        ++at;
        return v;
    }
    auto const first = static_cast<unsigned char>(m.at(at++));
    if (first < 0x80) {
        return first;
    }
    for (std::size_t n = std::size_t{1} << (first - 0xccU); n != 0; --n) {
        v = v << 8U | static_cast<unsigned char>(m.at(at++));
    }
    return v;
}

}  // namespace bench
