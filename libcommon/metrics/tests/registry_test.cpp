#include <cerro/metrics/registry.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <thread>

using cerro::metrics::registry;

TEST_CASE("metrics: HELP and TYPE stand once before all series of a name")
{
    registry r;
    r.make_counter("cerro_closed_total", "Connections closed.", "reason=\"shutdown\"").add(2);
    r.make_gauge("cerro_sessions", "Sessions now.").set(1.5);
    r.make_counter("cerro_closed_total", "Connections closed.", "reason=\"ping_timeout\"").add();
    CHECK(r.text() ==
          "# HELP cerro_closed_total Connections closed.\n"
          "# TYPE cerro_closed_total counter\n"
          "cerro_closed_total{reason=\"shutdown\"} 2\n"
          "cerro_closed_total{reason=\"ping_timeout\"} 1\n"
          "# HELP cerro_sessions Sessions now.\n"
          "# TYPE cerro_sessions gauge\n"
          "cerro_sessions 1.5\n");
}

TEST_CASE("metrics: the same name and labels are the same counter")
{
    registry r;
    auto& a = r.make_counter("x_total", "X.");
    auto& b = r.make_counter("x_total", "X.");
    CHECK(&a == &b);
    CHECK(&a != &r.make_counter("x_total", "X.", "k=\"v\""));
}

TEST_CASE("metrics: a name keeps its type")
{
    registry r;
    r.make_counter("x", "X.");
    CHECK_THROWS_WITH(r.make_gauge("x", "X."), Catch::Contains("metric x is a counter"));
}

TEST_CASE("metrics: a gauge with a question is asked at each reading and may itself count")
{
    registry r;
    auto& asked = r.make_counter("asked_total", "Times asked.");
    r.make_gauge("answer", "A.\nSecond line \\.", [&] {
        asked.add();
        r.make_counter("late_total", "Made while reading.");
        return asked.value() == 1 ? std::numeric_limits<double>::infinity()
                                  : std::numeric_limits<double>::quiet_NaN();
    });
    CHECK(r.text().find("answer +Inf\n") != std::string::npos);
    std::string const second = r.text();
    CHECK(second.find("answer NaN\n") != std::string::npos);
    CHECK(second.find("# HELP answer A.\\nSecond line \\\\.\n") != std::string::npos);
    CHECK(second.find("late_total 0\n") != std::string::npos);
}

TEST_CASE("metrics: counting on several threads loses nothing")
{
    registry r;
    auto& c = r.make_counter("c_total", "C.");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 10'000; ++k) {
                c.add();
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    CHECK(c.value() == 40'000);
}

TEST_CASE("metrics: a histogram counts values up to and with each bound")
{
    registry r;
    auto& h = r.make_histogram("t_seconds", "T.", {0.1, 1.0}, "kind=\"a\"");
    for (double const v : {0.05, 0.1, 0.5, 7.0}) {
        h.observe(v);
    }
    CHECK(&h == &r.make_histogram("t_seconds", "T.", {}, "kind=\"a\""));
    CHECK(r.text() ==
          "# HELP t_seconds T.\n"
          "# TYPE t_seconds histogram\n"
          "t_seconds_bucket{kind=\"a\",le=\"0.1\"} 2\n"
          "t_seconds_bucket{kind=\"a\",le=\"1\"} 3\n"
          "t_seconds_bucket{kind=\"a\",le=\"+Inf\"} 4\n"
          "t_seconds_sum{kind=\"a\"} 7.65\n"
          "t_seconds_count{kind=\"a\"} 4\n");
}

TEST_CASE("metrics: quantiles of a histogram lie within the right interval")
{
    registry r;
    auto& h = r.make_histogram("t_seconds", "T.", {1.0, 2.0, 4.0});
    CHECK(h.quantile(0.5) == 0.0);
    for (int i = 0; i < 90; ++i) {
        h.observe(1.5);
    }
    for (int i = 0; i < 10; ++i) {
        h.observe(3.0);
    }
    CHECK(h.quantile(0.5) > 1.0);
    CHECK(h.quantile(0.5) <= 2.0);
    CHECK(h.quantile(0.99) > 2.0);
    CHECK(h.quantile(0.99) <= 4.0);
    h.observe(100.0);
    CHECK(h.quantile(1.0) == 4.0);
}
