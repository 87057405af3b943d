#include <cerro/base/iso8601.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/codec/dict_writer.hpp>
#include <cerro/codec/list_writer.hpp>
#include <cerro/router/history_answer.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace cerro::router {

namespace {

constexpr std::string_view null_value(codec::serializer s)
{
    switch (s) {
        case codec::serializer::json: return "null";
        case codec::serializer::msgpack: return "\xc0";
        case codec::serializer::cbor: return "\xf6";
    }
    return {};
}

bool passed_through(std::string_view key)
{
    return key.starts_with("ppt_") || key.starts_with("enc_");
}

bool is_receiver_list(std::string_view key)
{
    return key == "eligible_authid" || key == "eligible_authrole" || key == "exclude_authid" ||
           key == "exclude_authrole";
}

/// Is `text` the value, or in the list, that stands at `key`?
std::optional<bool> among(dict const& options, std::string_view key, std::string const& text)
{
    auto const* chosen = options.find(key);
    if (chosen == nullptr) {
        return std::nullopt;
    }
    auto const equal = [&](value const& v) { return v.as_text() != nullptr && *v.as_text() == text; };
    auto const* many = chosen->as_list();
    return many != nullptr ? std::any_of(many->begin(), many->end(), equal) : equal(*chosen);
}

bool admits(dict const& options, history_query const& q)
{
    return among(options, "eligible_authid", q.authid).value_or(true) &&
           among(options, "eligible_authrole", q.authrole).value_or(true) &&
           !among(options, "exclude_authid", q.authid).value_or(false) &&
           !among(options, "exclude_authrole", q.authrole).value_or(false);
}

class answer {
public:
    explicit answer(history_query const& q) : q_(q) {}

    /// @return false when the answer is complete, without this record
    bool offer(history_record const& r)
    {
        if (page_.count >= q_.limit) {
            stop(r);
            return false;
        }
        if (r.time_ns < q_.first_time_ns || r.time_ns > q_.last_time_ns ||
            (!q_.topic.empty() && r.topic != q_.topic) || !wamp::matches(r.topic, q_.uri, q_.match)) {
            return true;
        }
        dict options;
        if (!r.options.empty()) {
            auto decoded = codec::decode(codec::serializer::msgpack, r.options);
            if (!decoded || !decoded->is_dict() || !admits(*decoded->as_dict(), q_)) {
                return true;
            }
            options = std::move(*decoded->as_dict());
        }
        auto const before = items_.size();
        write(r, options);
        if (items_.size() > q_.max_bytes && (page_.count > 0 || !q_.paged)) {
            items_.resize(before);
            if (!q_.paged) {
                page_.error = wamp::uri::payload_size_exceeded;
                page_.failure = "the events asked for are more than " + std::to_string(q_.max_bytes) +
                                " bytes; give a limit, or read pages with from_position";
            }
            stop(r);
            return false;
        }
        ++page_.count;
        return true;
    }

    history_page finish(std::uint64_t oldest, std::uint64_t newest)
    {
        page_.oldest_position = oldest;
        if (!page_.more) {
            page_.next_position = q_.reverse ? 0 : std::min(newest, q_.last_position) + 1;
        }
        codec::list_writer list(q_.serializer, page_.events, page_.count);
        page_.events += items_;
        list.finish();
        return std::move(page_);
    }

private:
    void stop(history_record const& r)
    {
        page_.more = true;
        page_.next_position = r.position;
    }

