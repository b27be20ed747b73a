#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replicas are rolled as Kubernetes would, from its manifests, and no call fails, retries off.

    scripts/with_stack.sh tests/deploy/roll_test.py                a short form: one roll, in haste
    WEIR_ROLLS=10 WEIR_PACE=1 scripts/with_stack.sh tests/...      as in a cluster"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "e2e"))
import harness

harness.generate_stubs()

import kubelet
import kustomize

ROLLS = int(os.environ.get("WEIR_ROLLS", "1"))
PACE = float(os.environ.get("WEIR_PACE", "4"))
RATE = 1000
REPLICAS = 3


class Rolls:
    overlay = ""
    client: list = []  # options of `weir`

    def setUp(self):
        context = harness.database()
        url = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.objects = kustomize.render(harness.SOURCE / "deploy/kubernetes/overlays" / self.overlay)
        self.migrate(url)
        self.deployment = kubelet.Deployment(self.objects, self.secrets(url), REPLICAS, PACE)
        self.addCleanup(self.deployment.close)

    def secrets(self, url):
        return {"secrets": {"database_url": url, "redis_url": os.environ["WEIR_REDIS_URL"],
                            "weir_secret": "a secret of the roll test"}}

    def migrate(self, url):
        """The Job."""
        (job,) = [o for o in self.objects if o["kind"] == "Job"]
        (container,) = job["spec"]["template"]["spec"]["containers"]
        subprocess.check_call([harness.binary("weir-server"), *container["args"]],
                              env={"WEIR_DATABASE_URL": url}, stderr=subprocess.DEVNULL,
                              timeout=harness.LIMIT)

    def weir(self, *arguments):
        return [harness.binary("weir"), "--address", self.deployment.target, "--no-retries",
                *self.client, *arguments]

    def test_replicas_are_rolled_under_load_and_no_call_fails(self):
        made = subprocess.check_output(
            self.weir("--json", "users", "create", "--name", "Ada", "--email", "a@example.com"),
            text=True, timeout=harness.LIMIT)
        load = subprocess.Popen(
            self.weir("load", "--rate", str(RATE), "--duration", "1h", "--ids",
                      str(json.loads(made)["id"])),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.addCleanup(load.kill)
        before = harness.redis_reads()
        harness.wait_for("the load", lambda: harness.redis_reads() > before + RATE)
        for _ in range(ROLLS):
            self.deployment.roll()
        self.deployment.await_ends()
        self.assertIsNone(load.poll())
        load.send_signal(subprocess.signal.SIGINT)
        out, _ = load.communicate(timeout=harness.LIMIT)
        print(out)
        self.assertEqual(load.returncode, 130, out)  # interrupted, and no call failed
        self.assertEqual(self.deployment.faults(), [])
        self.assertEqual(len(self.deployment.all), REPLICAS * (ROLLS + 1))
        for pod in self.deployment.all[:-REPLICAS]:
            served = re.findall(r'"event":"drained".*"arrived_meanwhile":(\d+)', pod.log())
            self.assertEqual(len(served), 1, pod.log())


class Dev(Rolls, unittest.TestCase):
    overlay = "dev"


class Production(Rolls, unittest.TestCase):
    """With mutual TLS and the policy."""

    overlay = "production"

    def secrets(self, url):
        directory = tempfile.TemporaryDirectory(prefix="weir-tls-")
        self.addCleanup(directory.cleanup)
        files = pathlib.Path(directory.name)
        subprocess.check_call([harness.SOURCE / "scripts/dev_certificates.sh", files, "gateway"])
        self.client = ["--tls-ca", files / "ca.pem", "--tls-certificate", files / "gateway.pem",
                       "--tls-key", files / "gateway.key"]
        return super().secrets(url) | {"tls": {
            "tls.crt": (files / "server.pem").read_text(), "ca.crt": (files / "ca.pem").read_text(),
            "tls.key": (files / "server.key").read_text()}}


if __name__ == "__main__":
    unittest.main(verbosity=2)
