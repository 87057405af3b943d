#include <cerro/transport/admission.hpp>

#include <algorithm>
#include <utility>

namespace cerro::transport {

namespace {

constexpr std::chrono::seconds between_sweeps{1};

}  // namespace

std::string_view name(entry_refusal r) noexcept
{
    switch (r) {
        case entry_refusal::too_many: return "max_connections";
        case entry_refusal::too_many_of_address: return "connections_per_address";
        case entry_refusal::too_fast: return "connection_rate";
        case entry_refusal::no_descriptors: return "no_descriptors";
        case entry_refusal::tls_failed: return "tls_failed";
        case entry_refusal::tls_timeout: return "tls_timeout";
        case entry_refusal::proxy_refused: return "proxy_refused";
        case entry_refusal::count_: break;
    }
    return "?";
}

admission::ticket::ticket(ticket&& other) noexcept
    : of_(std::move(other.of_)), from_(std::exchange(other.from_, nullptr))
{}

admission::ticket& admission::ticket::operator=(ticket&& other) noexcept
{
    if (this != &other) {
        release();
        of_ = std::move(other.of_);
        from_ = std::exchange(other.from_, nullptr);
    }
    return *this;
}

void admission::ticket::release() noexcept
{
    if (auto const of = std::exchange(of_, nullptr)) {
        std::lock_guard const lock(of->guard_);
        --of->open_;
        if (from_ != nullptr) {
            --from_->open;
        }
    }
    from_ = nullptr;
}

std::optional<admission::ticket> admission::enter(std::optional<host_address> from,
                                                  clock::time_point now,
                                                  entry_refusal& why)
{
    std::lock_guard const lock(guard_);
    if (open_ >= limits_.connections) {
        why = entry_refusal::too_many;
        return std::nullopt;
    }
    visitor* known = nullptr;
    if (from && (limits_.limit_loopback || !from->is_loopback())) {
        known = find(*from, now, why);
        if (known == nullptr) {
            return std::nullopt;
        }
        ++known->open;
    }
    ++open_;
    ticket out;
    out.of_ = shared_from_this();
    out.from_ = known;
    return out;
}

bool admission::enter_as(ticket& t, host_address from, clock::time_point now, entry_refusal& why)
{
    std::lock_guard const lock(guard_);
    if (t.from_ != nullptr || (!limits_.limit_loopback && from.is_loopback())) {
        return true;
    }
    t.from_ = find(from, now, why);
    if (t.from_ == nullptr) {
        return false;
    }
    ++t.from_->open;
    return true;
}

/// The visitor with one token taken; null pointer when it may not enter.
admission::visitor* admission::find(host_address const& from, clock::time_point now, entry_refusal& why)
{
    auto const rate = static_cast<double>(limits_.connection_rate);
    auto at = visitors_.find(from);
    if (at == visitors_.end()) {
        if (visitors_.size() >= limits_.addresses) {
            sweep(now);
        }
        if (visitors_.size() >= limits_.addresses) {
            why = entry_refusal::too_fast;
            return nullptr;
        }
        at = visitors_.emplace(from, visitor{0, rate, now}).first;
    }
    auto& v = at->second;
    if (v.open >= limits_.connections_per_address) {
        why = entry_refusal::too_many_of_address;
        return nullptr;
    }
    v.tokens = std::min(rate, v.tokens + rate * std::chrono::duration<double>(now - v.at).count());
    v.at = now;
    if (v.tokens < 1) {
        why = entry_refusal::too_fast;
        return nullptr;
    }
    v.tokens -= 1;
    return &v;
}

/// Forgets addresses that have nothing open and whose bucket is full again.
void admission::sweep(clock::time_point now)
{
    if (now >= next_sweep_) {
        next_sweep_ = now + between_sweeps;
        std::erase_if(visitors_, [&](auto const& entry) {
            return entry.second.open == 0 && now - entry.second.at >= std::chrono::seconds(1);
        });
    }
}

void admission::refused(entry_refusal why)
{
    {
        std::lock_guard const lock(guard_);
        ++refusals_[static_cast<std::size_t>(why)];
    }
    if (on_refused_) {
        on_refused_(why);
    }
}

std::size_t admission::open() const
{
    std::lock_guard const lock(guard_);
    return open_;
}

std::uint64_t admission::refusals(entry_refusal r) const
{
    std::lock_guard const lock(guard_);
    return refusals_[static_cast<std::size_t>(r)];
}

void admission::set_limits(admission_limits limits)
{
    std::lock_guard const lock(guard_);
    limits_ = limits;
}

}  // namespace cerro::transport
