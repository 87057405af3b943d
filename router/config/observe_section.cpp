#include "sections.hpp"

namespace cerro::router {

namespace {

bool is_loopback(std::string const& address)
{
    return address.starts_with("127.") || address == "::1";
}

void read_admin(reader& in, config::node const& n, section_context const& about, settings& out)
{
    if (!in.map(n, {"address", "port", "token_file"})) {
        return;
    }
    auto& a = out.admin.emplace();
    a.address = in.text(n, "address", a.address);
    a.port = static_cast<std::uint16_t>(in.integer(n, "port", 0, 0, 65'535));
    if (n.find("port") == nullptr) {
        in.wrong(n, "port is missing (0: any free one, which the log tells)");
    }
    auto const token_file = in.text(n, "token_file");
    if (!token_file.empty()) {
        a.token_file = resolved(about, token_file);
    } else if (!is_loopback(a.address)) {
        in.wrong(n,
                 "an address other than loopback needs a token_file, whose first line requests must show as "
                 "\"Authorization: Bearer ...\"");
    }
}

void read_access_log(reader& in, config::node const& n, section_context const& about, settings& out)
{
    if (!in.map(n, {"path", "joins", "http", "denied", "rate"})) {
        return;
    }
    auto& a = out.access_log.emplace();
    auto const path = in.text(n, "path", "-");
    a.path = path == "-" ? path : resolved(about, path);
    a.joins = in.boolean(n, "joins", a.joins);
    a.http = in.boolean(n, "http", a.http);
    a.denied = in.boolean(n, "denied", a.denied);
    auto const* const rate = n.find("rate");
    if (rate != nullptr && rate->is_scalar() && rate->text() == "none") {
        a.rate = 0;
    } else {
        a.rate =
            static_cast<std::size_t>(in.integer(n, "rate", static_cast<std::int64_t>(a.rate), 1, 1'000'000));
    }
}

}  // namespace

void read_observation(reader& in, config::node const& cerro, section_context const& about, settings& out)
{
    if (auto const* const n = cerro.find("admin")) {
        read_admin(in, *n, about, out);
    }
    if (auto const* const n = cerro.find("access_log")) {
        read_access_log(in, *n, about, out);
    }
}

}  // namespace cerro::router
