#include "sections.hpp"

#include <utility>

namespace cerro::router {

namespace {

bool is_static(reader& in, config::node const& n)
{
    auto const type = in.required_text(n, "type");
    if (type != "static") {
        in.wrong(n, "authentication of type '" + type + "' is not supported; only static is");
    }
    return type == "static";
}

void read_ticket(reader& in, config::node const& n, access_rules& out)
{
    out.ticket.emplace();
    if (!in.map(n, {"type", "principals"}) || !is_static(in, n)) {
        return;
    }
    auto const* principals = n.find("principals");
    if (principals == nullptr || !in.map(*principals)) {
        in.wrong(n, "'principals' must name who may join: {\"joe\": {\"ticket\": .., \"role\": ..}}");
        return;
    }
    for (auto const& [authid, p] : principals->members()) {
        if (in.map(p, {"ticket", "role"})) {
            out.ticket->emplace(authid,
                                ticket_principal{in.secret(p, "ticket"), in.required_text(p, "role")});
        }
    }
}

void read_wampcra(reader& in, config::node const& n, access_rules& out)
{
    out.wampcra.emplace();
    if (!in.map(n, {"type", "users"}) || !is_static(in, n)) {
        return;
    }
    auto const* users = n.find("users");
    if (users == nullptr || !in.map(*users)) {
        in.wrong(n, "'users' must name who may join: {\"joe\": {\"secret\": .., \"role\": ..}}");
        return;
    }
    for (auto const& [authid, u] : users->members()) {
        if (!in.map(u, {"secret", "role", "salt", "iterations", "keylen"})) {
            continue;
        }
        wampcra_principal p;
        p.user.secret = in.secret(u, "secret");
        p.role = in.required_text(u, "role");
        p.user.salt = in.text(u, "salt");
        p.user.iterations = static_cast<int>(in.integer(u, "iterations", 1000, 1, 1'000'000));
        p.user.keylen = static_cast<int>(in.integer(u, "keylen", 32, 1, 1024));
        out.wampcra->emplace(authid, std::move(p));
    }
}

}  // namespace

std::shared_ptr<access_rules const> read_access(reader& in, config::node const& transport)
{
    auto const* auth = transport.find("auth");
    if (auth == nullptr) {
        return std::make_shared<access_rules const>(access_rules::open());
    }
    auto out = std::make_shared<access_rules>();
    if (!in.map(*auth,
                {"anonymous",
                 "ticket",
                 "wampcra",
                 "scram",
                 "cryptosign",
                 "cookie",
                 "tls",
                 "anonymous-proxy",
                 "cryptosign-proxy"})) {
        return out;
    }
    for (auto const& [method, n] : auth->members()) {
        if (method == "anonymous") {
            if (in.map(n, {"type", "role"}) && is_static(in, n)) {
                out->anonymous_role = in.required_text(n, "role");
            }
        } else if (method == "ticket") {
            read_ticket(in, n, *out);
        } else if (method == "wampcra") {
            read_wampcra(in, n, *out);
        } else {
            in.wrong(n,
                     "this authentication method is not supported by this version; anonymous, ticket and "
                     "wampcra are");
        }
    }
    return out;
}

}  // namespace cerro::router
