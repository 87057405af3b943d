#pragma once

/// @file
/// The few WAMP messages of the load, in MessagePack or JSON.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

/// Makes each message in a buffer of its own, valid until the next one is made.
class messages {
public:
    explicit messages(bool json) : json_(json) {}

    std::string const& hello(std::string_view realm)
    {
        begin(3, 1);
        text(realm);
        if (json_) {
            m_ += R"(,{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}])";
            return m_;
        }
        m_.push_back(static_cast<char>(0x81));
        text("roles");
        m_.push_back(static_cast<char>(0x84));
        for (char const* role : {"caller", "callee", "publisher", "subscriber"}) {
            text(role);
            empty();
        }
        return m_;
    }
    /// REGISTER and SUBSCRIBE.
    std::string const& enrol(int type, std::string_view uri)
    {
        begin(4, type);
        number(1);
        empty();
        text(uri);
        return end();
    }
    /// CALL and PUBLISH.
    std::string const& ask(int type, std::uint64_t request, std::string_view uri, std::size_t octets)
    {
        begin(5, type);
        number(request);
        empty();
        text(uri);
        payload(octets);
        return end();
    }
    std::string const& yield(std::uint64_t request, std::size_t octets)
    {
        begin(4, 70);
        number(request);
        empty();
        payload(octets);
        return end();
    }

    [[nodiscard]] int type(std::string_view m) const
    {
        return json_ ? std::atoi(std::string(m.substr(1, 3)).c_str()) : static_cast<unsigned char>(m.at(1));
    }
    /// The number behind the type.
    [[nodiscard]] std::uint64_t request(std::string_view m) const
    {
        if (json_) {
            auto const at = m.find(',') + 1;
            return std::strtoull(std::string(m.substr(at, 20)).c_str(), nullptr, 10);
        }
        auto const first = static_cast<unsigned char>(m.at(2));
        if (first < 0x80) {
            return first;
        }
        std::uint64_t v = 0;
        for (std::size_t i = 0; i < std::size_t{1} << (first - 0xccU); ++i) {
            v = v << 8U | static_cast<unsigned char>(m.at(3 + i));
        }
        return v;
    }

private:
    void begin(int elements, int type)
    {
        m_.clear();
        if (json_) {
            m_ = "[" + std::to_string(type);
        } else {
            m_ += {static_cast<char>(0x90 + elements), static_cast<char>(type)};
        }
    }
    std::string const& end()
    {
        if (json_) {
            m_.push_back(']');
        }
        return m_;
    }
    void number(std::uint64_t v)
    {
        if (json_) {
            m_ += "," + std::to_string(v);
            return;
        }
        m_.push_back(static_cast<char>(0xcf));
        for (int shift = 56; shift >= 0; shift -= 8) {
            m_.push_back(static_cast<char>(v >> static_cast<unsigned>(shift)));
        }
    }
    void empty() { m_ += json_ ? ",{}" : "\x80"; }
    void text(std::string_view s)
    {
        if (json_) {
            m_.append(",\"").append(s).push_back('"');
            return;
        }
        m_ += {static_cast<char>(0xd9), static_cast<char>(s.size())};
        m_.append(s);
    }
    /// A list of one text.
    void payload(std::size_t octets)
    {
        if (json_) {
            m_ += ",[\"";
            m_.append(octets, 'x').append("\"]");
            return;
        }
        m_ += {static_cast<char>(0x91),
               static_cast<char>(0xc5),
               static_cast<char>(octets >> 8U),
               static_cast<char>(octets)};
        m_.append(octets, 'x');
    }

    bool json_;
    std::string m_;
};

}  // namespace bench
