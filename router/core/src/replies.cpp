#include "replies.hpp"

#include <cerro/wamp/fast.hpp>

namespace cerro::router {

std::string quoted(std::string_view before, std::string_view uri)
{
    return std::string(before).append(" '").append(uri).append("'");
}

std::string_view checking_text(wamp::uri_rule rule)
{
    return rule == wamp::uri_rule::strict ? " (URI strict checking True)" : " (URI strict checking False)";
}

bool flag(dict const& options, std::string_view key, bool otherwise)
{
    auto const* option = options.find(key);
    return option == nullptr ? otherwise : option->as_bool().value_or(otherwise);
}

void send_error(member& to,
                wamp::message_type request_type,
                wamp::id request,
                std::string_view error,
                std::string_view text)
{
    if (error == wamp::uri::not_authorized) {
        to.denied(request_type, text);
    }
    auto const s = to.link.serializer;
    wamp::payload const arguments = text.empty() ? wamp::payload() : wamp::payload(s, list{text}, {});
    to.send(wamp::frame_error(s, request_type, request, {}, error, arguments.view()));
}

void send_reply(member& to, wamp::message_type type, wamp::id request, wamp::id result)
{
    wamp::message m;
    m.type = type;
    m.request = request;
    m.id2 = result;
    to.send(wamp::frame(to.link.serializer, m));
}

void send_interrupt(member& to, wamp::id invocation, std::string_view mode, std::string_view reason)
{
    wamp::message m;
    m.type = wamp::message_type::interrupt;
    m.request = invocation;
    m.details.append("mode", mode);
    m.details.append("reason", reason);
    to.send(wamp::frame(to.link.serializer, m));
}

std::string not_authorized_text(member const& who,
                                std::string_view verb,
                                std::string_view thing,
                                std::string_view uri,
                                std::string_view realm)
{
    std::string text = "session (session_id=" + std::to_string(who.who.session) + ", authid=\"" +
                       who.who.authid + "\", authrole=\"" + who.who.authrole + "\") is not authorized to ";
    text.append(verb).append(" ").append(thing).append(" \"").append(uri);
    text.append("\" on realm \"").append(realm).append("\"");
    return text;
}

bool is_passthru(std::string_view key)
{
    return key.starts_with("ppt_") || key == "enc_algo" || key == "enc_key" || key == "enc_serializer";
}

void copy_passthru(dict const& options, dict& details)
{
    for (auto const& [key, v] : options) {
        if (is_passthru(key)) {
            details.append(key, v);
        }
    }
}

void copy_end_to_end(dict const& options, dict& details)
{
    for (auto const& [key, v] : options) {
        if (is_passthru(key) || (key == "transaction_hash" && v.is_text()) ||
            (key == "forward_for" && v.is_list())) {
            details.append(key, v);
        }
    }
}

bool uses_passthru(dict const& options)
{
    auto const* scheme = options.find("ppt_scheme");
    return scheme != nullptr && !scheme->is_null();
}

void disclose(identity const& who, std::string_view prefix, dict& details)
{
    std::string const key(prefix);
    details.append(key, who.session);
    details.append(key + "_authid", who.authid);
    details.append(key + "_authrole", who.authrole);
}

}  // namespace cerro::router
