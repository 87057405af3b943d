#include <cerro/app/prefixes.hpp>
#include <cerro/app/service.hpp>

#include <CLI/App.hpp>
#include <catch2/catch.hpp>

using namespace cerro;
using words = std::vector<std::string>;

namespace {

words expanded(words w)
{
    CLI::App root;
    root.add_option("--site");
    root.add_option("--site-host");
    root.add_option("--site-hub");
    root.add_option("--instance-id,-i");
    CLI::App* const sub = root.add_subcommand("start");
    sub->add_flag("--debug");
    app::expand_prefixes(root, w);
    return w;
}

}  // namespace

TEST_CASE("options: a unique prefix becomes the full name, with its value")
{
    CHECK(expanded({"--inst", "a"}) == words{"--instance-id", "a"});
    CHECK(expanded({"--site-ho=x=y"}) == words{"--site-host=x=y"});
}

TEST_CASE("options: the whole name of an option is no prefix of a longer one")
{
    CHECK(expanded({"--site", "x"}) == words{"--site", "x"});
    CHECK(expanded({"--site=x"}) == words{"--site=x"});
}

TEST_CASE("options: an ambiguous prefix is refused with its meanings")
{
    CHECK_THROWS_WITH(expanded({"--site-h", "x"}),
                      "ambiguous option: --site-h could match --site-host, --site-hub");
}

TEST_CASE("options: unknown ones, short ones, words and what stands behind -- are left alone")
{
    words const w{"--unknown", "-i", "word", "--", "--inst"};
    CHECK(expanded(w) == w);
}

TEST_CASE("options: those of a subcommand are known behind its name only")
{
    CHECK(expanded({"--deb", "start", "--deb", "--inst", "x"}) ==
          words{"--deb", "start", "--debug", "--instance-id", "x"});
}
