#pragma once

/// @file
/// Testaments (wamp protocol, 7): events that a session leaves behind, published when it ends for whatever
/// reason.

#include <cerro/wamp/message.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

class realm;

struct testament {
    wamp::id publication = 0;  ///< the id that its event will have
    std::string topic;
    dict options;
    wamp::payload payload;
    std::size_t cost = 0;  ///< about [bytes]
};

/// Those of one session.
class testaments {
public:
    /// detached comes before destroyed; here, where sessions are never resumed, both happen at the end.
    enum class scope : std::uint8_t { detached, destroyed };

    void add(scope s, testament t);
    /// Forgets all of a scope. @return how many there were
    std::size_t flush(scope s);
    [[nodiscard]] std::size_t count() const { return all_[0].size() + all_[1].size(); }
    [[nodiscard]] std::size_t cost() const { return cost_; }
    /// In the order of publishing.
    [[nodiscard]] std::array<std::vector<testament>, 2> const& all() const { return all_; }

private:
    std::array<std::vector<testament>, 2> all_;
    std::size_t cost_ = 0;
};

/// "detached" (crossbar spells it "detatched"), "destroyed"
[[nodiscard]] std::optional<testaments::scope> parse_testament_scope(std::string_view text);

/// wamp.session.add_testament, wamp.session.flush_testaments
void add_testament_meta(realm& r);

}  // namespace cerro::router
