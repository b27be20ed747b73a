#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The observability profile of docker-compose.yml: what its files name must be there, and without it the
servers must not send anything."""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest
import urllib.parse

import yaml

SOURCE = pathlib.Path(os.environ["WEIR_SOURCE_DIR"])
ENV_FILE = SOURCE / "deploy/observability/compose.env"


def load(name: str):
    return yaml.safe_load((SOURCE / name).read_text())


def compose_command() -> list[str] | None:
    if shutil.which("docker"):
        version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if version.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


@functools.cache
def services() -> dict:
    return load("docker-compose.yml")["services"]


def of_profile() -> dict:
    return {n: s for n, s in services().items() if s.get("profiles") == ["observability"]}


def mounts(name: str) -> dict[str, pathlib.Path]:
    """Where in the container -> which file or directory of the tree."""
    found = {}
    for each in services()[name].get("volumes", []):
        source, target = each.split(":")[:2]
        if source.startswith("."):
            found[target] = SOURCE / source
    return found


def in_tree(service: str, path: str) -> pathlib.Path:
    """The file of the tree that a container sees at this path."""
    for target, source in mounts(service).items():
        if path == target:
            return source
        if path.startswith(target + "/"):
            return source / path[len(target) + 1:]
    raise LookupError(f"{service} has nothing mounted at {path}")


class Profile(unittest.TestCase):
    def test_it_is_four_pinned_images_that_nothing_waits_for(self):
        self.assertEqual(set(of_profile()), {"collector", "jaeger", "prometheus", "grafana"})
        for name, service in of_profile().items():
            self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+$", name)
            self.assertNotIn("build", service)
        for name, service in services().items():
            waits_for = set(service.get("depends_on", {}))
            self.assertEqual(waits_for & set(of_profile()), set(), name)

    def test_what_is_mounted_is_in_the_tree(self):
        for name in services():
            for source in mounts(name).values():
                self.assertTrue(source.exists(), f"{name}: {source}")

    def test_its_ports_are_for_this_machine_alone(self):
        for name, service in of_profile().items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_traces_are_sent_only_when_it_is_on(self):
        environment = services()["weir"]["environment"]
        for name, value in environment.items():
            if name.startswith("OTEL_"):  # which the server takes, if empty, for not set
                self.assertEqual(value, f"${{{name}:-}}")
        given = dict(line.split("=", 1) for line in ENV_FILE.read_text().splitlines()
                     if line and not line.startswith("#"))
        self.assertEqual(given.pop("COMPOSE_PROFILES"), "observability")
        self.assertLessEqual(set(given), set(environment))
        endpoint = urllib.parse.urlsplit(given["OTEL_EXPORTER_OTLP_ENDPOINT"])
        self.assertEqual((endpoint.scheme, endpoint.hostname), ("http", "collector"))
        receiver = load("deploy/observability/collector.yaml")["receivers"]["otlp"]
        self.assertEqual(receiver["protocols"]["grpc"]["endpoint"], f"0.0.0.0:{endpoint.port}")


class Rendered(unittest.TestCase):
    """By Compose itself, of whichever age is installed."""

    def setUp(self):
        self.compose = compose_command()
        if self.compose is None:
            self.skipTest("neither docker compose nor docker-compose is installed")

    def render(self, *options: str) -> dict:
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("OTEL_", "COMPOSE_", "WEIR_"))}
        text = subprocess.check_output([*self.compose, *options, "config"], cwd=SOURCE, text=True,
                                       env=environment)
        return yaml.safe_load(text)["services"]

    def test_without_the_profile(self):
        rendered = self.render()
        self.assertLessEqual({"postgres", "redis", "migrate", "weir", "demo"}, set(rendered))
        for value in (v for n, v in rendered["weir"]["environment"].items() if n.startswith("OTEL_")):
            self.assertEqual(value, "")

    def test_with_the_profile(self):
        rendered = self.render("--env-file", str(ENV_FILE))
        self.assertLessEqual(set(of_profile()), set(rendered))
        self.assertEqual(rendered["weir"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"],
                         "http://collector:4317")


class Collector(unittest.TestCase):
    def setUp(self):
        self.config = load("deploy/observability/collector.yaml")

    def test_it_is_told_where_its_configuration_is(self):
        (option,) = services()["collector"]["command"]
        self.assertEqual(in_tree("collector", option.removeprefix("--config=")),
                         SOURCE / "deploy/observability/collector.yaml")

    def test_pipelines_name_what_is_defined_and_use_all_of_it(self):
        pipelines = self.config["service"]["pipelines"].values()
        for kind in ("receivers", "processors", "exporters"):
            used = {name for pipeline in pipelines for name in pipeline[kind]}
            self.assertEqual(used, set(self.config[kind]))
            self.assertTrue(used)

    def test_it_exports_to_a_service_of_the_profile(self):
        for exporter in self.config["exporters"].values():
            self.assertIn(exporter["endpoint"].split(":")[0], of_profile())

    def test_it_refuses_before_the_kernel_ends_it(self):
        limit = int(re.fullmatch(r"(\d+)m", services()["collector"]["mem_limit"]).group(1))
        self.assertEqual(self.config["service"]["pipelines"]["traces"]["processors"][0], "memory_limiter")
        self.assertLess(self.config["processors"]["memory_limiter"]["limit_mib"], limit)


class Prometheus(unittest.TestCase):
    def setUp(self):
        self.config = load("deploy/prometheus/prometheus.yaml")

    def test_it_is_told_where_its_configuration_is(self):
        option = services()["prometheus"]["command"][0]
        self.assertEqual(in_tree("prometheus", option.removeprefix("--config.file=")),
                         SOURCE / "deploy/prometheus/prometheus.yaml")

    def test_it_finds_every_replica_by_name_at_the_admin_port(self):
        (job,) = self.config["scrape_configs"]
        (found,) = job["dns_sd_configs"]
        self.assertEqual((found["names"], found["type"]), (["weir"], "A"))
        dockerfile = (SOURCE / "deploy/docker/Dockerfile").read_text()
        self.assertIn(f"WEIR_ADMIN_ADDRESS=[::]:{found['port']}", dockerfile)

    def test_it_has_our_rules(self):
        for name in self.config["rule_files"]:
            self.assertTrue((SOURCE / "deploy/prometheus" / name).exists(), name)


class Grafana(unittest.TestCase):
    def provisioned(self, kind: str) -> list[dict]:
        directory = in_tree("grafana", f"/etc/grafana/provisioning/{kind}")
        found = [yaml.safe_load(path.read_text()) for path in directory.glob("*.yaml")]
        self.assertTrue(found)
        for each in found:
            self.assertEqual(each["apiVersion"], 1)
        return found

    def test_its_sources_are_services_of_the_profile(self):
        sources = [s for each in self.provisioned("datasources") for s in each["datasources"]]
        self.assertEqual({s["type"] for s in sources}, {"prometheus", "jaeger"})
        self.assertEqual([s["type"] for s in sources if s.get("isDefault")], ["prometheus"])
        for source in sources:
            url = urllib.parse.urlsplit(source["url"])
            published = [p.rsplit(":", 1)[1] for p in services()[url.hostname]["ports"]]
            self.assertIn(str(url.port), published)

    def test_its_rates_are_over_the_interval_that_prometheus_scrapes_at(self):
        (source,) = [s for each in self.provisioned("datasources") for s in each["datasources"]
                     if s["type"] == "prometheus"]
        self.assertEqual(source["jsonData"]["timeInterval"],
                         load("deploy/prometheus/prometheus.yaml")["global"]["scrape_interval"])

    def test_its_dashboards_are_where_it_looks_for_them(self):
        for provider in (p for each in self.provisioned("dashboards") for p in each["providers"]):
            path = provider["options"]["path"]
            below = [s for t, s in mounts("grafana").items() if t.startswith(path + "/")]
            self.assertTrue(below)
            for dashboard in below:
                self.assertTrue(json.loads(dashboard.read_text())["panels"])
        home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertTrue(in_tree("grafana", home).exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
