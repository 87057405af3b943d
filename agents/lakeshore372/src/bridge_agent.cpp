#include "bridge_agent.hpp"

#include <cerro/base/time.hpp>

namespace cerro::lakeshore372 {

using agent::outcome;
using agent::param;
using agent::param_type;
using agent::parameters;

int int_param(dict const& params, std::string_view key)
{
    auto const* const v = params.find(key);
    return static_cast<int>(v == nullptr ? 0 : v->as_int().value_or(0));
}

double real_param(dict const& params, std::string_view key)
{
    auto const* const v = params.find(key);
    return v == nullptr ? 0.0 : v->as_double().value_or(0.0);
}

std::string text_param(dict const& params, std::string_view key)
{
    auto const* const v = params.find(key);
    auto const* const text = v == nullptr ? nullptr : v->as_text();
    return text == nullptr ? std::string() : *text;
}

bool bool_param(dict const& params, std::string_view key)
{
    auto const* const v = params.find(key);
    return v != nullptr && v->as_bool().value_or(false);
}

void set_up(agent::agent& a, agent_options o)
{
    std::make_shared<bridge_agent>(a, std::move(o))->declare();
}

bridge_agent::bridge_agent(agent::agent& a, agent_options o)
    : agent_(a),
      options_(std::move(o)),
      connection_(instrument::connection::create(a.io().get_executor(), options_.connection)),
      driver_(connection_),
      lock_(a.make_lock()),
      control_channel_(options_.control_channel)
{}

void bridge_agent::declare()
{
    agent::feed_options f;
    f.record = true;
    f.buffer_time = std::chrono::seconds(1);
    f.frame_length = options_.frame_length_s;
    feed_ = agent_.make_feed("temperatures", f);

    // The connection lives in this object, so that the pointer is good whenever the check runs.
    connection_->on_connect([this](instrument::dialogue& d) { return check_identity(d); });

    auto const self = shared_from_this();

    agent::operation_options init;
    init.docstring = "Connects to the instrument, checks what it is and reads the channels' names.";
    init.startup = options_.mode != start_mode::idle;
    if (options_.mode == start_mode::acquire) {
        init.startup_params = dict{{"auto_acquire", true}};
    }
    agent_.task(
        "init_lakeshore",
        parameters{
            param("auto_acquire", param_type::boolean).with_default(false).describe("start acq afterwards"),
            param("acq_params", param_type::dict).with_default(nullptr).describe("parameters of acq"),
            param("force", param_type::boolean)
                .with_default(false)
                .describe("initialise again if that was done already"),
            param("configfile", param_type::text)
                .with_default(nullptr)
                .describe("settings to apply, see input_configfile")},
        [self](agent::operation& op, dict p) { return self->init_lakeshore(op, std::move(p)); },
        init);

    agent::operation_options acq;
    acq.docstring =
        "Reads the active channel ten times a second. While the instrument does not answer the process is "
        "degraded and goes on trying.";
    agent_.process(
        "acq",
        parameters{
            param("sample_heater", param_type::boolean)
                .with_default(options_.sample_heater)
                .describe("publish the sample heater's output too"),
            param("run_once", param_type::boolean).with_default(false).describe("end after one reading")},
        [self](agent::operation& op, dict p) { return self->acquire(op, std::move(p)); },
        acq);

    task("enable_control_chan",
         parameters::none(),
         &bridge_agent::enable_control_chan,
         "acq reads and publishes the control channel too.");
    task("disable_control_chan",
         parameters::none(),
         &bridge_agent::disable_control_chan,
         "acq leaves the control channel out.");
    declare_channel_tasks();
    declare_heater_tasks();
    declare_curve_task();
}

void bridge_agent::task(std::string name, parameters p, work w, std::string docstring)
{
    agent::operation_options o;
    o.docstring = std::move(docstring);
    auto const self = shared_from_this();
    agent_.task(
        name,
        std::move(p),
        [self, name, w](agent::operation& op, dict params) {
            return self->with_lock(name, w, op, std::move(params));
        },
        o);
}

outcome bridge_agent::lock_refused() const
{
    auto const holder = lock_->held_by();
    return {false, "Could not acquire lock" + (holder.empty() ? std::string() : ", held by " + holder)};
}

asio::awaitable<outcome> bridge_agent::with_lock(std::string name, work w, agent::operation& op, dict params)
{
    auto const self = shared_from_this();
    auto const token = co_await lock_->acquire(name, lock_timeout);
    if (!token) {
        co_return lock_refused();
    }
    auto const done = co_await (this->*w)(op, std::move(params));
    if (!done) {
        log::warn("lakeshore372", "operation_failed", {{"operation", name}, {"why", done.error().what}});
        co_return outcome(false, done.error().what);
    }
    co_return outcome(true, *done);
}

asio::awaitable<result<void>> bridge_agent::check_identity(instrument::dialogue& d)
{
    auto const who = co_await d.query("*IDN?");
    if (!who) {
        co_return who.error();
    }
    auto const parts = split_fields(*who);
    if (parts.size() < 3 || parts[1].find("372") == std::string::npos) {
        co_return fail(errc::refused,
                       "'" + *who + "' answers there, no Model 372; correct --ip-address or --port");
    }
    if (!options_.serial_number.empty() && parts[2] != options_.serial_number && *who != identity_) {
        log::warn("lakeshore372",
                  "other_serial_number",
                  {{"expected", options_.serial_number}, {"found", parts[2]}});
    }
    identity_ = *who;
    names_known_ = false;  // it may have been switched off and on, or be another one
    co_return result<void>();
}

asio::awaitable<result<void>> bridge_agent::ensure_names()
{
    if (names_known_) {
        co_return result<void>();
    }
    // Set first: a reconnection while the names are read clears it again, and they are read anew.
    names_known_ = true;
    std::array<std::string, channel_count + 1> given;
    for (int channel = 1; channel <= channel_count; ++channel) {
        auto const name = co_await driver_.name(channel);
        if (!name) {
            names_known_ = false;
            co_return name.error();
        }
        given.at(static_cast<std::size_t>(channel)) = *name;
    }
    names_ = block_names(given);
    co_return result<void>();
}

asio::awaitable<outcome> bridge_agent::init_lakeshore(agent::operation& op, dict params)
{
    auto const self = shared_from_this();
    bool const auto_acquire = bool_param(params, "auto_acquire");
    auto const* const given = params.find("acq_params");
    dict const acq_params = given != nullptr && given->as_dict() != nullptr ? *given->as_dict() : dict();
    if (initialised_ && !bool_param(params, "force")) {
        co_return outcome(true, "Lakeshore module is already initialized.");
    }
    auto done = co_await with_lock("init_lakeshore", &bridge_agent::initialise, op, std::move(params));
    if (auto_acquire) {
        if (!done.success) {
            op.add_message("Starting acq all the same; it goes on trying.");
        }
        if (!agent_.start("acq", acq_params)) {
            op.add_message("acq is running already.");
        }
    }
    co_return done;
}

bridge_agent::text_result bridge_agent::initialise(agent::operation& op, dict params)
{
    names_known_ = false;
    auto const scan = co_await driver_.scan();  // connects, which asks for the identity
    if (!scan) {
        co_return scan.error();
    }
    auto const names = co_await ensure_names();
    if (!names) {
        co_return names.error();
    }
    op.add_message("Connected to " + identity_ + " at " + connection_->peer());
    auto configfile = text_param(params, "configfile");
    if (configfile.empty()) {
        configfile = options_.configfile;
    }
    if (!configfile.empty()) {
        dict file;
        file.set("configfile", configfile);
        auto const applied = co_await input_configfile(op, std::move(file));
        if (!applied) {
            co_return applied.error();
        }
        op.add_message(*applied);
    }
    initialised_ = true;
    co_return std::string("Lakeshore module initialized.");
}

}  // namespace cerro::lakeshore372
