"""How long a colleague waits on Slack and Discord, against the assistant alone.

    python -m benchmarks.platforms [--quick | --bursts] [--out FILE]

The bot serves in a process of its own, as ``python -m bot serve`` does, with the sample handbook
read in, its own embedder and writing model. The stand-ins for Slack and Discord that the tests use
run in this process; every call of their APIs takes 0 ms, then 80 ms, so that the calls which an
answer has to wait for show. Each question is asked by somebody else, first one at a time, then all
at once.

``--bursts`` asks many at the same moment instead, in Socket Mode: whether Slack is told in time
that all arrived, when the last one sees a sign, and how many answers a minute come. To compare
versions, run it in both, by turns.

The baseline of the same run is the assistant without a platform, in the serving process: the same
questions, by turns with the platforms, so that a busy machine slows both. Trust the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import numpy as np
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from adapters.base import serve
from adapters.discord.config import permissions
from benchmarks.answers import settings_for
from benchmarks.ingest import peak_mib
from benchmarks.latency import PROJECT, run_bot, summary
from benchmarks.results import write
from benchmarks.stand_ins import DiscordCommand, DiscordMention, Seen, SlackMention, Way
from bot.shell.app import App, open_app
from bot.shell.platforms import discord_config, platforms
from bot.shell.settings import Settings
from bot.types import Asker, Message, Reply
from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.slack_server import SlackServer

QUESTIONS = 20
"""Asked all at once; of the sample questions, the first that get an answer."""
SINGLY = 10
"""Of these, how many are asked one at a time before; each is asked on all ways by turns."""
QUICK = 4
BURSTS = (50, 200)
API_MS = (0, 80)
"""What a call of the platform's API takes: nothing, and about what Slack's takes."""
ACKNOWLEDGED_WITHIN_MS = 3000
LIBRARIES = ("aiohttp", "discord.py", "simcord", "slack-bolt", "slack-sdk")
PHASES = ("acknowledged", "sign", "words", "whole")


# --- the serving process ----------------------------------------------------------------------


class Bot:
    """The bot in a process of its own, which can be asked without a platform as well."""

    def __init__(self, settings: Settings):
        spawn = multiprocessing.get_context("spawn")
        self._pipe, self._theirs = spawn.Pipe()
        self._process = spawn.Process(target=_run, args=(settings, self._theirs), daemon=True)

    async def __aenter__(self) -> Self:
        self._process.start()
        self._theirs.close()  # else nobody would notice that the process has ended
        await self._heard()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._process.terminate()
        elif self._process.is_alive():
            self._pipe.send(None)
        await asyncio.to_thread(self._process.join)

    async def ask(self, questions: Sequence[str]) -> list[Seen | None]:
        """Ask the assistant alone, all at once; None: it does not know."""
        self._pipe.send(list(questions))
        answers: list[Seen | None] = await self._heard()
        return answers

    async def peak_mib(self) -> float:
        """The most memory that the process has had resident so far."""
        self._pipe.send([])
        peak: float = await self._heard()
        return peak

    async def _heard(self) -> Any:
        try:
            return await asyncio.to_thread(self._pipe.recv)
        except EOFError:
            raise SystemExit("The serving process has ended.") from None


def _run(settings: Settings, pipe: Connection) -> None:
    asyncio.run(_serve(settings, pipe))


async def _serve(settings: Settings, pipe: Connection) -> None:
    """Serve, and do what comes through the pipe, until that is None."""
    async with open_app(settings) as app:
        if (discord := discord_config(settings)) is not None:
            from adapters.discord.checkup import sync

            await sync(discord, app.desk.commands)
        await app.warm_up()
        stop = asyncio.Event()
        openings = [each.open for each in platforms(app.settings, app.desk)]
        serving = asyncio.create_task(serve(openings, app.desk.dispatcher, stop, grace=5))
        pipe.send("ready")
        numbers = count()
        while (questions := await asyncio.to_thread(pipe.recv)) is not None:
            asked = (_bare(app, next(numbers), text) for text in questions)
            pipe.send(await asyncio.gather(*asked) if questions else peak_mib())
        stop.set()
        await serving


async def _bare(app: App, number: int, text: str) -> Seen | None:
    id = f"benchmark-{number}"
    message = Message(id, "benchmark", id, Asker("benchmark"), text)
    start, first = perf_counter(), 0.0
    async for piece in app.assistant.answer(message):
        now = (perf_counter() - start) * 1000
        first = first or now
        if isinstance(piece, Reply):
            return None if piece.abstained or not piece.citations else Seen(first, now)
    raise SystemExit(f"No reply to question {number}.")


# --- measuring --------------------------------------------------------------------------------


async def measure(data: Path, *, quick: bool) -> dict[str, Any]:
    """Everything. First Socket Mode and Discord in one process, then Slack over HTTP."""
    settings = settings_for(data)
    run_bot(data, "source", "add", str(PROJECT / "samples" / "handbook"))
    async with (
        SlackServer() as slack,
        DiscordServer(permissions=permissions(), patient=True) as discord,
    ):
        both = settings.model_copy(
            update={
                **_slack(slack),
                "slack_app_token": SecretStr(slack.app_token),
                "discord_token": SecretStr(discord.token),
                "discord_api_url": discord.api_url,
                "discord_gateway_url": discord.gateway_url,
            }
        )
        general = discord.channel("general")
        async with Bot(both) as bot:
            await discord.connected(timeout=60)
            questions = await answered(bot, QUICK if quick else QUESTIONS)
            ways: list[Way] = [
                SlackMention("Slack, Socket Mode", slack),
                DiscordMention("Discord, mention", discord, general),
                DiscordCommand("Discord, /ask", discord, general),
            ]
            rows = await compare(bot, ways, questions)
            peak = await bot.peak_mib()
    async with SlackServer() as slack:
        port = _free_port()
        slack.request_url = f"http://127.0.0.1:{port}/slack/events"
        secret = SecretStr(slack.signing_secret)
        http = {**_slack(slack), "slack_signing_secret": secret, "slack_port": port}
        async with Bot(settings.model_copy(update=http)) as bot:
            await _listening(port)
            ways.append(SlackMention("Slack, HTTP", slack))
            rows += await compare(bot, ways[-1:], questions)
    acknowledged = [ms for way in ways for ms in way.acknowledgements_ms()]
    in_time = sum(ms < ACKNOWLEDGED_WITHIN_MS for ms in acknowledged)
    return {
        "questions": len(questions),
        "rows": rows,
        "acknowledgements": {
            "number": len(acknowledged),
            "share_within_3_s": round(in_time / len(acknowledged), 4),
            "max_ms": round(max(acknowledged), 1),
        },
        "peak_mib": round(peak),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


async def measure_bursts(data: Path) -> dict[str, Any]:
    """Many questions at the same moment, in Socket Mode."""
    settings = settings_for(data)
    run_bot(data, "source", "add", str(PROJECT / "samples" / "handbook"))
    rows = []
    async with SlackServer(at_once=4 * max(BURSTS)) as slack:
        socket_mode = {**_slack(slack), "slack_app_token": SecretStr(slack.app_token)}
        async with Bot(settings.model_copy(update=socket_mode)) as bot:
            await slack.until(lambda: slack.socket_mode.connections, 60)
            questions = await answered(bot, QUESTIONS)
            way = SlackMention("Slack, Socket Mode", slack)
            await way.ask(questions[:1])
            for many in BURSTS:
                before = len(way.acknowledgements_ms())
                seen = await way.ask([questions[at % QUESTIONS] for at in range(many)])
                acknowledged = way.acknowledgements_ms()[before:]
                in_time = sum(ms < ACKNOWLEDGED_WITHIN_MS for ms in acknowledged)
                last = max(each.whole for each in seen)
                rows.append(
                    {
                        "at_once": many,
                        "envelopes": len(acknowledged),
                        "share_within_3_s": round(in_time / len(acknowledged), 4),
                        **{f"{phase}_ms": times(seen, phase) for phase in PHASES},
                        "answers_a_minute": round(60_000 * many / last, 1),
                    }
                )
    return {"bursts": rows, "libraries": {name: version(name) for name in LIBRARIES}}


def _slack(slack: SlackServer) -> dict[str, Any]:
    return {"slack_bot_token": SecretStr(slack.bot_token), "slack_api_url": slack.api_url}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listening(port: int) -> None:
    """Slack would take a port that is not open yet for a failure, and try again a minute later."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, connection = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            connection.close()
            return


