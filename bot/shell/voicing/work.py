"""What takes minutes: done by a command of the command line, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path

import structlog

from bot.desk.voices.making import Ended, What
from bot.errors import UsageError
from bot.failures import log_failure

_NICE = 10  # it leaves the processor to whoever asks something
_DOING = {"train": ("Training", "trained"), "evaluate": ("Evaluation", "judged")}
_log = structlog.get_logger("housevoice")


class VoiceWork:
    """One at a time: each holds a model or two in memory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._doing = ""
        self._task: asyncio.Task[bool] | None = None
        self._said: dict[str, str] = {}

    @property
    def is_busy(self) -> bool:
        """See :class:`bot.desk.voices.making.Work`."""
        return self._task is not None and not self._task.done()

    def begin(
        self, what: What, name: str, *options: str, ended: Ended | None = None
    ) -> Awaitable[bool]:
        """See :class:`bot.desk.voices.making.Work`."""
        if self.is_busy:
            raise UsageError(f"{self._doing}: one after the other.")
        self._doing = f"{name} is being {_DOING[what][1]}"
        self._say(what, name, "it begins")
        doing = self._do(what, name, options, ended)
        self._task = asyncio.create_task(doing, name=f"voice {what}")
        return self._task

    def progress(self, name: str) -> str:
        """See :class:`bot.desk.voices.making.Work`."""
        return self._said.get(name, "")

    async def aclose(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _say(self, what: What, name: str, words: str) -> None:
        self._said[name] = f"{_DOING[what][0]}: {words}"

    async def _do(
        self, what: What, name: str, options: tuple[str, ...], ended: Ended | None
    ) -> bool:
        went_well = await self._run(what, name, options)
        if ended is not None:
            try:
                await ended(went_well)
            except Exception as error:  # a database that is away: the report lies in the files
                log_failure("voice_work_not_told", error)
        return went_well

    async def _run(self, what: What, name: str, options: tuple[str, ...]) -> bool:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "voice", what, name, *options),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOUSEVOICE_VOICES": str(self._root.absolute())},
        )
        with suppress(AttributeError, ProcessLookupError):  # not on Windows; it may have ended
            os.setpriority(os.PRIO_PROCESS, running.pid, _NICE)
        try:
            assert running.stderr is not None  # noqa: S101 - it was asked for above
            async for line in running.stderr:
                if told := line.decode(errors="replace").strip():
                    self._say(what, name, told)
            code = await running.wait()
            _log.info("voice_work_done", what=what, voice=name, exit=code)
        finally:
            if running.returncode is None:
                running.terminate()
                await running.wait()
        return code == 0
