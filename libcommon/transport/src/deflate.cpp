#include "deflate.hpp"

#include "subprotocol.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace cerro::transport {

namespace {

constexpr std::string_view extension = "permessage-deflate";
constexpr std::string_view server_forgets = "server_no_context_takeover";
constexpr std::string_view client_forgets = "client_no_context_takeover";
constexpr std::string_view server_window = "server_max_window_bits";
constexpr std::string_view client_window = "client_max_window_bits";
constexpr int least_window = 9;  // zlib's compressor cannot keep to 8
constexpr int most_window = 15;
// Level 1 takes a third of the time of zlib's usual 6; WAMP messages come out a tenth longer.
constexpr int level = 1;
constexpr byte_view tail("\x00\x00\xff\xff", 4);
constexpr std::size_t step = 4U * 1024U;
constexpr std::size_t most_idle = 4;  // streams of one kind and size that a thread keeps

/// One offer: the parameters as they came; -1 for a window without a number.
struct offer {
    bool server_forgets = false;
    bool client_forgets = false;
    std::optional<int> server_window;
    std::optional<int> client_window;
};

std::string_view trimmed(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::optional<int> window_bits(std::string_view value)
{
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
    }
    int bits = 0;
    auto const [end, ec] = std::from_chars(value.data(), value.data() + value.size(), bits);
    bool const good = ec == std::errc() && end == value.data() + value.size() && value.front() != '0';
    return good && bits >= 8 && bits <= most_window ? std::optional(bits) : std::nullopt;
}

bool read_parameter(std::string_view text, offer& out)
{
    auto const equals = text.find('=');
    auto const name = trimmed(text.substr(0, equals));
    bool const has_value = equals != std::string_view::npos;
    auto const value = has_value ? trimmed(text.substr(equals + 1)) : std::string_view();
    auto const flag = [has_value](bool& f) { return !has_value && !std::exchange(f, true); };
    if (name == server_forgets) {
        return flag(out.server_forgets);
    }
    if (name == client_forgets) {
        return flag(out.client_forgets);
    }
    auto* const window = name == server_window   ? &out.server_window
                         : name == client_window ? &out.client_window
                                                 : nullptr;
    if (window == nullptr || window->has_value()) {
        return false;
    }
    *window = has_value ? window_bits(value) : std::optional(-1);
    return window->has_value() && (has_value || name == client_window);
}

/// Nothing for another extension, or parameters that are unknown, wrong or come twice.
std::optional<offer> read_offer(std::string_view text)
{
    offer out;
    auto semicolon = text.find(';');
    if (trimmed(text.substr(0, semicolon)) != extension) {
        return std::nullopt;
    }
    while (semicolon != std::string_view::npos) {
        text.remove_prefix(semicolon + 1);
        semicolon = text.find(';');
        if (!read_parameter(text.substr(0, semicolon), out)) {
            return std::nullopt;
        }
    }
    return out;
}

deflate_agreement agree(offer const& theirs, deflate_options const& ours, std::string& answer)
{
    deflate_agreement a;
    answer = extension;
    auto const say = [&answer](std::string_view name, int bits = 0) {
        answer += "; ";
        answer += name;
        if (bits != 0) {
            answer += "=" + std::to_string(bits);
        }
    };
    a.memory_level = ours.memory_level;
    a.keep_out = !theirs.server_forgets && !ours.no_context_takeover;
    a.keep_in = !theirs.client_forgets && !ours.request_no_context_takeover;
    a.window_out = std::min(theirs.server_window.value_or(most_window), ours.max_window_bits);
    if (!a.keep_out) {
        say(server_forgets);
    }
    if (theirs.server_window || a.window_out < most_window) {
        say(server_window, a.window_out);
    }
    if (!a.keep_in) {
        say(client_forgets);
    }
    if (theirs.client_window) {  // else the client does not know the parameter
        int const most = *theirs.client_window == -1 ? most_window : *theirs.client_window;
        a.window_in = std::min(most, ours.request_max_window_bits);
        if (a.window_in < most_window) {
            say(client_window, a.window_in);
        }
    }
    return a;
}

/// Idle streams of this thread: what is kept of a message is nothing, so any session may use them.
struct idle_stream {
    zlib_stream::kind kind;
    int window;
    int memory_level;
    z_stream* z;
};

void destroy(zlib_stream::kind k, z_stream* z)
{
    if (k == zlib_stream::kind::inflate) {
        ::inflateEnd(z);
    } else {
        ::deflateEnd(z);
    }
    delete z;
}

class idle_streams {
public:
    idle_streams() = default;
    idle_streams(idle_streams const&) = delete;
    idle_streams& operator=(idle_streams const&) = delete;
    ~idle_streams()
    {
        for (auto const& s : all_) {
            destroy(s.kind, s.z);
        }
    }
    z_stream* take(zlib_stream::kind k, int window, int memory_level)
    {
        for (auto it = all_.begin(); it != all_.end(); ++it) {
            if (it->kind == k && it->window == window && it->memory_level == memory_level) {
                auto* const z = it->z;
                all_.erase(it);
                return z;
            }
        }
        return nullptr;
    }
    void give(idle_stream s)
    {
        auto const alike = std::count_if(all_.begin(), all_.end(), [&](auto const& o) {
            return o.kind == s.kind && o.window == s.window && o.memory_level == s.memory_level;
        });
        if (static_cast<std::size_t>(alike) >= most_idle) {
            destroy(s.kind, s.z);
        } else {
            all_.push_back(s);
        }
    }

private:
    std::vector<idle_stream> all_;
};

idle_streams& idle()
{
    static thread_local idle_streams streams;
    return streams;
}

void set_input(z_stream& z, byte_view in)
{
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
}

}  // namespace

