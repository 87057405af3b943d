#include "builder.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>

namespace cerro::config {

namespace {

position place(YAML::Mark const& mark)
{
    return {mark.line + 1, mark.column + 1};
}

class events final : public YAML::EventHandler {
public:
    explicit events(builder& b) : builder_(b) {}

    void OnDocumentStart(YAML::Mark const&) override {}
    void OnDocumentEnd() override {}
    void OnNull(YAML::Mark const& mark, YAML::anchor_t anchor) override
    {
        builder_.anchor_next(anchor);
        builder_.null(place(mark));
    }
    void OnAlias(YAML::Mark const& mark, YAML::anchor_t anchor) override
    {
        builder_.alias(place(mark), anchor);
    }
    void OnScalar(YAML::Mark const& mark,
                  std::string const& tag,
                  YAML::anchor_t anchor,
                  std::string const& value) override
    {
        builder_.anchor_next(anchor);
        // "?" is a plain scalar, "!" a quoted one; an explicit !!str makes text of anything.
        builder_.scalar(place(mark), value, tag == "!" || tag == "tag:yaml.org,2002:str");
    }
    void OnSequenceStart(YAML::Mark const& mark,
                         std::string const&,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        builder_.anchor_next(anchor);
        builder_.begin(place(mark), node::kind::sequence);
    }
    void OnSequenceEnd() override { builder_.end(); }
    void OnMapStart(YAML::Mark const& mark,
                    std::string const&,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        builder_.anchor_next(anchor);
        builder_.begin(place(mark), node::kind::map);
    }
    void OnMapEnd() override { builder_.end(); }

private:
    builder& builder_;
};

/// Notices whether a second document follows the first.
class refuse_document final : public YAML::EventHandler {
public:
    void OnDocumentStart(YAML::Mark const& mark) override
    {
        throw parse_stop{errc::malformed, place(mark), "a second document; one is expected"};
    }
    void OnDocumentEnd() override {}
    void OnNull(YAML::Mark const&, YAML::anchor_t) override {}
    void OnAlias(YAML::Mark const&, YAML::anchor_t) override {}
    void OnScalar(YAML::Mark const&, std::string const&, YAML::anchor_t, std::string const&) override {}
    void OnSequenceStart(YAML::Mark const&,
                         std::string const&,
                         YAML::anchor_t,
                         YAML::EmitterStyle::value) override
    {}
    void OnSequenceEnd() override {}
    void OnMapStart(YAML::Mark const&, std::string const&, YAML::anchor_t, YAML::EmitterStyle::value) override
    {}
    void OnMapEnd() override {}
};

/// A stream over text that is not copied.
class view_buffer final : public std::streambuf {
public:
    explicit view_buffer(std::string_view text)
    {
        char* const begin = const_cast<char*>(text.data());  // std::streambuf's interface; it only reads
        setg(begin, begin, begin + text.size());
    }
};

}  // namespace

result<node> parse_yaml(std::string_view text, std::string name)
{
    auto const stop = [&name](errc code, position at, std::string const& what) {
        return fail(code,
                    name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + what);
    };
    if (text.size() > max_text) {
        return stop(errc::limit_exceeded, {}, "longer than 4 MiB");
    }
    try {
        view_buffer buffer(text);
        std::istream stream(&buffer);
        YAML::Parser parser(stream);
        builder tree(repeated_keys::last_wins);
        events handler(tree);
        bool const found = parser.HandleNextDocument(handler);
        if (!found) {
            tree.null({});
        }
        refuse_document second;
        parser.HandleNextDocument(second);
        return tree.finish(name);
    } catch (parse_stop const& s) {
        return stop(s.code, s.at, s.what);
    } catch (YAML::Exception const& e) {
        return stop(errc::malformed, e.mark.is_null() ? position{} : place(e.mark), e.msg);
    }
}

}  // namespace cerro::config
