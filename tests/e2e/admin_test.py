# SPDX-License-Identifier: Apache-2.0
"""The admin port: who may ask it for what, and that nobody who is slow takes it from the others."""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import harness

TOKEN = "a-token-of-this-test"


def own_address() -> str | None:
    """Of this machine, and not a loopback one: who comes from there is another machine's client."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        try:
            anything.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return None
        return anything.getsockname()[0]


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    """The status and the body."""
    request = urllib.request.Request(url, body, headers, method="PUT" if body else "GET")
    try:
        with urllib.request.urlopen(request, timeout=harness.LIMIT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Admin(unittest.TestCase):
    def setUp(self):
        self.database = self.enterContext(harness.database())

    def start(self, *flags: str, **environment: str) -> harness.Server:
        return self.enterContext(
            harness.Server(self.database, *flags, redis=False, **environment))

    def top(self, server: harness.Server, **environment: str) -> subprocess.CompletedProcess:
        env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")} | environment
        return subprocess.run(
            [harness.binary("weir"), "top", "--once", "--every=50ms", f"--admin-address={server.admin}"],
            env=env, capture_output=True, text=True, timeout=harness.LIMIT, check=False)

    def test_who_is_slow_holds_nobody_up(self):
        server = self.start()
        host, port = server.admin.rsplit(":", 1)
        with contextlib.ExitStack() as open_ones:
            def connect(text: bytes):
                one = socket.socket()
                open_ones.enter_context(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                one.connect((host, int(port)))
                one.sendall(text)

            for _ in range(50):
                connect(b"GET /livez HTTP/1.1\r\nHost: lo")
                connect(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for path in ("/livez", "/readyz", "/metrics") * 5:
                began = time.monotonic()
                self.assertEqual(ask(f"http://{server.admin}{path}")[0], 200)
                self.assertLess(time.monotonic() - began, 1)
        # In the numbers, when the time of the half requests is over.
        with socket.create_connection((host, int(port)), timeout=harness.LIMIT) as half:
            half.sendall(b"GET /livez")
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(half.recv(100), b"")
        self.assertRegex(ask(f"http://{server.admin}/metrics")[1],
                         r'weir_admin_refused_total\{reason="slow"\} [1-9]')

    def test_internals_need_the_token(self):
        server = self.start(WEIR_ADMIN_TOKEN=TOKEN)
        url, bearer = f"http://{server.admin}", {"Authorization": f"Bearer {TOKEN}"}
        for path in ("/livez", "/readyz", "/metrics", "/"):
            self.assertEqual(ask(url + path)[0], 200, path)
        for path in ("/tasks", "/tasks.json", "/tasks/slowest.json", "/log-level"):
            self.assertEqual(ask(url + path)[0], 401, path)
            self.assertEqual(ask(url + path, Authorization="Bearer another")[0], 401, path)
            self.assertEqual(ask(url + path, **bearer)[0], 200, path)
        self.assertEqual(ask(f"{url}/log-level", b"debug")[0], 401)
        self.assertEqual(ask(f"{url}/log-level", b"debug", **bearer), (200, "debug\n"))
        self.assertNotIn(TOKEN, server.log())

        refused = self.top(server)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("WEIR_ADMIN_TOKEN", refused.stderr)
        self.assertTrue(self.top(server, WEIR_ADMIN_TOKEN=TOKEN).stdout.startswith("serving "))
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "token")
            file.write_text(TOKEN + "\n")
            shown = self.top(server, WEIR_ADMIN_TOKEN_FILE=str(file))
        self.assertTrue(shown.stdout.startswith("serving "), shown.stderr)

    def test_metrics_can_be_closed(self):
        server = self.start("--admin-open-metrics=false", WEIR_ADMIN_TOKEN=TOKEN)
        url = f"http://{server.admin}"
        self.assertEqual(ask(f"{url}/metrics")[0], 401)
        self.assertEqual(ask(f"{url}/metrics", Authorization=f"Bearer {TOKEN}")[0], 200)
        self.assertEqual(ask(f"{url}/readyz")[0], 200)

    def test_without_a_token_internals_are_for_this_machine(self):
        other = own_address()
        if other is None:
            self.skipTest("this machine has no address but loopback")
        server = self.start("--admin-address=[::]:0")
        port = server.admin.rsplit(":", 1)[1]
        told = [json.loads(line) for line in server.log().splitlines()]
        self.assertTrue(any("WEIR_ADMIN_TOKEN" in line.get("reason", "") for line in told), told)
        for path in ("/livez", "/readyz", "/metrics"):
            self.assertEqual(ask(f"http://{other}:{port}{path}")[0], 200, path)
        for path in ("/tasks", "/log-level", "/"):
            status, why = ask(f"http://{other}:{port}{path}")
            self.assertEqual(status, 403, path)
            self.assertIn("WEIR_ADMIN_TOKEN", why)
            self.assertEqual(ask(f"http://127.0.0.1:{port}{path}")[0], 200, path)

    def test_names_are_those_that_it_was_told(self):
        server = self.start("--admin-hosts=weir.example.com")
        url = f"http://{server.admin}/metrics"
        self.assertEqual(ask(url, Host="weir.example.com")[0], 200)
        status, why = ask(url, Host="rebound.example.com")
        self.assertEqual(status, 403)
        self.assertIn("--admin-hosts", why)

    def test_a_token_that_can_be_guessed_ends_the_start(self):
        env = {"WEIR_DATABASE_URL": self.database, "WEIR_ADMIN_TOKEN": "short"}
        ended = subprocess.run([harness.binary("weir-server")], env=env, capture_output=True, text=True,
                               timeout=harness.LIMIT, check=False)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("WEIR_ADMIN_TOKEN", ended.stderr)
        self.assertNotIn("short", ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
