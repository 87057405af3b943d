#pragma once

/// @file
/// Those who may join by a method with credentials (wamp protocol, 9 and 12), as the configuration, a file or
/// an authenticator's answer gives them.

#include <cerro/auth/scram.hpp>
#include <cerro/auth/wampcra.hpp>
#include <cerro/router/peer.hpp>
#include <cerro/router/string_map.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerro::router {

/// One who may join, and what shows it. Each method looks at its own credentials only.
struct principal {
    std::string role;
    std::string realm;             ///< where it is put; empty: the realm that HELLO names
    std::string authid;            ///< its name in the session; empty: the one that it was found by
    std::optional<dict> extra;     ///< WELCOME.Details.authextra
    std::string ticket;            ///< in the clear
    auth::wampcra_user wampcra;    ///< no secret: cannot log in so
    auth::scram_user scram;        ///< no keys: cannot log in so; also checks a ticket if `ticket` is empty
    std::vector<bytes> keys;       ///< public keys of cryptosign
    std::string certificate_sha1;  ///< as client_certificate
    std::string certificate_sha256;
    std::string certificate_cn;
};

using principal_table = string_map<principal>;

/// A principal under crossbar's keys: role, realm, authid, extra, ticket; secret, salt, iterations, keylen;
/// kdf, salt, iterations, memory, stored-key, server-key; authorized_keys, pubkey; certificate-sha1; and
/// ours: password, wampcra (texts of auth/password.hpp), certificate-sha256, certificate-cn.
/// @return errc::malformed naming the key, never its value
[[nodiscard]] result<principal> read_principal(dict const& of);

/// A principals file: {"principals": {"joe": {"role": "operator", "password": "SCRAM-SHA-256$..."}}}.
/// @return errc::malformed, errc::limit_exceeded
[[nodiscard]] result<principal_table> parse_principals(std::string_view json);

/// What methods ask. Replaced as a whole when its file has changed; log-ins that are under way keep what they
/// found.
class principals {
public:
    struct found {
        std::string authid;
        std::shared_ptr<principal const> who;  ///< null: nobody, or not just one
    };

    explicit principals(principal_table t = {}) { replace(std::move(t)); }
    void replace(principal_table t);

    [[nodiscard]] std::size_t size() const { return order_.size(); }
    [[nodiscard]] std::vector<found> const& all() const { return order_; }
    [[nodiscard]] std::shared_ptr<principal const> find(std::string_view authid) const;
    /// The only one with this public key.
    [[nodiscard]] found with_key(byte_view key) const;
    /// By SHA-256, SHA-1 or common name, in this order.
    [[nodiscard]] found with_certificate(client_certificate const& c) const;
    /// One whose shape the challenge for somebody unknown takes; null in an empty table.
    [[nodiscard]] std::shared_ptr<principal const> some(std::size_t number) const;

    /// Is this the ticket of `p`? A right one is remembered (as a digest with `secret`), so that a hash is
    /// computed once only.
    [[nodiscard]] bool accepts_ticket(std::string const& authid,
                                      principal const& p,
                                      std::string_view ticket,
                                      std::string_view secret);

private:
    string_map<std::shared_ptr<principal const>> table_;
    std::vector<found> order_;
    string_map<std::string> verified_;
};

}  // namespace cerro::router