std::optional<deflate_agreement> agree_on_deflate(std::string_view offers,
                                                  deflate_options const& o,
                                                  std::string& answer)
{
    for (auto const one : split_header_list(offers)) {
        auto const theirs = read_offer(one);
        if (theirs && theirs->server_window.value_or(most_window) >= least_window) {
            return agree(*theirs, o, answer);
        }
    }
    return std::nullopt;
}

zlib_stream::~zlib_stream()
{
    if (z_ != nullptr) {
        destroy(kind_, z_);
    }
}

z_stream* zlib_stream::get()
{
    if (z_ != nullptr) {
        return z_;
    }
    if (!keep_) {
        z_ = idle().take(kind_, window_, memory_level_);
        if (z_ != nullptr) {
            return z_;
        }
    }
    auto made = std::make_unique<z_stream>();
    int const failed =
        kind_ == kind::inflate
            ? ::inflateInit2(made.get(), -window_)
            : ::deflateInit2(made.get(), level, Z_DEFLATED, -window_, memory_level_, Z_DEFAULT_STRATEGY);
    if (failed == Z_OK) {
        z_ = made.release();
    }
    return z_;
}

void zlib_stream::release()
{
    if (keep_ || z_ == nullptr) {
        return;
    }
    if (kind_ == kind::inflate) {
        ::inflateReset(z_);
    } else {
        ::deflateReset(z_);
    }
    idle().give({kind_, window_, memory_level_, std::exchange(z_, nullptr)});
}

inflater::outcome inflater::add(byte_view in, bytes& out, std::size_t limit)
{
    auto* const z = stream_.get();
    if (z == nullptr) {
        return outcome::corrupt;
    }
    set_input(*z, in);
    std::size_t used = out.size();
    auto result = outcome::ok;
    for (;;) {
        if (used == out.size()) {
            // One octet more than is allowed shows that there is more.
            out.resize(std::min(limit + 1, std::max({used * 2, in.size() * 2, step})));
        }
        z->next_out = reinterpret_cast<Bytef*>(out.data() + used);
        z->avail_out = static_cast<uInt>(out.size() - used);
        int const code = ::inflate(z, Z_SYNC_FLUSH);
        used = out.size() - z->avail_out;
        if (used > limit) {
            result = outcome::too_big;
            break;
        }
        if (code == Z_STREAM_END) {
            ::inflateReset(z);  // the peer ended its stream; another may follow in this message
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            result = outcome::corrupt;
            break;
        }
        if (z->avail_in == 0 && z->avail_out != 0) {
            break;
        }
    }
    out.resize(used);
    return result;
}

inflater::outcome inflater::finish(bytes& out, std::size_t limit)
{
    auto const added = add(tail, out, limit);
    if (added != outcome::ok) {
        return added;
    }
    constexpr int between_blocks = 128;
    constexpr int unused_bits = 7;
    auto const state = static_cast<unsigned>(stream_.get()->data_type);
    bool const whole = (state & between_blocks) != 0 && (state & unused_bits) == 0;
    stream_.release();
    return whole ? outcome::ok : outcome::corrupt;
}

bool deflater::run(byte_view in, bytes& out, int flush)
{
    auto* const z = stream_.get();
    if (z == nullptr) {
        return false;
    }
    set_input(*z, in);
    std::size_t used = out.size();
    do {
        out.resize(used + std::max(in.size() / 2, step / 16));
        z->next_out = reinterpret_cast<Bytef*>(out.data() + used);
        z->avail_out = static_cast<uInt>(out.size() - used);
        ::deflate(z, flush);  // cannot fail: the stream is sound and has room
        used = out.size() - z->avail_out;
    } while (z->avail_out == 0);
    out.resize(used);
    return true;
}

bool deflater::add(byte_view in, bytes& out)
{
    return in.empty() || run(in, out, Z_NO_FLUSH);
}

bool deflater::finish(bytes& out)
{
    if (!run({}, out, Z_SYNC_FLUSH)) {
        return false;
    }
    if (byte_view(out).ends_with(tail)) {
        out.resize(out.size() - tail.size());
    }
    if (out.empty()) {
        out.push_back('\0');  // RFC 7692, 7.2.3.6: an empty message
    }
    stream_.release();
    return true;
}

}  // namespace cerro::transport
