#pragma once

#include <cerro/codec/list_writer.hpp>
#include <cerro/wamp/message.hpp>

#include <cstddef>

namespace cerro::wamp {

/// A payload as it goes into a message of one serializer: views of the original's bytes, or of transcoded
/// ones.
class payload_parts {
public:
    payload_parts() = default;
    payload_parts(codec::serializer s, payload_view const& p);
    payload_parts(payload_parts const&) = delete;
    payload_parts(payload_parts&&) = default;
    payload_parts& operator=(payload_parts const&) = delete;
    payload_parts& operator=(payload_parts&&) = default;
    ~payload_parts() = default;

    /// elements of the message that it takes
    [[nodiscard]] std::size_t count() const noexcept { return has_kwargs() ? 2 : args().empty() ? 0 : 1; }
    [[nodiscard]] std::size_t size() const noexcept { return args().size() + kwargs().size(); }
    void add_to(codec::list_writer& out) const;

private:
    [[nodiscard]] bool has_kwargs() const noexcept { return !kwargs().empty(); }
    [[nodiscard]] byte_view args() const noexcept { return transcoded_ ? byte_view(own_args_) : view_.args; }
    [[nodiscard]] byte_view kwargs() const noexcept
    {
        return transcoded_ ? byte_view(own_kwargs_) : view_.kwargs;
    }

    payload_view view_;
    bool transcoded_ = false;
    bytes own_args_;
    bytes own_kwargs_;
};

/// Reserves, leaves room for the length, and sets it at the end.
class frame_builder {
public:
    /// @param expected octets of the message; more are fine
    explicit frame_builder(std::size_t expected);
    [[nodiscard]] bytes& out() noexcept { return *out_; }
    [[nodiscard]] shared_bytes finish();

private:
    std::shared_ptr<bytes> out_;
};

}  // namespace cerro::wamp