async def answered(bot: Bot, most: int) -> list[str]:
    """The first sample questions for everybody that get an answer with sources."""
    chosen: list[str] = []
    lines = (PROJECT / "samples" / "questions.jsonl").read_text("utf-8").splitlines()
    for row in map(json.loads, lines):
        if row["answerable"] and row["as"] == ["public"] and (await bot.ask([row["question"]]))[0]:
            chosen.append(row["question"])
            if len(chosen) == most:
                return chosen
    raise SystemExit(f"Only {len(chosen)} sample questions get an answer.")


async def compare(bot: Bot, ways: Sequence[Way], questions: Sequence[str]) -> list[dict[str, Any]]:
    """Ask on every way and without any, by turns."""
    for way in ways:  # from here on the channel and the connections are known
        await way.ask(questions[:1])
    rows: list[dict[str, Any]] = []
    for waves in ([[each] for each in questions[:SINGLY]], [list(questions)]):
        seen: defaultdict[tuple[Way, int | None], list[Seen]] = defaultdict(list)
        for number, wave in enumerate(waves):
            for way in ways:
                turns = (None, *API_MS)
                first = number % len(turns)  # nobody comes always after the same
                for ms in turns[first:] + turns[:first]:
                    if ms is None:
                        seen[way, ms] += [each for each in await bot.ask(wave) if each]
                        continue
                    way.slow(ms / 1000)
                    seen[way, ms] += await way.ask(wave)
                    way.slow(0)
        for way in ways:
            rows += [
                {"way": way.name, "at_once": len(waves[0]), "api_ms": ms}
                | row(seen[way, ms], seen[way, None])
                for ms in API_MS
            ]
    return rows


