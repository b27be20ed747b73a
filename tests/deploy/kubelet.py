# SPDX-License-Identifier: Apache-2.0
"""What a kubelet and the controllers do with the server's Deployment, from its rendered manifests: a
pod is a process with the container's settings and mounts, on an address of its own; probes decide
whether it is in the Service; it ends by preStop, SIGTERM and, at the grace period, SIGKILL. What is in
Secrets the caller says, by the name of their volume.

What is not as in a cluster: the file system's root, CPU and memory limits are not imposed; and all
waits of people's choosing (minReadySeconds, preStop, DNS) can be divided by `pace`."""
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

import grpc
import harness
from grpc.health.v1 import health_pb2, health_pb2_grpc
from headless_dns import HeadlessDns

DNS_TTL = 5  # seconds for which a resolver (CoreDNS) may give an old answer
TICK = 0.02


class Pod:
    def __init__(self, number: int, objects: list[dict], secrets: dict[str, dict], pace: float):
        (deployment,) = [o for o in objects
                         if (o["kind"], o["metadata"]["name"]) == ("Deployment", "weir")]
        self.spec = deployment["spec"]["template"]["spec"]
        (self.container,) = self.spec["containers"]
        # Loopback addresses that nobody else has: one network namespace each, in effect.
        self.ip = f"127.{100 + os.getpid() % 100}.{number // 250}.{1 + number % 250}"
        self.pace = pace
        self.is_ready = False
        self.ready_since = float("inf")
        self.faults: list[str] = []
        self._log = tempfile.NamedTemporaryFile("w+", prefix=f"weir-pod-{number}-", suffix=".log")
        self._mounts = tempfile.TemporaryDirectory(prefix="weir-pod-")
        self._deleted = threading.Event()
        self.process = subprocess.Popen(
            [harness.binary("weir-server"), *self.container.get("args", [])],
            env=self._environment(objects, secrets), stderr=self._log,
        )
        self._channel = grpc.insecure_channel(self._address(50051))
        self._probing = threading.Thread(target=self._probe)
        self._probing.start()

    def _environment(self, objects, secrets) -> dict[str, str]:
        maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
        env = {}
        for source in self.container["envFrom"]:
            env |= maps[source["configMapRef"]["name"]]
        env |= {each["name"]: each["value"] for each in self.container.get("env", [])}
        volumes = {v["name"]: v for v in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            volume = volumes[mount["name"]]
            files = (maps[volume["configMap"]["name"]] if "configMap" in volume
                     else secrets[volume["name"]])
            directory = pathlib.Path(self._mounts.name) / mount["name"]
            directory.mkdir()
            for name, content in files.items():
                (directory / name).write_text(content)
            env = {k: v.replace(mount["mountPath"], str(directory)) for k, v in env.items()}
        # "All addresses" means: of the pod.
        return {k: v.replace("[::]:", f"{self.ip}:") for k, v in env.items()}

    def _address(self, port: int) -> str:
        return f"{self.ip}:{port}"

    def _succeeds(self, probe: dict) -> bool:
        if "httpGet" in probe:
            asked = probe["httpGet"]
            ports = {p["name"]: p["containerPort"] for p in self.container["ports"]}
            url = f"http://{self._address(ports[asked['port']])}{asked['path']}"
            try:
                return urllib.request.urlopen(url, timeout=probe["timeoutSeconds"]).status == 200
            except OSError:
                return False
        asked = probe["grpc"]
        try:
            status = health_pb2_grpc.HealthStub(self._channel).Check(
                health_pb2.HealthCheckRequest(service=asked.get("service", "")),
                timeout=probe["timeoutSeconds"],
            ).status
        except grpc.RpcError:
            return False
        return status == health_pb2.HealthCheckResponse.SERVING

    def _probe(self):
        """Startup until it succeeds; then readiness and liveness, each at its period, until deleted."""
        startup = self.container["startupProbe"]
        for _ in range(startup["failureThreshold"]):
            if self._succeeds(startup):
                break
            if self._deleted.wait(startup["periodSeconds"]) or self.process.poll() is not None:
                self.faults.append("it ended before it had started")
                return
        else:
            self.faults.append("it did not start in time")
            return
        due = {"readinessProbe": time.monotonic(), "livenessProbe": time.monotonic()}
        failures = dict.fromkeys(due, 0)
        while not self._deleted.is_set():
            for name in due:
                probe = self.container[name]
                if time.monotonic() < due[name]:
                    continue
                due[name] += probe["periodSeconds"]
                failures[name] = 0 if self._succeeds(probe) else failures[name] + 1
                failed = failures[name] >= probe["failureThreshold"]
                if name == "livenessProbe" and failed:
                    self.faults.append("its liveness probe failed")
                if name == "readinessProbe" and (failed or failures[name] == 0):
                    self._set_ready(not failed)
            self._deleted.wait(TICK)
        self._set_ready(False)

    def _set_ready(self, ready: bool):
        if ready and not self.is_ready:
            self.ready_since = time.monotonic()
        self.is_ready = ready

    def is_available(self, min_ready_seconds: float) -> bool:
        return self.is_ready and time.monotonic() - self.ready_since >= min_ready_seconds

    def is_deleted(self) -> bool:
        return self._deleted.is_set()

    def delete(self) -> threading.Thread:
        """Begins its end, whose clock runs from now: preStop is part of the grace period."""
        self._deleted.set()
        ending = threading.Thread(target=self._end, args=(time.monotonic(),))
        ending.start()
        return ending

    def _end(self, begun: float):
        self._probing.join()
        time.sleep(self.container["lifecycle"]["preStop"]["sleep"]["seconds"] / self.pace)
        self.process.send_signal(signal.SIGTERM)
        left = begun + self.spec["terminationGracePeriodSeconds"] - time.monotonic()
        try:
            status = self.process.wait(left)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
            self.faults.append("SIGKILL: it outlived the grace period")
        if status != 0:
            self.faults.append(f"it ended with {status}: {self.log()[-2000:]}")

    def log(self) -> str:
        return pathlib.Path(self._log.name).read_text()

    def discard(self):
        """For the end of a test: nothing of it is left."""
        self._deleted.set()
        self._probing.join()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._channel.close()
        self._log.close()
        self._mounts.cleanup()


class Deployment:
    """The replicas, the Service's name and what rolls them: one more, then one less."""

    def __init__(self, objects: list[dict], secrets: dict[str, dict], replicas: int, pace: float = 1):
        (spec,) = [o["spec"] for o in objects
                   if (o["kind"], o["metadata"]["name"]) == ("Deployment", "weir")]
        self._rolling = spec["strategy"]["rollingUpdate"]
        self._min_ready = spec["minReadySeconds"] / pace
        self._make = lambda number: Pod(number, objects, secrets, pace)
        self.all: list[Pod] = []
        self.ending: list[threading.Thread] = []
        self.dns = HeadlessDns()
        self._lag = DNS_TTL / pace
        self._closed = threading.Event()
        threading.Thread(target=self._publish, daemon=True).start()
        self.current = [self._start() for _ in range(replicas)]
        self._await_available(self.current)

    @property
    def target(self) -> str:
        return f"dns://127.0.0.1:{self.dns.port}/weir:50051"

    def _start(self) -> Pod:
        self.all.append(self._make(len(self.all)))
        return self.all[-1]

    def _publish(self):
        """What DNS says is what was true a TTL ago; the first answer comes at once."""
        said: list[tuple[float, list[str]]] = []
        while not self._closed.wait(TICK):
            now = [p.ip for p in self.all if p.is_ready and not p.is_deleted()]
            if not said or said[-1][1] != now:
                said.append((time.monotonic(), now))
            old = [addresses for at, addresses in said if at <= time.monotonic() - self._lag]
            self.dns.addresses = old[-1] if old and old[-1] else self.dns.addresses or now

    def _await_available(self, pods: list[Pod]):
        harness.wait_for("the replicas to be available", lambda: self.faults() or all(
            p.is_available(self._min_ready) for p in pods), 90)
        if self.faults():
            raise AssertionError(self.faults())

    def roll(self):
        """Replaces each replica, as a rolling update with maxUnavailable 0 does."""
        assert self._rolling["maxUnavailable"] == 0
        old, self.current = self.current, []
        while old:
            surge = min(self._rolling["maxSurge"], len(old))
            new = [self._start() for _ in range(surge)]
            self._await_available(new)
            self.current += new
            for _ in range(surge):
                self.ending.append(old.pop(0).delete())

    def await_ends(self):
        for thread in self.ending:
            thread.join()
        self.ending.clear()

    def faults(self) -> list[str]:
        return [fault for pod in self.all for fault in pod.faults]

    def close(self):
        self.await_ends()
        self._closed.set()
        for pod in self.all:
            pod.discard()
