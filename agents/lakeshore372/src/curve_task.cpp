#include "bridge_agent.hpp"

namespace cerro::lakeshore372 {

using agent::outcome;
using agent::param;
using agent::param_type;
using agent::parameters;

namespace {

constexpr int first_user_curve = 21;
constexpr int last_curve = 59;
constexpr int attempts = 3;
constexpr std::chrono::milliseconds between_points{65};  // the instrument needs it to store a point

}  // namespace

void bridge_agent::declare_curve_task()
{
    auto const self = shared_from_this();
    agent::operation_options o;
    o.docstring = "Writes a calibration curve file into the instrument and reads it back.";
    agent_.task(
        "upload_cal_curve",
        parameters{param("curve_number", param_type::integer).between(first_user_curve, last_curve),
                   param("filename", param_type::text).describe("path on the agent's machine")},
        [self](agent::operation& op, dict p) { return self->upload_cal_curve(op, std::move(p)); },
        o);
}

asio::awaitable<outcome> bridge_agent::upload_cal_curve(agent::operation& op, dict params)
{
    auto const self = shared_from_this();
    int const number = int_param(params, "curve_number");
    auto const which = "curve " + std::to_string(number);
    auto const curve = load_curve(text_param(params, "filename"));
    if (!curve) {
        co_return outcome(false, curve.error().what);
    }
    auto const count = std::to_string(curve->points.size());
    for (int attempt = 1; attempt <= attempts; ++attempt) {
        auto const sent = co_await send_curve(op, number, *curve);
        if (!sent) {
            co_return outcome(false, sent.error().what + "; " + which + " is incomplete, upload it again");
        }
        auto const wrong = co_await count_wrong_points(op, number, *curve);
        if (!wrong) {
            co_return outcome(false, wrong.error().what + "; " + which + " is not verified, upload it again");
        }
        if (*wrong == 0) {
            co_return outcome(true,
                              "Uploaded " + count + " points of " + curve->sensor_model + " to " + which);
        }
        op.add_message("Attempt " + std::to_string(attempt) + ": " + std::to_string(*wrong) + " of " + count +
                       " points read back differently");
    }
    co_return outcome(
        false, "The instrument did not take " + which + " in " + std::to_string(attempts) + " attempts");
}

/// The lock is given back between the points, so that acq and other tasks go on.
asio::awaitable<result<void>> bridge_agent::send_curve(agent::operation& op, int number, curve_file curve)
{
    for (std::size_t index = 0; index <= curve.points.size(); ++index) {
        {
            auto const token = co_await lock_->acquire("upload_cal_curve", lock_timeout);
            if (!token) {
                co_return fail(errc::timed_out, lock_refused().message);
            }
            result<void> done;
            if (index == 0) {
                done = co_await driver_.begin_curve(number, curve);
            } else {
                done = co_await driver_.set_curve_point(number, index, curve.points[index - 1]);
            }
            if (!done) {
                co_return done.error();
            }
        }
        bool const goes_on = co_await op.sleep(between_points);
        if (!goes_on) {
            co_return fail(errc::closed, "Aborted");
        }
    }
    co_return result<void>();
}

asio::awaitable<result<std::size_t>> bridge_agent::count_wrong_points(agent::operation& op,
                                                                      int number,
                                                                      curve_file curve)
{
    std::size_t wrong = 0;
    for (std::size_t index = 1; index <= curve.points.size(); ++index) {
        auto const token = co_await lock_->acquire("upload_cal_curve", lock_timeout);
        if (!token) {
            co_return fail(errc::timed_out, lock_refused().message);
        }
        auto const same = co_await driver_.has_curve_point(number, index, curve.points[index - 1]);
        if (!same) {
            co_return same.error();
        }
        wrong += *same ? 0U : 1U;
        if (op.stopping()) {
            co_return fail(errc::closed, "Aborted");
        }
    }
    co_return wrong;
}

}  // namespace cerro::lakeshore372
