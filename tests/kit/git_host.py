"""A host of Git repositories on the loopback interface: real ones, served by Git's own program."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path


class GitHost:
    """Serves the bare repositories below a folder; ``requests`` has what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answer: Callable[[str, dict[str, str]], bytes | None] = lambda _path, _headers: None
        """A whole answer that is given instead; None: the repository's."""

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split()
        pairs = (line.partition(": ") for line in head[1:] if line)
        headers = {name.lower(): value for name, _, value in pairs}
        self.requests.append((target, headers))
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
        elif "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        given = self.answer(target, headers)
        writer.write(
            given if given is not None else await self._repository(method, target, headers, body)
        )
        await writer.drain()

    async def _repository(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> bytes:
        path, _, query = target.partition("?")
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": method,
                "CONTENT_TYPE": headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
                "GIT_PROTOCOL": headers.get("git-protocol", ""),
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        output, _ = await process.communicate(body)
        head, _, content = output.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if line]
        status = next((line[8:] for line in lines if line.startswith(b"Status: ")), b"200 OK")
        kept = [line for line in lines if not line.startswith(b"Status: ")]
        size = b"Content-Length: %d" % len(content)
        first = b"HTTP/1.1 " + status
        return b"\r\n".join([first, *kept, size, b"Connection: close", b"", content])


class Repository:
    """A repository that is written to on the disk and served by a host."""

    def __init__(self, host: GitHost, name: str = "docs.git") -> None:
        self.url = host.url(name)
        self.bare = host.folder / name
        self.work = host.folder / f"{name}.work"
        self.git(
            "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), at=host.folder
        )
        self.git("config", "uploadpack.allowFilter", "true", at=self.bare)
        self.git("clone", "--quiet", str(self.bare), str(self.work), at=host.folder)

    def git(self, *arguments: str, at: Path | None = None) -> str:
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Ann"), ("EMAIL", "ann@x.example"))
        }
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - whichever Git is there
            cwd=at or self.work,
            env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, **who},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, path: str, content: str | bytes) -> None:
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, branch: str = "main") -> str:
        """Commit all there is and push it; the commit's id."""
        self.git("checkout", "--quiet", "-B", branch)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", "Change")
        self.git("push", "--quiet", "--force", "origin", branch)
        return self.git("rev-parse", "HEAD")


@contextlib.asynccontextmanager
async def running_git_host(folder: Path) -> AsyncIterator[GitHost]:
    """A host that listens until the block ends."""
    host = GitHost(folder)
    server = await asyncio.start_server(host.handle, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
