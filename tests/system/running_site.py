"""A running demo observatory for one test class."""

import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "scripts", "lib"))
from observatory import Observatory, Ports, free_base_port, wait_until  # noqa: E402

AGENTS = ["registry", "aggregator", "fake1", "LSA22YE"]
NODES = {"LSA22YE", "fake1", "apex_archive"}


class SiteTest(unittest.TestCase):
    """setUpClass starts everything and waits until samples flow; on failure the end of the log is shown."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="cerro-system-")
        cls.site = Observatory(cls.folder, Ports(free_base_port()), bin_dir=os.environ.get("CERRO_BIN_DIR"))
        cls.site.start_all()
        try:
            wait_until(cls.everything_serves, 60, "the observatory is up", cls.watch)
        except Exception:
            cls.show_log()
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.site.stop_all()
        shutil.rmtree(cls.folder)

    @classmethod
    def watch(cls):
        if cls.site.ended():
            raise RuntimeError(f"ended: {cls.site.ended()}")

    @classmethod
    def everything_serves(cls):
        return cls.agents_back() and cls.nodes_back()

    @classmethod
    def agents_back(cls):
        return (cls.site.operation_running("LSA22YE", "acq") and cls.site.operation_running("fake1", "acq")
                and cls.site.operation_running("aggregator", "record")
                and cls.site.operation_running("registry", "main"))

    @classmethod
    def nodes_back(cls):
        return {t.split("::")[0] for t in cls.site.search()} >= NODES

    @classmethod
    def show_log(cls):
        with open(cls.site.log_path, encoding="utf-8") as f:
            print("".join(f.readlines()[-60:]), file=sys.stderr)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.show_log()
