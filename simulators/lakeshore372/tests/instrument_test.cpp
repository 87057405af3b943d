#include <cerro/sim372/instrument.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <set>

namespace {

using namespace cerro::sim372;

instrument_options standing()
{
    instrument_options o;
    o.autoscan = false;
    return o;
}

double number(std::optional<std::string> const& reply)
{
    REQUIRE(reply);
    return std::stod(*reply);
}

}  // namespace

TEST_CASE("messages: chains, quotes, blanks, case and the blank for the first comma")
{
    auto const chain = split_messages("  inname 2,\"A; B, C\" ; :SCAN?;*ESR?;;");
    REQUIRE(chain.size() == 3);
    REQUIRE(chain[0].verb == "INNAME");
    REQUIRE(chain[0].arguments == std::vector<std::string>{"2", "A; B, C"});
    REQUIRE(chain[1].verb == "SCAN?");
    REQUIRE(chain[2].verb == "*ESR?");
    REQUIRE(split_messages("RANGE 0 4")[0].arguments == std::vector<std::string>{"0", "4"});
    REQUIRE(split_messages("CRVPT 21, 1, 950.0, 10.0")[0].arguments ==
            std::vector<std::string>{"21", "1", "950.0", "10.0"});
    REQUIRE(split_messages("INNAME 1,Stage 4K")[0].arguments == std::vector<std::string>{"1", "Stage 4K"});
    REQUIRE(split_messages("").empty());
    REQUIRE(split_messages(" \r").empty());
}

