"""The container, the composition and the systemd unit, held against what the code knows."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.shell.settings import Settings
from tests.docs_tables import PROJECT, variables

SECRETS_OF_SERVERS = {"POSTGRES_PASSWORD"}
"""What ``.env`` holds for a server besides the bot's settings."""
OURS = re.compile(r"\b(?:HOUSEVOICE|SLACK|DISCORD|WEAVIATE|DATABASE)_[A-Z_]+\b")


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """The instructions of the Containerfile with what they are given, in order."""
    text = (PROJECT / "Containerfile").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    whole = "\n".join(lines).replace("\\\n", " ")
    split = (line.partition(" ") for line in whole.splitlines() if line.strip())
    return [(word, " ".join(rest.split())) for word, _, rest in split]


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    """``compose.yaml``."""
    return dict(yaml.safe_load((PROJECT / "compose.yaml").read_text("utf-8")))


@pytest.fixture(scope="module")
def unit() -> list[tuple[str, str]]:
    """The keys of the unit with their values, in order; one may stand there twice."""
    lines = (PROJECT / "housevoice.service").read_text("utf-8").splitlines()
    found = (line.partition("=") for line in lines if line and line[0] not in "#[")
    return [(key, value) for key, _, value in found]


def given(steps: list[tuple[str, str]], instruction: str) -> list[str]:
    return [rest for word, rest in steps if word == instruction]


