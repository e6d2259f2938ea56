"""Reads files in processes of its own, each bounded in time and memory.

A parser that runs on, takes all memory or crashes takes its process along, and only its file is
skipped. A process is used for one file after another, as starting it takes about as long as reading
ten pages.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from threading import Timer
from typing import Any, BinaryIO, cast

from knowledge.documents.chunking import Chunk
from knowledge.documents.reading import CountTokens, RawFile, ReadFile
from knowledge.documents.worker import PATIENCE, READY, receive, send
from knowledge.errors import DocumentSkipped, KnowledgeError, StandIn
from knowledge.parsing.recognition import Recogniser
from knowledge.types import LeftOut

MAX_SECONDS = 60.0
MAX_MEMORY = 2**30
"""Bytes of address space, which every system but Windows and macOS holds a process to."""
MAX_MEMORY_RECOGNISING = 2 * 2**30
"""As above, where text in pictures is recognised: a page was seen to take 1.2 GB of it."""

TimerFor = Callable[[float, Callable[[], None]], Timer]
"""Makes what calls a function after so many seconds unless it is cancelled before."""


class ReaderPool:
    """Up to ``size`` processes, started when they are needed.

    ``count_tokens`` goes along to them, and ``recogniser``, without which text in pictures is not
    recognised. ``seconds`` of the processor's time and ``memory`` bound each file (by default
    :data:`MAX_MEMORY`, with a recogniser :data:`MAX_MEMORY_RECOGNISING`); the pool may be used from
    any event loop. Close it, or its processes end with it.
    """

    def __init__(
        self,
        count_tokens: CountTokens,
        recogniser: Recogniser | None = None,
        *,
        size: int = 1,
        seconds: float = MAX_SECONDS,
        memory: int | None = None,
        timer: TimerFor = Timer,
    ) -> None:
        self._tools = (count_tokens, recogniser)
        self._seconds = seconds
        self._memory = memory or (MAX_MEMORY if recogniser is None else MAX_MEMORY_RECOGNISING)
        self._timer = timer
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="documents")
        self._end = weakref.finalize(self, _end_all, self._workers)

    async def read(self, file: RawFile) -> ReadFile:
        """See :class:`knowledge.documents.reading.FileReader`."""
        loop = asyncio.get_running_loop()
        told = await loop.run_in_executor(self._threads, self._ask, file)
        if "skipped" in told:
            if told.get("stands_in"):
                raise StandIn(told["skipped"])
            raise DocumentSkipped(told["skipped"], kind=told.get("kind", ""))
        return _as_read(told)

    def close(self) -> None:
        """End the processes; what is being read is skipped."""
        self._end()
        self._threads.shutdown()

    def _ask(self, file: RawFile) -> dict[str, Any]:
        message = pickle.dumps(file)
        seconds = self._seconds + file.recognise_seconds
        while True:
            worker = self._worker()
            is_fresh = not worker.has_read
            # How long starting it takes is none of the file's.
            reply = worker.read(
                message, self._timer, self._seconds * PATIENCE + file.recognise_seconds
            )
            if reply is not None and not worker.has_overrun:
                told: dict[str, Any] = json.loads(reply)
                if not told.pop("is_spent"):
                    self._idle.append(worker)
                    return told
            else:
                told = {"skipped": self._reason(worker, seconds)}
            self._retire(worker)
            # What crashes a process that others have used gets one of its own, to be judged by.
            if reply is not None or worker.has_overrun or is_fresh or not self._end.alive:
                return told

    def _worker(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            self._retire(worker)
        try:
            worker = _Worker(self._seconds, self._memory)
        except OSError as error:
            raise KnowledgeError(
                f"The process that reads documents cannot be started ({error.strerror}). "
                "Free some memory, or allow more processes and open files, and try again."
            ) from error
        self._workers.append(worker)
        ready = worker.ask(pickle.dumps(self._tools))
        if ready != READY:
            self._retire(worker)
            raise KnowledgeError(
                ready.decode()
                if ready
                else "The process that reads documents ends as soon as it is started. It needs "
                f"{self._memory / 2**30:.2g} GB of address space."
            )
        return worker

    def _retire(self, worker: _Worker) -> None:
        worker.end()
        self._workers.remove(worker)

    def _reason(self, worker: _Worker, seconds: float) -> str:
        if worker.has_overrun:
            return (
                f"Reading it takes longer than {seconds:g} seconds. "
                "Split it, or save it in a simpler format, and add it again."
            )
        return (
            "Reading it crashed its parser, or took more than "
            f"{self._memory / 2**30:.2g} GB of memory. Save it anew in its program, or exclude it."
        )


class _Worker:
    """One process, asked by one thread at a time."""

    def __init__(self, seconds: float, memory: int) -> None:
        self.has_read = self.has_overrun = False
        command = [sys.executable, "-m", "knowledge.documents.worker", str(seconds), str(memory)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries' warnings about files that they read well
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us to handle
        )
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies = cast("BinaryIO", self._process.stdout)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def read(self, message: bytes, timer_for: TimerFor, seconds: float) -> bytes | None:
        """As :meth:`ask`, but the process ends if it takes longer."""
        self.has_read = True
        timer = timer_for(seconds, self._overrun)
        timer.daemon = True
        timer.start()
        try:
            reply = self.ask(message)
            if reply is None:
                self.has_overrun |= self._has_spent_its_time()
            return reply
        finally:
            timer.cancel()
            timer.join()  # once it is past, the process is either whole or known to be ended

    def ask(self, message: bytes) -> bytes | None:
        """The answer; None when the process died over it."""
        try:
            send(self._requests, message)
            return receive(self._replies)
        except (OSError, ValueError):  # ValueError: closed by the pool
            return None

    def _has_spent_its_time(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self._process.returncode == -getattr(signal, "SIGPROF", 0) != 0

    def _overrun(self) -> None:
        self.has_overrun = True
        self._process.kill()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._requests, self._replies):
            with suppress(OSError):  # what was still to be written
                pipe.close()


def _end_all(workers: list[_Worker]) -> None:
    for worker in list(workers):
        worker.end()


def _environment() -> dict[str, str]:
    """Where our modules are, and nothing that a document could give away: no tokens."""
    kept = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LC_ALL")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        # Threads of libraries that parsing hardly uses would take up address space.
        **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "RAYON")},
    }


def _as_read(told: dict[str, Any]) -> ReadFile:
    stated, day = told["access"], told["valid_until"]
    return ReadFile(
        told["title"],
        None if stated is None else frozenset(stated),
        date.fromisoformat(day) if day else None,
        told["language"],
        tuple(Chunk(tuple(headings), *rest) for headings, *rest in told["pieces"]),
        tuple(told["embedded"]),
        tuple(LeftOut(*each) for each in told["left_out"]),
    )
