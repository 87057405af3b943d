#include "record_queue.hpp"

#include <algorithm>

namespace cerro::agent {

std::size_t estimated_size(value const& v)
{
    std::size_t size = sizeof(value);
    if (auto const* text = v.as_text()) {
        size += text->size();
    } else if (auto const* octets = v.as_binary()) {
        size += octets->octets.size();
    } else if (auto const* items = v.as_list()) {
        for (auto const& item : *items) {
            size += estimated_size(item);
        }
    } else if (auto const* members = v.as_dict()) {
        for (auto const& [key, member] : *members) {
            size += sizeof(std::string) + key.size() + estimated_size(member);
        }
    }
    return size;
}

void record_queue::push(std::string topic, list args, steady_time now)
{
    entry e{};
    for (auto const& arg : args) {
        e.bytes += estimated_size(arg);
    }
    e.message.number = ++last_number_;
    e.message.topic = std::move(topic);
    e.message.args = std::move(args);
    e.since = now;
    bytes_ += e.bytes;
    entries_.push_back(std::move(e));
    enforce_limits(now);
}

queued_message const* record_queue::next(steady_time now)
{
    enforce_limits(now);
    if (settling_ || in_flight_ >= limits_.window) {
        return nullptr;
    }
    auto const found = std::find_if(
        entries_.begin(), entries_.end(), [](entry const& e) { return e.now == state::waiting; });
    if (found == entries_.end()) {
        return nullptr;
    }
    found->now = state::sent;
    ++in_flight_;
    return &found->message;
}

void record_queue::acknowledged(std::uint64_t number)
{
    settle();
    remove(number);
}

void record_queue::refused(std::uint64_t number)
{
    settle();
    remove(number);
    ++lost_;
}

void record_queue::undelivered(std::uint64_t number)
{
    for (auto& e : entries_) {
        if (e.message.number == number) {
            e.now = state::waiting;
        }
    }
    settling_ = true;
    settle();
}

void record_queue::settle()
{
    --in_flight_;
    if (in_flight_ == 0) {
        settling_ = false;
    }
}

void record_queue::remove(std::uint64_t number)
{
    auto const found = std::find_if(
        entries_.begin(), entries_.end(), [number](entry const& e) { return e.message.number == number; });
    if (found != entries_.end()) {
        bytes_ -= found->bytes;
        entries_.erase(found);
    }
}

void record_queue::enforce_limits(steady_time now)
{
    // What is on its way is left alone: its answer will come, or the connection will break.
    auto const too_much = [&](entry const& e) {
        return bytes_ > limits_.bytes || now - e.since > limits_.age;
    };
    for (auto e = entries_.begin(); e != entries_.end() && (e->now == state::sent || too_much(*e));) {
        if (e->now == state::sent) {
            ++e;
            continue;
        }
        bytes_ -= e->bytes;
        e = entries_.erase(e);
        ++lost_;
    }
}

}  // namespace cerro::agent
