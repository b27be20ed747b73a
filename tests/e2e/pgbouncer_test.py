#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The service behind pgbouncer in transaction mode, with fewer connections to Postgres than the
service has to pgbouncer: what relied on a session would meet another's."""
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
import harness

SERVER_CONNECTIONS = 2
CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
"""


class Pgbouncer:
    """In front of the server of `url`."""

    def __init__(self, url: str):
        parts = urllib.parse.urlsplit(url)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._files = tempfile.TemporaryDirectory(prefix="weir-pgbouncer-")
        files = pathlib.Path(self._files.name)
        (files / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
        (files / "ini").write_text(CONFIGURATION.format(
            host=parts.hostname, port=parts.port, listen=port, users=files / "users",
            connections=SERVER_CONNECTIONS))
        user = None
        if os.getuid() == 0:  # as which it does not run
            user = "postgres"
            for path in (files, *files.iterdir()):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1)
        self._log = (files / "log").open("w+")
        self.process = subprocess.Popen(["/usr/sbin/pgbouncer", files / "ini"], user=user,
                                        stdout=self._log, stderr=self._log)
        self.url = urllib.parse.urlunsplit(
            parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
        harness.wait_for("pgbouncer", self._answers)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            self._log.seek(0)
            raise RuntimeError(self._log.read())
        return subprocess.run(["psql", self.url, "-XAtqc", "SELECT 1"], capture_output=True,
                              timeout=harness.LIMIT).returncode == 0

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(harness.LIMIT)
        self._log.close()
        self._files.cleanup()


class PgbouncerTest(unittest.TestCase):
    def setUp(self):
        context = harness.database()
        self.direct_url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.pgbouncer = Pgbouncer(self.direct_url)
        self.addCleanup(self.pgbouncer.stop)
        self.settings = {
            "WEIR_DATABASE_URL": self.pgbouncer.url, "WEIR_DIRECT_DATABASE_URL": self.direct_url,
            "WEIR_POSTGRES_PREPARE": "false", "WEIR_POSTGRES_SESSION_SETTINGS": "false"}

    def test_every_call_of_the_demo_works_and_a_watch_sees_what_happens(self):
        with tempfile.TemporaryDirectory(prefix="weir-demo-") as directory:
            demo = subprocess.run(
                [harness.SOURCE / "scripts/demo_calls.sh", harness.BINARY],
                env=os.environ | self.settings | {"WEIR_STACK_DIR": directory, "NO_COLOR": "1"},
                capture_output=True, text=True, timeout=120)
        self.assertEqual(demo.returncode, 0, demo.stdout[-3000:] + demo.stderr[-3000:])

    def test_many_calls_share_few_connections_and_none_fails(self):
        server = harness.Server(self.pgbouncer.url, "--cache=false", "--postgres-min-connections=8",
                                **self.settings)
        self.addCleanup(server.__exit__)
        weir = [harness.binary("weir"), "--address", server.address, "--no-retries"]
        subprocess.check_call([*weir, "users", "create", "--name", "Ada", "--email", "a@example.com"],
                              stdout=subprocess.DEVNULL)
        load = subprocess.run([*weir, "load", "--duration", "3s", "--concurrency", "64", "--ids", "1"],
                              capture_output=True, text=True, timeout=harness.LIMIT)
        self.assertEqual(load.returncode, 0, load.stdout + server.log())
        self.assertGreater(int(re.search(r"ok +(\d+)", load.stdout).group(1)), 1000)
        busy = harness.psql(self.direct_url, "SELECT count(*) FROM pg_stat_activity WHERE "
                            "datname = current_database() AND backend_type = 'client backend' "
                            "AND application_name <> 'psql' AND query NOT LIKE 'LISTEN%'")
        self.assertLessEqual(int(busy), SERVER_CONNECTIONS + 1)  # and the one that listens


if __name__ == "__main__":
    unittest.main(verbosity=2)
