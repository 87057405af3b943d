#pragma once

/// @file
/// What the fuzz targets of the router's logic have in common.

#include <cerro/router/session.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

namespace cerro::router::fuzzing {

inline void require(bool holds, char const* what)
{
    if (!holds) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

/// Takes frames that it can read, and only until it is closed.
class any_peer final : public peer {
public:
    any_peer(core& c, codec::serializer s, std::shared_ptr<access_rules const> access)
        : serializer_(s), state_(std::make_unique<session>(c, *this, link(s), std::move(access)))
    {}

    bool send(shared_bytes frame, bool /*droppable*/) override
    {
        require(frame->size() > 4, "a frame has a message");
        auto const read = wamp::scan(serializer_, byte_view(*frame).substr(4));
        require(read.has_value(), "a frame can be read in its peer's serializer");
        require(!closed_, "nothing is sent after close");
        if (read->type == wamp::message_type::invocation) {
            last_invocation_ = read->request;
        }
        if (read->type == wamp::message_type::event) {
            last_publication_ = read->id2;
        }
        bool const to_call = read->type == wamp::message_type::error &&
                             read->id2 == static_cast<wamp::id>(wamp::message_type::call);
        if (to_call || (read->type == wamp::message_type::result && !read->details.contains("progress"))) {
            ++final_answers_[read->request];
        }
        return true;
    }
    void close(cerro::router::ending /*why*/, std::string const& /*text*/) override { closed_ = true; }

    session& state() { return *state_; }
    session const& state() const { return *state_; }
    codec::serializer serializer() const { return serializer_; }
    wamp::id last_invocation() const { return last_invocation_; }
    wamp::id last_publication() const { return last_publication_; }
    /// How many last RESULTs and ERRORs have come for each CALL.Request.
    std::map<wamp::id, int> const& final_answers() const { return final_answers_; }

private:
    static link_info link(codec::serializer s)
    {
        link_info out;
        out.serializer = s;
        out.max_outgoing = s == codec::serializer::cbor ? 512 : 1U << 24U;
        return out;
    }

    codec::serializer serializer_;
    bool closed_ = false;
    wamp::id last_invocation_ = 0;
    wamp::id last_publication_ = 0;
    std::map<wamp::id, int> final_answers_;
    std::unique_ptr<session> state_;
};

/// Reads the input octet by octet; 0 behind its end.
struct input {
    byte_view left;
    std::uint8_t octet()
    {
        if (left.empty()) {
            return 0;
        }
        auto const c = static_cast<std::uint8_t>(left.front());
        left.remove_prefix(1);
        return c;
    }
    byte_view piece(std::size_t n)
    {
        auto const out = left.substr(0, n);
        left.remove_prefix(out.size());
        return out;
    }
};

}  // namespace cerro::router::fuzzing
