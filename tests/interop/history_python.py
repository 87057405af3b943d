"""The event history as autobahn-python sees it: crossbar's call, the specification's, pages, and after a restart.

usage: history_python.py ROUTER (the cerro-router program)
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions, SubscribeOptions
from twisted.internet import defer, reactor

STEP = 10
TOPIC = "observatory.agent1.feeds.temperatures"
PERMISSION = {"uri": "observatory.", "match": "prefix",
              "allow": {"call": True, "register": True, "publish": True, "subscribe": True}}


class Router:
    """One as an OCS site has it: role iocs_agent may do all below its root, and nothing under "wamp."."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        (folder / "config.json").write_text(json.dumps({"version": 2, "workers": [{
            "type": "router",
            "realms": [{"name": "test_realm", "roles": [{"name": "iocs_agent", "permissions": [PERMISSION]}]}],
            "transports": [{"type": "web",
                            "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1"},
                            "paths": {"ws": {"type": "websocket",
                                             "auth": {"anonymous": {"type": "static", "role": "iocs_agent"}}}}}]}]}))

    def start(self):
        ports = self.folder / "ports.json"
        ports.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [self.program, "start", "--cbdir", self.folder, "--ports-file", ports], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the router did not start")
            time.sleep(0.02)
        return f"ws://127.0.0.1:{json.loads(ports.read_text())[0]['port']}/ws"


class Session(ApplicationSession):
    def onJoin(self, details):
        self.config.extra["joined"].callback(self)

    def onLeave(self, details):
        self.disconnect()


@defer.inlineCallbacks
def join(url):
    joined = defer.Deferred()
    ApplicationRunner(url, "test_realm", extra={"joined": joined}).run(Session, start_reactor=False)
    return (yield joined.addTimeout(STEP, reactor))


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r:.500}, wanted {wanted!r:.500}")


def get_events(session, *args, **kwargs):
    return session.call("wamp.subscription.get_events", *args, **kwargs).addTimeout(STEP, reactor)


@defer.inlineCallbacks
def before_the_kill(url):
    publisher, reader = (yield join(url)), (yield join(url))
    ids = []
    for i in range(20):
        p = yield publisher.publish(TOPIC, i, unit="K", options=PublishOptions(acknowledge=True))
        ids.append(p.id)
    subscription = yield reader.subscribe(lambda *_: None, TOPIC)
    latest = yield get_events(reader, subscription.id, 3)
    expect("crossbar's call: newest first", [e["args"] for e in latest], [[19], [18], [17]])
    expect("its keys", {k: latest[0][k] for k in ("publication", "topic", "kwargs", "realm")},
           {"publication": ids[19], "topic": TOPIC, "kwargs": {"unit": "K"}, "realm": "test_realm"})
    ten = yield get_events(reader, subscription.id)
    expect("crossbar's default", len(ten), 10)
    some = yield get_events(reader, subscription.id, from_publication=ids[5], before_publication=ids[8])
    expect("the specification's call", [e["args"][0] for e in some], [5, 6, 7])
    expect("its keys", (some[0]["subscription"], sorted(some[0]["details"])), (subscription.id, []))
    other = yield reader.subscribe(lambda *_: None, "observatory.agent1.status")
    try:
        yield get_events(reader, other.id)
        raise AssertionError("a topic that is not kept has a history")
    except ApplicationError as e:
        expect("no history", e.error, "wamp.error.history_unavailable")
    return ids


@defer.inlineCallbacks
def after_the_kill(url, ids):
    reader, publisher = (yield join(url)), (yield join(url))
    live = []
    subscription = yield reader.subscribe(
        lambda i, **_: live.append(i), "observatory..feeds.", SubscribeOptions(match="wildcard"))
    seen, where, pages = [], 0, 0
    while True:
        page = yield get_events(reader, subscription.id, from_position=where, max_bytes=2000)
        events = page.results[0]
        seen += [(e["publication"], e["args"][0]) for e in events]
        where, pages = page.kwresults["next_position"], pages + 1
        if not page.kwresults["more"]:
            break
    expect("pages after a kill", seen, list(zip(ids, range(20))))
    expect("several pages", pages > 2, True)
    yield publisher.publish(TOPIC, 20, options=PublishOptions(acknowledge=True))
    page = yield get_events(reader, subscription.id, from_position=where)
    expect("what follows", [e["args"][0] for e in page.results[0]], [20])
    expect("and came live", live, [20])


def main(program):
    failed = []

    @defer.inlineCallbacks
    def all_of_it():
        with tempfile.TemporaryDirectory(prefix="interop-history-") as name:
            router = Router(program, pathlib.Path(name))
            try:
                ids = yield before_the_kill(router.start())
                router.process.kill()
                router.process.wait()
                yield after_the_kill(router.start(), ids)
                print("history: ok")
            except Exception as e:  # pylint: disable=broad-except
                failed.append(e)
                print(f"history: FAILED: {e}")
            router.process.kill()
            router.process.wait()

    d = all_of_it()
    d.addBoth(lambda _: reactor.stop())
    reactor.run()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
