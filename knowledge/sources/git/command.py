"""Git as a program that reaches one address only, runs nothing of a repository, and is bounded."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from knowledge.errors import SourceError
from knowledge.web.urls import safe_url

_MEMORY_KB = 4 * 2**20
_PASSED_ON = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "GIT_SSL_CAINFO", "SSL_CERT_FILE")
_MOST_OUTPUT = 100 * 2**20
"""Bytes of a list of files; a million of them have that."""
# Files that it writes cannot grow beyond a bound, nor its memory; then it is the program itself.
_BOUNDED = 'ulimit -f "$1" && ulimit -v "$2" && shift 2 && exec git "$@"'


class Git:
    """Git in one folder, for one repository.

    It connects to the addresses that were checked (curl's ``--resolve``), follows no redirect,
    asks nobody for a password and speaks http(s) only. Nothing is checked out, so no hook, filter
    or submodule of the repository is ever run.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        addresses: Sequence[str],
        *,
        max_bytes: int,
        token: str | None = None,
    ) -> None:
        """``addresses``: of the URL's host, checked; ``max_bytes``: of each file that it writes."""
        self._folder = folder
        self._url = url
        self._max_bytes = max_bytes
        self._environment = {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "HOME": str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            **_configured(_settings(url, addresses, token)),
        }

    async def start(self, *arguments: str, stdin: bool = False, told: bool = False) -> Process:
        """A process with pipes; ``told``: for its messages, too. Raises SourceError without one."""
        blocks = str(self._max_bytes // 512 + 1)
        try:
            process = await asyncio.create_subprocess_exec(
                "/bin/sh",
                *("-c", _BOUNDED, "git", blocks, str(_MEMORY_KB), *arguments),
                cwd=self._folder,
                env=self._environment,
                stdin=PIPE if stdin else DEVNULL,
                stdout=PIPE,
                stderr=PIPE if told else DEVNULL,
                start_new_session=True,
                limit=2**20,
            )
        except OSError as error:
            raise SourceError(f"Git cannot be started ({error.strerror}).") from error
        return process

    async def run(self, *arguments: str, given: bytes = b"") -> bytes:
        """What it writes. Raises :class:`SourceError` if it fails, saying what to do."""
        if given:
            arguments = (*arguments, "--stdin")
        process = await self.start(*arguments, stdin=bool(given), told=True)
        try:
            output, said = await process.communicate(given or None)
        finally:
            await end(process)
        if process.returncode != 0:
            raise self._failure(process.returncode or 0, (said or b"").decode("utf-8", "replace"))
        if len(output) > _MOST_OUTPUT:
            raise SourceError(f"{safe_url(self._url)} has more files than can be listed.")
        return output

    def _failure(self, status: int, said: str) -> SourceError:
        place, words = safe_url(self._url), said.lower()
        if (
            status in (-signal.SIGXFSZ, 128 + signal.SIGXFSZ)
            or f"signal {signal.SIGXFSZ:d}" in words
        ):
            return SourceError(
                f"{place} has more than the {self._max_bytes // 2**20} MB that are fetched of a "
                "repository. Raise --max-mb, or add its documents in another way."
            )
        if status == 127:
            return SourceError(
                "Git is not installed where the bot runs. Install it (apt install git)."
            )
        if any(
            each in words for each in ("authentication failed", "could not read", " 403", " 401")
        ):
            return NotThere(
                f"{place} does not exist, or takes a token to be read. Check the address; name a "
                "token with 'housevoice source add --token'."
            )
        if "not found" in words or " 404" in words:
            return NotThere(f"There is no repository {place}. Check the address.")
        if " 30" in words or "redirect" in words:
            return NotThere(f"{place} has moved. Open it in a browser and add the address there.")
        return SourceError(
            f"{place} could not be fetched. Check that it opens in a browser and that its "
            "certificate is valid; the next run tries again."
        )


class NotThere(SourceError):
    """No later run will find it."""


async def end(process: Process) -> None:
    """Kill it with all that it started, if it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _settings(url: str, addresses: Sequence[str], token: str | None) -> list[tuple[str, str]]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    pinned = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
    settings = [
        ("protocol.allow", "never"),
        (f"protocol.{parts.scheme}.allow", "always"),
        ("protocol.version", "2"),
        ("http.followRedirects", "false"),
        ("http.proxy", ""),
        ("http.curloptResolve", f"{parts.hostname}:{port}:{pinned}"),
        ("http.lowSpeedLimit", "1000"),
        ("http.lowSpeedTime", "30"),
        ("credential.helper", ""),
        ("core.hooksPath", os.devnull),
        ("fetch.recurseSubmodules", "false"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("init.defaultBranch", "none"),
    ]
    if token:
        # Any name will do at GitHub, GitLab and Gitea; Bitbucket wants this one.
        name = "x-token-auth" if parts.hostname == "bitbucket.org" else "x-access-token"
        signed = base64.b64encode(f"{name}:{token}".encode()).decode()
        settings.append(("http.extraHeader", f"Authorization: Basic {signed}"))
    return settings


def _configured(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Git's configuration as environment, where other users of the machine do not see it."""
    told = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        told |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return told
