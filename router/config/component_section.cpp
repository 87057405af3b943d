#include "sections.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::int64_t longest_timeout_ms = 3'600'000;
constexpr std::int64_t longest_queue = 1'000'000;

/// "sisock.hub.Hub" -> "hub"
std::string class_of(std::string const& classname)
{
    auto const dot = classname.rfind('.');
    std::string out = classname.substr(dot == std::string::npos ? 0 : dot + 1);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

/// What crossbar cannot do without Python, this router cannot do at all: an error, or left out on request.
void refuse_component(reader& in,
                      config::node const& n,
                      section_context const& about,
                      std::string const& what)
{
    if (about.options.skip_components) {
        in.note(n, what + " is left out");
    } else {
        in.wrong(n,
                 what +
                     " cannot run in this router: run it as a program of its own, or give --skip-components "
                     "to leave it out");
    }
}

// --- the sisock hub
// ---------------------------------------------------------------------------------------------

/// Where the component connects to, as options of our programs.
void read_connection(reader& in,
                     config::node const& component,
                     section_context const& about,
                     std::vector<std::string>& out)
{
    auto const* transport = component.find("transport");
    if (transport == nullptr) {
        in.wrong(component, "the key 'transport' is missing: where the component finds the router");
        return;
    }
    if (!in.map(
            *transport,
            {"type", "id", "endpoint", "url", "serializer", "serializers", "options", "proxy", "debug"})) {
        return;
    }
    out.insert(out.end(), {"--url", in.required_text(*transport, "url")});
    auto const* endpoint = transport->find("endpoint");
    if (endpoint == nullptr ||
        !in.map(*endpoint, {"type", "host", "port", "path", "timeout", "version", "tls"})) {
        return;
    }
    auto const* tls = endpoint->find("tls");
    if (tls == nullptr || !in.map(*tls, {"hostname", "ca_certificates", "certificate", "key"})) {
        return;
    }
    in.no_effect(*tls, {{"certificate", ""}, {"key", ""}});
    auto const authorities = in.texts(*tls, "ca_certificates");
    if (!authorities.empty()) {
        out.insert(out.end(), {"--ca-file", resolved(about, authorities.front())});
    }
    if (authorities.size() > 1) {
        in.wrong(*tls->find("ca_certificates"), "one file is taken; put all certificates into it");
    }
}

void read_hub(reader& in, config::node const& n, section_context const& about, settings& out)
{
    if (!in.map(n, {"type", "id", "classname", "realm", "role", "extra", "transport", "auth", "options"})) {
        return;
    }
    child_settings hub;
    hub.program = "cerro-hub";
    read_connection(in, n, about, hub.arguments);
    if (n.find("realm") != nullptr) {
        hub.arguments.insert(hub.arguments.end(), {"--realm", in.text(n, "realm")});
    }
    in.no_effect(n, {{"role", ""}, {"auth", ""}, {"options", ""}});
    if (auto const* extra = n.find("extra");
        extra != nullptr && in.map(*extra, {"user", "secret_file", "base_uri"})) {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> options{
            {{"user", "--user"}, {"secret_file", "--secret-file"}, {"base_uri", "--base-uri"}}};
        for (auto const& [key, option] : options) {
            if (extra->find(key) != nullptr) {
                auto const text = in.text(*extra, key);
                hub.arguments.insert(
                    hub.arguments.end(),
                    {std::string(option), key == "secret_file" ? resolved(about, text) : text});
            }
        }
    }
    out.children.push_back(std::move(hub));
}

/// A container's `options.env`: {"inherit": true, "vars": {..}}
void read_environment(reader& in, config::node const& worker, child_settings& out)
{
    auto const* options = worker.find("options");
    auto const* env = options != nullptr ? options->find("env") : nullptr;
    auto const* vars = env != nullptr ? env->find("vars") : nullptr;
    if (vars != nullptr && in.map(*vars)) {
        for (auto const& [name, text] : vars->members()) {
            out.environment.emplace_back(name, in.expand(text, text.text()));
        }
    }
}

// --- events to web servers
// --------------------------------------------------------------------------------------

forwarder_settings read_forwarder(reader& in, config::node const& n)
{
    forwarder_settings out;
    for (auto const& s : in.items(n, "subscriptions")) {
        if (!in.map(s, {"url", "topic", "match"})) {
            continue;
        }
        forwarder_settings::subscription one;
        one.topic = in.required_text(s, "topic");
        one.url = in.required_text(s, "url");
        if (!one.url.starts_with("http://") && !one.url.starts_with("https://")) {
            in.wrong(s, "'" + one.url + "' is no http:// or https:// address");
        }
        if (s.find("match") != nullptr) {
            auto const match = wamp::parse_match_policy(in.text(s, "match"));
            if (!match) {
                in.wrong(*s.find("match"), "must be exact, prefix or wildcard");
            }
            one.match = match.value_or(wamp::match_policy::exact);
        }
        out.subscriptions.push_back(std::move(one));
    }
    if (out.subscriptions.empty()) {
        in.wrong(n, "'subscriptions' must name what goes where: [{\"topic\": .., \"url\": ..}]");
    }
    out.method = in.text(n, "method", out.method);
    if (out.method != "POST" && out.method != "PUT") {
        in.wrong(*n.find("method"), "'" + out.method + "' must be POST or PUT");
    }
    if (n.find("expectedcode") != nullptr) {
        out.expected_status = static_cast<int>(in.integer(n, "expectedcode", 200, 100, 599));
    }
    return out;
}

/// crossbar's component: realm and role beside `extra`.
void read_forwarder_component(reader& in, config::node const& n, settings& out)
{
    auto const* extra = n.find("extra");
    if (!in.map(n, {"type", "id", "classname", "realm", "role", "extra", "transport", "options"})) {
        return;
    }
    if (extra == nullptr || !in.map(*extra, {"subscriptions", "method", "expectedcode", "debug"})) {
        in.wrong(n, "a forwarder needs 'extra' with its 'subscriptions'");
        return;
    }
    auto made = read_forwarder(in, *extra);
    made.realm = in.required_text(n, "realm");
    made.role = in.text(n, "role", "anonymous");
    out.forwarders.push_back(std::move(made));
}

void read_component(
    reader& in, config::node const& n, section_context const& about, bool in_container, settings& out)
{
    if (!in.map(n)) {
        return;
    }
    auto const type = in.required_text(n, "type");
    auto const classname = in.text(n, "classname");
    auto const name = class_of(classname);
    if (type == "class" && name == "messageforwarder") {
        read_forwarder_component(in, n, out);
    } else if (type == "class" && name == "hub" && in_container) {
        read_hub(in, n, about, out);
    } else {
        refuse_component(
            in,
            n,
            about,
            "a component of type '" + type + "'" + (classname.empty() ? "" : " (" + classname + ")"));
    }
}

}  // namespace

void read_components(
    reader& in, config::node const& worker, section_context const& about, bool in_container, settings& out)
{
    auto const children_before = out.children.size();
    for (auto const& component : in.items(worker, "components")) {
        read_component(in, component, about, in_container, out);
    }
    for (auto i = children_before; i < out.children.size(); ++i) {
        read_environment(in, worker, out.children[i]);
    }
}

void read_forwarders(reader& in, config::node const& cerro, settings& out)
{
    for (auto const& n : in.items(cerro, "forwarders")) {
        if (!in.map(n, {"realm", "role", "subscriptions", "method", "expectedcode", "timeout", "queue"})) {
            continue;
        }
        auto made = read_forwarder(in, n);
        made.realm = in.required_text(n, "realm");
        made.role = in.required_text(n, "role");
        made.timeout = in.duration(n, "timeout", made.timeout);
        if (made.timeout.count() > longest_timeout_ms) {
            in.wrong(*n.find("timeout"), "at most an hour");
        }
        made.queue = static_cast<std::size_t>(in.integer(n, "queue", 1'000, 1, longest_queue));
        out.forwarders.push_back(std::move(made));
    }
}

}  // namespace cerro::router
