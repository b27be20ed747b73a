# SPDX-License-Identifier: Apache-2.0
"""The page at / of the admin port, as a real browser shows it."""
import os
import socket
import subprocess
import threading
import unittest
import urllib.parse

import harness

harness.generate_stubs()
import browser
import grpc
from weir.dashboard.v1 import dashboard_pb2, dashboard_pb2_grpc
from weir.users.v1 import users_pb2, users_pb2_grpc

# Where to leave pictures of what was tested, for people.
PICTURES = os.environ.get("WEIR_PICTURES")


class Traffic:
    """Calls, one after the other, until it is left."""

    def __init__(self, server: harness.Server):
        self._channel = grpc.insecure_channel(server.address)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        users = users_pb2_grpc.UserServiceStub(self._channel)
        dashboards = dashboard_pb2_grpc.DashboardServiceStub(self._channel)
        user = users.CreateUser(users_pb2.CreateUserRequest(name="Ada", email="ada@example.com"),
                                timeout=harness.LIMIT)
        while not self._stop.is_set():
            dashboards.GetDashboard(dashboard_pb2.GetDashboardRequest(user_id=user.id),
                                    timeout=harness.LIMIT)
            try:
                users.GetUser(users_pb2.GetUserRequest(id=user.id + 1), timeout=harness.LIMIT)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._channel.close()


@unittest.skipIf(browser.PROGRAM is None,
                 "no browser: scripts/install_packages.sh test installs Debian's chromium-headless-shell")
