"""TLS as other programs see it: certificates of both sides, old versions, the wrong port (cases T1 to T6, R15)."""

import resource
import shutil
import signal
import socket
import ssl
import tempfile
import time
import unittest
import warnings

from certificates import Authority
from raw_wamp import HANDSHAKE
from router_under_test import FaultTest, config, eventually, wait_until, Router

LONG_AGO = ("20200101000000Z", "20210101000000Z")


def transport(pem, key, **more):
    return {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1",
                                              "tls": {"certificate": str(pem), "key": str(key), **more}}}


class TlsTest(FaultTest):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore", DeprecationWarning)  # old TLS versions are asked for on purpose
        cls.folder = tempfile.mkdtemp(prefix="cerro-tls-")
        cls.ca, cls.twin = Authority(cls.folder + "/ca"), Authority(cls.folder + "/twin")
        cls.good = cls.ca.issue("good", "router")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def shake(self, port, pair=None, host="localhost", prepare=None, ca=None):
        """A RawSocket handshake over TLS: the version and the certificate, or the error's text."""
        context = ssl.create_default_context(cafile=ca or self.ca.pem)
        if pair:
            context.load_cert_chain(*pair)
        if prepare:
            prepare(context)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                with context.wrap_socket(plain, server_hostname=host) as s:
                    s.sendall(HANDSHAKE)
                    answer = s.recv(4)
                    return (s.version(), s.getpeercert()["serialNumber"]) if answer == HANDSHAKE else "closed"
        except (ssl.SSLError, OSError) as e:
            return str(e)

    async def test_t1_python_refuses_each_bad_certificate_and_the_log_names_its_alert(self):
        cases = {
            "expired": (self.ca.issue("expired", "router", valid=LONG_AGO), "certificate has expired", "has expired"),
            "early": (self.ca.issue("early", "router", valid=("20400101000000Z", "20410101000000Z")),
                      "not yet valid", "does not accept our certificate"),
            "elsewhere": (self.ca.issue("elsewhere", "router", "DNS:router.example.org"), "Hostname mismatch", ""),
            "twin": (self.twin.issue("forged", "router"), "certificate verify failed", "certificate"),
        }
        for name, (pair, python_says, log_says) in cases.items():
            with self.subTest(name):
                r = self.router(transports=[transport(*pair)])
                self.assertIn(python_says, self.shake(r.port))
                await eventually(lambda r=r: r.metric("cerro_router_connections_refused_total", reason="tls_failed"),
                                 5, "the refusal is counted")
                self.assertIn(log_says, r.events("connection_refused")[0]["what"])

    async def test_t2_only_clients_with_an_allowed_certificate_come_in(self):
        bad = self.ca.issue("bad-client", "mallory", "DNS:x")
        crl = self.ca.revoke(bad[0])
        tls = {"ca_certificates": [str(self.ca.pem)], "cerro": {"crl": str(crl)}}
        r = self.router(transports=[transport(*self.good, **tls)])
        for name, pair in {"none": None, "expired": self.ca.issue("old-client", "joe", "DNS:x", LONG_AGO),
                           "foreign": self.twin.issue("strange", "joe", "DNS:x"), "revoked": bad}.items():
            with self.subTest(name):
                self.assertNotIsInstance(self.shake(r.port, pair), tuple)
        self.assertEqual(self.shake(r.port, self.ca.issue("client", "joe", "DNS:x"))[0], "TLSv1.3")
        self.assertEqual(r.metric("cerro_router_connections_refused_total", reason="tls_failed"), 4)

    async def test_t4_old_versions_and_weak_ciphers_are_refused_at_once(self):
        r = self.router(transports=[transport(*self.good)])

        def only(version, ciphers="ALL:@SECLEVEL=0"):
            def prepare(context):
                context.set_ciphers(ciphers)
                context.minimum_version = context.maximum_version = version
            return prepare

        begin = time.monotonic()
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            self.assertNotIsInstance(self.shake(r.port, prepare=only(version)), tuple)
        for weak in ("AES128-SHA:@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", "aNULL:@SECLEVEL=0"):
            self.assertNotIsInstance(self.shake(r.port, prepare=only(ssl.TLSVersion.TLSv1_2, weak)), tuple)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.shake(r.port, prepare=only(ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM"))[0], "TLSv1.2")
        self.assertEqual(self.shake(r.port)[0], "TLSv1.3")
        self.assertIn("older than 1.2", r.log())

    async def test_t4_the_wrong_port_is_named_in_the_log(self):
        both = [transport(*self.good),
                {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1"}}]
        r = self.router(transports=both)
        for octets in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", HANDSHAKE):
            begin = time.monotonic()
            with socket.create_connection(("127.0.0.1", r.ports[0]), timeout=5) as s:
                s.sendall(octets)
                try:
                    self.assertEqual(s.recv(100), b"")
                except ConnectionError:
                    pass
            self.assertLess(time.monotonic() - begin, 1)
        self.assertIn("plain HTTP on a TLS port", r.log())
        self.assertNotIsInstance(self.shake(r.ports[1]), tuple)
        await eventually(lambda: "a TLS handshake on a plain RawSocket port" in r.log(), 5, "the log says it")

    async def test_t5_failing_handshakes_leave_no_memory(self):
        r = self.router(transports=[transport(*self.good)])
        context = ssl.create_default_context(cafile=self.twin.pem)

        def fail(times):
            for _ in range(times):
                with socket.create_connection(("127.0.0.1", r.port)) as plain:
                    try:
                        context.wrap_socket(plain, server_hostname="localhost")
                    except ssl.SSLError:
                        pass

        fail(200)
        before = r.rss()
        fail(1000)
        self.assertLess(r.rss() - before, 1 << 20)
        self.assertEqual(self.shake(r.port)[0], "TLSv1.3")

    async def test_t6_bad_files_end_the_start_with_3_and_their_name(self):
        other = self.ca.issue("other", "router")
        cases = {"/nonexistent.key": (self.good[0], "/nonexistent.key"), str(other[1]): (self.good[0], other[1])}
        for name, pair in cases.items():
            with self.subTest(name):
                r = Router(config(transports=[transport(*pair)]))
                with self.assertRaises(RuntimeError):
                    r.start()
                self.assertEqual(r.process.returncode, 3)
                self.assertIn(name, r.log())

    async def test_t3_t6_a_new_certificate_at_reload_and_the_old_one_when_it_is_bad(self):
        pem, key = (self.ca.folder / name for name in ("live.pem", "live.key"))
        for source, to in zip(self.good, (pem, key)):
            shutil.copy(source, to)
        r = self.router(transports=[transport(pem, key)])
        first = self.shake(r.port)[1]
        with socket.create_connection(("127.0.0.1", r.port)) as plain:
            present = ssl.create_default_context(cafile=self.ca.pem).wrap_socket(plain, server_hostname="localhost")
            present.sendall(HANDSHAKE)
            self.assertEqual(present.recv(4), HANDSHAKE)
            second = self.ca.issue("second", "router")
            for source, to in zip(second, (pem, key)):
                shutil.copy(source, to)
            r.process.send_signal(signal.SIGHUP)
            await eventually(lambda: self.shake(r.port)[1] != first, 5, "the new certificate is shown")
            now = self.shake(r.port)[1]
            shutil.copy(self.good[1], key)  # does not belong to the certificate
            r.process.send_signal(signal.SIGHUP)
            await eventually(lambda: "does not belong to the certificate" in r.log(), 5, "the log says it")
            self.assertEqual(self.shake(r.port)[1], now)
            present.sendall(b"\x01\x00\x00\x02hi")  # PING
            self.assertEqual(present.recv(6), b"\x02\x00\x00\x02hi")

    async def test_r15_out_of_descriptors_new_clients_wait_and_present_ones_stay(self):
        limit = 48
        r = self.router(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        clients = []
        for _ in range(limit + 20):
            s = socket.create_connection(("127.0.0.1", r.port), timeout=5)
            s.sendall(HANDSHAKE)
            clients.append(s)
        self.assertEqual(clients[0].recv(4), HANDSHAKE)
        wait_until(lambda: r.events("connection_refused"), 5, "the log says it")
        self.assertEqual(r.events("connection_refused")[0]["reason"], "no_descriptors")
        clients[0].sendall(b"\x01\x00\x00\x00")
        self.assertEqual(clients[0].recv(4), b"\x02\x00\x00\x00")
        for s in clients[1:40]:
            s.close()
        clients[-1].settimeout(10)
        self.assertEqual(clients[-1].recv(4), HANDSHAKE)
        self.assertEqual(len(r.events("connection_refused")), 1)  # one line each 10 s


if __name__ == "__main__":
    unittest.main()
