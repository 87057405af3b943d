// Random feed messages, many of them bad: whatever comes, the archive obeys the rules of its schema.

#include "messages.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

using namespace cerro;
using namespace cerro::aggregator;
using namespace cerro::aggregator::test;

namespace {

/// What is wrong with an archive by the rules for streams of housekeeping frames; empty = nothing.
class rule_checker {
public:
    std::string check(archive_content const& content)
    {
        if (!content.trouble.empty()) {
            return content.trouble;
        }
        if (content.frames.empty() ||
            !std::holds_alternative<g3::hk::session_frame>(content.frames[0].content)) {
            return "the first frame is no session frame";
        }
        for (auto const& frame : content.frames) {
            if (auto const* const status = std::get_if<g3::hk::status_frame>(&frame.content)) {
                take_status(*status);
            } else if (auto const* const data = std::get_if<g3::hk::data_frame>(&frame.content)) {
                take_data(*data);
            }
        }
        return wrong_;
    }
    std::uint64_t values = 0;

private:
    struct seen_block {
        std::map<std::string, g3::sample_type> fields;
    };
    struct seen_provider {
        double timestamp = 0;
        std::map<std::string, seen_block> blocks;
        std::map<std::string, std::string> block_of_field;
    };

    void require(bool holds, std::string const& rule)
    {
        if (!holds && wrong_.empty()) {
            wrong_ = rule;
        }
    }
    void take_status(g3::hk::status_frame const& status)
    {
        std::set<std::int64_t> now;
        std::int64_t before = -1;
        for (auto const& p : status.providers) {
            require(p.id > before, "providers ascend");
            before = p.id;
            now.insert(p.id);
            require(!gone_.contains(p.id), "a provider id came back");
        }
        for (auto const id : alive_) {
            if (!now.contains(id)) {
                gone_.insert(id);
            }
        }
        alive_ = now;
    }
    void take_data(g3::hk::data_frame const& data)
    {
        require(alive_.contains(data.prov_id), "data of a provider that is not listed");
        auto& provider = providers_[data.prov_id];
        require(data.timestamp > provider.timestamp, "timestamps of a provider rise");
        provider.timestamp = data.timestamp;
        require(!data.blocks.empty(), "a data frame without blocks");
        std::set<std::string> names;
        for (auto const& b : data.blocks) {
            require(names.insert(b.name).second, "a block twice in a frame");
            take_block(provider, b);
        }
    }
    void take_block(seen_provider& provider, g3::hk::block_view const& b)
    {
        auto const times = b.times();
        require(!times.empty(), "a block without samples");
        require(std::is_sorted(times.begin(), times.end()), "samples in time order");
        std::map<std::string, g3::sample_type> fields;
        for (auto const& f : b.fields) {
            auto const column = f.read();
            require(column.has_value(), "a field cannot be read");
            fields[f.name] = f.type;
            values += times.size();
            auto const owner = provider.block_of_field.emplace(f.name, b.name).first;
            require(owner->second == b.name, "a field in two blocks of a provider");
        }
        auto const first = provider.blocks.emplace(b.name, seen_block{fields}).first;
        require(first->second.fields == fields, "fields or classes of a block changed: " + b.name);
    }

    std::set<std::int64_t> alive_;
    std::set<std::int64_t> gone_;
    std::map<std::int64_t, seen_provider> providers_;
    std::string wrong_;
};

class generator {
public:
    explicit generator(unsigned seed) : random_(seed) {}

    list any_message(double now)
    {
        if (one_in(50)) {
            return {any_value(3)};
        }
        std::vector<value> blocks;
        for (int i = number(1, 3); i > 0; --i) {
            blocks.push_back(any_block(now));
        }
        auto info = feed("p" + std::to_string(number(0, 3)), std::to_string(number(1, 2)), any_params());
        if (one_in(100)) {
            info.set(one_in(2) ? "session_id" : "address", any_value(1));
        }
        auto args = message(blocks, info);
        if (one_in(100)) {
            args[0].as_list()->at(0) = any_value(2);
        }
        return args;
    }
    bool one_in(int n) { return number(1, n) == 1; }
    int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

private:
    value any_block(double now)
    {
        auto const n = static_cast<std::size_t>(number(0, 4));
        list times;
        for (std::size_t i = 0; i < n; ++i) {
            times.push_back(one_in(100) ? any_value(1) : value(now - 2 + number(0, 100) * 0.01));
        }
        dict fields;
        int const kind = one_in(5) ? number(0, 5) : number(0, 1);
        for (int f = number(1, one_in(4) ? 3 : 1); f > 0; --f) {
            list column;
            for (std::size_t i = 0; i < (one_in(100) ? n + 1 : n); ++i) {
                column.push_back(one_in(200) ? any_value(2) : sample(kind));
            }
            fields.set(one_in(50) ? "bad name" + std::to_string(f) : "f" + std::to_string(f),
                       std::move(column));
        }
        return block("b" + std::to_string(number(0, 2)), std::move(times), std::move(fields));
    }
    value sample(int kind)
    {
        switch (kind) {
            case 0: return 0.5 * number(-10, 10);
            case 1: return number(-100'000, 100'000);
            case 2: return one_in(2);
            case 3: return "text";
            case 4: return nullptr;
            default: return sample(number(0, 4));
        }
    }
    value any_value(int depth)
    {
        switch (number(0, depth > 0 ? 9 : 6)) {
            case 0: return nullptr;
            case 1: return std::nan("");
            case 2: return HUGE_VAL;
            case 3: return std::uint64_t{1} << 63U;
            case 4: return "text";
            case 5: return 1e300;
            case 6: return -1;
            case 7: return list{any_value(depth - 1), any_value(depth - 1)};
            case 8: return dict{{"data", any_value(depth - 1)}, {"timestamps", any_value(depth - 1)}};
            default: return binary{"x"};
        }
    }
    dict any_params()
    {
        dict p{{"frame_length", number(1, 10)}, {"fresh_time", number(5, 60)}};
        if (one_in(50)) {
            p.set("frame_length", any_value(1));
        }
        return p;
    }

    std::mt19937 random_;
};

}  // namespace

TEST_CASE("whatever is published, the archive obeys the rules and what was taken is in it once",
          "[aggregator]")
{
    auto const seed = GENERATE(range(1U, 21U));
    INFO("seed " << seed);
    generator random(seed);
    recorder r(1'700'000'000, 1);
    std::vector<outgoing_frame> frames;
    double now = 1'700'000'000;
    double steady = 1000;
    for (int i = 0; i < 400; ++i) {
        (void)take(r, random.any_message(now), {now, steady});
        double const step = 0.1 * random.number(0, 20);
        now += step;
        steady += step;
        if (random.one_in(100)) {
            now += random.number(-100, 100);  // the clock is set
        }
        if (random.one_in(2)) {
            for (auto& frame : r.tick({now, steady})) {
                frames.push_back(std::move(frame));
            }
        }
    }
    for (auto& frame : r.finish({now, steady})) {
        frames.push_back(std::move(frame));
    }
    rule_checker rules;
    CHECK(rules.check(archive_content(r, frames)) == "");
    CHECK(rules.values == r.counters().samples);
    CHECK(r.counters().samples > 100);
    CHECK(r.counters().refused_blocks > 0);
}