def row(seen: Sequence[Seen], alone: Sequence[Seen]) -> dict[str, Any]:
    """Times on one way, and how they compare to the assistant alone."""
    # Each answer against that to the same question, soon before or after.
    ratios = [ours.whole / bare.whole for ours, bare in zip(seen, alone, strict=True)]
    return {
        "answers": len(seen),
        **{f"{phase}_ms": times(seen, phase) for phase in PHASES},
        "bare_words_ms": times(alone, "words"),
        "bare_whole_ms": times(alone, "whole"),
        "ratio": round(float(np.median(ratios)), 2),
        "calls": list(seen[-1].calls),
    }


def times(seen: Sequence[Seen], phase: str) -> dict[str, float] | None:
    """Median, 95th percentile and the longest, where there are any."""
    found = [ms for each in seen if (ms := getattr(each, phase)) is not None]
    return summary(found) | {"max": round(max(found), 1)} if found else None


# --- all --------------------------------------------------------------------------------------


def show(report: dict[str, Any]) -> None:
    """Print the figures."""
    table = Table("way", "at once", "API", *PHASES, "alone", "ratio")
    for each in report["rows"]:
        found = [each[f"{phase}_ms"] for phase in PHASES] + [each["bare_whole_ms"]]
        cells = [f"{ms['p50']:.0f} / {ms['p95']:.0f}" if ms else "" for ms in found]
        told = (each["way"], str(each["at_once"]), str(each["api_ms"]))
        table.add_row(*told, *cells, str(each["ratio"]))
    console = Console(width=120)
    console.print("Milliseconds, median / 95th percentile.")
    console.print(table)
    for each in report["rows"]:
        if each["at_once"] == 1 and each["api_ms"]:
            console.print(f"{each['way']}: {', '.join(each['calls'])}", markup=False)
    heard = report["acknowledgements"]
    console.print(
        f"{heard['number']} acknowledgements, {heard['share_within_3_s']:.2%} within 3 s, the "
        f"longest {heard['max_ms']} ms. Peak {report['peak_mib']} MiB with Slack and Discord."
    )


def show_bursts(report: dict[str, Any]) -> None:
    """Print the figures of the bursts."""
    table = Table("at once", "envelopes", "within 3 s", *PHASES, "answers a minute")
    for each in report["bursts"]:
        found = [each[f"{phase}_ms"] for phase in PHASES]
        cells = [f"{ms['p50'] / 1000:.2f} / {ms['max'] / 1000:.2f}" for ms in found]
        share = f"{each['share_within_3_s']:.1%}"
        rate = str(each["answers_a_minute"])
        table.add_row(str(each["at_once"]), str(each["envelopes"]), share, *cells, rate)
    console = Console(width=120)
    console.print("Seconds, median / longest.")
    console.print(table)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.platforms",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="few questions, and nothing written without --out"
    )
    parser.add_argument("--bursts", action="store_true", help="many at the same moment instead")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the results here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        if given.bursts:
            report = asyncio.run(measure_bursts(Path(data)))
            show_bursts(report)
        else:
            report = asyncio.run(measure(Path(data), quick=given.quick))
            show(report)
    if given.out or not given.quick:
        name = "bursts" if given.bursts else "platforms"
        print(write(name, report, given.out).name)


if __name__ == "__main__":
    main()
