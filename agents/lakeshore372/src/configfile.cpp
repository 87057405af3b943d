#include "bridge_agent.hpp"
#include <cerro/config/node.hpp>

#include <cstdlib>

namespace cerro::lakeshore372 {

namespace {

/// The file as operators name it: absolute, or below $OCS_CONFIG_DIR.
std::string path_of(std::string const& name)
{
    char const* const folder = std::getenv("OCS_CONFIG_DIR");
    if (name.empty() || name.front() == '/' || folder == nullptr || *folder == '\0') {
        return name;
    }
    return std::string(folder) + "/" + name;
}

/// One setting of a channel, as a field of one of the instrument's lines.
struct assignment {
    assignment(line_kind k, std::size_t p, std::string t) : kind(k), position(p), text(std::move(t)) {}
    line_kind kind;
    std::size_t position;
    std::string text;
    double excitation = 0;  ///< if `text` is empty: to be mapped by the mode that the channel has then
};

/// 'on', 'off', and what YAML 1.1 makes of them without quotes.
result<bool> on_off(config::node const& n)
{
    if (n.text() == "on" || n.text() == "off") {
        return n.text() == "on";
    }
    auto const b = n.as_bool();
    if (!b) {
        return n.wrong("expected 'on' or 'off', found '" + n.text() + "'");
    }
    return *b;
}

result<std::string> whole_number(config::node const& n, int low, int high)
{
    auto const v = n.as_int();
    if (!v) {
        return v.error();
    }
    if (*v < low || *v > high) {
        return n.wrong("expected " + std::to_string(low) + " to " + std::to_string(high) + ", found " +
                       std::to_string(*v));
    }
    return std::to_string(*v);
}

result<std::string> one_of_two(config::node const& n,
                               std::string_view first,
                               std::string first_code,
                               std::string_view second,
                               std::string second_code)
{
    if (n.text() == first) {
        return first_code;
    }
    if (n.text() == second) {
        return second_code;
    }
    return n.wrong("expected '" + std::string(first) + "' or '" + std::string(second) + "', found '" +
                   n.text() + "'");
}

/// The settings of one channel in the order in which they are to be sent.
result<std::vector<assignment>> channel_settings(config::node const& channel)
{
    auto const strange = channel.unknown_keys({"enable",
                                               "autorange",
                                               "resistance_range",
                                               "excitation_mode",
                                               "excitation_value",
                                               "dwell",
                                               "pause",
                                               "calibration_curve_num",
                                               "temperature_coeff"});
    if (!strange.empty()) {
        return strange.front();
    }
    std::vector<assignment> out;
    auto const add = [&out](line_kind kind, std::size_t position, result<std::string> text) -> result<void> {
        if (!text) {
            return text.error();
        }
        out.emplace_back(kind, position, *text);
        return result<void>();
    };
    auto const code = [](result<bool> b) -> result<std::string> {
        if (!b) {
            return b.error();
        }
        return std::string(*b ? "1" : "0");
    };
    result<void> done;
    bool fixed_range = true;
    if (auto const* n = channel.find("enable"); n != nullptr && done) {
        done = add(line_kind::inset, field::inset_enabled, code(on_off(*n)));
    }
    if (auto const* n = channel.find("autorange"); n != nullptr && done) {
        auto const automatic = on_off(*n);
        fixed_range = automatic && !*automatic;
        done = add(line_kind::intype, field::intype_autorange, code(automatic));
    }
    if (auto const* n = channel.find("resistance_range"); n != nullptr && fixed_range && done) {
        auto const ohm = n->as_double();
        done =
            ohm ? add(line_kind::intype, field::intype_range, std::to_string(range_code(*ohm))) : ohm.error();
    }
    if (auto const* n = channel.find("excitation_mode"); n != nullptr && done) {
        done = add(line_kind::intype, field::intype_mode, one_of_two(*n, "voltage", "0", "current", "1"));
    }
    if (auto const* n = channel.find("excitation_value"); n != nullptr && done) {
        auto const v = n->as_double();
        if (!v) {
            return v.error();
        }
        out.emplace_back(line_kind::intype, field::intype_excitation, std::string());
        out.back().excitation = *v;
    }
    if (auto const* n = channel.find("dwell"); n != nullptr && done) {
        done = add(line_kind::inset, field::inset_dwell, whole_number(*n, 1, 200));
    }
    if (auto const* n = channel.find("pause"); n != nullptr && done) {
        done = add(line_kind::inset, field::inset_pause, whole_number(*n, 3, 200));
    }
    if (auto const* n = channel.find("calibration_curve_num"); n != nullptr && done) {
        done = add(line_kind::inset, field::inset_curve, whole_number(*n, 0, 59));
    }
    if (auto const* n = channel.find("temperature_coeff"); n != nullptr && done) {
        done = add(line_kind::inset, field::inset_tempco, one_of_two(*n, "negative", "1", "positive", "2"));
    }
    if (!done) {
        return done.error();
    }
    return out;
}

struct channel_plan {
    channel_plan(int n, std::vector<assignment> s) : input(n), settings(std::move(s)) {}
    int input;
    std::vector<assignment> settings;
};

struct file_plan {
    std::optional<bool> autoscan;
    std::vector<channel_plan> channels;
};

/// The whole file is read before anything is sent, so that a mistake at its end changes nothing.
result<file_plan> read_plan(std::string const& path, std::string const& serial)
{
    auto const file = config::load_yaml(path);
    if (!file) {
        return file.error();
    }
    auto const* const mine = file->find(serial);
    if (mine == nullptr) {
        return file->wrong("has no section for the instrument's serial number '" + serial + "'");
    }
    file_plan plan;
    if (auto const* const device = mine->find("device_settings"); device != nullptr) {
        if (auto const* const autoscan = device->find("autoscan"); autoscan != nullptr) {
            auto const state = on_off(*autoscan);
            if (!state) {
                return state.error();
            }
            plan.autoscan = *state;
        }
    }
    auto const* const channels = mine->find("channel");
    if (channels == nullptr) {
        return plan;
    }
    for (auto const& [key, channel] : channels->members()) {
        auto const input = parse_number(key);
        if (!input || *input < 1 || *input > channel_count || *input != static_cast<int>(*input)) {
            return channel.wrong("'" + key + "' is no channel; expected 1 to 16");
        }
        auto settings = channel_settings(channel);
        if (!settings) {
            return settings.error();
        }
        plan.channels.emplace_back(static_cast<int>(*input), std::move(*settings));
    }
    return plan;
}

}  // namespace

bridge_agent::text_result bridge_agent::input_configfile(agent::operation&, dict params)
{
    auto name = text_param(params, "configfile");
    if (name.empty()) {
        name = options_.configfile;
    }
    if (name.empty()) {
        co_return fail(errc::invalid_argument,
                       "No configuration file: give the parameter configfile or --configfile");
    }
    auto scan = co_await driver_.scan();  // connects, so that the serial number is known
    if (!scan) {
        co_return scan.error();
    }
    auto const path = path_of(name);
    auto const plan = read_plan(path, split_fields(identity_).at(2));
    if (!plan) {
        co_return plan.error();
    }
    if (plan->autoscan) {
        scan->autoscan = *plan->autoscan;
        auto const done = co_await driver_.set_scan(*scan);
        if (!done) {
            co_return done.error();
        }
    }
    for (auto const& channel : plan->channels) {
        for (auto const& s : channel.settings) {
            // Named first: a conditional of two awaits of class type is not safe with every compiler.
            result<void> done;
            if (s.text.empty()) {
                done = co_await driver_.set_excitation(channel.input, s.excitation);
            } else {
                done = co_await driver_.change(s.kind, channel.input, s.position, s.text);
            }
            if (!done) {
                co_return fail(
                    done.error().code,
                    path + ", channel " + std::to_string(channel.input) + ": " + done.error().what);
            }
        }
    }
    co_return "Applied " + path + " to " + std::to_string(plan->channels.size()) + " channels";
}

}  // namespace cerro::lakeshore372
