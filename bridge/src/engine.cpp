#include <cerro/base/time.hpp>
#include <cerro/bridge/engine.hpp>
#include <cerro/dans/api.hpp>
#include <cerro/dans/reduce.hpp>
#include <cerro/log/log.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cerro::bridge {

namespace {

constexpr auto component = "bridge";
constexpr double earliest = 0.001;  // 0 and below mean "from now" in sisock

}  // namespace

/// One call of get_data.
struct engine::job {
    std::string node;
    std::vector<std::string> fields;
    dans::time_range range;
    double bucket_s = 0;
    std::size_t max_points = 0;
    std::chrono::milliseconds timeout{};
    std::map<std::string, dans::series> result;
    std::string error;
};

/// One series of the answer.
struct engine::wanted {
    std::string text;
    std::string node;  ///< empty: the text is no target
    std::string field;
    bool table = false;
};

asio::awaitable<std::vector<std::string>> engine::choices(std::shared_ptr<engine> self,
                                                          std::string text,
                                                          std::size_t most)
{
    std::vector<std::string> out;
    bool const special = text.find_first_of("(\\*") != std::string::npos;
    if (!special) {
        out.push_back(std::move(text));
        co_return out;
    }
    if (auto const literal = split(text)) {
        auto const known = co_await directory::fields_for(self->directory_, literal->node, {});
        if (known.fields && known.fields->find(literal->field) != nullptr) {
            out.push_back(std::move(text));
            co_return out;
        }
    }
    out = alternatives(text, most);
    co_return out;
}

asio::awaitable<std::vector<std::string>> engine::matches(std::shared_ptr<engine> self, std::string choice)
{
    std::vector<std::string> out;
    auto const parts = split(choice);
    if (!parts || !has_wildcard(choice)) {
        out.push_back(std::move(choice));
        co_return out;
    }
    auto const nodes = self->directory_->nodes();
    for (auto const& n : nodes) {
        if (!fits(parts->node, n.name)) {
            continue;
        }
        auto const known = co_await directory::fields_for(self->directory_, n.name, {});
        if (!known.fields) {
            continue;
        }
        for (auto const& f : known.fields->fields) {
            if (fits(parts->field, f.name)) {
                out.push_back(n.name + "::" + f.name);
            }
        }
    }
    co_return out;
}

void engine::cut()
{
    std::uint64_t suppressed = 0;
    if (cut_limit_.allow(suppressed)) {
        log::warn(component, "query_cut", {{"series", options_.most_series}, {"suppressed", suppressed}});
    }
}

asio::awaitable<std::vector<engine::wanted>> engine::expand(std::shared_ptr<engine> self,
                                                            std::vector<target> targets)
{
    std::vector<wanted> out;
    // Alternatives without any match are work too.
    std::size_t left = self->options_.most_series;
    for (auto const& t : targets) {
        auto const alternatives_of_t = co_await choices(self, t.text, std::max<std::size_t>(left, 1));
        for (auto const& choice : alternatives_of_t) {
            auto const texts = co_await matches(self, choice);
            for (auto const& text : texts) {
                if (left == 0 || out.size() >= self->options_.most_series) {
                    self->cut();
                    co_return out;
                }
                wanted w{text, {}, {}, t.table};
                if (auto parts = split(text)) {
                    w.node = std::move(parts->node);
                    w.field = std::move(parts->field);
                }
                out.push_back(std::move(w));
            }
            left -= std::min<std::size_t>(left, 1);
        }
    }
    co_return out;
}

asio::awaitable<client::outcome<client::arguments>> engine::call(std::shared_ptr<engine> self,
                                                                 std::shared_ptr<job> j,
                                                                 bool reduces)
{
    list names(j->fields.begin(), j->fields.end());
    client::arguments a(
        list{value(std::move(names)), std::max(j->range.start, earliest), std::max(j->range.end, earliest)});
    double const span = j->range.end - j->range.start;
    if (reduces) {
        a.kwargs.append("max_points", static_cast<std::int64_t>(j->max_points));
        if (j->bucket_s > 0) {
            a.kwargs.append("min_stride", j->bucket_s);
        }
    } else {
        a.kwargs.append("min_stride",
                        j->bucket_s > 0 ? j->bucket_s : span / static_cast<double>(j->max_points));
    }
    client::call_options timed;
    timed.timeout = j->timeout;
    auto const uri = dans::uri::get_data(self->directory_->options().base, j->node);
    auto answer = co_await self->session_->call(uri, std::move(a), timed);
    co_return answer;
}

