#include <cerro/ocs/session_record.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace cerro;
using namespace cerro::ocs;

namespace {

std::vector<std::string> texts(dict const& session)
{
    std::vector<std::string> found;
    for (auto const& message : *session.find("messages")->as_list()) {
        found.push_back(*message.at(1)->as_text());
    }
    return found;
}

}  // namespace

TEST_CASE("session: a run goes through its states, each with a message")
{
    session_record s(7, "acq", 1, 100.0);
    CHECK(s.code() == op_code::starting);
    auto const first = s.encode(100.0);
    CHECK(first.find("start_time")->as_double() == 100.0);
    CHECK(first.find("end_time")->is_null());
    CHECK(first.find("success")->is_null());
    CHECK(*first.find("messages") == value(list{value(list{100.0, "Status is now \"starting\"."})}));

    s.set_status(op_status::running, 101.0);
    CHECK(s.code() == op_code::running);
    s.set_degraded(true);
    CHECK(s.code() == op_code::degraded);
    s.set_status(op_status::stopping, 102.0);
    CHECK(s.code() == op_code::stopping);
    s.finish(true, "Acquisition exited cleanly.", 103.0);
    CHECK(s.code() == op_code::succeeded);

    auto const last = s.encode(104.0);
    CHECK(texts(last) == std::vector<std::string>{"Status is now \"starting\".",
                                                  "Status is now \"running\".",
                                                  "Status is now \"stopping\".",
                                                  "Acquisition exited cleanly.",
                                                  "Status is now \"done\"."});
    CHECK(last.find("degraded")->as_bool() == true);
    CHECK(last.find("end_time")->as_double() == 103.0);
    CHECK(last.find("op_code")->as_int() == 5);
    CHECK(last.find("session_id")->as_int() == 7);
}

TEST_CASE("session: states never go backward, and a done session stays as it is")
{
    session_record s(0, "t", 1, 1.0);
    s.finish(false, "it failed", 2.0);
    CHECK(s.code() == op_code::failed);
    s.set_status(op_status::running, 3.0);
    s.finish(true, "again", 4.0);
    CHECK(s.code() == op_code::failed);
    CHECK(texts(s.encode(5.0)).size() == 3);
}

TEST_CASE("session: NaN and infinity become null, infinity is said once")
{
    session_record s(0, "t", 1, 1.0);
    double const inf = std::numeric_limits<double>::infinity();
    s.data()["nan"] = std::numeric_limits<double>::quiet_NaN();
    CHECK(texts(s.encode(2.0)).size() == 1);
    s.data()["deep"] = list{dict{{"x", -inf}}, 1.5};
    auto const d = s.encode(2.0);
    CHECK(*d.find("data") == value(dict{{"nan", nullptr}, {"deep", list{dict{{"x", nullptr}}, 1.5}}}));
    CHECK(texts(d).size() == 2);
    CHECK(texts(s.encode(3.0)).size() == 2);
}

TEST_CASE("session: old messages are purged, the last five and the newest ten thousand stay")
{
    session_record s(0, "t", 1, 0.0);
    for (int i = 0; i < 10; ++i) {
        s.add_message("early " + std::to_string(i), 10.0);
    }
    CHECK(texts(s.encode(700.0)).size() == 11);
    CHECK(texts(s.encode(4000.0)) ==
          std::vector<std::string>{"early 5", "early 6", "early 7", "early 8", "early 9"});
    for (int i = 0; i < 10'100; ++i) {
        s.add_message("m", 4000.0);
    }
    CHECK(texts(s.encode(4001.0)).size() == 10'000);
}

TEST_CASE("session: each message is told to the listener")
{
    std::vector<std::string> heard;
    session_record s(0, "t", 1, 0.0, [&](std::string const& m) { heard.push_back(m); });
    s.add_message("hello", 1.0);
    CHECK(heard == std::vector<std::string>{"Status is now \"starting\".", "hello"});
}