class TestTheImage:
    def test_sets_only_what_is_a_setting(self, steps: list[tuple[str, str]]) -> None:
        named = set(OURS.findall(" ".join(given(steps, "ENV"))))
        assert {"HOUSEVOICE_DATA"} <= named <= variables().keys()

    def test_runs_as_nobody_who_may_do_more(self, steps: list[tuple[str, str]]) -> None:
        user = [word for word, _ in steps].index("USER")
        assert steps[user][1].isdigit()
        assert int(steps[user][1]) > 0
        assert not {"RUN", "COPY", "ADD", "FROM"} & {word for word, _ in steps[user:]}

    def test_writes_into_its_volume_alone(self, steps: list[tuple[str, str]]) -> None:
        [volume] = given(steps, "VOLUME")
        assert f"HOUSEVOICE_DATA={volume.strip('[]').strip(chr(34))}" in " ".join(
            given(steps, "ENV")
        )

    def test_is_built_from_what_is_there_and_let_in(self, steps: list[tuple[str, str]]) -> None:
        let_in = {
            line[1:]
            for line in (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
            if line.startswith("!")
        }
        copied = {
            name
            for rest in given(steps, "COPY")
            if not rest.startswith("--from")
            for name in rest.split()[:-1]
        }
        assert copied == let_in
        assert [name for name in copied if not (PROJECT / name).exists()] == []

    def test_has_all_that_the_program_imports(self, steps: list[tuple[str, str]]) -> None:
        project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
        packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
        copied = {name for rest in given(steps, "COPY") for name in rest.split()[:-1]}
        assert {name.rstrip("*") for name in packages} <= copied
        [extras] = [rest for rest in given(steps, "ARG") if rest.startswith("EXTRAS=")]
        chosen = extras.partition("=")[2].strip('"').split(",")
        assert set(chosen) <= project["project"]["optional-dependencies"].keys()

    def test_has_a_python_that_the_program_runs_on(self, steps: list[tuple[str, str]]) -> None:
        bases = {rest.split()[0] for rest in given(steps, "FROM")}
        assert len(bases) == 1
        found = re.fullmatch(r"python:3\.(\d+)-slim-\w+", bases.pop())
        assert found is not None
        assert 11 <= int(found[1]) <= 13

    def test_refuses_a_torch_that_brings_cuda(self, steps: list[tuple[str, str]]) -> None:
        assert any("torch.version.cuda is None" in rest for rest in given(steps, "RUN"))

    def test_is_asked_for_a_sign_of_life(self, steps: list[tuple[str, str]]) -> None:
        [health] = given(steps, "HEALTHCHECK")
        [address] = re.findall(r"HOUSEVOICE_CONSOLE=(\S+)", " ".join(given(steps, "ENV")))
        assert f"http://{address}/healthz" in health
        probes = (PROJECT / "adapters" / "browser" / "probes.py").read_text("utf-8")
        assert 'Route("/healthz"' in probes


class TestTheComposition:
    def test_tells_the_bot_only_what_is_a_setting(self, composed: dict[str, Any]) -> None:
        told = composed["services"]["bot"]["environment"]
        assert told.keys() <= variables().keys()
        text = (PROJECT / "compose.yaml").read_text("utf-8")
        assert set(OURS.findall(text)) <= variables().keys()
        inserted = set(re.findall(r"\$\{(\w+)", text))
        assert inserted <= variables().keys() | SECRETS_OF_SERVERS

    def test_sends_the_bot_to_servers_that_are_there(self, composed: dict[str, Any]) -> None:
        services, bot = composed["services"], composed["services"]["bot"]
        hosts = re.findall(r"(?:@|//)(\w+)[:/]\w", " ".join(bot["environment"].values()))
        assert {"postgres", "weaviate"} == {each for each in hosts if each in services}
        assert {
            name: services[name]["healthcheck"] is not None and how["condition"]
            for name, how in bot["depends_on"].items()
        } == {"weaviate": "service_healthy", "postgres": "service_healthy"}

    def test_gives_the_bot_no_right_that_it_does_not_need(self, composed: dict[str, Any]) -> None:
        bot = composed["services"]["bot"]
        assert bot["read_only"] is True
        assert bot["cap_drop"] == ["ALL"]
        assert bot["security_opt"] == ["no-new-privileges:true"]
        assert bot["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's own
        assert "ports" not in bot

    def test_gives_the_bot_time_to_end(self, composed: dict[str, Any]) -> None:
        seconds = composed["services"]["bot"]["stop_grace_period"].removesuffix("s")
        assert int(seconds) > Settings.model_fields["shutdown_seconds"].default

    def test_listens_on_this_machine_alone(self, composed: dict[str, Any]) -> None:
        ports = [port for each in composed["services"].values() for port in each.get("ports", ())]
        assert ports
        assert [port for port in ports if not port.startswith("127.0.0.1:")] == []

    def test_pins_every_image_and_keeps_every_volume(self, composed: dict[str, Any]) -> None:
        services = composed["services"]
        images = {each["image"] for name, each in services.items() if name != "bot"}
        assert [each for each in images if ":" not in each or each.endswith(":latest")] == []
        mounts = (mount for each in services.values() for mount in each["volumes"])
        named = {mount.split(":")[0] for mount in mounts if not mount.startswith("./")}
        assert named == composed["volumes"].keys()

    def test_starts_no_more_than_the_servers_unless_it_is_asked_to(
        self, composed: dict[str, Any]
    ) -> None:
        profiles = {name: each.get("profiles") for name, each in composed["services"].items()}
        assert profiles == {"weaviate": None, "postgres": None, "bot": ["bot"], "vllm": ["vllm"]}

    def test_serves_a_voice_that_is_there_as_a_lora(self, composed: dict[str, Any]) -> None:
        command = composed["services"]["vllm"]["command"]
        assert "--enable-lora" in command
        [lora] = [each for each in command if each.startswith("--lora-modules=")]
        voice, _, folder = lora.removeprefix("--lora-modules=").partition("=")
        assert voice == Settings.model_fields["voice"].default
        assert f"./loras:{Path(folder).parent}:ro" in composed["services"]["vllm"]["volumes"]


class TestTheUnit:
    def test_sets_only_what_is_a_setting(self, unit: list[tuple[str, str]]) -> None:
        named = {value.partition("=")[0] for key, value in unit if key == "Environment"}
        assert named <= variables().keys()

    def test_keeps_its_data_where_it_may_write(self, unit: list[tuple[str, str]]) -> None:
        told = dict(unit)
        assert told["Environment"] == f"HOUSEVOICE_DATA=/var/lib/{told['StateDirectory']}"
        assert told["ProtectSystem"] == "strict"

    def test_gives_the_bot_time_to_end(self, unit: list[tuple[str, str]]) -> None:
        limit = Settings.model_fields["shutdown_seconds"].default
        assert int(dict(unit)["TimeoutStopSec"]) > limit

    def test_is_understood_by_systemd(self, tmp_path: Path) -> None:
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            pytest.skip("systemd-analyze is not installed")
        text = (PROJECT / "housevoice.service").read_text("utf-8")
        program = re.compile(r"^ExecStart=\S+", re.M)
        copy = tmp_path / "housevoice.service"
        copy.write_text(program.sub("ExecStart=/bin/true", text), "utf-8")
        done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True)
        assert list(_faults(done.stderr, copy.name)) == []
        copy.write_text(text.replace("TimeoutStopSec=60", "TimeoutStopSec=soon"), "utf-8")
        done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True)
        assert list(_faults(done.stderr, copy.name))


def _faults(told: str, unit: str) -> Iterator[str]:
    """Of our unit: others of the machine may have some too."""
    return (line for line in told.splitlines() if unit in line)
