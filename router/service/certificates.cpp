#include "certificates.hpp"

#include <cerro/transport/tls.hpp>

#include <chrono>
#include <limits>

namespace cerro::router {

std::set<std::string> certificate_files(settings const& s)
{
    std::set<std::string> out;
    for (auto const& l : s.listeners) {
        if (l.endpoint.tls) {
            out.insert(l.endpoint.tls->certificate);
        }
    }
    return out;
}

double certificate_seconds(std::string const& file)
{
    auto const end = transport::cert_not_after(file);
    return end ? std::chrono::duration<double>(*end - std::chrono::system_clock::now()).count()
               : std::numeric_limits<double>::quiet_NaN();
}

std::string certificate_trouble(settings const& s)
{
    std::string all;
    for (auto const& file : certificate_files(s)) {
        if (certificate_seconds(file) < 0) {
            all += (all.empty() ? "" : "\n") +
                   ("the certificate " + file + " has expired; renew it, then SIGHUP");
        }
    }
    return all;
}

}  // namespace cerro::router