    void write(history_record const& r, dict const& options)
    {
        if (q_.serializer == codec::serializer::json && page_.count > 0) {
            items_ += ',';
        }
        dict details;
        if (q_.match != wamp::match_policy::exact) {
            details.append("topic", r.topic);
        }
        if (r.disclosed) {
            details.append("publisher", r.session);
            details.append("publisher_authid", r.authid);
            details.append("publisher_authrole", r.authrole);
        }
        for (auto const& [key, v] : options) {
            if (passed_through(key)) {
                details.append(key, v);
            }
        }
        codec::dict_writer out(q_.serializer, items_, 13);
        // crossbar's keys; those that would tell who published only where that is disclosed
        out.add("time_ns", r.time_ns);
        out.add_text("realm", q_.realm);
        out.add("session_id", r.disclosed ? value(r.session) : value());
        out.add("authid", r.disclosed ? value(r.authid) : value());
        out.add("authrole", r.disclosed ? value(r.authrole) : value());
        out.add_unsigned("publication", r.publication);
        out.add_text("topic", r.topic);
        // the specification's
        out.add_text("timestamp", iso8601(wall_time(std::chrono::nanoseconds(r.time_ns))));
        out.add_unsigned("subscription", q_.subscription);
        out.add("details", std::move(details));
        // both
        add_payload(out, "args", r.payload.serializer, r.payload.args);
        add_payload(out, "kwargs", r.payload.serializer, r.payload.kwargs);
        // ours
        out.add_unsigned("x_cerro_position", r.position);
        out.finish();
    }

    /// Bytes that are not well-formed, or do not go into the reader's serializer, become null.
    void add_payload(codec::dict_writer& out, std::string_view key, codec::serializer from, byte_view encoded)
    {
        if (!encoded.empty() && from == q_.serializer) {
            auto const end = codec::skip(from, encoded, 0);
            if (end && *end == encoded.size()) {
                out.add_encoded(key, encoded);
                return;
            }
        } else if (!encoded.empty()) {
            other_.clear();
            if (codec::transcode(from, encoded, q_.serializer, other_)) {
                out.add_encoded(key, other_);
                return;
            }
        }
        out.add_encoded(key, null_value(q_.serializer));
    }

    history_query const& q_;
    history_page page_;
    bytes items_;
    bytes other_;
};

/// Turns the publications that bound the answer into positions.
/// @return false when one of them is not kept
bool resolve_publications(history_query& q, record_walk const& walk)
{
    std::vector<std::pair<wamp::id, std::uint64_t>> wanted;
    for (auto const id :
         {q.from_publication, q.after_publication, q.before_publication, q.until_publication}) {
        if (id != 0) {
            wanted.emplace_back(id, 0);
        }
    }
    if (wanted.empty()) {
        return true;
    }
    std::size_t missing = wanted.size();
    walk(0, q.last_position, true, [&](history_record const& r) {
        for (auto& [id, position] : wanted) {
            if (id == r.publication && position == 0) {
                position = r.position;
                --missing;
            }
        }
        return missing > 0;
    });
    if (missing > 0) {
        return false;
    }
    auto const position = [&](wamp::id id) {
        return std::find_if(wanted.begin(), wanted.end(), [&](auto const& w) { return w.first == id; })
            ->second;
    };
    if (q.from_publication != 0) {
        q.first_position = std::max(q.first_position, position(q.from_publication));
    }
    if (q.after_publication != 0) {
        q.first_position = std::max(q.first_position, position(q.after_publication) + 1);
    }
    if (q.before_publication != 0) {
        q.last_position = std::min(q.last_position, position(q.before_publication) - 1);
    }
    if (q.until_publication != 0) {
        q.last_position = std::min(q.last_position, position(q.until_publication));
    }
    return true;
}

}  // namespace

history_page answer_query(history_query q,
                          record_walk const& walk,
                          std::uint64_t oldest,
                          std::uint64_t newest)
{
    bool const known = resolve_publications(q, walk);
    answer out(q);
    if (known && q.first_position <= q.last_position) {
        walk(q.first_position, q.last_position, q.reverse, [&](history_record const& r) {
            return out.offer(r);
        });
    }
    return out.finish(oldest, newest);
}

bool options_to_keep(dict const& options, bytes& out)
{
    dict kept;
    for (auto const& [key, v] : options) {
        if ((key == "exclude" || key == "eligible") && !v.is_null()) {
            return false;
        }
        if ((is_receiver_list(key) && !v.is_null()) || passed_through(key)) {
            kept.append(key, v);
        }
    }
    if (!kept.empty()) {
        codec::encode_dict(codec::serializer::msgpack, kept, out);
    }
    return true;
}

}  // namespace cerro::router
