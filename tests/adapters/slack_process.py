"""A process of the bot on Slack that can be killed: ``python -m tests.adapters.slack_process``.

The real core on a database file, with a chain that finds one passage; no models. Arguments: a JSON
object with ``url``, ``api_url``, ``bot_token``, ``app_token``, ``seconds`` (what its clock is
ahead) and ``grace``. Prints "listening" when it does. Ends in good order on SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.base import serve
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackConfig
from tests.adapters.desk_bench import open_bench
from tests.adapters.slack_office import LEAVE
from tests.kit.fakes import FixedClock


class _Ahead(FixedClock):
    """The real time, and some seconds more: a lease of now has run out then."""

    def __init__(self, seconds: float):
        super().__init__()
        self._ahead = timedelta(seconds=seconds)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead


async def main(given: dict[str, Any]) -> None:
    """Serve until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = _Ahead(given["seconds"])
    async with open_bench(Path(), url=given["url"], clock=clock) as bench:
        bench.knows("leave", LEAVE)
        config = SlackConfig(
            given["bot_token"], app_token=given["app_token"], api_url=given["api_url"]
        )
        adapter = SlackAdapter(config, bench.desk)
        connect = adapter.connect

        async def connect_and_tell() -> None:
            await connect()
            print("listening", flush=True)

        adapter.connect = connect_and_tell  # type: ignore[method-assign]
        await serve([lambda: adapter], bench.dispatcher, stop, given["grace"])


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
