"""Runs the example of an agent's client in Autobahn|Cpp over RawSocket and WebSocket, against an agent made here.

usage: with_router.py ... autobahn_cpp.py PROGRAM
"""
import os
import subprocess
import sys
import time

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from twisted.internet import reactor, task

AGENT = "interop.agents.thermometer"


class Agent(ApplicationSession):
    """The operations of an OCS agent with one process, `acq`, and one feed, `temperatures`."""

    session = None
    runs = 0
    seen = []  # what the program's own procedure answered
    done = []  # what it published

    async def onJoin(self, details):
        await self.register(self.operate, f"{AGENT}.ops")
        await self.subscribe(Agent.done.append, f"{AGENT}.watcher.done")
        self.measuring = task.LoopingCall(self.measure)
        reactor.callInThread(drive, sys.argv[1])

    async def operate(self, action, operation, params=None, timeout=None, password=None):
        if operation != "acq" or not isinstance(params, dict):
            return [-1, f'No task or process called "{operation}"', {}]
        if action == "start":
            Agent.runs += 1
            self.session = {"session_id": Agent.runs, "op_name": "acq", "status": "running", "success": None, "messages": []}
            self.measuring.start(0.05)
            return [0, 'Started process "acq".', self.session]
        if action == "stop":
            Agent.seen.append(await self.call(f"{AGENT}.watcher.seen"))
            self.measuring.stop()
            self.session.update(status="done", success=True, end_time=time.time())
            return [0, "Requested stop on process acq\".", self.session]
        return [0, 'Operation "acq" is currently not running (SUCCEEDED).', self.session]

    def measure(self):
        block = {"block_name": "channels", "timestamps": [time.time()], "data": {"kelvin": [4.2], "ohm": [1000.5]}}
        info = {"agent_address": AGENT, "feed_name": "temperatures", "record": True, "session_id": "1.0"}
        self.publish(f"{AGENT}.feeds.temperatures", [{"channels": block}, info])


def say(*what):
    print(*what, file=sys.__stdout__, flush=True)  # sys.stdout is taken by autobahn's logging


def drive(program):
    """In a thread: one run for each transport; the exit code is the worst."""
    code = 0
    for key in ("RS_URL", "WS_URL"):
        try:
            done = subprocess.run([program, os.environ[key], os.environ["REALM"], AGENT, "acq", "temperatures", "3"],
                                  capture_output=True, text=True, timeout=40)
            output, failed = done.stdout, done.returncode != 0
            if "channels.kelvin: 4.2" not in output or 'start acq: 0 Started process "acq".' not in output:
                failed = True
            runs, deadline = Agent.runs, time.monotonic() + 5
            while len(Agent.done) < runs and time.monotonic() < deadline:
                time.sleep(0.02)
            if not (len(Agent.seen) == len(Agent.done) == runs and Agent.seen[-1] >= 3 and Agent.done[-1] >= 3):
                failed = True
            if failed:
                say(output, done.stderr, Agent.seen, Agent.done)
        except (OSError, subprocess.SubprocessError) as e:
            say("cannot run the example:", e, getattr(e, "stdout", None), getattr(e, "stderr", None))
            failed = True
        say("FAIL" if failed else "ok  ", key)
        code |= failed
    reactor.callFromThread(finish, code)


def finish(code):
    reactor.exit_code = code
    reactor.stop()


if __name__ == "__main__":
    reactor.exit_code = 1
    reactor.callLater(90, lambda: finish(1))
    ApplicationRunner(os.environ["WS_URL"], os.environ["REALM"]).run(Agent, log_level="warn")
    sys.exit(reactor.exit_code)
