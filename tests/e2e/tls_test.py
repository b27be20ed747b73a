#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mutual TLS and the authorization policy: who may call what, and files that change under load."""
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
import grpc
import harness

DENIED, UNAVAILABLE = 7, 5  # exit codes of `weir`
POLICY = "deploy/kubernetes/overlays/production/policy.json"


def policy(*principals: str) -> str:
    return json.dumps({"name": "test", "allow_rules": [
        {"name": "all", "source": {"principals": list(principals)}, "request": {"paths": ["/weir.*"]}}
    ]})


class TlsTest(unittest.TestCase):
    def setUp(self):
        context = harness.database()
        self.database_url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        directory = tempfile.TemporaryDirectory(prefix="weir-tls-")
        self.addCleanup(directory.cleanup)
        self.files = pathlib.Path(directory.name)
        self.make_certificates()
        self.set_policy((harness.SOURCE / POLICY).read_text())
        self.server = harness.Server(
            self.database_url, f"--tls-certificate={self.files}/server.pem",
            f"--tls-key={self.files}/server.key", f"--tls-client-ca={self.files}/ca.pem",
            f"--authorization-policy={self.files}/policy.json", "--tls-refresh=1s",
            "--max-connection-age=200ms",
        )
        self.addCleanup(self.server.__exit__)
        created = self.weir("gateway", "users", "create", "--name", "Ada", "--email", "a@example.com")
        self.assertEqual(created.returncode, 0, created.stderr)

    def make_certificates(self):
        subprocess.check_call([harness.SOURCE / "scripts/dev_certificates.sh", self.files,
                               "gateway", "stranger"], timeout=harness.LIMIT)

    def set_policy(self, text: str):
        (self.files / "new").write_text(text)
        (self.files / "new").rename(self.files / "policy.json")

    def command(self, name, *arguments):
        identity = [] if name is None else ["--tls-certificate", self.files / f"{name}.pem",
                                            "--tls-key", self.files / f"{name}.key"]
        return [harness.binary("weir"), "--address", self.server.address, "--no-retries",
                "--tls-ca", self.files / "ca.pem", *identity, *arguments]

    def weir(self, name, *arguments):
        return subprocess.run(self.command(name, *arguments), capture_output=True, text=True,
                              timeout=harness.LIMIT)

    def serial(self) -> str:
        """Of the certificate that the server shows now."""
        trust = ssl.create_default_context(cafile=self.files / "ca.pem")
        trust.load_cert_chain(self.files / "gateway.pem", self.files / "gateway.key")
        host, port = self.server.address.split(":")
        with socket.create_connection((host, int(port)), harness.LIMIT) as plain:
            with trust.wrap_socket(plain, server_hostname=host) as secure:
                return secure.getpeercert()["serialNumber"]

    def channel(self, name):
        read = [(self.files / file).read_bytes() for file in ("ca.pem", f"{name}.key", f"{name}.pem")]
        channel = grpc.secure_channel(self.server.address, grpc.ssl_channel_credentials(*read))
        self.addCleanup(channel.close)
        return channel

    def code(self, channel, method):
        """What a call with one empty message ends with; as bytes, all shapes are alike."""
        call = channel.stream_stream(method)(iter([b""]), timeout=harness.LIMIT)
        try:
            for _ in call:
                if method.endswith("/Watch"):
                    call.cancel()
        except grpc.RpcError:
            pass
        return call.code()

    def test_a_client_without_the_right_identity_is_refused_on_every_method_but_health(self):
        stranger, gateway = self.channel("stranger"), self.channel("gateway")
        self.assertGreater(len(harness.methods()), 20)
        for method in harness.methods():
            self.assertEqual(self.code(stranger, method), grpc.StatusCode.PERMISSION_DENIED, method)
        self.assertEqual(self.code(stranger, "/grpc.health.v1.Health/Check"), grpc.StatusCode.OK)
        self.assertEqual(self.code(stranger, "/grpc.health.v1.Health/Watch"),
                         grpc.StatusCode.CANCELLED)
        self.assertEqual(self.code(gateway, "/weir.users.v1.UserService/ListUsers"),
                         grpc.StatusCode.OK)
        for method in ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                       "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                       "/grpc.channelz.v1.Channelz/GetServers"):
            self.assertEqual(self.code(gateway, method), grpc.StatusCode.UNIMPLEMENTED, method)

    def test_a_client_without_a_certificate_is_not_even_connected(self):
        self.assertEqual(self.weir(None, "health").returncode, UNAVAILABLE)

    def test_a_policy_is_read_again_and_a_broken_one_is_not(self):
        self.set_policy("{}")
        harness.wait_for("the fault to be logged", lambda: "policy not read" in self.server.log())
        self.assertEqual(self.weir("gateway", "users", "get", "1").returncode, 0)
        self.assertEqual(self.weir("stranger", "users", "get", "1").returncode, DENIED)
        self.set_policy(policy("spiffe://weir.dev/stranger"))
        harness.wait_for("the change", lambda: "policy changed" in self.server.log())
        self.assertEqual(self.weir("gateway", "users", "get", "1").returncode, DENIED)
        self.assertEqual(self.weir("stranger", "users", "get", "1").returncode, 0)

    def test_certificates_are_replaced_under_load_and_no_call_fails(self):
        load = subprocess.Popen(
            self.command("gateway", "load", "--rate", "500", "--duration", "6s", "--ids", "1"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.addCleanup(load.kill)
        before = harness.redis_reads()
        harness.wait_for("the load", lambda: harness.redis_reads() > before + 500)
        old = self.serial()
        self.make_certificates()
        harness.wait_for("the new certificate", lambda: self.serial() != old)
        self.assertIsNone(load.poll())
        begun = harness.redis_reads()
        harness.wait_for("load with it", lambda: harness.redis_reads() > begun + 500)
        out, _ = load.communicate(timeout=harness.LIMIT)
        self.assertEqual(load.returncode, 0, out)

    def test_a_certificate_is_taken_only_with_its_key(self):
        old = self.serial()
        kept = {name: (self.files / name).read_bytes() for name in ("server.pem", "server.key")}
        self.make_certificates()
        new = {name: (self.files / name).read_bytes() for name in kept}
        # As if one who replaces two files had stopped between them, for many looks.
        (self.files / "server.key").write_bytes(kept["server.key"])
        harness.wait_for("the fault", lambda: "certificates not taken" in self.server.log())
        for _ in range(3):
            self.assertEqual(self.serial(), old)
            self.assertEqual(self.weir("gateway", "health").returncode, 0)
        self.assertIn("--tls-key (WEIR_TLS_KEY)", self.server.log())
        self.assertGreaterEqual(self.metric('weir_tls_changes_total{fate="refused"}'), 1)
        end = self.metric("weir_tls_certificate_expiry_seconds")
        self.assertAlmostEqual(end, time.time() + 30 * 86400, delta=600)
        (self.files / "server.key").write_bytes(new["server.key"])
        harness.wait_for("the new certificate", lambda: self.serial() != old)
        self.assertGreaterEqual(self.metric('weir_tls_changes_total{fate="taken"}'), 1)
        self.assertLess(time.time(), self.metric("weir_tls_client_ca_expiry_seconds"))

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"http://{self.server.admin}/metrics", timeout=harness.LIMIT) as page:
            lines = page.read().decode().splitlines()
        return float(next(line for line in lines if line.startswith(name + " ")).split()[-1])

    def refused(self, **files) -> str:
        """What a start says that these files end."""
        wanted = {"tls-certificate": "server.pem", "tls-key": "server.key", "tls-client-ca": "ca.pem",
                  "authorization-policy": "policy.json"}
        wanted.update({name.replace("_", "-"): file for name, file in files.items()})
        ended = subprocess.run(
            [harness.binary("weir-server"), "--address=127.0.0.1:0", "--admin-address=127.0.0.1:0",
             *(f"--{name}={self.files / file}" for name, file in wanted.items())],
            capture_output=True, text=True, timeout=harness.LIMIT,
            env={"WEIR_DATABASE_URL": self.database_url},
        )
        self.assertEqual(ended.returncode, 1, ended.stderr)
        return json.loads(ended.stderr.splitlines()[-1])["reason"]

    def test_a_file_that_is_not_there_ends_the_start_with_its_name(self):
        for setting in ("tls_certificate", "tls_key", "tls_client_ca", "authorization_policy"):
            reason = self.refused(**{setting: "nowhere"})
            self.assertIn(f"{self.files}/nowhere", reason)
            self.assertIn("read", reason)

    def test_a_file_that_is_something_else_ends_the_start_with_its_name(self):
        (self.files / "junk").write_text("junk")
        for setting in ("tls_certificate", "tls_key", "tls_client_ca", "authorization_policy"):
            self.assertIn(f"{self.files}/junk", self.refused(**{setting: "junk"}))
        reason = self.refused(tls_key="gateway.key")
        self.assertIn("gateway.key is not the key", reason)
        self.assertIn("--tls-key (WEIR_TLS_KEY): ", reason)


if __name__ == "__main__":
    unittest.main(verbosity=2)