class Page(unittest.TestCase):
    def setUp(self):
        self.browser = self.enterContext(browser.Browser())

    def open(self, server: harness.Server) -> None:
        self.browser.open(f"http://{server.admin}/")
        self.wait_for_looks(3)

    def wait_for_looks(self, more: int) -> None:
        """Until the page has fetched and drawn that often again."""
        looks = "Number(document.body?.dataset.looks || 0)"
        goal = self.browser.value(looks) + more
        harness.wait_for("the page to look", lambda: self.browser.value(looks) >= goal)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.browser.screenshot(os.path.join(PICTURES, f"{name}.png"))

    def text(self, of: str = "body") -> str:
        return self.browser.value(f"document.querySelector({of!r}).innerText")

    def number(self, title: str, series: str) -> float:
        """What the legend of a plot says now, without its unit."""
        label = self.browser.value(
            "[...document.querySelectorAll('svg')].map(s => s.getAttribute('aria-label'))"
            f".find(l => l?.startsWith({title!r}))")
        value = label.partition(f"{series} ")[2].split(",")[0]
        return float(value.split(" ")[0])

    def test_it_renders_moves_and_names_units(self):
        with harness.database() as database, harness.Server(database) as server, Traffic(server):
            self.browser.resize(1280, 900)
            self.browser.prefer("light")
            self.open(server)
            self.assertEqual(self.text("#state"), "serving")
            self.assertGreater(self.number("Traffic", "answered"), 0)
            self.assertGreater(self.number("Traffic", "not OK"), 0)
            self.assertGreater(self.number("Lookups", "hit"), 0)
            for plot, series in (("Latency", "p99"), ("Busy", "all loops"), ("Statements", "p50"),
                                 ("Commands", "p50"), ("Pool", "open"), ("In progress", "limit")):
                self.assertGreater(self.number(plot, series), 0, plot)
            self.assertIn("GetDashboard", self.text("#methods"))
            self.assertNotEqual(self.text("#statements"), "")
            for unit in (" /s", "µs", " ms", " %", "MiB", "connections", "calls a second"):
                self.assertIn(unit, self.text())
            points = "document.querySelector('polyline').getAttribute('points')"
            before = self.browser.value(points)
            self.wait_for_looks(2)
            self.assertNotEqual(self.browser.value(points), before)
            self.picture("light")

            # Nothing from elsewhere, and nothing to complain about.
            hosts = {urllib.parse.urlsplit(url).netloc for url in self.browser.requests
                     if url.startswith("http")}
            self.assertEqual(hosts, {server.admin})
            self.assertEqual(self.browser.problems, [])

            self.browser.prefer("dark")
            color = "getComputedStyle(document.body).getPropertyValue('background-color')"
            self.assertEqual(self.browser.value(color), "rgb(13, 17, 23)")
            self.picture("dark")

            self.browser.resize(360, 740, mobile=True)
            self.wait_for_looks(1)
            self.assertEqual(self.browser.value("innerWidth"), 360)
            self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), 360)
            self.picture("phone")
            self.browser.prefer("light")
            self.picture("phone-light")

    def test_it_brings_the_token_that_it_was_given(self):
        token = "a-token-of-this-test"
        with harness.database() as database, harness.Server(
                database, redis=False, WEIR_ADMIN_TOKEN=token) as server:
            self.browser.open(f"http://{server.admin}/")
            harness.wait_for("the page to ask for it", lambda: self.browser.value(
                "document.querySelector('#token')?.hidden === false"))
            self.browser.value(
                f"(document.querySelector('#token input').value = {token!r},"
                " document.querySelector('#token').requestSubmit())")
            self.wait_for_looks(3)
            self.assertEqual(self.text("#state"), "serving")
            self.assertTrue(self.browser.value("document.querySelector('#token').hidden"))

            self.browser.value("sessionStorage.clear()")
            self.browser.open(f"http://{server.admin}/?again#token={token}")
            self.wait_for_looks(3)
            self.assertEqual(self.text("#state"), "serving")
            self.assertNotIn(token, self.browser.value("location.href"))

    def test_it_says_what_is_wrong(self):
        """Redis gone, one connection to Postgres and that held up, and few calls allowed."""
        with harness.database() as database, socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            server = self.enterContext(harness.Server(
                database, "--postgres-max-connections=1", "--postgres-min-connections=1",
                "--postgres-acquire-timeout=300ms", "--postgres-lock-timeout=20s", "--max-calls=3",
                redis=False, WEIR_REDIS_URL=f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"))
            channel = self.enterContext(grpc.insecure_channel(server.address))
            users = users_pb2_grpc.UserServiceStub(channel)
            user = users.CreateUser(users_pb2.CreateUserRequest(name="Ada", email="a@example.com"),
                                    timeout=harness.LIMIT).id
            lock = subprocess.Popen(["psql", database, "-XAtq"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
            self.addCleanup(lock.communicate)
            lock.stdin.write("BEGIN; LOCK TABLE users; SELECT 'locked';\n")
            lock.stdin.flush()
            self.assertEqual(lock.stdout.readline(), "locked\n")
            self.browser.resize(1280, 900)
            self.open(server)
            calls = []

            def is_told():
                calls[:] = [c for c in calls if not c.done()]
                calls.extend(users.DeleteUser.future(users_pb2.DeleteUserRequest(id=user), timeout=2)
                             for _ in range(5 - len(calls)))
                found = self.text("#findings")
                return all(what in found for what in (
                    "Overloaded", "The Postgres pool is full", "Redis is not asked"))

            harness.wait_for("all to be named", is_told)
            harness.wait_for("the call's tree", lambda: "awaits postgres" in self.browser.value(
                "document.querySelector('#tasks').textContent"))
            self.assertIn("UserService/DeleteUser", self.text("#tasks"))
            self.picture("faults")

    def test_it_shows_what_is_refused_and_closed_by_reason(self):
        """A client has the one connection that it may have, and sends what is no request."""
        with harness.database() as database, harness.Server(
                database, "--client-connections=1", redis=False) as server, grpc.insecure_channel(
                    server.address) as channel:
            users_pb2_grpc.UserServiceStub(channel).ListUsers(
                users_pb2.ListUsersRequest(), timeout=harness.LIMIT)
            self.browser.resize(1280, 900)
            self.open(server)
            self.assertIn("none", self.text("#sent_away"))
            self.assertNotIn("Connections are closed", self.text("#findings"))

            with self.assertRaises(grpc.RpcError):
                channel.unary_unary("/weir.users.v1.UserService/GetUser")(b"\xff", timeout=harness.LIMIT)
            host, port = server.address.split(":")
            with socket.create_connection((host, int(port)), harness.LIMIT) as second:
                self.assertEqual(second.recv(1), b"")
            self.wait_for_looks(2)
            table = {row[0]: row[-1] for row in self.browser.value(
                "[...document.querySelectorAll('#sent_away tr')]"
                ".map(row => [...row.children].map(cell => cell.textContent))")}
            self.assertEqual(table, {"reason": "since the start", "calls refused: malformed": "1",
                                     "connections closed: client_connections": "1"})
            self.assertIn("Connections are closed: client connections", self.text("#findings"))
            self.picture("refused")

    def test_it_says_what_is_about_to_end(self):
        """What takes weeks or a full disk is put into what the page reads."""
        with harness.database() as database, harness.Server(database, redis=False) as server:
            self.browser.resize(1280, 900)
            self.open(server)
            told = ("The certificate ends in 3 d ", "An authority of the clients' certificates is over",
                    "New certificate files were not taken", "Descriptors run out",
                    "The log misses lines: slow reader")
            for what in told:
                self.assertNotIn(what, self.text("#findings"))
            self.browser.value("""
                (real => {
                  let looks = 0;
                  window.fetch = async (path, how) => {
                    const answer = await real(path, how);
                    if (path !== 'metrics') return answer;
                    looks += 1;
                    return new Response(await answer.text() + `
                weir_tls_certificate_expiry_seconds ${Date.now() / 1000 + 3.5 * 86400}
                weir_tls_client_ca_expiry_seconds ${Date.now() / 1000 - 1}
                weir_tls_changes_total{fate="refused"} ${looks}
                weir_log_lines_dropped_total{reason="slow_reader"} ${looks}
                weir_log_lines_dropped_total{reason="rate"} ${looks}
                process_open_fds 1000000000
                `.replaceAll(/^ +/gm, ''));
                  };
                })(window.fetch)""")
            self.wait_for_looks(3)
            found = self.text("#findings")
            for what in told:
                self.assertIn(what, found)
            self.assertNotIn("The log misses lines: rate", found)
            self.picture("ends")


if __name__ == "__main__":
    unittest.main(verbosity=2)
