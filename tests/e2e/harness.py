# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests stand on: the built server on free ports and a database of its own, and
Python stubs made from nothing but the .proto files."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

SOURCE = pathlib.Path(os.environ["WEIR_SOURCE_DIR"])
BINARY = pathlib.Path(os.environ["WEIR_BINARY_DIR"])
LIMIT = 30  # seconds, for anything that must come


def generate_stubs() -> None:
    """Puts the generated modules on the path."""
    out = tempfile.mkdtemp(prefix="weir-stubs-")
    protos = [str(p.relative_to(SOURCE / "proto")) for p in (SOURCE / "proto").rglob("*.proto")]
    plugin = subprocess.check_output(["which", "grpc_python_plugin"], text=True).strip()
    subprocess.check_call(
        ["protoc", "-I", SOURCE / "proto", f"--python_out={out}", f"--grpc_out={out}",
         f"--plugin=protoc-gen-grpc={plugin}", *protos]
    )
    # `grpc` is the library's: our grpc/health is found below it by extending the package's path.
    sys.path.append(out)
    import grpc

    grpc.__path__.append(os.path.join(out, "grpc"))


def methods() -> set[str]:
    """Every method of the contract, as in "/weir.users.v1.UserService/GetUser"."""
    found = set()
    for path in (SOURCE / "proto/weir").rglob("*.proto"):
        text = path.read_text()
        package = re.search(r"^package (\S+);", text, re.M).group(1)
        for service in re.findall(r"^service (\w+)", text, re.M):
            found |= {f"/{package}.{service}/{m}" for m in re.findall(r"^  rpc (\w+)", text, re.M)}
    return found


def binary(name: str) -> str:
    """A built program, wherever in the build tree it is."""
    for found in BINARY.rglob(name):
        if found.is_file() and os.access(found, os.X_OK):
            return str(found)
    raise FileNotFoundError(name)


def psql(url: str, sql: str) -> str:
    return subprocess.check_output(
        ["psql", url, "-XAtqc", sql], text=True, timeout=LIMIT
    ).strip()


@contextlib.contextmanager
def redis(name: str):
    """A Redis of its own in WEIR_REDIS_URL."""
    script = [SOURCE / "scripts/redis.sh"]
    directory = [os.path.join(os.environ["WEIR_STACK_DIR"], name)]
    before = os.environ["WEIR_REDIS_URL"]
    printed = subprocess.check_output([*script, "start", *directory], text=True, timeout=LIMIT)
    os.environ["WEIR_REDIS_URL"] = re.search("WEIR_REDIS_URL=(.*)", printed).group(1)
    try:
        yield
    finally:
        os.environ["WEIR_REDIS_URL"] = before
        subprocess.check_call([*script, "remove", *directory], timeout=LIMIT)


@contextlib.contextmanager
def database():
    """The URL of an empty database, dropped at the end. Until then WEIR_REDIS_URL names an empty
    Redis: what is cached of another database would answer for the users of the same ids."""
    main = os.environ["WEIR_DATABASE_URL"]
    name = f"e2e_{os.getpid()}_{time.monotonic_ns()}"
    psql(main, f"CREATE DATABASE {name}")
    parts = urllib.parse.urlsplit(main)
    try:
        with redis(name):
            yield urllib.parse.urlunsplit(parts._replace(path="/" + name))
    finally:
        psql(main, f"DROP DATABASE {name} WITH (FORCE)")


def redis_reads() -> int:
    """How often Redis was asked for a key so far: what shows that the servers are under load."""
    url = urllib.parse.urlsplit(os.environ["WEIR_REDIS_URL"])
    stats = subprocess.check_output(
        ["redis-cli", "-h", url.hostname, "-p", str(url.port), "info", "stats"], text=True,
        timeout=LIMIT, env=os.environ | {"REDISCLI_AUTH": url.password or ""},
    )
    return sum(int(n) for n in re.findall(r"keyspace_(?:hits|misses):(\d+)", stats))


def wait_for(what: str, condition, limit: float = LIMIT):
    """The first true answer of `condition`."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.005)  # how often to look, not how long to wait
    raise TimeoutError(what)


class Server:
    """A running weir-server. Flags as on its command line."""

    def __init__(self, database_url: str, *flags: str, redis: bool = True, **environment: str):
        env = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
        env |= {"WEIR_DATABASE_URL": database_url, "WEIR_SECRET": "an end-to-end secret"}
        if redis:
            env["WEIR_REDIS_URL"] = os.environ["WEIR_REDIS_URL"]
        env |= environment
        self._log = tempfile.NamedTemporaryFile("w+", prefix="weir-server-", suffix=".log")
        self.process = subprocess.Popen(
            [binary("weir-server"), "--address=127.0.0.1:0", "--admin-address=127.0.0.1:0", *flags],
            env=env, stderr=self._log,
        )
        line = wait_for("the server to serve", self._serving)
        self.address, self.admin = line

    def _serving(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log()}")
        found = re.search(r'"serving","address":"([^"]+)","admin_address":"([^"]+)"', self.log())
        return found.groups() if found else None

    def log(self) -> str:
        return pathlib.Path(self._log.name).read_text()

    def drain_report(self) -> dict:
        lines = map(json.loads, reversed(self.log().splitlines()))
        return next(line for line in lines if line["event"] == "drained")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()
