#include <cerro/router/own_caller.hpp>

#include <utility>

namespace cerro::router {

namespace {

using wamp::message_type;

constexpr auto inside = codec::serializer::cbor;  // what most peers speak: payloads are passed on as they are

link_info inner_link(std::string transport)
{
    link_info out;
    out.serializer = inside;
    out.max_outgoing = std::size_t{1} << 40U;  // it stays in this process
    out.address = "internal";
    out.transport = std::move(transport);
    return out;
}

own_outcome outcome_of(wamp::message const& m)
{
    own_outcome out;
    if (m.type == message_type::published) {
        out.args.emplace_back(m.id2);
        return out;
    }
    auto args = wamp::decode_args(m.payload);
    auto kwargs = wamp::decode_kwargs(m.payload);
    out.decodable = args.has_value() && kwargs.has_value();
    if (out.decodable) {
        out.args = std::move(*args);
        out.kwargs = std::move(*kwargs);
    }
    if (m.type == message_type::error) {
        out.error = m.uri;
    }
    return out;
}

}  // namespace

own_caller::own_caller(core& c, realm& r, std::shared_ptr<role> allowed, std::string transport)
    : core_(c), realm_(r), member_(*this, inner_link(std::move(transport)))
{
    member_.who.session = core_.new_session_id();
    member_.features.publisher_passthru = true;
    member_.who.authid = "None";
    member_.who.authrole = allowed->name();
    member_.who.authmethod = "anonymous";
    member_.who.authprovider = "static";
    member_.allowed = std::move(allowed);
    member_.internal = true;
    realm_.join(member_);
}

own_caller::~own_caller()
{
    leaving_ = true;
    core_.env().deadlines.cancel(delivery_);
    for (auto const& [id, p] : open_) {
        core_.env().deadlines.cancel(p.deadline);
    }
    realm_.leave(member_);
}

own_caller::call_id own_caller::begin(std::optional<std::chrono::milliseconds> timeout, done f)
{
    auto const id = ++last_;
    auto& p = open_[id];
    p.f = std::move(f);
    if (timeout) {
        auto& env = core_.env();
        p.deadline = env.deadlines.add(env.now() + *timeout, [this, id] {
            open_.at(id).deadline = 0;
            own_outcome late;
            late.error = wamp::uri::timeout;
            late.args.emplace_back("no answer came within the time allowed");
            finish(id, std::move(late));
            tell_callee(id);  // the dealer's answer to CANCEL comes too late
        });
    }
    return id;
}

own_caller::call_id own_caller::call(std::string_view procedure,
                                     list const& args,
                                     dict const& kwargs,
                                     std::optional<std::chrono::milliseconds> timeout,
                                     done f)
{
    auto const id = begin(timeout, std::move(f));
    wamp::payload const payload(inside, args, kwargs);
    wamp::message m;
    m.type = message_type::call;
    m.request = id;
    m.uri = procedure;
    m.payload = payload.view();
    [[maybe_unused]] auto const wrong = realm_.dealer().call(member_, m);
    return id;
}

void own_caller::publish(std::string_view topic, list const& args, dict const& kwargs, dict options, done f)
{
    wamp::payload const payload(inside, args, kwargs);
    wamp::message m;
    m.type = message_type::publish;
    m.uri = topic;
    m.details = std::move(options);
    m.payload = payload.view();
    if (f) {
        m.details.set("acknowledge", true);
        m.request = begin(std::nullopt, std::move(f));
    } else {
        m.request = ++last_;
    }
    [[maybe_unused]] auto const wrong = realm_.broker().publish(member_, m);
}

void own_caller::cancel(call_id id)
{
    auto const at = open_.find(id);
    if (at == open_.end()) {
        return;
    }
    core_.env().deadlines.cancel(at->second.deadline);
    bool const waiting = !at->second.answered;
    open_.erase(at);  // first: the dealer's answer to CANCEL finds nothing
    if (waiting) {
        tell_callee(id);
    }
}

void own_caller::tell_callee(call_id id)
{
    wamp::message m;
    m.type = message_type::cancel;
    m.request = id;
    realm_.dealer().cancel(member_, m);
}

// From dealer and broker, in the midst of their work: the outcome is kept until the core is at rest.
bool own_caller::send(shared_bytes frame, bool /*droppable*/)
{
    auto const scanned = wamp::scan(inside, byte_view(*frame).substr(4));
    if (leaving_ || !scanned) {
        return !leaving_;
    }
    auto const t = scanned->type;
    if (t == message_type::result || t == message_type::error || t == message_type::published) {
        finish(scanned->request, outcome_of(*scanned));
    }
    return true;
}

void own_caller::close(ending /*why*/, std::string const& /*text*/) {}

void own_caller::finish(call_id id, own_outcome outcome)
{
    auto const at = open_.find(id);
    if (at == open_.end() || at->second.answered) {
        return;
    }
    auto& env = core_.env();
    env.deadlines.cancel(std::exchange(at->second.deadline, 0));
    at->second.answered = true;
    at->second.outcome = std::move(outcome);
    ready_.push_back(id);
    if (delivery_ == 0) {
        delivery_ = env.deadlines.add(env.now(), [this] { deliver(); });
    }
}

void own_caller::deliver()
{
    delivery_ = 0;
    auto const ready = std::exchange(ready_, {});
    std::weak_ptr<int> const alive = alive_;
    for (auto const id : ready) {
        if (alive.expired()) {
            return;  // the one before destroyed this object
        }
        auto const at = open_.find(id);
        if (at == open_.end()) {
            continue;  // cancelled in between
        }
        auto const f = std::move(at->second.f);
        auto outcome = std::move(at->second.outcome);
        open_.erase(at);
        f(std::move(outcome));
    }
}

}  // namespace cerro::router
