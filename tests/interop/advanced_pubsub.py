"""autobahn-python with what the router has beyond plain publish and subscribe, and the meta API.

Run by with_router.py. Prints one line for each step and ends with 1 if any failed.
"""
import os
import sys
import traceback

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import PublishOptions, SubscribeOptions
from twisted.internet import defer, reactor

REALM = os.environ["REALM"]
STEP = 5  # seconds that one step may take


class Session(ApplicationSession):
    def onConnect(self):
        self.left = defer.Deferred()
        self.join(self.config.realm)

    def onJoin(self, details):
        self.config.extra["joined"].callback(self)

    def onLeave(self, details):
        waiting = self.config.extra["joined"]
        if not waiting.called:
            waiting.errback(RuntimeError(f"refused: {details.reason} {details.message}"))
        self.left.callback(details)
        self.disconnect()


def timely(d):
    return d.addTimeout(STEP, reactor)


@defer.inlineCallbacks
def join(key="WS_URL", serializer=JsonSerializer):
    joined = defer.Deferred()
    runner = ApplicationRunner(os.environ[key], REALM, extra={"joined": joined}, serializers=[serializer()])
    connected = runner.run(Session, start_reactor=False, reactor=reactor)
    connected.addErrback(lambda f: joined.called or joined.errback(f))
    session = yield timely(joined)
    return session


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r:.300}, wanted {wanted!r:.300}")


@defer.inlineCallbacks
def refused(d, error):
    try:
        yield timely(d)
    except ApplicationError as e:
        expect("error", e.error, error)
        return
    raise AssertionError(f"no error came, wanted {error}")


class Inbox:
    """Events of one subscription, in order."""

    def __init__(self):
        self.queue = defer.DeferredQueue()

    def __call__(self, *args, details=None, **kwargs):
        self.queue.put((list(args), kwargs, details))

    def next(self):
        return timely(self.queue.get())


@defer.inlineCallbacks
def receivers(a, b):
    inbox = Inbox()
    subscription = yield timely(b.subscribe(inbox, "pubsub.receivers"))
    for no, options in enumerate((
            PublishOptions(acknowledge=True, exclude=[b._session_id]),
            PublishOptions(acknowledge=True, exclude=b._session_id),
            PublishOptions(acknowledge=True, eligible=[a._session_id]),
            PublishOptions(acknowledge=True, exclude_authid=[b._authid]),
            PublishOptions(acknowledge=True, eligible_authid=[a._authid]),
            PublishOptions(acknowledge=True, exclude_authrole=["anonymous"]))):
        yield timely(a.publish("pubsub.receivers", no, options=options))
    yield timely(a.publish("pubsub.receivers", "mine", options=PublishOptions(
        acknowledge=True, eligible=[b._session_id], eligible_authrole=["anonymous"])))
    event = yield inbox.next()
    expect("the only event", event[0], ["mine"])
    yield timely(subscription.unsubscribe())


@defer.inlineCallbacks
def retained(a, b):
    retain = PublishOptions(acknowledge=True, retain=True)
    yield timely(a.publish("pubsub.retained.x", 1, options=retain))
    published = yield timely(a.publish("pubsub.retained.x", 2, key="v", options=retain))
    inbox = Inbox()
    exact = yield timely(b.subscribe(inbox, "pubsub.retained.x", options=SubscribeOptions(
        get_retained=True, details=True)))
    args, kwargs, details = yield inbox.next()
    expect("retained event", (args, kwargs, details.retained, details.publication), ([2], {"key": "v"}, True, published.id))
    prefix = yield timely(b.subscribe(inbox, "pubsub.retained.", options=SubscribeOptions(
        match="prefix", get_retained=True, details=True)))
    args, kwargs, details = yield inbox.next()
    expect("by prefix", (args, details.retained, details.topic), ([2], True, "pubsub.retained.x"))
    for s in (exact, prefix):
        yield timely(s.unsubscribe())


@defer.inlineCallbacks
def testaments(a, b):
    inbox = Inbox()
    subscription = yield timely(b.subscribe(inbox, "pubsub.will.", options=SubscribeOptions(match="prefix")))
    dying = yield join("RS_URL", MsgPackSerializer)
    add = "wamp.session.add_testament"
    yield timely(dying.call(add, "pubsub.will.a", ["late"], {"k": b"\x00\x01"}))
    yield timely(dying.call(add, "pubsub.will.a", ["early"], {}, None, "detached"))
    yield timely(dying.call(add, "pubsub.will.a", ["hidden"], {}, {"exclude": [b._session_id]}))
    yield refused(dying.call(add, "pubsub.will.a", [], {}, scope="never"), "wamp.error.testament_error")
    silent = yield join()
    yield timely(silent.call(add, "pubsub.will.b", ["never"], {}))
    flushed = yield timely(silent.call("wamp.session.flush_testaments"))
    expect("flushed", flushed, 1)
    silent.leave()
    yield timely(silent.left)
    dying._transport.abort() if hasattr(dying._transport, "abort") else dying._transport.close()
    first = yield inbox.next()
    second = yield inbox.next()
    expect("testaments", [first[:2], second[:2]], [(["early"], {}), (["late"], {"k": b"\x00\x01"})])
    yield timely(subscription.unsubscribe())


