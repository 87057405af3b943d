#pragma once

/// @file
/// The Model 372 as typed questions and commands over an instrument connection.

#include <cerro/instrument/connection.hpp>
#include <cerro/lakeshore372/codes.hpp>
#include <cerro/lakeshore372/curve_file.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::lakeshore372 {

namespace asio = boost::asio;

struct scanner {
    int channel = 0;  ///< active one, 1..16
    bool autoscan = false;
};

/// INSET
struct input_timing {
    bool enabled = false;
    int dwell_s = 0;
    int pause_s = 0;
    int curve = 0;
};

/// INTYPE
struct input_setup {
    excitation_mode mode = excitation_mode::voltage;
    double excitation = 0;  ///< [V] or [A], by mode
    int autorange = 0;      ///< 0 off, 1 on, 2 ROX 102B (control input)
    double range = 0;       ///< [ohm]
    bool shunted = false;   ///< true: excitation off
    bool kelvin = true;     ///< preferred units; false: ohm
};

/// A line that a question gives and a command takes: INSET, INTYPE, OUTMODE, HTRSET.
enum class line_kind { inset, intype, outmode, htrset };

/// Positions in those lines.
namespace field {
inline constexpr std::size_t inset_enabled = 0, inset_dwell = 1, inset_pause = 2, inset_curve = 3,
                             inset_tempco = 4;
inline constexpr std::size_t intype_mode = 0, intype_excitation = 1, intype_autorange = 2, intype_range = 3,
                             intype_shunt = 4, intype_units = 5;
inline constexpr std::size_t outmode_mode = 0, outmode_input = 1;
inline constexpr std::size_t htrset_display = 3;
}  // namespace field

/// Outputs by their numbers in messages.
namespace output {
inline constexpr int sample = 0, still = 2;
}  // namespace output

/// Inputs: 0 is A, 1..16 the channels. Every function fails with the connection's problem, or with
/// errc::malformed for an answer that does not fit the question (the connection is made anew then), or
/// errc::refused if the instrument did not take a new value: setters read back what they wrote, since the
/// instrument reports no errors.
class driver {
public:
    template <class T>
    using answer = asio::awaitable<result<T>>;

    explicit driver(std::shared_ptr<instrument::connection> c) : connection_(std::move(c)) {}

    answer<scanner> scan();
    answer<void> set_scan(scanner s);

    answer<double> kelvin(int input);
    answer<double> ohm(int input);
    /// INNAME, without the blanks that pad it
    answer<std::string> name(int input);
    answer<input_timing> timing(int input);
    answer<input_setup> setup(int input);
    answer<void> set_excitation(int input, double value);

    /// Reads the whole line, replaces one field and writes it back; the other fields keep their text.
    answer<void> change(line_kind kind, int index, std::size_t position, std::string text);
    /// The fields of a line as text.
    answer<std::vector<std::string>> line(line_kind kind, int index);

    /// RANGE of an output: 0 off, 1..8 (sample), 1 on (others)
    answer<int> heater_range(int output);
    answer<void> set_heater_range(int output, int code);
    /// MOUT, in per cent of the range or watts, as HTRSET's display says
    answer<void> set_manual_output(int output, double value);
    /// HTR?
    answer<double> sample_heater_output();
    /// STILL?, as the instrument writes it ("+10.60")
    answer<std::string> still_output();
    answer<void> set_still_output(double percent);
    answer<double> setpoint();
    answer<void> set_setpoint(double value);
    answer<void> set_pid(int p, int i, int d);
    /// The input that output 0 regulates on.
    answer<int> servo_input();

    /// Erases a user curve and writes its header; the points follow one by one.
    answer<void> begin_curve(int number, curve_file c);
    answer<void> set_curve_point(int number, std::size_t index, curve_point p);
    /// Does the instrument have this point? (index from 1)
    answer<bool> has_curve_point(int number, std::size_t index, curve_point p);

private:
    answer<double> number(std::string question);
    answer<std::vector<std::string>> fields(std::string question, instrument::reply_check check);
    /// Sends `verb value`, asks `verb?` and compares as numbers.
    answer<void> write_and_check(std::string command,
                                 std::string question,
                                 std::vector<std::string> expected);

    std::shared_ptr<instrument::connection> connection_;
};

/// Splits at commas; blanks around the parts are dropped.
[[nodiscard]] std::vector<std::string> split_fields(std::string_view line);
/// "A" for 0, else the number
[[nodiscard]] std::string input_text(int input);

}  // namespace cerro::lakeshore372
