#!/usr/bin/env python3
"""Every way to log in that autobahn-python knows, against a router of ours.

usage: authentication_python.py ROUTER CERTIFICATES

Starts the router itself: secrets stand in files and in the environment, principals come from `cerro-router passwd`.
Prints one line for each case and ends with 1 if any failed.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.auth import create_authenticator, derive_key, derive_scram_credential
from autobahn.wamp.cryptosign import CryptosignKey
from autobahn.wamp.exception import ApplicationError
from twisted.internet import defer, reactor
from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS

REALM = "site"
STEP = 20
SEED = "11" * 32
OTHER_SEED = "22" * 32
ANSWER_TIME = 0.25  # limits.auth_answer_time


def public_key(seed):
    return CryptosignKey.from_bytes(bytes.fromhex(seed)).public_key()


def configuration(folder, certificates):
    anything = {"call": True, "register": True, "publish": True, "subscribe": True}

    def role(name):
        return {"name": name, "permissions": [{"uri": "", "match": "prefix", "allow": anything}]}

    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    endpoint = {"type": "tcp", "port": 0, "interface": "127.0.0.1", "tls": tls}
    salted = derive_key("secret2", "salt123", 100, 32)
    auth = {
        "anonymous": {"type": "static", "role": "anonymous"},
        "ticket": {"type": "static", "principals": {
            "joe": {"ticket": {"file": "joe.ticket"}, "role": "operator"},
            "env": {"ticket": "$INTEROP_TICKET", "role": "operator"}}},
        "wampcra": {"type": "static", "users": {
            "plain": {"secret": "secret1", "role": "operator"},
            "salted": {"secret": salted.decode(), "role": "operator", "salt": "salt123", "iterations": 100,
                       "keylen": 32}}},
        "scram": {"type": "static", "principals": {
            "carol": {**derive_scram_credential("carol", "p4ssw0rd"), "role": "operator"}}},
        "cryptosign": {"type": "static", "principals": {
            "device": {"authorized_keys": [public_key(SEED)], "role": "operator"}}},
        "cookie": {},
    }
    from_file = {name: {"type": "file", "principals_file": "principals.json"}
                 for name in ("ticket", "wampcra", "scram")}
    asked = {"type": "dynamic", "authenticator": "site.authenticate"}
    dynamic = {"ticket": asked, "wampcra": asked, "cryptosign": asked}
    return {
        "version": 2,
        "cerro": {"limits": {"auth_failures": 1000000}},
        "workers": [{
            "type": "router",
            "realms": [{"name": REALM, "roles": [
                role("anonymous"), role("operator"), {"name": "asked", "authorizer": "site.authorize"}]}],
            "transports": [
                {"type": "websocket", "endpoint": endpoint, "auth": auth, "cookie": {"store": {"type": "memory"}}},
                {"type": "websocket", "endpoint": endpoint, "auth": from_file},
                {"type": "websocket", "endpoint": endpoint, "auth": dynamic},
                {"type": "websocket", "endpoint": endpoint, "auth": {"anonymous": {"type": "static", "role": "asked"}}},
                {"type": "websocket", "endpoint": {**endpoint, "tls": {**tls, "ca_certificates": ["ca.pem"]}},
                 "auth": {"tls": {"type": "static", "principals": {
                     "camera": {"certificate-cn": "cam1.site", "role": "operator"}}},
                     "cryptosign": auth["cryptosign"]}},
            ],
        }],
    }


def make_certificates(folder):
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=interop CA")
    for name in ("cam1", "cam2"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}.site")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-out", f"{name}.pem")


class Session(ApplicationSession):
    def onConnect(self):
        extra = self.config.extra
        self.auth = extra.get("auth")
        methods = extra.get("methods") or ([self.auth.name] if self.auth else None)
        self.join(REALM, authmethods=methods, authid=extra.get("authid"),
                  authextra=self.auth.authextra if self.auth else None)

    def onChallenge(self, challenge):
        return self.auth.on_challenge(self, challenge)

    def onWelcome(self, msg):
        return self.auth.on_welcome(self, msg.authextra) if self.auth else None

    def onJoin(self, details):
        self.details = details
        self.config.extra["joined"].callback(self)

    def onLeave(self, details):
        waiting = self.config.extra["joined"]
        if not waiting.called:
            waiting.errback(ApplicationError(details.reason, details.message))
        self.disconnect()


def timely(d):
    return d.addTimeout(STEP, reactor)


class Cases:
    def __init__(self, ports, ca):
        self.urls = [f"wss://localhost:{p}/" for p in ports]
        self.ca = ca

    def tls(self, certificate):
        mine = None
        if certificate:
            mine = PrivateCertificate.loadPEM((FOLDER / f"{certificate}.pem").read_text() +
                                              (FOLDER / f"{certificate}.key").read_text())
        return optionsForClientTLS("localhost", trustRoot=Certificate.loadPEM(self.ca), clientCertificate=mine)

    def join(self, where, method=None, headers=None, methods=None, certificate=None, **how):
        joined = defer.Deferred()
        extra = {"joined": joined, "methods": methods, "authid": how.get("authid")}
        if method:
            extra["auth"] = create_authenticator(method, **how)
        runner = ApplicationRunner(self.urls[where], REALM, extra=extra, headers=headers,
                                   ssl=self.tls(certificate))
        connected = runner.run(Session, start_reactor=False, reactor=reactor)
        connected.addErrback(lambda f: joined.called or joined.errback(f))
        return timely(joined)

    @defer.inlineCallbacks
    def joins(self, where, method, role, authid, **how):
        session = yield self.join(where, method, authid=authid, **how)
        got = (session.details.authid, session.details.authrole, session.details.authmethod)
        if got != (authid, role, method):
            raise AssertionError(f"joined as {got}")
        yield timely(defer.maybeDeferred(session.leave))

    @defer.inlineCallbacks
    def refused(self, reason, where, method, **how):
        try:
            yield self.join(where, method, **how)
        except ApplicationError as e:
            if e.error != reason:
                raise AssertionError(f"refused with {e.error} {e.args}, wanted {reason}") from e
            return
        raise AssertionError("was not refused")

    # --- static

    @defer.inlineCallbacks
    def case_anonymous(self):
        session = yield self.join(0)
        if session.details.authrole != "anonymous":
            raise AssertionError(session.details.authrole)

    @defer.inlineCallbacks
    def case_ticket(self):
        yield self.joins(0, "ticket", "operator", "joe", ticket="open sesame")
        yield self.joins(0, "ticket", "operator", "env", ticket="from the environment")
        yield self.refused("wamp.error.not_authorized", 0, "ticket", authid="joe", ticket="open simsim")
        yield self.refused("wamp.error.not_authorized", 0, "ticket", authid="nobody", ticket="open sesame")

    @defer.inlineCallbacks
    def case_wampcra(self):
        yield self.joins(0, "wampcra", "operator", "plain", secret="secret1")
        yield self.joins(0, "wampcra", "operator", "salted", secret="secret2")
        yield self.refused("wamp.error.not_authorized", 0, "wampcra", authid="plain", secret="secret2")
        yield self.refused("wamp.error.not_authorized", 0, "wampcra", authid="nobody", secret="secret1")

    @defer.inlineCallbacks
    def case_scram(self):
        # autobahn proves the router's signature itself, and leaves if it is wrong
        yield self.joins(0, "scram", "operator", "carol", password="p4ssw0rd")
        yield self.refused("wamp.error.not_authorized", 0, "scram", authid="carol", password="passw0rd")
        yield self.refused("wamp.error.not_authorized", 0, "scram", authid="nobody", password="p4ssw0rd")

    @defer.inlineCallbacks
    def case_cryptosign(self):
        yield self.joins(0, "cryptosign", "operator", "device", privkey=SEED)
        yield self.refused("wamp.error.not_authorized", 0, "cryptosign", authid="device", privkey=OTHER_SEED)
        yield self.refused("wamp.error.not_authorized", 0, "cryptosign", authid="nobody", privkey=SEED)

    @defer.inlineCallbacks
    def case_cookie(self):
        session = yield self.join(0, "ticket", authid="joe", ticket="open sesame")
        given = session.transport.http_headers["set-cookie"]
        if not given.startswith("cbtid=") or ";max-age=604800" not in given:
            raise AssertionError(given)
        cookie = {"cookie": given.split(";")[0]}
        again = yield self.join(0, headers=cookie, methods=["cookie"])
        got = (again.details.authid, again.details.authrole, again.details.authmethod)
        if got != ("joe", "operator", "cookie"):
            raise AssertionError(got)
        ended = defer.Deferred()
        session.onLeave = ended.callback
        again.leave("wamp.close.logout")
        details = yield timely(ended)
        if details.reason != "wamp.close.logout":
            raise AssertionError(details)
        try:
            yield self.join(0, headers=cookie, methods=["cookie"])
        except ApplicationError as e:
            if e.error != "wamp.error.no_auth_method":
                raise
        else:
            raise AssertionError("a cookie that was logged out still joins")

    @defer.inlineCallbacks
    def case_certificate(self):
        session = yield self.join(4, methods=["tls"], certificate="cam1")
        got = (session.details.authid, session.details.authrole, session.details.authmethod)
        if got != ("camera", "operator", "tls"):
            raise AssertionError(got)
        try:
            yield self.join(4, methods=["tls"], certificate="cam2")
        except ApplicationError as e:
            if e.error != "wamp.error.not_authorized":
                raise
        else:
            raise AssertionError("a certificate that is not listed joined")

    @defer.inlineCallbacks
    def case_channel_binding(self):
        """cryptosign bound to the connection; Twisted's default is TLS 1.2, where tls-unique exists."""
        bound = {"channel_binding": "tls-unique"}
        yield self.joins(4, "cryptosign", "operator", "device", privkey=SEED, authextra=bound, certificate="cam1")
        yield self.refused("wamp.error.not_authorized", 4, "cryptosign", authid="device", privkey=OTHER_SEED,
                           authextra={"channel_binding": "tls-unique"}, certificate="cam1")

    # --- a file made by `cerro-router passwd`

    @defer.inlineCallbacks
    def case_file(self):
        yield self.joins(1, "ticket", "operator", "dave", ticket="d4ve's")
        yield self.joins(1, "wampcra", "operator", "dave", secret="d4ve's")
        yield self.joins(1, "scram", "operator", "erin", password="er1n's")
        yield self.refused("wamp.error.not_authorized", 1, "ticket", authid="dave", ticket="er1n's")

    @defer.inlineCallbacks
    def case_file_changed(self):
        passwd("frank", "fr4nk's", "--role", "operator")
        deadline = time.monotonic() + 15
        while True:
            try:
                yield self.joins(1, "ticket", "operator", "frank", ticket="fr4nk's")
                return
            except ApplicationError:
                if time.monotonic() > deadline:
                    raise

    # --- a procedure that says who may join

    @defer.inlineCallbacks
    def case_dynamic(self):
        def authenticate(realm, authid, details):
            method = details["authmethod"]
            if authid == "refused":
                raise ApplicationError("site.error.not_today", "come again tomorrow")
            if method == "ticket":
                if details["ticket"] != "t":
                    raise ApplicationError("wamp.error.not_authorized", "wrong ticket")
                return "operator"
            if method == "wampcra":
                return {"role": "operator", "secret": "s", "extra": {"desk": 7}}
            return {"role": "operator", "pubkey": public_key(SEED), "authid": authid}

        backend = yield self.join(0)
        yield timely(backend.register(authenticate, "site.authenticate"))
        yield self.joins(2, "ticket", "operator", "grace", ticket="t")
        yield self.joins(2, "wampcra", "operator", "grace", secret="s")
        yield self.joins(2, "cryptosign", "operator", "grace", privkey=SEED)
        yield self.refused("wamp.error.not_authorized", 2, "ticket", authid="grace", ticket="u")
        yield self.refused("wamp.error.not_authorized", 2, "cryptosign", authid="grace", privkey=OTHER_SEED)
        yield self.refused("site.error.not_today", 2, "ticket", authid="refused", ticket="t")
        yield timely(defer.maybeDeferred(backend.leave))
        yield self.refused("wamp.error.authentication_failed", 2, "ticket", authid="grace", ticket="t")

    @defer.inlineCallbacks
    def case_authorizer(self):
        asked = []

        def authorize(session, uri, action, options):
            asked.append((session["authrole"], uri, action))
            if uri == "site.broken":
                raise RuntimeError("no idea")
            return {"allow": uri.startswith("site.open"), "cache": True, "disclose": False}

        backend = yield self.join(0)
        yield timely(backend.register(authorize, "site.authorize"))
        guest = yield self.join(3)
        yield timely(guest.register(lambda: 42, "site.open.answer"))
        for _ in range(3):
            answer = yield timely(guest.call("site.open.answer"))
            if answer != 42:
                raise AssertionError(answer)
        for uri, wanted in (("site.closed", "wamp.error.not_authorized"),
                            ("site.broken", "wamp.error.authorization_failed")):
            try:
                yield timely(guest.call(uri))
                raise AssertionError(f"{uri} was allowed")
            except ApplicationError as e:
                if e.error != wanted:
                    raise
        if asked.count(("asked", "site.open.answer", "call")) != 1:
            raise AssertionError(f"the answer was to be cached: {asked}")

    # --- time

    @defer.inlineCallbacks
    def case_time_tells_nothing(self):
        """Medians of 200 wrong log-ins each, 20 at a time and mixed: known and unknown names differ by nothing but noise."""
        times = {"joe": [], "nobody": []}

        @defer.inlineCallbacks
        def try_once(authid):
            try:
                yield self.join(0, "ticket", authid=authid, ticket="wrong")
            except ApplicationError as e:
                if e.error != "wamp.error.not_authorized":
                    raise
            else:
                raise AssertionError("a wrong ticket was taken")

        @defer.inlineCallbacks
        def timed(authid):
            began = time.monotonic()
            yield try_once(authid)
            times[authid].append(time.monotonic() - began)

        for _ in range(20):
            yield defer.gatherResults([timed(("joe", "nobody")[i % 2]) for i in range(20)], consumeErrors=True)
        known, unknown = (statistics.median(times[name]) for name in ("joe", "nobody"))
        print(f"     medians of 200: known {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms", flush=True)
        if min(times["joe"] + times["nobody"]) < ANSWER_TIME:
            raise AssertionError("an answer came before its time")
        if abs(known - unknown) > 0.5 * ANSWER_TIME:
            raise AssertionError("the time tells who exists")


