#include "replies.hpp"
#include <cerro/router/meta.hpp>

#include <utility>

namespace cerro::router {

value const* meta_call::arg(std::size_t index) const
{
    return index < args.size() && !args[index].is_null() ? &args[index] : nullptr;
}

value const* meta_call::arg(std::size_t index, std::string_view name) const
{
    if (auto const* positional = arg(index)) {
        return positional;
    }
    auto const* keyword = kwargs.find(name);
    return keyword == nullptr || keyword->is_null() ? nullptr : keyword;
}

void meta_table::add(std::string procedure, function f)
{
    table_.insert_or_assign(std::move(procedure), std::move(f));
}

bool may_see(member const& asking, std::string_view uri)
{
    bool const system = uri.starts_with(reserved) || uri.starts_with("crossbar.");
    return !system || asking.allowed->trusted();
}

void meta_table::add_open(std::string procedure, function f)
{
    open_.insert(procedure);
    add(std::move(procedure), std::move(f));
}

bool meta_table::call(member& caller, wamp::message const& m)
{
    auto const at = table_.find(m.uri);
    if (at == table_.end()) {
        return false;
    }
    auto args = wamp::decode_args(m.payload, env_.limits.message);
    if (!args) {
        send_error(caller, m.type, m.request, wamp::uri::invalid_argument, args.error().what);
        return true;
    }
    auto kwargs = wamp::decode_kwargs(m.payload, env_.limits.message);
    if (!kwargs) {
        send_error(caller, m.type, m.request, wamp::uri::invalid_argument, kwargs.error().what);
        return true;
    }
    meta_call const c{caller.who.session, m.request, at->first, std::move(*args), std::move(*kwargs), caller};
    at->second(c);
    return true;
}

}  // namespace cerro::router
