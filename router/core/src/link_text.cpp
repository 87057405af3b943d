#include <cerro/auth/hex.hpp>
#include <cerro/router/link_text.hpp>

namespace cerro::router {

dict describe_transport(link_info const& link)
{
    dict out{{"peer", link.address},
             {"channel_type", link.transport},
             {"channel_serializer", codec::name(link.serializer)}};
    if (!link.details) {
        return out;
    }
    auto const& d = *link.details;
    out.append("is_secure", d.tls);
    if (!d.protocol.empty()) {
        out.append("websocket_protocol", d.protocol);
        out.append("websocket_extensions_in_use", list(d.extensions.begin(), d.extensions.end()));
        dict headers;
        for (auto const& [name, text] : d.headers) {
            if (name != "cookie" && name != "authorization") {
                headers.set(name, text);
            }
        }
        out.append("http_headers_received", std::move(headers));
    }
    if (d.certificate) {
        auto const& c = *d.certificate;
        out.append("client_cert",
                   dict{{"subject", dict{{"CN", c.common_name}}},
                        {"issuer", dict{{"CN", c.issuer_name}}},
                        {"subject_name", c.subject},
                        {"sha1", c.sha1},
                        {"sha256", c.sha256}});
    }
    return out;
}

dict describe_session(member const& m, std::string_view realm)
{
    return {{"session", m.who.session},
            {"authid", m.who.authid},
            {"authrole", m.who.authrole},
            {"authmethod", m.who.authmethod},
            {"authprovider", m.who.authprovider},
            {"authextra", m.who.authextra},
            {"realm", realm},
            {"transport", describe_transport(m.link)}};
}

}  // namespace cerro::router