ROUTER = None
FOLDER = None


def passwd(name, password, *options):
    done = subprocess.run([ROUTER, "passwd", "--file", FOLDER / "principals.json", *options, name],
                          input=password + "\n", text=True, capture_output=True, timeout=30)
    if done.returncode != 0:
        raise AssertionError(f"passwd ended with {done.returncode}: {done.stderr}")


@defer.inlineCallbacks
def run(cases):
    failures = 0
    for name in [n for n in dir(cases) if n.startswith("case_")]:
        try:
            yield getattr(cases, name)()
            print(f"ok   {name[5:]}", flush=True)
        except Exception:
            failures += 1
            print(f"FAIL {name[5:]}", flush=True)
            traceback.print_exc()
    reactor.exit_code = 1 if failures else 0
    reactor.stop()


def main():
    global ROUTER, FOLDER
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    ROUTER, certificates = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="interop-auth-") as name:
        FOLDER = pathlib.Path(name)
        make_certificates(FOLDER)
        (FOLDER / "joe.ticket").write_text("open sesame\n")
        (FOLDER / "joe.ticket").chmod(0o600)
        passwd("dave", "d4ve's", "--role", "operator", "--wampcra")
        passwd("erin", "er1n's", "--role", "operator", "--argon2")
        if (FOLDER / "principals.json").stat().st_mode & 0o777 != 0o600:
            print("the principals file can be read by others", file=sys.stderr)
            return 1
        (FOLDER / "config.json").write_text(json.dumps(configuration(FOLDER, certificates)))
        (FOLDER / "config.json").chmod(0o600)
        log = (FOLDER / "router.log").open("w+")
        router = subprocess.Popen(
            [ROUTER, "start", "--config", FOLDER / "config.json", "--ports-file", FOLDER / "ports.json"],
            stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ, INTEROP_TICKET="from the environment"))
        try:
            deadline = time.monotonic() + 20
            while not (FOLDER / "ports.json").exists():
                if router.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    print("the router did not start:\n" + log.read(), file=sys.stderr)
                    return 1
                time.sleep(0.02)
            ports = [row["port"] for row in json.loads((FOLDER / "ports.json").read_text())]
            cases = Cases(ports, (certificates / "server.pem").read_text())
            reactor.exit_code = 1
            reactor.callWhenRunning(lambda: run(cases).addErrback(lambda f: (f.printTraceback(), reactor.stop())))
            reactor.run()
            code = reactor.exit_code
        finally:
            router.terminate()
            try:
                router.wait(20)
            except subprocess.TimeoutExpired:
                router.kill()
                router.wait()
        log.seek(0)
        text = log.read()
        for secret in ("open sesame", "from the environment", "secret1", "p4ssw0rd", "d4ve's", "er1n's", SEED):
            if secret in text:
                print(f"a secret stands in the log: {secret}", file=sys.stderr)
                code = 1
        if code != 0:
            print("router's log:\n" + text[-20000:], file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())
