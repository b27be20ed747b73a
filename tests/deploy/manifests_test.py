#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rules that Kubernetes' manifests, the compose file and the server must keep between them."""
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "e2e"))
import harness
import kustomize
import yaml

SOURCE = pathlib.Path(os.environ["WEIR_SOURCE_DIR"])
CALLS_IN_PROGRESS = SOURCE / "deploy/kubernetes/components/calls_in_progress"
SERVER = pathlib.Path(os.environ["WEIR_BINARY_DIR"]) / "weir-server"


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|m|h)", text).groups()
    return float(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def defaults() -> dict[str, str]:
    """What the server's own help says of each variable."""
    text = subprocess.check_output([SERVER, "--help"], text=True)
    return dict(re.findall(r"^  (WEIR_\w+) .*; default (\S+)$", text, re.M))


class Rules:
    """Of each overlay."""

    overlay = ""

    @classmethod
    def setUpClass(cls):
        cls.objects = kustomize.render(SOURCE / "deploy/kubernetes/overlays" / cls.overlay)
        cls.deployment = cls.one("Deployment", "weir")
        cls.pod = cls.deployment["spec"]["template"]["spec"]
        (cls.container,) = cls.pod["containers"]
        cls.settings = defaults() | cls.generated("ConfigMap", "weir")["data"]
        cls.settings |= {each["name"]: each["value"] for each in cls.container.get("env", [])}

    @classmethod
    def one(cls, kind, name):
        (found,) = [o for o in cls.objects if (o["kind"], o["metadata"]["name"]) == (kind, name)]
        return found

    @classmethod
    def generated(cls, kind, name):
        """Whose name ends in a hash."""
        (found,) = [o for o in cls.objects if o["kind"] == kind
                    and re.fullmatch(name + "-[0-9a-f]{10}", o["metadata"]["name"])]
        return found

    def setting(self, name):
        return seconds(self.settings[name])

    def drain_sum(self):
        return sum(self.setting(f"WEIR_DRAIN_{phase}")
                   for phase in ("ANNOUNCE", "FINISH", "CANCEL", "CLOSE")) + 2  # shut down

    def test_every_setting_is_one_that_the_server_has(self):
        known = set(re.findall(r"WEIR_\w+",
                               subprocess.check_output([SERVER, "--help"], text=True)))
        self.assertEqual(set(self.settings) - known, set())

    def test_the_grace_periods_exceed_what_they_must_hold(self):
        pre_stop = self.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        self.assertGreater(self.setting("WEIR_GRACE_PERIOD"), self.drain_sum())
        self.assertGreaterEqual(self.pod["terminationGracePeriodSeconds"],
                                pre_stop + self.setting("WEIR_GRACE_PERIOD"))

    def test_the_announcement_outlasts_the_age_of_a_connection(self):
        # gRPC adds up to a tenth.
        self.assertGreater(self.setting("WEIR_DRAIN_ANNOUNCE"),
                           1.1 * self.setting("WEIR_MAX_CONNECTION_AGE") + 5)

    def test_no_replica_goes_before_its_successor_is_known(self):
        rolling = self.deployment["spec"]["strategy"]["rollingUpdate"]
        self.assertEqual(rolling["maxUnavailable"], 0)
        self.assertGreater(rolling["maxSurge"], 0)
        dns_ttl, client_resolves_again = 5, 1
        self.assertGreater(self.deployment["spec"]["minReadySeconds"],
                           dns_ttl + client_resolves_again)

    def test_probes_ask_ports_that_exist(self):
        ports = {p["name"]: p["containerPort"] for p in self.container["ports"]}
        listening = {int(self.settings[name].rsplit(":", 1)[1])
                     for name in ("WEIR_ADDRESS", "WEIR_ADMIN_ADDRESS")}
        self.assertEqual(set(ports.values()), listening)
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = self.container[probe]
            port = asked["grpc"]["port"] if "grpc" in asked else asked["httpGet"]["port"]
            self.assertIn(ports.get(port, port), ports.values(), probe)

    def test_the_server_listens_to_others_than_itself(self):
        for name in ("WEIR_ADDRESS", "WEIR_ADMIN_ADDRESS"):
            self.assertTrue(self.settings[name].startswith("[::]:"), self.settings[name])

    def test_a_server_that_waits_at_its_start_says_why_before_it_is_killed(self):
        probe = self.container["startupProbe"]
        self.assertGreater(probe["periodSeconds"] * probe["failureThreshold"],
                           self.setting("WEIR_START_TIMEOUT") + 5)

    def test_liveness_does_not_fail_when_readiness_does(self):
        alive, ready = self.container["livenessProbe"], self.container["readinessProbe"]
        if "grpc" in alive:
            self.assertEqual(alive["grpc"]["service"], "liveness")
        else:
            self.assertEqual((alive["httpGet"]["path"], ready["httpGet"]["path"]),
                             ("/livez", "/readyz"))
        self.assertGreater(alive["periodSeconds"] * alive["failureThreshold"],
                           ready["periodSeconds"] * ready["failureThreshold"])

    def test_every_container_is_restricted_and_has_its_resources_set(self):
        job = self.one("Job", "weir-migration")["spec"]["template"]["spec"]
        for pod in (self.pod, job):
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertIs(pod["automountServiceAccountToken"], False)
            for container in pod["containers"]:
                context = container["securityContext"]
                self.assertIs(context["allowPrivilegeEscalation"], False)
                self.assertIs(context["readOnlyRootFilesystem"], True)
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                self.assertLessEqual({"cpu", "memory"}, set(container["resources"]["requests"]))
                self.assertIn("memory", container["resources"]["limits"])
                self.assertNotIn("cpu", container["resources"]["limits"])

    def test_the_migration_is_of_the_same_image_and_settings(self):
        (job,) = self.one("Job", "weir-migration")["spec"]["template"]["spec"]["containers"]
        self.assertEqual(job["image"], self.container["image"])
        self.assertEqual(job["envFrom"], self.container["envFrom"])
        self.assertEqual(self.settings["WEIR_MIGRATE"], "false")

    def test_selectors_find_the_server_and_nothing_else(self):
        labels = self.deployment["spec"]["template"]["metadata"]["labels"]
        job = self.one("Job", "weir-migration")["spec"]["template"]["metadata"]["labels"]
        for selector in (self.deployment["spec"]["selector"]["matchLabels"],
                         self.one("Service", "weir")["spec"]["selector"],
                         self.one("PodDisruptionBudget", "weir")["spec"]["selector"]["matchLabels"],
                         *(c["labelSelector"]["matchLabels"]
                           for c in self.pod["topologySpreadConstraints"])):
            self.assertLessEqual(selector.items(), labels.items())
            self.assertFalse(selector.items() <= job.items())

    def test_the_service_is_headless_with_the_ports_of_the_container(self):
        spec = self.one("Service", "weir")["spec"]
        self.assertEqual(spec["clusterIP"], "None")
        names = {p["name"] for p in self.container["ports"]}
        self.assertEqual({p["targetPort"] for p in spec["ports"]}, names)

    def test_secrets_are_files_from_a_mount(self):
        mounts = [m["mountPath"] for m in self.container["volumeMounts"]]
        for name, value in self.settings.items():
            self.assertNotIn(name, ("WEIR_DATABASE_URL", "WEIR_REDIS_URL", "WEIR_SECRET"))
            if name.endswith("_FILE"):
                self.assertTrue(any(value.startswith(m + "/") for m in mounts), name)

    def test_files_that_settings_name_are_mounted(self):
        mounts = [m["mountPath"] for m in self.container["volumeMounts"]]
        for name, value in self.settings.items():
            if value.startswith("/"):
                self.assertTrue(any(value.startswith(m + "/") for m in mounts), (name, value))
        volumes = {v["name"] for v in self.pod["volumes"]}
        self.assertEqual({m["name"] for m in self.container["volumeMounts"]}, volumes)

    def test_what_is_referred_to_exists(self):
        names = {(o["kind"], o["metadata"]["name"]) for o in self.objects}
        for source in self.container["envFrom"]:
            self.assertIn(("ConfigMap", source["configMapRef"]["name"]), names)
        self.assertIn(("ServiceAccount", self.pod["serviceAccountName"]), names)
        for volume in self.pod["volumes"]:
            if "configMap" in volume:
                self.assertIn(("ConfigMap", volume["configMap"]["name"]), names)

    def test_the_network_policy_lets_the_server_be_called_and_nothing_more(self):
        spec = self.one("NetworkPolicy", "weir")["spec"]
        self.assertEqual(set(spec["policyTypes"]), {"Ingress", "Egress"})
        let_in = {port["port"] for rule in spec["ingress"] for port in rule["ports"]}
        self.assertEqual(let_in, {p["containerPort"] for p in self.container["ports"]})
        for rule in spec["ingress"]:
            self.assertTrue(rule["from"])


class Dev(Rules, unittest.TestCase):
    overlay = "dev"

    def test_it_needs_nothing_from_elsewhere(self):
        secret = self.generated("Secret", "weir")["stringData"]
        self.assertEqual(set(secret), {"database_url", "redis_url", "weir_secret"})
        self.assertGreaterEqual(len(secret["weir_secret"]), 16)
        self.assertEqual([o for o in self.objects if o["kind"] == "HorizontalPodAutoscaler"], [])


class Production(Rules, unittest.TestCase):
    overlay = "production"

    def test_it_survives_the_loss_of_one(self):
        spec = self.one("HorizontalPodAutoscaler", "weir")["spec"]
        self.assertGreaterEqual(spec["minReplicas"], 3)
        self.assertGreater(spec["maxReplicas"], spec["minReplicas"])
        self.assertNotIn("replicas", self.deployment["spec"])
        self.assertEqual(self.one("PodDisruptionBudget", "weir")["spec"]["maxUnavailable"], 1)

    def test_it_grows_by_cpu_and_by_a_number_that_the_server_exports(self):
        by_cpu, by_calls = self.one("HorizontalPodAutoscaler", "weir")["spec"]["metrics"]
        self.assertEqual(by_cpu["resource"]["name"], "cpu")
        metric = by_calls["pods"]["metric"]["name"]
        # The served page is held against the same name in tests/e2e/telemetry_test.py.
        exported = (SOURCE / "server/telemetry/server_metrics.cc").read_text()
        self.assertIn(f'out.gauge("{metric}"', exported)
        # Long before calls are refused.
        self.assertLessEqual(int(by_calls["pods"]["target"]["averageValue"]),
                             int(self.settings["WEIR_MAX_CALLS"]) / 2)
        self.assertTrue(self.one("ServiceMonitor", "weir")["spec"]["endpoints"])

    def test_the_adapter_is_told_of_that_number(self):
        (rule,) = yaml.safe_load((CALLS_IN_PROGRESS / "prometheus_adapter.yaml").read_text())["rules"]
        by_calls = self.one("HorizontalPodAutoscaler", "weir")["spec"]["metrics"][1]
        self.assertEqual(rule["seriesQuery"].split("{")[0], by_calls["pods"]["metric"]["name"])
        self.assertEqual(set(rule["resources"]["overrides"]), {"namespace", "pod"})
        self.assertEqual(set(re.findall(r"<<\.(\w+)>>", rule["metricsQuery"])),
                         {"Series", "LabelMatchers", "GroupBy"})

    def test_a_cluster_without_an_adapter_leaves_one_component_out(self):
        base = kustomize.render(SOURCE / "deploy/kubernetes/base")
        (autoscaler,) = [o for o in base if o["kind"] == "HorizontalPodAutoscaler"]
        self.assertEqual([m["type"] for m in autoscaler["spec"]["metrics"]], ["Resource"])

    def test_no_secret_is_in_the_tree(self):
        self.assertEqual([o for o in self.objects if o["kind"] == "Secret"], [])

    def test_only_known_clients_are_served_and_probes_can_still_ask(self):
        for name in ("WEIR_TLS_CERTIFICATE", "WEIR_TLS_KEY", "WEIR_TLS_CLIENT_CA",
                     "WEIR_AUTHORIZATION_POLICY"):
            self.assertIn(name, self.settings)
        # A kubelet's gRPC probe has no certificate to show.
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertNotIn("grpc", self.container[probe])
            self.assertEqual(self.container[probe]["httpGet"]["port"], "admin")
        self.assertEqual(self.one("Service", "weir")["spec"]["ports"][0]["appProtocol"], "https")

    def test_the_policy_is_about_methods_that_there_are_and_changes_without_a_roll(self):
        (volume,) = [v for v in self.pod["volumes"] if v["name"] == "policy"]
        self.assertEqual(volume["configMap"]["name"], "weir-policy")  # no hash of its content
        policy = self.one("ConfigMap", "weir-policy")["data"]["policy.json"]
        known = harness.methods()
        for rule in json.loads(policy)["allow_rules"]:
            for path in rule["request"]["paths"]:
                self.assertTrue(any(fnmatch.fnmatch(m, path) for m in known), path)

    def test_nobody_explores_it(self):
        self.assertEqual(self.settings["WEIR_REFLECTION"], "false")
        self.assertEqual(self.settings["WEIR_CHANNELZ"], "false")


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.services = yaml.safe_load((SOURCE / "docker-compose.yml").read_text())["services"]

    def test_the_grace_period_exceeds_the_drain(self):
        grace = seconds(self.services["weir"]["stop_grace_period"])
        self.assertGreater(grace, seconds(re.sub("^1m20s$", "80s", defaults()["WEIR_GRACE_PERIOD"])))

    def test_every_setting_is_one_that_the_server_has(self):
        known = set(re.findall(r"WEIR_\w+",
                               subprocess.check_output([SERVER, "--help"], text=True)))
        for name in ("weir", "migrate"):
            ours = {n for n in self.services[name]["environment"] if not n.startswith("OTEL_")}
            self.assertLessEqual(ours, known)

    def test_every_service_has_a_limit_of_memory_and_ours_are_restricted(self):
        for name, service in self.services.items():
            self.assertIn("mem_limit", service, name)
            if service["image"].startswith("weir:"):
                self.assertIs(service["read_only"], True)
                self.assertEqual(service["cap_drop"], ["ALL"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
