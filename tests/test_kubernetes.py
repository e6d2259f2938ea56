"""The folder for Kubernetes, held against the image, the settings and the console's own rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from adapters.browser.config import BrowserConfig, host_and_port
from bot.shell.settings import Settings
from tests.docs_tables import PROJECT, variables

FOLDER = PROJECT / "deploy" / "kubernetes"
IMAGE = (PROJECT / "Containerfile").read_text("utf-8")


@cache
def objects() -> Mapping[tuple[str, str], Any]:
    """All that is made, by its kind and name."""
    told = kustomization()["resources"]
    made = (each for name in told for each in yaml.safe_load_all((FOLDER / name).read_text()))
    return {(each["kind"], each["metadata"]["name"]): each for each in made}


def kustomization() -> Any:
    return yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))


def settings() -> dict[str, str]:
    lines = (FOLDER / "settings.env").read_text("utf-8").splitlines()
    told = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in told}


def pod() -> Any:
    return objects()["StatefulSet", "housevoice"]["spec"]["template"]


def bot() -> Any:
    [container] = pod()["spec"]["containers"]
    return container


def test_every_file_of_the_folder_is_used() -> None:
    told = kustomization()
    used = {
        *told["resources"],
        *(name for each in told["configMapGenerator"] for name in each["envs"]),
    }
    assert used | {"kustomization.yaml"} == {each.name for each in FOLDER.iterdir()}


def test_what_is_set_is_a_setting_that_the_console_takes() -> None:
    told = settings()
    assert told.keys() <= variables().keys()
    host, port = host_and_port(told["HOUSEVOICE_CONSOLE"])
    proxies = tuple(json.loads(told["HOUSEVOICE_CONSOLE_PROXIES"]))
    address = told["HOUSEVOICE_CONSOLE_URL"]
    BrowserConfig(host, port, address, b"key", proxies=proxies)
    named = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", (FOLDER / "settings.env").read_text("utf-8")))
    assert named <= variables().keys()


def test_the_pod_is_the_image_without_further_rights() -> None:
    [user] = re.findall(r"^USER (\d+)$", IMAGE, re.M)
    own = pod()["spec"]["securityContext"]
    assert own["runAsNonRoot"] is True
    assert {own[each] for each in ("runAsUser", "runAsGroup", "fsGroup")} == {int(user)}
    assert bot()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod()["spec"]["automountServiceAccountToken"] is False


def test_all_that_is_written_goes_where_it_may() -> None:
    there = {each["mountPath"]: each["name"] for each in bot()["volumeMounts"]}
    assert there.keys() == {settings()["HOUSEVOICE_DATA"], "/tmp"}  # noqa: S108 - the pod's own
    volumes = {each["name"]: each for each in pod()["spec"]["volumes"]}
    assert set(there.values()) == volumes.keys()
    claim = volumes["data"]["persistentVolumeClaim"]["claimName"]
    # Several pods of several machines share it.
    claimed = objects()["PersistentVolumeClaim", claim]["spec"]["accessModes"]
    assert claimed == ["ReadWriteMany"]


def test_it_is_given_time_to_end() -> None:
    grace = pod()["spec"]["terminationGracePeriodSeconds"]
    assert grace > Settings.model_fields["shutdown_seconds"].default


def test_it_is_asked_for_signs_of_life_that_it_gives() -> None:
    probes = (PROJECT / "adapters" / "browser" / "probes.py").read_text("utf-8")
    for each in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = bot()[each]["httpGet"]
        assert f'Route("{asked["path"]}"' in probes
        assert asked["port"] == bot()["ports"][0]["name"]
    assert bot()["ports"][0]["containerPort"] == host_and_port(settings()["HOUSEVOICE_CONSOLE"])[1]


def test_what_points_to_pods_finds_them() -> None:
    labels = pod()["metadata"]["labels"]
    for (kind, name), made in objects().items():
        spec = made["spec"]
        if kind in ("StatefulSet", "PodDisruptionBudget"):
            assert spec["selector"]["matchLabels"] == labels, name
        elif kind == "Service":
            chosen = dict(spec["selector"])
            assert (
                chosen.pop("statefulset.kubernetes.io/pod-name", "housevoice-0") == "housevoice-0"
            )
            assert chosen == labels, name
    assert objects()["StatefulSet", "housevoice"]["spec"]["serviceName"] == "housevoice"


def test_people_come_to_the_console_by_its_own_address_over_tls() -> None:
    ingress = objects()["Ingress", "housevoice"]["spec"]
    host = settings()["HOUSEVOICE_CONSOLE_URL"].removeprefix("https://")
    assert [each["host"] for each in ingress["rules"]] == [host]
    assert [each["hosts"] for each in ingress["tls"]] == [[host]]
    [path] = ingress["rules"][0]["http"]["paths"]
    service = path["backend"]["service"]
    assert ("Service", service["name"]) in objects()
    ports = objects()["Service", service["name"]]["spec"]["ports"]
    assert service["port"]["name"] in {each["name"] for each in ports}


def test_kustomize_puts_it_together() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run([kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    assert len(made) == len(objects()) + 1  # the settings too
    [config] = [each for each in made if each["kind"] == "ConfigMap"]
    assert config["data"] == settings()
    assert config["metadata"]["name"] in done.stdout.split("envFrom:")[1]
