#include <cerro/dans/api.hpp>

namespace cerro::dans {

namespace {

/// 'a' ; 'a' and 'b' ; 'a', 'b', and 'c'
std::string enumerate(std::vector<std::string> const& names)
{
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) {
            out += names.size() > 2 ? ", " : " ";
            out += i + 1 == names.size() ? "and " : "";
        }
        out += "'" + names[i] + "'";
    }
    return out;
}

}  // namespace

result<list> bind(signature const& s, list args, dict kwargs)
{
    if (args.size() > s.parameters.size()) {
        // Python counts self.
        return fail(errc::invalid_argument,
                    s.function + "() takes " + std::to_string(s.parameters.size() + 1) +
                        " positional arguments but " + std::to_string(args.size() + 1) + " were given");
    }
    list bound = std::move(args);
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < s.parameters.size(); ++i) {
        auto const& p = s.parameters[i];
        value* const named = kwargs.find(p);
        if (i < bound.size()) {
            if (named != nullptr) {
                return fail(errc::invalid_argument,
                            s.function + "() got multiple values for argument '" + p + "'");
            }
            continue;
        }
        if (named == nullptr && i < s.required) {
            missing.push_back(p);
        }
        bound.push_back(named == nullptr ? value() : std::move(*named));
        kwargs.erase(p);
    }
    if (!kwargs.empty()) {
        return fail(errc::invalid_argument,
                    s.function + "() got an unexpected keyword argument '" + kwargs.begin()->first + "'");
    }
    if (!missing.empty()) {
        return fail(errc::invalid_argument,
                    s.function + "() missing " + std::to_string(missing.size()) +
                        " required positional argument" + (missing.size() > 1 ? "s" : "") + ": " +
                        enumerate(missing));
    }
    return bound;
}

}  // namespace cerro::dans
