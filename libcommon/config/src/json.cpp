#include "builder.hpp"

#include <charconv>

namespace cerro::config {

namespace {

/// Strict JSON (RFC 8259). Depth is bounded by the builder.
class json_reader {
public:
    json_reader(std::string_view text, builder& tree) : text_(text), tree_(tree) {}

    void read()
    {
        if (text_.substr(0, 3) == "\xef\xbb\xbf") {
            at_ = line_begin_ = 3;
        }
        skip_blanks();
        value();
        skip_blanks();
        if (at_ < text_.size()) {
            stop("text behind the end of the document");
        }
    }

private:
    [[nodiscard]] position here() const { return {line_, static_cast<int>(at_ - line_begin_) + 1}; }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    [[noreturn]] void stop(std::string what) const
    {
        throw parse_stop{errc::malformed, here(), std::move(what)};
    }

    [[noreturn]] void unexpected(std::string_view wanted) const
    {
        std::string what = "expected " + std::string(wanted) + ", found ";
        if (at_ >= text_.size()) {
            what += "the end of the text";
        } else if (static_cast<unsigned char>(peek()) < 0x20 || static_cast<unsigned char>(peek()) >= 0x7f) {
            what += "the byte " + std::to_string(static_cast<unsigned char>(peek()));
        } else {
            what += std::string("'") + peek() + "'";
        }
        stop(std::move(what));
    }

    void skip_blanks()
    {
        for (; at_ < text_.size(); ++at_) {
            char const c = text_[at_];
            if (c == '\n') {
                ++line_;
                line_begin_ = at_ + 1;
            } else if (c != ' ' && c != '\t' && c != '\r') {
                return;
            }
        }
    }

    void value()
    {
        position const at = here();
        switch (peek()) {
            case '{': object(at); break;
            case '[': array(at); break;
            case '"': tree_.scalar(at, string(), true); break;
            case 't': word(at, "true"); break;
            case 'f': word(at, "false"); break;
            case 'n': word(at, "null"); break;
            default: number(at); break;
        }
    }

    void object(position at)
    {
        tree_.begin(at, node::kind::map);
        ++at_;
        skip_blanks();
        if (peek() == '}') {
            ++at_;
            tree_.end();
            return;
        }
        for (;;) {
            if (peek() != '"') {
                unexpected("a key in double quotes");
            }
            position const key_at = here();
            tree_.scalar(key_at, string(), true);
            skip_blanks();
            if (peek() != ':') {
                unexpected("':'");
            }
            ++at_;
            skip_blanks();
            value();
            skip_blanks();
            if (peek() == '}') {
                ++at_;
                tree_.end();
                return;
            }
            if (peek() != ',') {
                unexpected("',' or '}'");
            }
            ++at_;
            skip_blanks();
        }
    }

    void array(position at)
    {
        tree_.begin(at, node::kind::sequence);
        ++at_;
        skip_blanks();
        if (peek() == ']') {
            ++at_;
            tree_.end();
            return;
        }
        for (;;) {
            value();
            skip_blanks();
            if (peek() == ']') {
                ++at_;
                tree_.end();
                return;
            }
            if (peek() != ',') {
                unexpected("',' or ']'");
            }
            ++at_;
            skip_blanks();
        }
    }

    void word(position at, std::string_view expected)
    {
        if (text_.substr(at_, expected.size()) != expected) {
            unexpected("a value");
        }
        at_ += expected.size();
        if (expected == "null") {
            tree_.null(at);
        } else {
            tree_.scalar(at, std::string(expected), false);
        }
    }

    std::size_t digits()
    {
        std::size_t const begin = at_;
        while (peek() >= '0' && peek() <= '9') {
            ++at_;
        }
        return at_ - begin;
    }

    void number(position at)
    {
        std::size_t const begin = at_;
        if (peek() == '-') {
            ++at_;
        }
        bool const leading_zero = peek() == '0';
        std::size_t const whole = digits();
        if (whole == 0) {
            unexpected("a value");
        }
        if (leading_zero && whole > 1) {
            at_ = begin;
            stop("a number with a leading zero");
        }
        if (peek() == '.') {
            ++at_;
            if (digits() == 0) {
                unexpected("a digit");
            }
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') {
                ++at_;
            }
            if (digits() == 0) {
                unexpected("a digit");
            }
        }
        tree_.scalar(at, std::string(text_.substr(begin, at_ - begin)), false);
    }

    std::string string()
    {
        std::string made;
        ++at_;
        for (;;) {
            if (at_ >= text_.size()) {
                unexpected("'\"'");
            }
            char const c = text_[at_];
            if (c == '"') {
                ++at_;
                return made;
            }
            if (static_cast<unsigned char>(c) < 0x20) {
                stop("a control character in a string; write \\n, \\t or \\u00XX");
            }
            ++at_;
            if (c == '\\') {
                escape(made);
            } else {
                made += c;
            }
        }
    }

    unsigned hex4()
    {
        unsigned code = 0;
        std::string_view const four = text_.substr(at_, 4);
        auto const [end, ec] = std::from_chars(four.data(), four.data() + four.size(), code, 16);
        if (four.size() != 4 || ec != std::errc() || end != four.data() + 4) {
            stop("\\u takes four hexadecimal digits");
        }
        at_ += 4;
        return code;
    }

    void escape(std::string& made)
    {
        static constexpr std::string_view letters = "\"\\/bfnrt";
        static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        char const c = peek();
        if (std::size_t const i = letters.find(c); c != '\0' && i != std::string_view::npos) {
            ++at_;
            made += meanings[i];
            return;
        }
        if (c != 'u') {
            unexpected("an escape (one of \" \\ / b f n r t u)");
        }
        ++at_;
        unsigned code = hex4();
        if (code >= 0xd800 && code <= 0xdbff && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            unsigned const low = hex4();
            if (low < 0xdc00 || low > 0xdfff) {
                stop("half a surrogate pair");
            }
            code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
        } else if (code >= 0xd800 && code <= 0xdfff) {
            stop("half a surrogate pair");
        }
        append_utf8(made, code);
    }

    static void append_utf8(std::string& out, unsigned code)
    {
        auto const tail = [&](unsigned shift) {
            out += static_cast<char>(0x80U | ((code >> shift) & 0x3fU));
        };
        if (code < 0x80) {
            out += static_cast<char>(code);
        } else if (code < 0x800) {
            out += static_cast<char>(0xc0U | (code >> 6U));
            tail(0);
        } else if (code < 0x10000) {
            out += static_cast<char>(0xe0U | (code >> 12U));
            tail(6);
            tail(0);
        } else {
            out += static_cast<char>(0xf0U | (code >> 18U));
            tail(12);
            tail(6);
            tail(0);
        }
    }

    std::string_view text_;
    builder& tree_;
    std::size_t at_ = 0;
    std::size_t line_begin_ = 0;
    int line_ = 1;
};

}  // namespace

result<node> parse_json(std::string_view text, std::string name)
{
    try {
        if (text.size() > max_text) {
            throw parse_stop{errc::limit_exceeded, {}, "longer than 4 MiB"};
        }
        builder tree(repeated_keys::refused);
        json_reader(text, tree).read();
        return tree.finish(name);
    } catch (parse_stop const& s) {
        return fail(
            s.code,
            name + ":" + std::to_string(s.at.line) + ":" + std::to_string(s.at.column) + ": " + s.what);
    }
}

}  // namespace cerro::config
