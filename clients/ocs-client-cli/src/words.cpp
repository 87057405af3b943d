#include "words.hpp"

#include <cerro/codec/codec.hpp>
#include <cerro/ocs/protocol.hpp>
#include <cerro/ocs/python_text.hpp>

namespace cerro::ocs_client_cli {
namespace {

constexpr std::size_t name_width = 20;

value read_value(std::string const& text)
{
    if (text == "True") {
        return true;
    }
    if (text == "False") {
        return false;
    }
    if (text == "None") {
        return nullptr;
    }
    auto parsed = codec::from_json(text);
    return parsed ? std::move(*parsed) : value(text);
}

}  // namespace

result<dict> read_params(std::string const& text, std::vector<std::string> const& words)
{
    dict params;
    if (!text.empty()) {
        auto parsed = codec::from_json(text);
        if (!parsed) {
            return fail(errc::invalid_argument, "--params is no JSON: " + parsed.error().what);
        }
        if (!parsed->is_dict()) {
            return fail(errc::invalid_argument,
                        "--params: a JSON object is expected, such as '{\"delay\": 3}'");
        }
        params = *parsed->as_dict();
    }
    for (auto const& word : words) {
        auto const equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(errc::invalid_argument, "'" + word + "' is no parameter: name=value is expected");
        }
        params.set(word.substr(0, equals), read_value(word.substr(equals + 1)));
    }
    return params;
}

wamp::match_policy selector_policy(std::string const& selector)
{
    bool const has_gap =
        selector.starts_with('.') || selector.ends_with('.') || selector.find("..") != std::string::npos;
    return has_gap ? wamp::match_policy::wildcard : wamp::match_policy::exact;
}

std::string format_event(client::event const& e, bool json)
{
    // OCS feeds send one argument: [message, feed_info].
    value const message = e.payload.args.size() == 1 ? e.payload.args.front() : value(e.payload.args);
    if (json) {
        dict line;
        line.append("topic", e.topic);
        line.append("message", message);
        return codec::to_json(line);
    }
    return '[' + e.topic + "] " + ocs::python_repr(message);
}

std::string format_op_codes(dict const& codes)
{
    std::string text;
    for (auto const& [op, code] : codes) {
        std::string const padding(op.size() < name_width ? name_width - op.size() : 0, ' ');
        text +=
            "    " + op + padding + ": " + std::string(ocs::op_code_name(code.as_int().value_or(0))) + '\n';
    }
    return text;
}

}  // namespace cerro::ocs_client_cli
