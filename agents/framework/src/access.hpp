#pragma once

// Who may do what: the access policies that need no director.

#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <string>
#include <string_view>

namespace cerro::agent {

class access_policy {
public:
    /// Policy none: everybody has level 1.
    access_policy() = default;
    /// "", "none", or "override:PW2,PW3". Problems never repeat what stands behind the colon: it is secret.
    [[nodiscard]] static result<access_policy> parse(std::string_view text);

    [[nodiscard]] bool active() const noexcept { return active_; }
    [[nodiscard]] std::string_view name() const noexcept { return active_ ? "override" : "none"; }
    /// Takes equally long whatever the password.
    [[nodiscard]] int level(std::string_view password) const noexcept;
    /// Level of what the agent starts itself.
    [[nodiscard]] int own_level() const noexcept;
    [[nodiscard]] std::string refusal(int required, int granted) const;
    /// Said behind the refusal of a start; empty if there is nothing to say.
    [[nodiscard]] std::string_view detail() const noexcept;
    /// `access_control` of get_api
    [[nodiscard]] dict describe(double since) const;

private:
    bool active_ = false;
    std::string advanced_;  // password of level 2
    std::string full_;      // password of level 3
};

}  // namespace cerro::agent