@defer.inlineCallbacks
def sessions(a, b):
    joins, leaves = Inbox(), Inbox()
    yield timely(a.subscribe(joins, "wamp.session.on_join"))
    yield timely(a.subscribe(leaves, "wamp.session.on_leave"))
    c = yield join("WS_URL", CBORSerializer)
    id_of_c = c._session_id  # forgotten when it leaves
    (details,), _, _ = yield joins.next()
    expect("on_join", (details["session"], details["authid"]), (id_of_c, c._authid))
    ids = yield timely(a.call("wamp.session.list"))
    count = yield timely(a.call("wamp.session.count", ["anonymous"]))
    expect("list and count", (c._session_id in ids, count), (True, len(ids)))
    got = yield timely(a.call("wamp.session.get", c._session_id))
    expect("get", (got["session"], got["authrole"], "transport" in got), (c._session_id, "anonymous", True))
    yield refused(a.call("wamp.session.get", 1), "wamp.error.no_such_session")
    yield refused(a.call("wamp.session.kill", a._session_id), "wamp.error.no_such_session")
    yield refused(a.call("wamp.session.kill", c._session_id, reason="not a uri"), "wamp.error.invalid_uri")
    nothing = yield timely(a.call("wamp.session.kill", c._session_id, reason="pubsub.enough", message="go home"))
    expect("kill", nothing, None)
    details = yield timely(c.left)
    expect("killed", (details.reason, details.message), ("pubsub.enough", "go home"))
    left = yield leaves.next()
    expect("on_leave", left[0], [id_of_c])
    d = yield join("RS_URL")
    id_of_d = d._session_id
    killed = yield timely(a.call("wamp.session.kill_by_authid", d._authid))
    expect("kill_by_authid", killed, [id_of_d])
    details = yield timely(d.left)
    expect("killed", details.reason, "wamp.close.killed")


@defer.inlineCallbacks
def subscriptions(a, b):
    seen = Inbox()
    yield timely(a.subscribe(seen, "wamp.subscription.", options=SubscribeOptions(match="prefix", details=True)))
    inbox = Inbox()
    s = yield timely(b.subscribe(inbox, "pubsub.meta.x"))

    @defer.inlineCallbacks
    def event(name, *args):
        got = yield seen.next()
        expect(name, (got[2].topic, got[0][0]), (f"wamp.subscription.{name}", b._session_id))
        if args:
            expect(name, got[0][1:], list(args))
        return got[0][1]

    details = yield event("on_create")
    expect("details", (details["id"], details["uri"], details["match"]), (s.id, "pubsub.meta.x", "exact"))
    yield event("on_subscribe", s.id)
    found = yield timely(a.call("wamp.subscription.lookup", "pubsub.meta.x"))
    matching = yield timely(a.call("wamp.subscription.match", "pubsub.meta.x"))
    listed = yield timely(a.call("wamp.subscription.list"))
    got = yield timely(a.call("wamp.subscription.get", s.id))
    who = yield timely(a.call("wamp.subscription.list_subscribers", s.id))
    count = yield timely(a.call("wamp.subscription.count_subscribers", s.id))
    expect("answers", (found, matching, s.id in listed["exact"], got["uri"], who, count),
           (s.id, [s.id], True, "pubsub.meta.x", [b._session_id], 1))
    yield refused(a.call("wamp.subscription.get", 2**50), "wamp.error.no_such_subscription")
    own = yield timely(b.subscribe(inbox, "wamp.session.on_join"))
    yield refused(a.call("wamp.subscription.get", own.id), "wamp.error.not_authorized")
    # autobahn-python announces subscription_revocation, but ends its session when it comes: see the JavaScript one.
    yield refused(a.call("wamp.subscription.remove_subscriber", s.id, a._session_id), "wamp.error.no_such_subscription")
    yield timely(s.unsubscribe())
    yield event("on_unsubscribe", s.id)
    yield event("on_delete", s.id)


@defer.inlineCallbacks
def acknowledged_delivery(a, b):
    inbox = Inbox()
    subscription = yield timely(b.subscribe(inbox, "pubsub.delivered"))
    received = []
    send = b._transport.send
    b._transport.send = lambda m: (received.append(m.MESSAGE_TYPE), send(m))
    marshal = message.Publish.marshal_options
    message.Publish.marshal_options = lambda self: dict(marshal(self), x_acknowledged_delivery=True)
    try:
        published = yield timely(a.publish("pubsub.delivered", 7, options=PublishOptions(acknowledge=True)))
    finally:
        message.Publish.marshal_options = marshal
        b._transport.send = send
    event = yield inbox.next()
    expect("event", event[0], [7])
    expect("EVENT_RECEIVED before PUBLISHED", (received, bool(published.id)), ([message.EventReceived.MESSAGE_TYPE], True))
    yield timely(subscription.unsubscribe())


@defer.inlineCallbacks
def main():
    failures = 0
    for step in (receivers, retained, testaments, sessions, subscriptions, acknowledged_delivery):
        try:
            a = yield join("WS_URL")
            b = yield join("RS_URL", CBORSerializer)
            yield step(a, b)
            for session in (a, b):
                session.leave()
                yield timely(session.left)
            print(f"ok   {step.__name__}", flush=True)
        except Exception:
            failures += 1
            print(f"FAIL {step.__name__}", flush=True)
            traceback.print_exc()
    reactor.exit_code = 1 if failures else 0
    reactor.stop()


if __name__ == "__main__":
    reactor.exit_code = 1
    reactor.callWhenRunning(lambda: main().addErrback(lambda f: (f.printTraceback(), reactor.stop())))
    reactor.run()
    sys.exit(reactor.exit_code)
