"""Reads the documents of a branch: of what changed only, and of no other file."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from knowledge.errors import SourceError
from knowledge.sources.git.command import Git, NotThere, end
from knowledge.sources.git.hosts import page_of
from knowledge.sources.globs import is_wanted
from knowledge.sources.others import kind_of
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.types import Validators
from knowledge.web.client import GuardedClient
from knowledge.web.urls import safe_url

if TYPE_CHECKING:
    from knowledge.sources.git.repository import GitOptions

_NAME = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock$|[/.]$))[\w][\w./+@#-]*", re.ASCII)
"""What may be a branch: nothing that Git takes for an option or for more than a name."""
_LFS = b"version https://git-lfs.github.com/spec/"
_LINK, _SUBMODULE = "120000", "160000"

Found = RawDocument | SkippedDocument


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    blob: str


class GitBranch:
    """The documents of one branch, by path; a document is called by its path.

    What lies beside the documents is not fetched, where the host can leave it out.
    """

    def __init__(
        self,
        url: str,
        options: GitOptions,
        client: GuardedClient,
        max_bytes: int,
        *,
        token: str | None = None,
    ) -> None:
        """``max_bytes`` bounds each document. Raises SourceError for a branch that can be none."""
        if options.branch and not _NAME.fullmatch(options.branch):
            raise SourceError(f"{options.branch!a} is not the name of a branch.")
        self._url = url
        self._options = options
        self._client = client
        self._max_bytes = max_bytes
        self._token = token

    async def check(self) -> None:
        """A repository or branch that is not there now will hardly be there tonight."""
        try:
            async with asyncio.timeout(60):
                with tempfile.TemporaryDirectory(prefix="housevoice-git-") as folder:
                    await self._head(await self._git(Path(folder)))
        except NotThere:
            raise
        except (SourceError, TimeoutError):
            return

    async def documents(self, known: Mapping[str, Validators]) -> AsyncIterator[Found]:
        """Every document. Raises :class:`SourceError` if the branch cannot be fetched whole."""
        minutes = self._options.minutes
        with tempfile.TemporaryDirectory(
            prefix="housevoice-git-", ignore_cleanup_errors=True
        ) as folder:
            try:
                async with asyncio.timeout(60 * minutes):
                    git = await self._git(Path(folder))
                    branch, files, found = await self._fetched(git, known)
            except TimeoutError as error:
                raise SourceError(
                    f"Fetching {safe_url(self._url)} took more than {minutes} minutes. Raise "
                    "--minutes, or add a smaller repository."
                ) from error
            for skipped in found:
                yield skipped
            async with aclosing(self._read(git, branch, files, known)) as documents:
                async for document in documents:
                    yield document

    async def _git(self, folder: Path) -> Git:
        addresses = await self._client.addresses(self._url)
        most = self._options.max_mb * 2**20
        return Git(folder, self._url, addresses, max_bytes=most, token=self._token)

    async def _head(self, git: Git) -> tuple[str, str]:
        """The branch's name and its commit."""
        wanted = f"refs/heads/{self._options.branch}" if self._options.branch else "HEAD"
        listed = (await git.run("ls-remote", "--symref", "--", self._url, wanted)).decode(
            "utf-8", "replace"
        )
        branch, commit = self._options.branch, ""
        for line in listed.splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: refs/heads/"):
                branch = branch or value.removeprefix("ref: refs/heads/")
            elif name == wanted:
                commit = value
        if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
            raise NotThere(
                f"{safe_url(self._url)} has no branch {branch}. Check --branch."
                if branch
                else f"{safe_url(self._url)} is empty. Add it once it has documents."
            )
        return branch or "HEAD", commit

    async def _fetched(
        self, git: Git, known: Mapping[str, Validators]
    ) -> tuple[str, list[_File], list[SkippedDocument]]:
        """The branch, its documents, and what lies beside them; what changed of them is here."""
        branch, commit = await self._head(git)
        await git.run("init", "--quiet", "--bare", ".")
        await git.run("remote", "add", "origin", self._url)
        only = ("--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none")
        await git.run("fetch", "--depth=1", *only, "origin", commit)
        files, beside = await self._listed(git, commit)
        changed = {
            each.blob for each in files if known.get(each.path, Validators()).note != each.blob
        }
        missing = await git.run(
            "rev-list", "--objects", "--no-object-names", "--missing=print", commit
        )
        absent = {line[1:] for line in missing.decode().splitlines() if line.startswith("?")}
        if needed := sorted(changed & absent):
            asked = "".join(f"{each}\n" for each in needed).encode()
            await git.run(
                "-c", "fetch.negotiationAlgorithm=noop", "fetch", *only, "origin", given=asked
            )
        return branch, files, beside

    async def _listed(self, git: Git, commit: str) -> tuple[list[_File], list[SkippedDocument]]:
        from knowledge.parsing import PICTURE_EXTENSIONS, SUPPORTED_EXTENSIONS  # slow to import

        read = SUPPORTED_EXTENSIONS | (PICTURE_EXTENSIONS if self._options.ocr else set())
        folder = self._options.subfolder.strip("/")
        tree = f"{commit}:{folder}" if folder else commit
        try:
            listed = await git.run("ls-tree", "-r", "-z", "--full-tree", tree)
        except SourceError as error:
            if not folder:
                raise
            raise NotThere(
                f"{safe_url(self._url)} has no folder {folder}. Check --subfolder."
            ) from error
        files: list[_File] = []
        beside: list[SkippedDocument] = []
        for line in listed.split(b"\0"):
            head, _, raw = line.partition(b"\t")
            if not raw:
                continue
            mode, _, blob = head.decode().split()
            path = raw.decode("utf-8", "backslashreplace")
            if mode == _SUBMODULE:
                beside.append(SkippedDocument(path, "It is a repository.", "submodules"))
            elif mode == _LINK or not is_wanted(path, self._options.include, self._options.exclude):
                continue
            elif path.encode() != raw:
                beside.append(SkippedDocument(path, "Its name is not written in UTF-8. Rename it."))
            elif PurePosixPath(path).suffix.lower() in read:
                files.append(_File(path, blob))
            else:
                beside.append(
                    SkippedDocument(
                        path,
                        "Files of this type cannot be read. Save it in a supported format, "
                        "or exclude it to stop this message.",
                        kind_of(path),
                    )
                )
        return sorted(files, key=lambda each: each.path), beside

    async def _read(
        self, git: Git, branch: str, files: list[_File], known: Mapping[str, Validators]
    ) -> AsyncGenerator[Found, None]:
        process = await git.start("cat-file", "--batch", stdin=True)
        try:
            for each in files:
                content: bytes | None = None
                if known.get(each.path, Validators()).note != each.blob:
                    read = await self._content(process, each)
                    if isinstance(read, SkippedDocument):
                        yield read
                        continue
                    content = read
                name = PurePosixPath(each.path).name
                shown = self._shown(branch, each.path)
                yield RawDocument(each.path, shown, name, content, None, Validators(note=each.blob))
        finally:
            await end(process)

    async def _content(
        self, process: asyncio.subprocess.Process, file: _File
    ) -> bytes | SkippedDocument:
        assert process.stdin is not None  # noqa: S101 - it was started with pipes
        assert process.stdout is not None  # noqa: S101 - likewise
        try:
            async with asyncio.timeout(60):
                process.stdin.write(f"{file.blob}\n".encode())
                await process.stdin.drain()
                told = (await process.stdout.readline()).split()
                if len(told) != 3 or told[1] != b"blob":
                    return SkippedDocument(file.path, "The host did not send it.", is_kept=True)
                size = int(told[2])
                if size > self._max_bytes:
                    left = size + 1
                    while left:
                        left -= len(await process.stdout.readexactly(min(left, 2**20)))
                    return SkippedDocument(
                        file.path,
                        f"The file has {size / 2**20:.1f} MB, more than the "
                        f"{self._max_bytes / 2**20:.1f} MB that are read. Split it.",
                    )
                content = (await process.stdout.readexactly(size + 1))[:-1]
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            raise SourceError(
                f"Git broke off while {safe_url(self._url)} was read. The next run tries again."
            ) from error
        if content.startswith(_LFS):
            return SkippedDocument(
                file.path,
                "It is kept in Git LFS, which is not fetched. Keep it in the repository itself.",
            )
        return content

    def _shown(self, branch: str, path: str) -> str:
        if self._options.base_url:
            return f"{self._options.base_url.rstrip('/')}/{quote(path)}"
        folder = self._options.subfolder.strip("/")
        return page_of(self._url, branch, f"{folder}/{path}" if folder else path)