asio::awaitable<void> engine::run(std::shared_ptr<engine> self, std::shared_ptr<job> j)
{
    auto const known = co_await directory::fields_for(self->directory_, j->node, j->fields);
    if (!known.fields) {
        j->error = known.error;
        co_return;
    }
    bool reduces = known.fields->reduces;
    auto answer = co_await call(self, j, reduces);
    if (!answer && reduces && answer.error().uri == wamp::uri::runtime_error) {
        // Another program may serve under this name now.
        self->directory_->forget(j->node);
        reduces = false;
        answer = co_await call(self, j, reduces);
    }
    if (!answer) {
        j->error = answer.error().what();
        co_return;
    }
    auto data = parse_data(answer->args.empty() ? value() : std::move(answer->args[0]), *known.fields);
    if (!data) {
        j->error = data.error().what;
        co_return;
    }
    for (auto& [name, samples] : *data) {
        if (!reduces) {
            // Whole days and closed intervals come from nodes of 2019.
            auto const end = std::nextafter(j->range.end, std::numeric_limits<double>::infinity());
            samples = dans::slice(samples, {j->range.start, end});
        }
        j->result.emplace(
            name, dans::reduce(std::move(samples), {.bucket_s = j->bucket_s, .max_points = j->max_points}));
    }
}

asio::awaitable<std::vector<answered>> engine::ask(std::shared_ptr<engine> self, query q)
{
    auto const all = co_await expand(self, std::move(q.targets));
    auto const points = std::clamp<std::size_t>(
        self->options_.most_samples / std::max<std::size_t>(all.size(), 1), 1, q.max_points);
    std::vector<std::shared_ptr<job>> jobs;
    for (auto const& w : all) {
        auto it = std::find_if(jobs.begin(), jobs.end(), [&](auto const& j) { return j->node == w.node; });
        if (it == jobs.end()) {
            job j;
            j.node = w.node;
            j.range = q.range;
            j.bucket_s = q.bucket_s;
            j.max_points = points;
            j.timeout = self->directory_->options().node_timeout;
            it = jobs.insert(jobs.end(), std::make_shared<job>(std::move(j)));
        }
        auto& fields = (*it)->fields;
        if (std::find(fields.begin(), fields.end(), w.field) == fields.end()) {
            fields.push_back(w.field);
        }
    }
    std::vector<asio::awaitable<void>> work;
    for (auto const& j : jobs) {
        if (!j->node.empty() && q.range.start < q.range.end) {
            work.push_back(run(self, j));
        }
    }
    co_await in_parallel(std::move(work), "query");
    std::vector<answered> out;
    for (auto const& j : jobs) {
        std::uint64_t suppressed = 0;
        if (!j->error.empty() && self->failed_limit_.allow(suppressed)) {
            log::info(component,
                      "target_failed",
                      {{"node", j->node}, {"error", j->error}, {"suppressed", suppressed}});
        }
        for (auto const& w : all) {
            if (w.node == j->node) {
                auto const it = j->result.find(w.field);
                out.push_back({w.text, it == j->result.end() ? dans::series() : it->second, w.table});
            }
        }
    }
    co_return out;
}

asio::awaitable<std::shared_ptr<std::vector<node_latest> const>> engine::latest(std::shared_ptr<engine> self)
{
    auto const now = std::chrono::steady_clock::now();
    if (self->latest_ && now - self->latest_at_ < self->options_.latest_age) {
        co_return self->latest_;
    }
    // Everybody who asks meanwhile gets the answer of before.
    self->latest_at_ = now;
    auto const nodes = self->directory_->nodes();
    std::vector<std::shared_ptr<job>> jobs;
    std::vector<asio::awaitable<void>> work;
    for (auto const& n : nodes) {
        auto const known = self->directory_->known(n.name);
        if (!known.fields) {
            continue;
        }
        auto j = std::make_shared<job>();
        j->node = n.name;
        for (auto const& f : known.fields->fields) {
            j->fields.push_back(f.name);
        }
        // Nodes of 2019 give all samples of the range: only the last minute then.
        constexpr double recent = 60;
        double const end = unix_now();
        j->range = {known.fields->reduces ? earliest : end - recent, end + 1};
        j->max_points = 1;
        j->timeout = self->options_.latest_timeout;
        work.push_back(run(self, j));
        jobs.push_back(std::move(j));
    }
    co_await in_parallel(std::move(work), "latest");
    auto out = std::make_shared<std::vector<node_latest>>();
    for (auto& j : jobs) {
        out->push_back({j->node, std::move(j->result)});
    }
    self->latest_ = out;
    co_return out;
}

}  // namespace cerro::bridge
