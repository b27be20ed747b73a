# SPDX-License-Identifier: Apache-2.0
"""As much of `kubectl kustomize` as deploy/kubernetes uses, for Debian has no kustomize and Kubernetes
has one. A field that it does not know is an error, not ignored."""
import copy
import hashlib
import pathlib

import yaml

KNOWN = {"apiVersion", "kind", "labels", "resources", "components", "configMapGenerator",
         "secretGenerator", "namespace", "images", "patches"}
# The lists that a strategic merge merges element by element, and by which field.
MERGE_KEYS = {"containers": "name", "initContainers": "name", "env": "name", "volumes": "name",
              "volumeMounts": "mountPath"}
CLUSTER_WIDE = {"Namespace"}


def render(directory: pathlib.Path) -> list[dict]:
    """The objects of a kustomization, with all names resolved."""
    objects = _build(directory, [])
    _resolve_generated_names(objects)
    return objects


def _build(directory: pathlib.Path, objects: list[dict]) -> list[dict]:
    """A component is built onto the objects of whoever includes it."""
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    unknown = set(kustomization) - KNOWN
    if unknown:
        raise NotImplementedError(f"{directory}: {sorted(unknown)}")
    for name in kustomization.get("resources", []):
        path = directory / name
        if path.is_dir():
            objects += _build(path, [])
        else:
            objects += [d for d in yaml.safe_load_all(path.read_text()) if d]
    objects += _generated(directory, kustomization)
    for name in kustomization.get("components", []):
        objects = _build(directory / name, objects)
    for patch in kustomization.get("patches", []):
        content = yaml.safe_load((directory / patch["path"]).read_text())
        if "target" in patch:
            _operate(objects, patch["target"], content)
        else:
            _apply(objects, content)
    for labels in kustomization.get("labels", []):
        if set(labels) != {"pairs"}:
            raise NotImplementedError(f"{directory}: labels {sorted(labels)}")
        for each in objects:
            each["metadata"].setdefault("labels", {}).update(labels["pairs"])
    for image in kustomization.get("images", []):
        for container in _containers(objects):
            if container["image"].split(":")[0] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
    if namespace := kustomization.get("namespace"):
        for each in objects:
            if each["kind"] not in CLUSTER_WIDE:
                each["metadata"]["namespace"] = namespace
    return objects


def _generated(directory: pathlib.Path, kustomization: dict) -> list[dict]:
    objects = []
    for kind, field in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
        for generator in kustomization.get(field, []):
            pairs = list(generator.get("literals", []))
            for name in generator.get("envs", []):
                lines = (directory / name).read_text().splitlines()
                pairs += [line for line in lines if line and not line.startswith("#")]
            unknown = set(generator) - {"name", "literals", "envs", "files", "options"}
            options = generator.get("options", {})
            if unknown or set(options) - {"disableNameSuffixHash"}:
                raise NotImplementedError(f"{directory}: {sorted(generator)}, {sorted(options)}")
            data = dict(pair.split("=", 1) for pair in pairs)
            for name in generator.get("files", []):
                data[pathlib.Path(name).name] = (directory / name).read_text()
            field_of = "stringData" if kind == "Secret" else "data"
            objects.append({"apiVersion": "v1", "kind": kind, field_of: data,
                            "metadata": {"name": generator["name"],
                                         "generated": not options.get("disableNameSuffixHash")}})
    return objects


def _apply(objects: list[dict], patch: dict) -> None:
    for index, each in enumerate(objects):
        same = each["kind"] == patch["kind"]
        if same and each["metadata"]["name"] == patch["metadata"]["name"]:
            if patch.get("$patch") == "delete":
                del objects[index]
            else:
                objects[index] = _merge(each, patch, "")
            return
    raise LookupError(f"nothing to patch: {patch['kind']} {patch['metadata']['name']}")


def _operate(objects: list[dict], target: dict, operations: list[dict]) -> None:
    """A JSON patch; all that is used of it is to append to a list."""
    (found,) = [o for o in objects
                if (o["kind"], o["metadata"]["name"]) == (target["kind"], target["name"])]
    for each in operations:
        *parents, last = each["path"].split("/")[1:]
        if (each["op"], last) != ("add", "-"):
            raise NotImplementedError(f"{each['op']} {each['path']}")
        node = found
        for field in parents:
            node = node[field]
        node.append(each["value"])


def _merge_key(base, field: str) -> str | None:
    if field == "ports":  # a container's and a Service's differ
        return "containerPort" if "containerPort" in base[0] else "port"
    return MERGE_KEYS.get(field)


def _merge(base, patch, field: str):
    if isinstance(base, dict) and isinstance(patch, dict):
        merged = dict(base)
        for key, value in patch.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = _merge(base[key], value, key) if key in base else value
        return merged
    key = _merge_key(base, field)
    if key and isinstance(patch, list):
        merged = {each[key]: each for each in base}
        for each in patch:
            merged[each[key]] = _merge(merged[each[key]], each, "") if each[key] in merged else each
        return list(merged.values())
    return copy.deepcopy(patch)


def _containers(objects: list[dict]):
    for each in objects:
        template = each.get("spec", {}).get("template", {}).get("spec", {})
        yield from template.get("containers", [])
        yield from template.get("initContainers", [])


def _resolve_generated_names(objects: list[dict]) -> None:
    """Gives what was generated its hash, there and where it is referred to."""
    renamed = {}
    for each in objects:
        if each["metadata"].pop("generated", False):
            content = yaml.safe_dump([each.get("data"), each.get("stringData")]).encode()
            name = each["metadata"]["name"]
            each["metadata"]["name"] = f"{name}-{hashlib.sha256(content).hexdigest()[:10]}"
            renamed[each["kind"], name] = each["metadata"]["name"]

    def rename(node):
        if isinstance(node, list):
            for child in node:
                rename(child)
        if not isinstance(node, dict):
            return
        for key, kind, field in (("configMapRef", "ConfigMap", "name"),
                                 ("configMap", "ConfigMap", "name"),
                                 ("secret", "Secret", "secretName")):
            reference = node.get(key)
            if isinstance(reference, dict) and (kind, reference.get(field)) in renamed:
                # Two users of one YAML anchor share the object.
                node[key] = reference | {field: renamed[kind, reference[field]]}
        for child in node.values():
            rename(child)

    rename(objects)
