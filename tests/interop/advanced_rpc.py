#!/usr/bin/env python3
"""autobahn-python with what the router has beyond plain calls.

Run by with_router.py. Prints one line for each step and ends with 1 if any failed.
"""
import os
import sys

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, RegisterOptions
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks

STEP = 5  # seconds that one step may take


class Session(ApplicationSession):
    def onJoin(self, details):
        self.config.extra["joined"].callback(self)

    def onLeave(self, details):
        self.disconnect()


@inlineCallbacks
def join(key):
    joined = Deferred()
    runner = ApplicationRunner(os.environ[key], os.environ["REALM"], extra={"joined": joined})
    connected = runner.run(Session, start_reactor=False, reactor=reactor)
    connected.addErrback(lambda f: joined.called or joined.errback(f))
    session = yield joined.addTimeout(STEP, reactor)
    return session


@inlineCallbacks
def refused(call, uri):
    try:
        result = yield call
    except ApplicationError as e:
        assert e.error == uri, e
        return e
    raise AssertionError(f"wanted {uri}, got {result}")


@inlineCallbacks
def shared(caller, a, b):
    """roundrobin and first among two sessions; another policy is a conflict"""
    for policy, wanted in (("roundrobin", ["a", "b", "a"]), ("first", ["a", "a"]), ("last", ["b", "b"])):
        uri = f"rpc.py.{policy}"
        yield a.register(lambda: "a", uri, RegisterOptions(invoke=policy))
        yield b.register(lambda: "b", uri, RegisterOptions(invoke=policy))
        got = []
        for _ in wanted:
            got.append((yield caller.call(uri)))
        assert got == wanted, (policy, got)
    yield refused(b.register(lambda: "b", "rpc.py.first", RegisterOptions(invoke="random")),
                  "wamp.error.procedure_exists_with_different_invocation_policy")


@inlineCallbacks
def concurrency(caller, a, b):
    """a callee with room for one call, and a second one that takes what it cannot"""
    held = Deferred()
    yield a.register(lambda: held, "rpc.py.busy", RegisterOptions(invoke="roundrobin", concurrency=1))
    first = caller.call("rpc.py.busy")
    yield refused(caller.call("rpc.py.busy"), "crossbar.error.max_concurrency_reached")
    yield b.register(lambda: "b", "rpc.py.busy", RegisterOptions(invoke="roundrobin"))
    assert (yield caller.call("rpc.py.busy")) == "b"
    held.callback("a")
    assert (yield first) == "a"


@inlineCallbacks
def force_reregister(caller, a, b):
    """what OCS agents do after a restart"""
    yield a.register(lambda: "old", "rpc.py.agent.ops")
    yield refused(b.register(lambda: "new", "rpc.py.agent.ops"), "wamp.error.procedure_already_exists")
    yield b.register(lambda: "new", "rpc.py.agent.ops", RegisterOptions(force_reregister=True))
    assert (yield caller.call("rpc.py.agent.ops")) == "new"


@inlineCallbacks
def progressive(caller, a, b):
    """progressive results, then the last one"""
    def count(n, details):
        for i in range(n):
            details.progress(i)
        return "done"
    yield a.register(count, "rpc.py.count", RegisterOptions(details_arg="details"))
    seen = []
    assert (yield caller.call("rpc.py.count", 3, options=CallOptions(on_progress=seen.append))) == "done"
    assert seen == [0, 1, 2], seen


@inlineCallbacks
def time_limit(caller, a, b):
    """milliseconds on the wire, as the specification says"""
    yield a.register(lambda: Deferred(), "rpc.py.never")
    yield refused(caller.call("rpc.py.never", options=CallOptions(timeout=100)), "wamp.error.timeout")


@inlineCallbacks
def cancel(caller, a, b):
    """the callee is interrupted"""
    interrupted = Deferred()
    started = Deferred()

    def wait():
        started.callback(None)
        return Deferred(lambda d: interrupted.callback(None))
    yield a.register(wait, "rpc.py.wait")
    call = caller.call("rpc.py.wait")
    yield started
    call.cancel()
    try:
        yield call
        raise AssertionError("a canceled call has a result")
    except (CancelledError, ApplicationError):
        pass
    yield interrupted


@inlineCallbacks
def disclosure(caller, a, b):
    """callees of crossbar.* are told who calls; others not, without a permission"""
    def who(details):
        return [details.caller, details.caller_authrole]
    options = RegisterOptions(details_arg="details")
    yield a.register(who, "crossbar.rpc.py.who", options)
    yield a.register(who, "rpc.py.who", options)
    assert (yield caller.call("crossbar.rpc.py.who")) == [caller._session_id, "anonymous"]
    assert (yield caller.call("rpc.py.who")) == [None, None]


@inlineCallbacks
def registration_meta(caller, a, b):
    """look up, count, and take a callee out"""
    events = []
    for name in ("on_create", "on_register", "on_unregister", "on_delete"):
        yield caller.subscribe(lambda *args, name=name: events.append(name), f"wamp.registration.{name}")
    registration = yield a.register(lambda: 1, "rpc.py.meta")
    found = yield caller.call("wamp.registration.lookup", "rpc.py.meta")
    assert found == registration.id
    assert (yield caller.call("wamp.registration.match", "rpc.py.meta")) == found
    assert (yield caller.call("wamp.registration.list_callees", found)) == [a._session_id]
    details = yield caller.call("wamp.registration.get", found)
    assert (details["uri"], details["match"], details["invoke"]) == ("rpc.py.meta", "exact", "single")
    assert found in (yield caller.call("wamp.registration.list"))["exact"]
    yield caller.call("wamp.registration.remove_callee", found, a._session_id)
    yield refused(caller.call("rpc.py.meta"), "wamp.error.no_such_procedure")
    assert events == ["on_create", "on_register", "on_unregister", "on_delete"], events


@inlineCallbacks
def pattern(caller, a, b):
    """a prefix registration is told what was called"""
    yield a.register(lambda details: details.procedure, "rpc.py.under.",
                     RegisterOptions(match="prefix", details_arg="details"))
    assert (yield caller.call("rpc.py.under.x.y")) == "rpc.py.under.x.y"


@inlineCallbacks
def main():
    failures = 0
    for step in (shared, concurrency, force_reregister, progressive, time_limit, cancel, disclosure,
                 registration_meta, pattern):
        sessions = []
        try:
            for key in ("WS_URL", "RS_URL", "WS_URL"):
                sessions.append((yield join(key)))
            yield step(*sessions).addTimeout(STEP, reactor)
            print(f"ok      {step.__name__}", flush=True)
        except Exception as e:  # one step's failure must not hide the others
            failures += 1
            print(f"FAILED  {step.__name__}: {e!r}", flush=True)
        for session in sessions:
            session.leave()
    return failures


def end(result):
    global code
    code = result if isinstance(result, int) else 1
    if code == 1 and not isinstance(result, int):
        print(result, flush=True)
    reactor.stop()


code = 1
reactor.callWhenRunning(lambda: main().addBoth(end))
reactor.run()
sys.exit(1 if code else 0)
