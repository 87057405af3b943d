#!/usr/bin/env python3
"""Runs a command beside a router of its own and ends with its exit code.

usage: with_router.py ROUTER CERTIFICATES COMMAND...

ROUTER is the cerro-router program, CERTIFICATES a folder with server.pem and server.key. The command finds the
router by the environment: WS_URL, WSS_URL, RS_URL, RSS_URL, RS_UNIX (path of a socket), WS_DEFLATE_URL and
WS_FORGETFUL_URL (compression), REALM, CA_FILE. All ports are the system's choice.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

REALM = "interop"
# Everything of compression and framing away from the defaults.
FORGETFUL = {
    "auto_fragment_size": 1000,
    "auto_ping_interval": 100,
    "auto_ping_timeout": 5000,
    "auto_ping_size": 125,
    "echo_close_codereason": True,
    "compression": {"deflate": {"request_no_context_takeover": True, "request_max_window_bits": 9,
                                "no_context_takeover": True, "max_window_bits": 9, "memory_level": 1}},
}


def configuration(folder: pathlib.Path, certificates: pathlib.Path) -> dict:
    tcp = {"type": "tcp", "port": 0, "interface": "127.0.0.1"}
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
    anything = {"call": True, "register": True, "publish": True, "subscribe": True}
    role = {"name": "anonymous", "permissions": [{"uri": "", "match": "prefix", "allow": anything}]}
    return {
        "version": 2,
        "workers": [{
            "type": "router",
            "realms": [{"name": REALM, "roles": [role]}],
            "transports": [
                {"type": "websocket", "endpoint": tcp},
                {"type": "websocket", "endpoint": {**tcp, "tls": tls}},
                {"type": "rawsocket", "endpoint": tcp},
                {"type": "rawsocket", "endpoint": {**tcp, "tls": tls}},
                {"type": "rawsocket", "endpoint": {"type": "unix", "path": str(folder / "router.sock")}},
                {"type": "websocket", "endpoint": tcp, "options": {"compression": {"deflate": {}}}},
                {"type": "websocket", "endpoint": tcp, "options": FORGETFUL},
            ],
        }],
    }


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    router, certificates, command = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    with tempfile.TemporaryDirectory(prefix="interop-") as name:
        folder = pathlib.Path(name)
        (folder / "config.json").write_text(json.dumps(configuration(folder, certificates)))
        log = (folder / "router.log").open("w+")
        process = subprocess.Popen(
            [router, "start", "--config", folder / "config.json", "--ports-file", folder / "ports.json"],
            stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 10
            while not (folder / "ports.json").exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    print("the router did not start:\n" + log.read(), file=sys.stderr)
                    return 1
                time.sleep(0.02)
            ports = [row["port"] for row in json.loads((folder / "ports.json").read_text())]
            env = dict(os.environ, REALM=REALM, CA_FILE=str(certificates / "server.pem"),
                       NODE_EXTRA_CA_CERTS=str(certificates / "server.pem"),
                       WS_URL=f"ws://127.0.0.1:{ports[0]}/", WSS_URL=f"wss://localhost:{ports[1]}/",
                       RS_URL=f"rs://127.0.0.1:{ports[2]}", RSS_URL=f"rss://localhost:{ports[3]}",
                       RS_UNIX=str(folder / "router.sock"),
                       WS_DEFLATE_URL=f"ws://127.0.0.1:{ports[5]}/", WS_FORGETFUL_URL=f"ws://127.0.0.1:{ports[6]}/")
            try:
                code = subprocess.run(command, env=env, timeout=100).returncode
            except subprocess.TimeoutExpired:
                print(f"{command[0]} did not end within 100 s", file=sys.stderr)
                code = 1
            if process.poll() is not None:
                print(f"the router died with code {process.returncode}", file=sys.stderr)
                code = 1
            if code != 0:
                log.seek(0)
                print("router's log:\n" + log.read(), file=sys.stderr)
            return code
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
