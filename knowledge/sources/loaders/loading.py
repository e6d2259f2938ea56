"""Runs a loader in its process, and takes the documents that come out of it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from knowledge.errors import SourceError
from knowledge.sources.loaders.allowed import Loader
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.types import Validators
from knowledge.web.client import GuardedClient
from knowledge.web.proxy import Connect, GuardedProxy

_MOST_BYTES = 500 * 2**20
_ROOT = Path(__file__).resolve().parents[3]
_PASSED_ON = ("PATH", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTPLIB2_CA_CERTS")


class Loading:
    """The documents of one loader; a document is called by its id at its service."""

    def __init__(
        self,
        loader: Loader,
        arguments: Mapping[str, Any],
        client: GuardedClient,
        max_bytes: int,
        *,
        minutes: int,
        connect: Connect = asyncio.open_connection,
    ) -> None:
        """``arguments``: the loader's, secrets among them. ``max_bytes`` bounds each document."""
        self._loader = loader
        self._arguments = dict(arguments)
        self._client = client
        self._max_bytes = max_bytes
        self._minutes = minutes
        self._connect = connect

    async def check(self) -> None:
        """A first document tells that the arguments are right; without one the run tells why."""
        documents = self.documents({})
        try:
            await anext(documents, None)
        except _Missing:
            raise
        except SourceError as error:
            if "Error: " in str(error) and "may reach" not in str(error):
                raise
        finally:
            await documents.aclose()

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncGenerator[RawDocument | SkippedDocument, None]:
        """Every document that the loader gives. Raises SourceError unless it came to its end."""
        given: set[str] = set()
        async with GuardedProxy(
            self._client, max_bytes=_MOST_BYTES, connect=self._connect
        ) as proxy:
            with tempfile.TemporaryDirectory(
                prefix="housevoice-loader-", ignore_cleanup_errors=True
            ) as home:
                async with contextlib.aclosing(self._lines(proxy, home)) as lines:
                    async for told in lines:
                        if "text" not in told:
                            self._refuse(told, proxy)
                            return
                        found = self._document(told, len(given) + 1, known)
                        if found.document not in given:
                            given.add(found.document)
                            yield found
        raise SourceError(
            "The loader ended before it was through: it took too much memory, or crashed."
        )

    async def _lines(self, proxy: GuardedProxy, home: str) -> AsyncGenerator[dict[str, Any], None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "knowledge.sources.loaders.worker"),
            env={
                **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                "HOME": home,
                "PYTHONPATH": str(_ROOT),
                "HTTP_PROXY": proxy.url,
                "HTTPS_PROXY": proxy.url,
                "http_proxy": proxy.url,
                "https_proxy": proxy.url,
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=4 * self._max_bytes + 2**20,
        )
        assert process.stdin is not None  # noqa: S101 - it was started with pipes
        assert process.stdout is not None  # noqa: S101 - likewise
        try:
            async with asyncio.timeout(60 * self._minutes):
                process.stdin.write(self._told(proxy))
                await process.stdin.drain()
                while line := await process.stdout.readline():
                    yield json.loads(line)
        except TimeoutError as error:
            raise SourceError(
                f"The loader took more than {self._minutes} minutes. Raise --minutes, or choose "
                "less with its arguments."
            ) from error
        except (OSError, ValueError) as error:  # gone, or a line without an end
            raise SourceError(
                "The loader broke off, or gave a document that is too large. Choose less with its "
                "arguments."
            ) from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _told(self, proxy: GuardedProxy) -> bytes:
        place = urlsplit(proxy.url)
        return (
            json.dumps(
                {
                    "module": self._loader.module,
                    "name": self._loader.name,
                    "arguments": self._arguments,
                    "secrets": [
                        each for each in self._arguments.values() if isinstance(each, str) and each
                    ],
                    "host": place.hostname,
                    "port": place.port,
                }
            ).encode()
            + b"\n"
        )

    def _refuse(self, told: dict[str, Any], proxy: GuardedProxy) -> None:
        """Raise SourceError for what a loader says in place of a document, but for its end."""
        if "missing" in told:
            raise _Missing(
                f"The loader needs {told['missing']}, which is not installed. Install the extra: "
                "pip install 'housevoice[loaders]'."
            )
        if "error" in told:
            refused = f" {proxy.refusals[0]}" if proxy.refusals else ""
            raise SourceError(
                f"The loader gave up.{refused} It says: {told['error']} Check its arguments with "
                "docs/sources.md; the next run tries again."
            )

    def _document(
        self, told: dict[str, Any], number: int, known: Mapping[str, Validators]
    ) -> RawDocument | SkippedDocument:
        metadata, loader = told["metadata"], self._loader
        id = _first(metadata, loader.id)
        if not id:
            return SkippedDocument(f"document {number}", "The loader does not say what it is.")
        if not told["text"].strip():
            return SkippedDocument(id, "It has no text.", "documents without text")
        title = " ".join(_first(metadata, loader.title).split())
        url = _first(metadata, loader.url) or loader.page.format(id=id.replace("-", ""))
        heading = f"# {title}\n\n" if title else ""
        content = f"{heading}{told['text']}".encode("utf-8", "replace")
        note = f"sha {hashlib.sha256(content + url.encode()).hexdigest()[:32]}"
        is_known = known.get(id, Validators()).note == note
        return RawDocument(
            id,
            url if url.startswith(("https://", "http://")) else "",
            f"{title or id}.md".replace("/", "-"),
            None if is_known else content,
            None,
            Validators(note=note),
        )


class _Missing(SourceError):
    """A package that is not installed."""


def _first(metadata: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(metadata[name]).strip() for name in names if metadata.get(name)), "")
