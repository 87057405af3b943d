#pragma once

// permessage-deflate (RFC 7692): what is agreed upon, and messages in and out. No I/O.

#include <cerro/base/bytes.hpp>
#include <cerro/transport/websocket_options.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct z_stream_s;

namespace cerro::transport {

/// What both sides do on one connection.
struct deflate_agreement {
    int window_out = 15;   ///< log2 of our window
    bool keep_out = true;  ///< the window lives from message to message
    int window_in = 15;    ///< of the client's
    bool keep_in = true;
    int memory_level = 8;  ///< of our compressor, 1 to 9
};

/// Chooses from a client's Sec-WebSocket-Extensions the first offer that we can accept.
/// @param answer set to our own Sec-WebSocket-Extensions
[[nodiscard]] std::optional<deflate_agreement> agree_on_deflate(std::string_view offers,
                                                                deflate_options const& o,
                                                                std::string& answer);

/// A zlib stream; freed, or given back to the thread's small store of idle ones where nothing of a message
/// is kept, so that idle sessions hold no memory.
class zlib_stream {
public:
    enum class kind : std::uint8_t { inflate, deflate };
    zlib_stream(kind k, int window, int memory_level, bool keep) noexcept
        : kind_(k), keep_(keep), window_(window), memory_level_(memory_level)
    {}
    zlib_stream(zlib_stream const&) = delete;
    zlib_stream& operator=(zlib_stream const&) = delete;
    ~zlib_stream();

    /// The stream, made or borrowed at the first call. Null: no memory.
    [[nodiscard]] z_stream_s* get();
    /// The message is complete.
    void release();

private:
    kind kind_;
    bool keep_;
    int window_;
    int memory_level_;
    z_stream_s* z_ = nullptr;
};

class inflater {
public:
    enum class outcome : std::uint8_t { ok, too_big, corrupt };
    explicit inflater(deflate_agreement const& a)
        : stream_(zlib_stream::kind::inflate, a.window_in, 0, a.keep_in)
    {}

    /// Inflates a piece of a message to the end of `out`, which never grows beyond `limit` octets.
    [[nodiscard]] outcome add(byte_view in, bytes& out, std::size_t limit);
    /// The message's last octets are added: is it whole?
    [[nodiscard]] outcome finish(bytes& out, std::size_t limit);

private:
    zlib_stream stream_;
};

class deflater {
public:
    explicit deflater(deflate_agreement const& a)
        : stream_(zlib_stream::kind::deflate, a.window_out, a.memory_level, a.keep_out)
    {}
    /// Compresses a piece of a message to the end of `out`. @return false: no memory
    [[nodiscard]] bool add(byte_view in, bytes& out);
    /// Ends the message, all of which is in `out`.
    [[nodiscard]] bool finish(bytes& out);

private:
    [[nodiscard]] bool run(byte_view in, bytes& out, int flush);
    zlib_stream stream_;
};

}  // namespace cerro::transport
