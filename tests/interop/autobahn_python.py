"""autobahn-python with every serializer and transport it has, against a partner that speaks JSON over WebSocket.

Run by with_router.py. Prints one line for each combination and ends with 1 if any failed.
"""
import os
import sys
import traceback

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import CallResult, PublishOptions, RegisterOptions, SubscribeOptions
from twisted.internet import defer, reactor
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS

REALM = os.environ["REALM"]
STEP = 5  # seconds that one step may take

ARGS = [1, -7, 2**53 - 1, 3.5, "äöü ☃", True, None, ["nested", {"deep": [0.1]}], b"\x00\xff\x10"]
KWARGS = {"a": 1, "list": [], "empty": {}, "text": "x" * 70000}


class Session(ApplicationSession):
    def onJoin(self, details):
        self.config.extra["joined"].callback(self)

    def onLeave(self, details):
        waiting = self.config.extra["joined"]
        if not waiting.called:
            waiting.errback(RuntimeError(f"refused: {details.reason} {details.message}"))
        self.disconnect()


def timely(d):
    return d.addTimeout(STEP, reactor)


@defer.inlineCallbacks
def join(url, serializers=None, endpoint=None):
    tls = None
    if url.startswith(("wss", "rss")):
        with open(os.environ["CA_FILE"], encoding="ascii") as f:
            tls = optionsForClientTLS("localhost", trustRoot=Certificate.loadPEM(f.read()))
    joined = defer.Deferred()
    runner = ApplicationRunner(url, REALM, extra={"joined": joined}, serializers=serializers, ssl=tls)
    connected = runner.run(Session, start_reactor=False, endpoint=endpoint, reactor=reactor)
    connected.addErrback(lambda f: joined.called or joined.errback(f))
    session = yield timely(joined)
    return session


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r:.300}, wanted {wanted!r:.300}")


@defer.inlineCallbacks
def echo_both_ways(tried, partner, name):
    def echo(*args, **kwargs):
        return CallResult(*args, **kwargs)

    for callee, caller, direction in ((tried, partner, "called"), (partner, tried, "calls")):
        uri = f"interop.{name}.{direction}"
        registration = yield timely(callee.register(echo, uri))
        result = yield timely(caller.call(uri, *ARGS, **KWARGS))
        expect(f"{direction}: args", list(result.results), ARGS)
        expect(f"{direction}: kwargs", result.kwresults, KWARGS)
        nothing = yield timely(caller.call(uri))
        expect(f"{direction}: nothing", (nothing.results, nothing.kwresults) if nothing else (None, None), (None, None))
        yield timely(registration.unregister())


@defer.inlineCallbacks
def errors_both_ways(tried, partner, name):
    def fail(*args):
        raise ApplicationError("interop.error.refused", *args, reason="because")

    for callee, caller in ((tried, partner), (partner, tried)):
        uri = f"interop.{name}.fail"
        registration = yield timely(callee.register(fail, uri))
        try:
            yield timely(caller.call(uri, 4, "x"))
            raise AssertionError("no error came")
        except ApplicationError as e:
            expect("error", (e.error, list(e.args), e.kwargs), ("interop.error.refused", [4, "x"], {"reason": "because"}))
        yield timely(registration.unregister())
        try:
            yield timely(caller.call(uri))
            raise AssertionError("no error came")
        except ApplicationError as e:
            expect("missing procedure", e.error, "wamp.error.no_such_procedure")


@defer.inlineCallbacks
def events_both_ways(tried, partner, name):
    for publisher, subscriber in ((tried, partner), (partner, tried)):
        came = defer.Deferred()
        topic = f"interop.{name}.topic"
        subscription = yield timely(subscriber.subscribe(
            lambda *a, **k: came.called or came.callback((list(a), k)), f"interop.{name}.",
            options=SubscribeOptions(match="prefix")))
        published = yield timely(publisher.publish(topic, *ARGS, **KWARGS, options=PublishOptions(acknowledge=True)))
        if not published.id:
            raise AssertionError("no publication id")
        event = yield timely(came)
        expect("event", event, (ARGS, KWARGS))
        yield timely(subscription.unsubscribe())


@defer.inlineCallbacks
def duplicate_registration(tried, partner, name):
    uri = f"interop.{name}.twice"
    yield timely(partner.register(lambda: 1, uri))
    try:
        yield timely(tried.register(lambda: 2, uri))
        raise AssertionError("the second registration was accepted")
    except ApplicationError as e:
        expect("second registration", e.error, "wamp.error.procedure_already_exists")
    yield timely(tried.register(lambda: 2, uri, options=RegisterOptions(force_reregister=True)))
    answer = yield timely(partner.call(uri))
    expect("after force_reregister", answer, 2)


def combinations():
    unix = UNIXClientEndpoint(reactor, os.environ["RS_UNIX"])
    for key in ("WS_URL", "WSS_URL", "WS_DEFLATE_URL", "WS_FORGETFUL_URL"):
        scheme = key[:-4].lower()
        yield f"{scheme}.default", os.environ[key], None, None
        for make in (JsonSerializer, MsgPackSerializer, CBORSerializer):
            for batched in (False, True):
                s = make(batched=batched)
                yield f"{scheme}.{s.SERIALIZER_ID}", os.environ[key], [s], None
    for key in ("RS_URL", "RSS_URL"):
        scheme = key[:-4].lower()
        yield f"{scheme}.default", os.environ[key], None, None
        for make in (JsonSerializer, MsgPackSerializer, CBORSerializer):
            yield f"{scheme}.{make.SERIALIZER_ID}", os.environ[key], [make()], None
    yield "unix.cbor", "rs://localhost:1", [CBORSerializer()], unix


@defer.inlineCallbacks
def main():
    failures = 0
    for name, url, serializers, endpoint in combinations():
        try:
            partner = yield join(os.environ["WS_URL"], [JsonSerializer()])
            tried = yield join(url, serializers, endpoint)
            expect("compressed", bool(getattr(tried._transport, "websocket_extensions_in_use", [])),
                   name.startswith(("ws_deflate", "ws_forgetful")))
            for step in (echo_both_ways, errors_both_ways, events_both_ways, duplicate_registration):
                yield step(tried, partner, name)
            for session in (tried, partner):
                yield timely(defer.maybeDeferred(session.leave))
            print(f"ok   {name}", flush=True)
        except Exception:
            failures += 1
            print(f"FAIL {name}", flush=True)
            traceback.print_exc()
    reactor.exit_code = 1 if failures else 0
    reactor.stop()


if __name__ == "__main__":
    reactor.exit_code = 1
    reactor.callWhenRunning(lambda: main().addErrback(lambda f: (f.printTraceback(), reactor.stop())))
    reactor.run()
    sys.exit(reactor.exit_code)
