"""scripts/demo: runs the demo observatory, shows what is where, checks that samples arrive."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from observatory import Observatory, Ports, interruptible, port_is_free, uninterruptible, wait_until

CHANNEL = "LSA22YE::"


def parse():
    p = argparse.ArgumentParser(prog="scripts/demo", description="Runs the demo observatory until Ctrl-C.")
    p.add_argument("--base-port", type=int, metavar="N",
                   help="use ports N to N+4 (ws, RawSocket, wss, page, instrument) in place of 8001, 8002, 8080, 5000, 7777")
    p.add_argument("--data-dir", metavar="DIR", help="archive, log and keys go here (default: .demo in this folder; "
                   "with --check a temporary folder)")
    p.add_argument("--seconds", type=float, metavar="N", help="end by itself after so long")
    p.add_argument("--check", action="store_true",
                   help="prove that samples reach the archive, the HTTP bridge and a client; print a table; exit code 0 or 1")
    p.add_argument("--no-build", action="store_true", help="run what is already built")
    return p.parse_args()


def complain_about_ports(ports):
    taken = [p for p in ports.all() if not port_is_free(p)]
    if taken:
        sys.exit(f"demo: port {', '.join(map(str, taken))} of 127.0.0.1 is in use: end that program, or try --base-port 9100")


def bring_up(site):
    """Starts all and waits until each part answers; prints one line each."""

    def watch():
        ended = site.ended()
        if ended:
            name, code = next(iter(ended.items()))
            raise RuntimeError(f"{name} ended with exit code {code}; see {site.log_path}")

    site.start_all()
    steps = [
        ("router, its agents", lambda: "LSA22YE" in site.client("scan")[1]),
        ("fake1 takes data", lambda: site.operation_running("fake1", "acq")),
        ("LSA22YE takes data", lambda: site.operation_running("LSA22YE", "acq")),
        ("aggregator records", lambda: site.operation_running("aggregator", "record")),
        ("registry watches", lambda: site.operation_running("registry", "main")),
        ("weather archive served", lambda: any(t.startswith("apex_archive::") for t in site.search())),
        ("live data served", lambda: {t.split("::")[0] for t in site.search()} >= {"LSA22YE", "fake1"}),
    ]
    for what, condition in steps:
        took = wait_until(condition, 40, what, watch)
        print(f"  up: {what} ({took:.1f} s)", flush=True)


def describe(site):
    p = site.ports
    cli = os.path.relpath(site.binary("ocs-client-cli"))
    where = f"--site-file {os.path.relpath(site.site_dir)}/default.yaml --site-host localhost --site-hub {site.ws_url()}"
    print(f"""
  live page    {site.page_url()}/live/         Grafana (SimpleJSON, simPod, Infinity): {site.page_url()}
  router       {site.ws_url()}   http://127.0.0.1:{p.ws}/call   wss://localhost:{p.wss}/ws   RawSocket 127.0.0.1:{p.rawsocket}
  archive      {site.archive_dir}
  log          {site.log_path}

Try, in another terminal:
  {cli} scan --details {where}
  {cli} listen --json observatory.LSA22YE.feeds.temperatures {where}
  {cli} start fake1 delay_task delay=3 {where}
""", flush=True)


def archived_samples(site):
    """Samples of the 372 in the archive, as cerro-g3 counts them."""
    done = subprocess.run([site.binary("cerro-g3"), "fields", "--json", site.archive_dir], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    try:
        fields = json.loads(done.stdout)["fields"]
    except (ValueError, KeyError):
        return 0, 0
    mine = [f for f in fields if f["name"].startswith("observatory.LSA22YE.feeds.temperatures.")]
    return len(mine), sum(f["samples"] for f in mine)


def check(site):
    """The table of --check; True if every line holds."""
    rows = []

    def row(what, f):
        try:
            ok, detail = f()
        except Exception as e:  # whatever went wrong belongs into the table
            ok, detail = False, f"{type(e).__name__}: {e}"
        rows.append((ok, what, detail))

    def archive():
        fields, samples = archived_samples(site)
        return samples > 0, f"{samples} samples of {fields} fields"

    def query():
        targets = [t for t in site.search() if t.startswith(CHANNEL)]
        points = sum(len(site.query_points(t)) for t in targets)
        return points > 0, f"{points} points of {len(targets)} targets in the last minute"

    def listen():
        code, text = site.client("listen", "--json", "--count", "1", "--seconds", "20",
                                 "observatory.LSA22YE.feeds.temperatures", timeout=40)
        lines = [line for line in text.splitlines() if line.startswith("{")]
        blocks = json.loads(lines[-1])["message"][0] if lines else {}
        return code == 0 and bool(blocks), f"blocks {', '.join(blocks)}"

    def page():
        import urllib.request
        with urllib.request.urlopen(site.page_url() + "/live/", timeout=10) as answer:
            body = answer.read().decode()
        return "<script" in body, f"{len(body)} bytes"

    def alive():
        ended = site.ended()
        return not ended, "all running" if not ended else f"ended: {ended}"

    row("372 samples in the archive", archive)
    row("372 samples in /query", query)
    row("372 samples in ocs-client-cli listen", listen)
    row("live page served", page)
    row("processes", alive)
    print()
    for ok, what, detail in rows:
        print(f"  {'ok  ' if ok else 'FAIL'}  {what:38} {detail}")
    print(flush=True)
    return all(ok for ok, _, _ in rows)


def main():
    options = parse()
    ports = Ports(options.base_port)
    complain_about_ports(ports)
    temporary = options.check and options.data_dir is None
    if temporary:
        options.data_dir = tempfile.mkdtemp(prefix="cerro-demo-")
    elif options.data_dir is None:  # several demos on other ports run side by side
        options.data_dir = ".demo" if options.base_port is None else f".demo-{options.base_port}"
    else:
        options.data_dir = os.path.join(os.environ.get("CERRO_CALLER_DIR", ""), options.data_dir)
    interruptible()
    started = time.monotonic()
    quiet = {"on": True}
    site = Observatory(options.data_dir, ports, echo=lambda line: None if quiet["on"] else print(line, flush=True))
    code = 0
    try:
        print("demo: starting", flush=True)
        bring_up(site)
        describe(site)
        quiet["on"] = options.check
        if options.check and options.seconds is None:
            options.seconds = 30
        if options.seconds is None:
            print("Ctrl-C ends everything. The merged log:\n", flush=True)
        while options.seconds is None or time.monotonic() - started < options.seconds:
            time.sleep(0.2)
            if not options.check and site.ended():
                raise RuntimeError(f"ended: {site.ended()}; see {site.log_path}")
        if options.check:
            wait_until(lambda: archived_samples(site)[1] > 0, 40, "samples in the archive")
            code = 0 if check(site) else 1
    except KeyboardInterrupt:
        print("\ndemo: ending", flush=True)
        if options.check:  # nothing was proven
            code = 130
    except (RuntimeError, TimeoutError) as e:
        print(f"demo: {e}", file=sys.stderr, flush=True)
        code = 1
        if options.check:
            check(site)
    finally:
        uninterruptible()
        quiet["on"] = True
        t = time.monotonic()
        killed = site.stop_all(5.0)
        print(f"demo: all ended in {time.monotonic() - t:.1f} s", flush=True)
        if killed:
            print(f"demo: had to kill {', '.join(killed)}", file=sys.stderr)
            code = 1
        if temporary and code == 0:
            shutil.rmtree(options.data_dir)
    sys.exit(code)


main()
