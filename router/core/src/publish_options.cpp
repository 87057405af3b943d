#include "publish_options.hpp"

#include "replies.hpp"

namespace cerro::router {

publish_options::publish_options(dict const& options)
{
    for (auto const& [key, v] : options) {
        if (key == "acknowledge") {
            acknowledge = v.as_bool().value_or(false);
        } else if (key == "exclude_me") {
            exclude_me = v.as_bool().value_or(true);
        } else if (chosen.take(key, v)) {
            continue;
        } else if (key == "retain") {
            retain = v.as_bool().value_or(false);
        } else if (key == "disclose_me") {
            disclose_me = v.as_bool().value_or(false);
        } else if (key == "x_acknowledged_delivery") {
            confirm = v.as_bool().value_or(false);
        } else if (key == "rkey") {
            rkey = shard_key(v);
        } else if (is_passthru(key)) {
            passthru = passthru || key == "ppt_scheme";
            passed.append(key, v);
        } else if ((key == "transaction_hash" && v.is_text()) || (key == "forward_for" && v.is_list())) {
            passed.append(key, v);
        }
    }
}

std::optional<std::string> shard_key(value const& v)
{
    if (auto const* text = v.as_text()) {
        return *text;
    }
    if (auto const number = v.as_int()) {
        return std::to_string(*number);
    }
    return std::nullopt;
}

}  // namespace cerro::router
