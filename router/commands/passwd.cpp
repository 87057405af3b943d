#include "passwd.hpp"

#include "config/secret_files.hpp"
#include <cerro/app/service.hpp>
#include <cerro/auth/password.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/router/principals.hpp>

#include <CLI/CLI.hpp>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::size_t longest_password = 1024;

/// No echo while it lives.
class silence {
public:
    silence()
    {
        silent_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        auto now = before_;
        now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent_ = silent_ && ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) == 0;
    }
    silence(silence const&) = delete;
    silence& operator=(silence const&) = delete;
    ~silence()
    {
        if (silent_) {
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        }
    }

private:
    termios before_{};
    bool silent_ = false;
};

std::string line_of(char const* prompt)
{
    if (prompt != nullptr) {
        std::fputs(prompt, stderr);
    }
    std::string out;
    std::getline(std::cin, out);
    if (prompt != nullptr) {
        std::fputs("\n", stderr);
    }
    return out;
}

std::string ask_password()
{
    std::string out;
    if (::isatty(STDIN_FILENO) != 0) {
        silence const quiet;
        out = line_of("Password: ");
        if (line_of("Once more: ") != out) {
            throw failure("the two passwords differ; nothing is changed");
        }
    } else {
        out = line_of(nullptr);
    }
    if (out.empty() || out.size() > longest_password) {
        throw failure("a password has 1 to 1024 characters; nothing is changed");
    }
    return out;
}

std::string text_of(std::string const& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    if (file) {
        out << file.rdbuf();
    } else if (::access(path.c_str(), F_OK) == 0) {
        throw failure(path + ": cannot be read");
    }
    return out.str();
}

}  // namespace

result<std::string> change_principals(std::string_view text, password_change const& c)
{
    value root = dict{{"principals", dict()}};
    if (!text.empty()) {
        if (auto const valid = parse_principals(text); !valid) {
            return valid.error();
        }
        root = *codec::from_json(text);
    }
    auto& all = *root.as_dict()->find("principals")->as_dict();
    if (c.remove) {
        if (!all.erase(c.name)) {
            return fail(errc::not_found, "there is no principal '" + c.name + "'");
        }
        return codec::to_json(root, 2) + "\n";
    }
    bool const fresh = !all.contains(c.name);
    if (fresh && c.role.empty()) {
        return fail(errc::invalid_argument, "'" + c.name + "' is new: give --role");
    }
    if (fresh) {
        all.set(c.name, dict{{"role", c.role}});
    }
    auto& entry = *all.find(c.name)->as_dict();
    if (!c.role.empty()) {
        entry.set("role", c.role);
    }
    // What an older password left would still admit who knows it.
    for (auto const* const old : {"ticket",
                                  "secret",
                                  "salt",
                                  "iterations",
                                  "keylen",
                                  "kdf",
                                  "memory",
                                  "stored-key",
                                  "server-key",
                                  "wampcra"}) {
        entry.erase(old);
    }
    entry.set("password",
              auth::to_text(auth::hash_password(c.password,
                                                c.argon2 ? auth::scram_cost::argon2() : auth::scram_cost())));
    if (c.wampcra) {
        entry.set("wampcra", auth::to_text(auth::derive_wampcra(c.password)));
    }
    auto out = codec::to_json(root, 2) + "\n";
    if (auto const valid = parse_principals(out); !valid) {
        return valid.error();
    }
    return out;
}

int run_passwd(int argc, char const* const* argv)
{
    password_change change;
    std::string path = "principals.json";
    CLI::App cli(
        "Makes or changes one entry of a file of principals. The password is read from the terminal, or is "
        "the "
        "first line of standard input.",
        "cerro-router passwd");
    cli.add_option("name", change.name, "who logs in (authid)")->required();
    cli.add_option("--file", path, "the file (default principals.json)");
    cli.add_option("--role", change.role, "its role; needed for a new name");
    cli.add_flag("--wampcra",
                 change.wampcra,
                 "let WAMP-CRA clients log in too (keeps a key from which one can log in)");
    cli.add_flag("--argon2", change.argon2, "hash with Argon2id instead of PBKDF2; tickets then do not work");
    cli.add_flag("--delete", change.remove, "remove the name");
    try {
        cli.parse(argc, argv);
    } catch (CLI::ParseError const& e) {
        return cli.exit(e) == 0 ? app::exit_code::ok : app::exit_code::usage;
    }
    try {
        auto const before = text_of(path);
        if (!change.remove) {
            change.password = ask_password();
        }
        auto const after = change_principals(before, change);
        if (!after) {
            throw failure(path + ": " + after.error().what,
                          after.error().code == errc::invalid_argument ? app::exit_code::usage
                                                                       : app::exit_code::configuration);
        }
        if (auto const written = write_private(path, *after); !written) {
            throw failure(written.error().what);
        }
    } catch (failure const& e) {
        std::fprintf(stderr, "cerro-router passwd: %s\n", e.what());
        return e.exit_code();
    }
    return app::exit_code::ok;
}

}  // namespace cerro::router
