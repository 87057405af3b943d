// How an agent gets its two procedures, and gets them back.

#include "agent_program.hpp"
#include <cerro/log/log.hpp>

#include <algorithm>

namespace cerro::agent {
namespace {

std::string text_member(value const& from, std::string_view key)
{
    auto const* member = from.find(key);
    if (member == nullptr) {
        return "unknown";
    }
    auto const number = member->as_int();
    auto const* text = member->as_text();
    return number ? std::to_string(*number) : text != nullptr ? *text : "unknown";
}

}  // namespace

/// Registers for the first time. @return false if there is no agent without it, or the connection broke
/// meanwhile
asio::awaitable<bool> agent_program::register_first(procedure& p)
{
    if (p.handle != 0) {
        co_return true;  // by an earlier connection that broke in between; the session has restored it
    }
    client::register_options how;
    auto pause = settings_.retry_first;
    for (;;) {
        auto const registered = co_await session_->register_procedure(p.uri, handler_of(p.uri), how);
        if (registered) {
            p.handle = *registered;
            co_return true;
        }
        auto const& e = registered.error();
        if (e.uri == wamp::uri::transport_lost) {
            co_return false;
        }
        if (e.uri != wamp::uri::procedure_already_exists || how.force_reregister) {
            refused(p, e);
            co_return false;
        }
        auto const other = co_await ask_holder();
        if (other == holder::answers) {
            refused(p, e);
        }
        if (other != holder::silent || !running()) {
            co_return false;
        }
        if (!take_over_at_) {
            take_over_at_ = after(settings_.take_over);
            wait_for_holder(p);
        }
        how.force_reregister = std::chrono::steady_clock::now() >= *take_over_at_;
        if (how.force_reregister) {
            log::warn("agent", "taking the address over by force", {{"procedure", p.uri}});
            continue;
        }
        [[maybe_unused]] bool const ended = co_await stop_.wait_until(std::min(after(pause), *take_over_at_));
        pause = std::min(pause * 2, settings_.retry_max);
        if (!running() || !session_->is_joined()) {
            co_return false;
        }
    }
}

/// Another session has our address. Either it is another agent, which answers, or it is dead and the router
/// has not noticed yet: after a power cut our own old one stays until its keep-alive fails.
asio::awaitable<agent_program::holder> agent_program::ask_holder()
{
    list query;
    query.emplace_back(ocs::query::get_api);
    client::arguments question(std::move(query));
    client::call_options how;
    how.timeout = settings_.holder_limit;
    auto const answer = co_await session_->call(address(), std::move(question), how);
    if (answer) {
        value const api = answer->args.empty() ? value() : answer->args.front();
        log::error("agent",
                   "Is this agent already running? Another one has this address; stop it, or choose another "
                   "--instance-id.",
                   {{"agent_address", address()},
                    {"host", text_member(api, "instance_hostname")},
                    {"pid", text_member(api, "instance_pid")}});
        co_return holder::answers;
    }
    auto const& e = answer.error();
    if (e.uri == wamp::uri::transport_lost) {
        co_return holder::unknown;
    }
    // The latter two: it has gone just now, or it is about to register what answers.
    bool const silent =
        e.uri == wamp::uri::timeout || e.uri == wamp::uri::canceled || e.uri == wamp::uri::no_such_procedure;
    if (silent) {
        co_return holder::silent;
    }
    log::error("agent",
               "Is this agent already running? Another session has this address, and whether it lives cannot "
               "be told; stop it, or choose another --instance-id.",
               {{"agent_address", address()}, {"error", e.what()}});
    co_return holder::answers;
}

void agent_program::wait_for_holder(procedure const& p)
{
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(settings_.take_over).count();
    context_.set_health("another session has the address " + address() + " and does not answer");
    log::warn(
        "agent",
        "another session has this address and does not answer; trying again, then taking the address over",
        {{"procedure", p.uri}, {"at_most_s", seconds}});
}

void agent_program::refused(procedure const& p, client::error const& e)
{
    log::error("agent", "Failed to register basic handlers!", {{"procedure", p.uri}, {"error", e.what()}});
    if (e.uri == wamp::uri::not_authorized) {
        log::error("agent",
                   "Do realm and address_root of the site file agree with the router's configuration?",
                   {{"realm", settings_.site.hub.wamp_realm}, {"address_root", address_root()}});
    }
    quit(app::exit_code::failed);
}

/// A router that restarted, or has not noticed yet that our old session is dead, must take the new session's
/// registrations: from the second join on they are made by force.
asio::awaitable<void> agent_program::force_registrations()
{
    auto const self = shared_from_this();
    client::register_options by_force;
    by_force.force_reregister = true;
    for (auto& p : procedures_) {
        [[maybe_unused]] auto const gone = co_await session_->undo(p.handle);
        auto const registered = co_await session_->register_procedure(p.uri, handler_of(p.uri), by_force);
        if (registered) {
            p.handle = *registered;
        } else {
            on_restore_error(p.uri, registered.error());
        }
    }
}

void agent_program::on_restore_error(std::string const& uri, client::error const& e)
{
    auto const found =
        std::find_if(procedures_.begin(), procedures_.end(), [&](auto const& p) { return p.uri == uri; });
    if (found == procedures_.end()) {
        log::error("agent", "a subscription could not be restored", {{"topic", uri}, {"error", e.what()}});
        return;
    }
    log::error("agent",
               "a procedure could not be registered again; retrying",
               {{"procedure", uri}, {"error", e.what()}});
    if (!found->retrying) {
        found->retrying = true;
        spawn("retrying a registration",
              retry_registration(static_cast<std::size_t>(found - procedures_.begin())));
    }
}

asio::awaitable<void> agent_program::retry_registration(std::size_t index)
{
    auto const self = shared_from_this();
    procedure& p = procedures_[index];
    client::register_options by_force;
    by_force.force_reregister = true;
    auto pause = settings_.retry_first;
    while (running()) {
        [[maybe_unused]] bool const ended = co_await stop_.wait_until(after(pause));
        pause = std::min(pause * 2, settings_.retry_max);
        if (!running() || !session_->is_joined()) {
            continue;
        }
        [[maybe_unused]] auto const gone = co_await session_->undo(p.handle);
        auto const registered = co_await session_->register_procedure(p.uri, handler_of(p.uri), by_force);
        if (registered) {
            p.handle = *registered;
            log::info("agent", "registered again", {{"procedure", p.uri}});
            break;
        }
        log::error("agent",
                   "a procedure could not be registered again; retrying",
                   {{"procedure", p.uri}, {"error", registered.error().what()}});
    }
    p.retrying = false;
}

}  // namespace cerro::agent
