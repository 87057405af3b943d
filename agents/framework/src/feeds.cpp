#include "feeds.hpp"

#include <cerro/ocs/protocol.hpp>

#include <stdexcept>

namespace cerro::agent {

feed_publisher::feed_publisher(asio::any_io_executor ex,
                               agent_identity const& who,
                               std::string name,
                               feed_options const& o,
                               std::shared_ptr<client::session> session,
                               std::shared_ptr<record_publisher> records)
    : name_(std::move(name)),
      address_(ocs::feed_address(who.address, name_)),
      record_(o.record),
      session_(std::move(session)),
      records_(std::move(records)),
      buffer_(o.buffer_time),
      timer_(std::move(ex))
{
    dict agg_params;
    if (o.frame_length) {
        agg_params.set("frame_length", *o.frame_length);
    }
    for (auto const& [key, v] : o.agg_params) {
        agg_params.set(key, v);
    }
    info_.append("agent_address", who.address);
    info_.append("agg_params", std::move(agg_params));
    info_.append("feed_name", name_);
    info_.append("address", address_);
    info_.append("record", record_);
    info_.append("session_id", who.session_id);
    info_.append("agent_class", who.agent_class);
}

void feed_publisher::sample(std::string_view block, double timestamp, dict fields)
{
    require(true);
    taken(buffer_.add(block, timestamp, std::move(fields), std::chrono::steady_clock::now()));
}

void feed_publisher::samples(std::string_view block, std::vector<double> timestamps, dict fields)
{
    require(true);
    taken(buffer_.add_many(block, timestamps, std::move(fields), std::chrono::steady_clock::now()));
}

void feed_publisher::require(bool record) const
{
    if (record_ != record) {
        throw std::logic_error(
            "feed " + name_ +
            (record_ ? " is a record feed: use sample() or samples()" : " is no record feed: use message()"));
    }
}

void feed_publisher::taken(result<void> const& outcome_of_add)
{
    if (!outcome_of_add) {
        throw std::invalid_argument("feed " + name_ + ": " + outcome_of_add.error().what);
    }
    auto const due = buffer_.due();
    if (!due) {
        return;
    }
    if (*due <= std::chrono::steady_clock::now()) {
        flush();
        return;
    }
    if (timer_.expiry() == *due) {
        return;
    }
    timer_.expires_at(*due);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
        auto const self = weak.lock();
        if (!ec && self) {
            self->flush();
        }
    });
}

void feed_publisher::message(value m)
{
    require(false);
    list pair;
    pair.push_back(std::move(m));
    pair.emplace_back(info_);
    list args;
    args.emplace_back(std::move(pair));
    session_->publish(address_, client::arguments(std::move(args)));
}

void feed_publisher::flush()
{
    if (buffer_.empty()) {
        return;
    }
    dict info = info_;
    info.append("sequence", ++sequence_);
    list pair;
    pair.emplace_back(buffer_.take());
    pair.emplace_back(std::move(info));
    list args;
    args.emplace_back(std::move(pair));
    records_->publish(address_, std::move(args));
}

}  // namespace cerro::agent