TEST_CASE("numbers are shown with exponents in threes")
{
    REQUIRE(engineering(293.873) == "+293.873E+00");
    REQUIRE(engineering(0.0150001) == "+15.0001E-03");
    REQUIRE(engineering(-12'345) == "-12.3450E+03");
    REQUIRE(engineering(1'309.1234) == "+1.30912E+03");
    REQUIRE(engineering(0) == "+0.00000E+00");
    REQUIRE(engineering(999.9999) == "+1.00000E+03");
    REQUIRE(engineering(9.999999) == "+10.0000E+00");
}

TEST_CASE("settings are kept and shown in the instrument's form")
{
    struct row {
        char const* set;
        char const* question;
        char const* reply;
    };
    auto const r = GENERATE(row{"INSET 2,0,20,5,25,2", "INSET? 2", "0,020,005,25,2"},
                            row{"INTYPE 3,1,7,0,10,0,2", "INTYPE? 3", "1,07,0,10,0,2"},
                            row{"INNAME 4,\"MXC RX\"", "INNAME? 4", "MXC RX"},
                            row{"TLIMIT 5,300", "TLIMIT? 5", "+0300"},
                            row{"FILTER 5,0,10,40", "FILTER? 5", "0,010,40"},
                            row{"OUTMODE 0,5,A,1,0,0,002", "OUTMODE? 0", "5,A,1,0,0,002"},
                            row{"HTRSET 0,+50.000,4,+0000.10,2", "HTRSET? 0", "+050.000,4,+0000.10,2"},
                            row{"RANGE 0 4", "RANGE? 0", "4"},
                            row{"SETP 0,0.1", "SETP? 0", "+1.0000E-01"},
                            row{"RAMP 0,0,0.5", "RAMP? 0", "0,+00.5000"},
                            row{"PID 0,10,20,30", "PID?", "+0010.00,+00020.0,+00030.0"},
                            row{"STILL 12.5", "STILL?", "+12.50"},
                            row{"SCAN 07,0", "SCAN?", "07,0"});
    instrument device{standing()};
    REQUIRE_FALSE(device.handle(r.set, 1.0));
    REQUIRE(device.handle("*ESR?", 1.0) == "0");
    REQUIRE(device.handle(r.question, 1.1) == r.reply);
}

TEST_CASE("values out of range change nothing and are execution errors without a reply")
{
    auto const* const bad = GENERATE("INSET 2,1,0,3,21,1",
                                     "INSET 17,1,5,3,21,1",
                                     "INSET 2,1,5,3,21",
                                     "RANGE 0,9",
                                     "RANGE 2,2",
                                     "INTYPE 1,0,13,1,10,0,1",
                                     "INTYPE A,0,4,0,15,0,2",
                                     "SCAN 0,1",
                                     "STILL 101",
                                     "KRDG? 17",
                                     "KRDG?",
                                     "INSET?",
                                     "STILL x",
                                     "CRVPT 20,1,1,1");
    instrument device{standing()};
    auto const before = device.setting("INSET", 2) + device.setting("RANGE", 0) + device.setting("STILL", 0);
    CAPTURE(bad);
    REQUIRE_FALSE(device.handle(bad, 1.0));
    REQUIRE(device.handle("*ESR?", 1.0) == "16");
    REQUIRE(device.handle("*ESR?", 1.0) == "0");
    REQUIRE(device.setting("INSET", 2) + device.setting("RANGE", 0) + device.setting("STILL", 0) == before);
}

TEST_CASE("each sensor reads its own temperature, and resistance falls with it")
{
    instrument device{standing()};
    std::set<std::string> seen;
    for (int input = 0; input < sensor_count; ++input) {
        auto const name = input == 0 ? std::string("A") : std::to_string(input);
        double const kelvin = number(device.handle("KRDG? " + name, 20));
        REQUIRE(kelvin == Approx(cryostat::base_kelvin(input)).epsilon(0.04));
        double const ohm = number(device.handle("SRDG? " + name, 20));
        REQUIRE(ohm == Approx(cryostat::ohm(kelvin)).epsilon(0.001));
        for (int other = 0; other < input; ++other) {
            REQUIRE(std::abs(std::log(cryostat::base_kelvin(input) / cryostat::base_kelvin(other))) > 0.1);
        }
        seen.insert(std::to_string(kelvin));
    }
    REQUIRE(seen.size() == sensor_count);
    REQUIRE(cryostat::ohm(0.1) > cryostat::ohm(0.2));
}

TEST_CASE("equal seeds give equal readings, other seeds others")
{
    instrument one{standing()};
    instrument two{standing()};
    auto o = standing();
    o.seed = 2;
    instrument other{o};
    two.advance(3.0);  // in whatever steps time passes
    REQUIRE(one.handle("KRDG? 1", 12.34) == two.handle("KRDG? 1", 12.34));
    REQUIRE(one.handle("KRDG? 1", 13) != other.handle("KRDG? 1", 13));
}

TEST_CASE("the scanner repeats the last value while it pauses, and only the active channel is measured")
{
    instrument device{standing()};
    auto const old = device.handle("KRDG? 4", 5.0);
    device.handle("SCAN 4,0", 10.0);
    REQUIRE(device.handle("KRDG? 4", 12.8) == old);  // pause 3 s
    auto const fresh = device.handle("KRDG? 4", 13.2);
    REQUIRE(fresh != old);
    REQUIRE(device.handle("KRDG? 4", 13.4) != fresh);
    device.handle("SCAN 5,0", 14.0);
    auto const left = device.handle("KRDG? 4", 14.1);
    REQUIRE(device.handle("KRDG? 4", 30.0) == left);
}

TEST_CASE("autoscan goes to the next enabled channel after pause and dwell, and around")
{
    instrument device{instrument_options()};  // dwell 5 s, pause 3 s
    device.handle("SCAN 15,1", 0.0);
    device.handle("INSET 16,0,5,3,21,1", 0.0);
    REQUIRE(device.handle("SCAN?", 7.9) == "15,1");
    REQUIRE(device.handle("SCAN?", 8.2) == "01,1");
    REQUIRE(device.handle("SCAN?", 16.4) == "02,1");
}

TEST_CASE("the sample heater warms the mixing chamber, and the limit switches it off")
{
    instrument device{standing()};
    device.handle("SCAN 5,0", 0.0);
    double const cold = number(device.handle("KRDG? 5", 10));
    device.handle("OUTMODE 0,2,5,1,0,0,1;RANGE 0,4;MOUT 0,50", 10);
    double const warm = number(device.handle("KRDG? 5", 60));
    REQUIRE(device.sample_heater_watts() == Approx(30e-6).epsilon(0.01));  // (0.5 mA)^2 x 120 ohm
    REQUIRE(warm > 3 * cold);
    REQUIRE(number(device.handle("HTR?", 60)) == Approx(50));
    device.handle("TLIMIT 5,0.02", 60);
    device.advance(61);
    REQUIRE(device.handle("RANGE? 0", 61) == "0");
    REQUIRE(number(device.handle("KRDG? 5", 120)) == Approx(cold).epsilon(0.02));
}

TEST_CASE("closed loop settles at the setpoint, also over a ramp")
{
    instrument device{standing()};
    device.handle("SCAN 5,0;OUTMODE 0,5,5,1,0,0,1;RANGE 0,5;SETP 0,0.1", 0.0);
    REQUIRE(number(device.handle("KRDG? 5", 200)) == Approx(0.1).epsilon(0.01));
    device.handle("RAMP 0,1,0.06;SETP 0,0.2", 200);  // 1 mK/s
    REQUIRE(device.handle("RAMPST? 0", 210) == "1");
    REQUIRE(number(device.handle("SETP? 0", 210)) == Approx(0.11).epsilon(0.01));
    REQUIRE(number(device.handle("KRDG? 5", 500)) == Approx(0.2).epsilon(0.01));
    REQUIRE(device.handle("RAMPST? 0", 500) == "0");
}

TEST_CASE("a range that is too small reads zero and says over range")
{
    instrument device{standing()};
    device.handle("INTYPE 1,0,7,0,5,0,1", 10);
    REQUIRE(device.handle("KRDG? 1", 11) == "+0.00000E+00");
    REQUIRE(device.handle("RDGST? 1", 11) == "016");
    device.handle("INTYPE 1,0,7,0,13,0,1", 11);
    REQUIRE(device.handle("RDGST? 1", 12) == "000");
    REQUIRE(number(device.handle("KRDG? 1", 12)) > 40);
}
