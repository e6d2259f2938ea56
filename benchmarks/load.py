"""A working day on Slack and Discord against serving processes: how fast, and is anything lost.

    python -m benchmarks.load [--rates 1 5 20] [--replicas 1 2] [--seconds 180] [--wait SECONDS]
                              [--no-kill] [--light] [--part FOLDER] [--database URL] [--data FOLDER]
                              [--pages FOLDER] [--out FILE]

Starts a PostgreSQL (Debian's) for the state, reads the sample handbook in, and serves by ``python
-m bot serve`` in one process and in two, which share the database and the data folder. The
stand-ins for Slack (Socket Mode) and Discord that the tests use run in this process: Slack gives
each event to one of the processes, Discord gives it to all. People ask at the given rate for the
given time, as on a working day: most at nine, few at noon, some in threads that were answered, all
of them somebody else. Then all answers are waited for, and longer than a lease runs, so that a
second answer would be seen.

A machine that cannot follow would have to be waited for very long: ``--wait`` ends a run so many
seconds after its last question, and when the rest is accepted or has had time for it. What the
database still has as accepted then *waits*; what is not there, but Slack has yet to hand over or to
say again, is *not accepted* yet; what is nowhere is *lost*. ``--light`` puts models that know
nothing and take no time in the place of the packaged ones, for how much all the rest can do.

A last run kills one of two processes (-9) in the middle, with answers under way; its successor is
started at once. ``--replicas`` with no number leaves the other runs out. ``--part`` reads in one
folder of the handbook and asks about that alone. ``--pages`` keeps what ``/metrics`` of each
process says at the end of each run. ``--data`` is a folder for the data that is kept, and filled
where it is empty; give it with the ``--database`` that goes with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import socket
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import httpx
import numpy as np
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.discord.config import permissions
from benchmarks.answers import settings_for
from benchmarks.crowd import Crowd, Fate
from benchmarks.handbook import WEIGHTS
from benchmarks.latency import PROJECT
from benchmarks.light import light_models
from benchmarks.replicas import Replica, postgres, run_once, started
from benchmarks.results import write
from benchmarks.working_day import working_day
from bot.conversation.inbox import INBOX, LEASE
from knowledge.state.database import open_database
from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.slack_server import SlackServer

RATES = (1.0, 5.0, 20.0)
REPLICAS = (1, 2)
SECONDS = 180.0
PLATFORMS = ("slack", "discord")
Where = Literal["waiting", "not accepted", "given up", "lost"]
AFTERWARDS = LEASE.total_seconds() * 4 / 3
"""Seconds after the last answer: a lease, and the look-around that would take it over."""
ACCEPTING = 75.0
"""Seconds to accept the rest: longer than Slack waits before it says it a second time."""
WARM = 4
"""Questions to begin with, that do not count: every process has loaded all that it needs."""
_AT_ONCE = 10_000  # events that Slack's stand-in sends without waiting for those before


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    rate: float
    """Questions a second."""
    replicas: int
    kill: bool = False

    @property
    def name(self) -> str:
        """Of its channels and files."""
        return f"day-{self.rate:g}-{self.replicas}{'-kill' if self.kill else ''}"


class Office:
    """The two platforms, and what the processes are told of them and of their data."""

    def __init__(
        self, slack: SlackServer, discord: DiscordServer, folder: Path, settings: dict[str, str]
    ):
        self.slack = slack
        self.discord = discord
        self.folder = folder
        self.settings = settings | {
            "HOUSEVOICE_WORKSPACE_DAILY_LIMIT": "0",
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
        }
        self._started = 0
        self._consoles = dict[int, str]()

    async def open_up(self, stack: AsyncExitStack) -> Replica:
        """One more process that begins to serve, until the stack is closed."""
        self._started += 1
        log = self.folder / f"replica-{self._started}.log"
        console = f"127.0.0.1:{_free_port()}"
        self._consoles[self._started] = console
        settings = self.settings | {"HOUSEVOICE_CONSOLE": console}
        return await stack.enter_async_context(started(settings, log))

    async def pages(self) -> dict[int, str]:
        """What ``/metrics`` of each process says, by the process's number."""
        said = {}
        async with httpx.AsyncClient(timeout=60) as http:
            for number, console in self._consoles.items():
                with suppress(httpx.ConnectError):  # one that has ended
                    said[number] = (await http.get(f"http://{console}/metrics")).text
        return said

    async def accepted(self) -> dict[str, str | None]:
        """What became of the questions, by their ids on the platform, that were accepted."""
        async with self._database() as db:
            rows = (await db.execute(sa.select(INBOX.c.id, INBOX.c.outcome))).all()
        return {row.id.rpartition(":")[2]: row.outcome for row in rows}

    async def all_accepted(self, asked: Collection[str]) -> None:
        """Wait until they are accepted, but no longer than :data:`ACCEPTING`."""
        begun = perf_counter()
        while set(asked) - (await self.accepted()).keys():
            if perf_counter() - begun > ACCEPTING:
                return
            await asyncio.sleep(2)

    async def forget_what_is_open(self) -> None:
        """From now on nobody is to answer it."""
        wanted = INBOX.c.outcome.is_(None)
        async with self._database() as db:
            await db.execute(sa.update(INBOX).where(wanted).values(outcome="withdrawn"))

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[AsyncConnection]:
        engine = await open_database(self.settings["DATABASE_URL"])
        try:
            async with engine.begin() as db:
                yield db
        finally:
            await engine.dispose()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# --- a run ------------------------------------------------------------------------------------


async def run(
    office: Office, plan: Plan, seconds: float, wait: float, texts: Sequence[str], pages: Path
) -> dict[str, Any]:
    """Serve, ask for so long, wait for the answers; what came of it."""
    async with AsyncExitStack() as stack:
        replicas = [await office.open_up(stack) for _ in range(plan.replicas)]
        await asyncio.gather(*(each.serving(*PLATFORMS) for each in replicas))
        warming = Crowd(office.slack, office.discord, f"{plan.name}-warm")
        await warming.ask(working_day(texts, WARM * plan.replicas, 1))
        await warming.served()
        memory = [[each.memory_mib()] for each in replicas]
        crowd = Crowd(office.slack, office.discord, plan.name)
        day = working_day(texts, plan.rate, seconds)
        asking = asyncio.create_task(crowd.ask(day))
        sampling = asyncio.create_task(_sample(replicas, memory))
        if plan.kill:
            await _kill_one(stack, office, crowd, replicas[0], len(day))
        await asking
        if await crowd.served(wait):
            await asyncio.sleep(AFTERWARDS)
        else:
            await office.all_accepted([each.id for each in crowd.asked])
        sampling.cancel()
        for number, page in (await office.pages()).items():
            (pages / f"{plan.name}-{number}.txt").write_text(page, "utf-8")
        # The answers first: what is given in between is then accepted, not lost.
        fates = crowd.fates()
        on_its_way, accepted = crowd.on_its_way(), await office.accepted()
        pace, ending = _pace(crowd), perf_counter()
        row = {
            "rate": plan.rate,
            "replicas": plan.replicas,
            "killed": plan.kill,
            "seconds": seconds,
            **told(fates, [_where(each.id, accepted, on_its_way) for each in crowd.asked]),
            "answers_a_minute": pace,
            "memory_mib": [
                {"start": round(each[0]), "end": round(each[-1]), "most": round(max(each))}
                for each, replica in zip(memory, replicas, strict=True)
                if replica.is_alive
            ],
        }
    row["ended_in_s"] = round(perf_counter() - ending, 1)
    await office.forget_what_is_open()
    return row


async def _sample(replicas: Sequence[Replica], memory: Sequence[list[float]]) -> None:
    while True:
        await asyncio.sleep(2)
        for replica, found in zip(replicas, memory, strict=True):
            if replica.is_alive:
                found.append(replica.memory_mib())


async def _kill_one(
    stack: AsyncExitStack, office: Office, crowd: Crowd, replica: Replica, number: int
) -> None:
    """When a third of the day's questions are answered and others wait; and start another."""
    await crowd.busy(number // 3)
    await replica.kill()
    await (await office.open_up(stack)).serving(*PLATFORMS)


def _where(id: str, accepted: Mapping[str, str | None], on_its_way: Collection[str]) -> Where:
    """Where a question stands that had no answer a moment ago."""
    if id in accepted:
        return "waiting" if accepted[id] in (None, "answered") else "given up"
    return "not accepted" if id in on_its_way else "lost"


def told(fates: Sequence[Fate], where: Sequence[Where]) -> dict[str, Any]:
    """The figures of a run; seconds. ``where`` each stands that has no answer."""
    ratios = [each.waited / each.told for each in fates if each.told and each.waited]
    unanswered = [stands for each, stands in zip(fates, where, strict=True) if not each.answers]
    return {
        "questions": len(fates),
        "answered": len(fates) - len(unanswered),
        "waiting": unanswered.count("waiting"),
        "not_accepted": unanswered.count("not accepted"),
        "given_up": unanswered.count("given up"),
        "lost": unanswered.count("lost"),
        "without_sign": sum(each.sign is None for each in fates),
        "doubled": sum(each.answers > 1 for each in fates),
        "sign_s": _times([each.sign for each in fates]),
        "answer_s": _times([each.whole for each in fates]),
        "told_to_wait": sum(each.told is not None for each in fates),
        "waited_of_told": round(float(np.median(ratios)), 2) if ratios else None,
    }


def _times(found: Sequence[float | None]) -> dict[str, float] | None:
    known = [each for each in found if each is not None]
    if not known:
        return None
    p50, p95 = np.percentile(known, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "max": round(max(known), 2)}


def _pace(crowd: Crowd) -> float | None:
    ends = [
        asked.at + fate.whole
        for asked, fate in zip(crowd.asked, crowd.fates(), strict=True)
        if fate.whole is not None
    ]
    if len(ends) < 2:
        return None
    return round(60 * len(ends) / (max(ends) - crowd.asked[0].at), 1)


# --- all --------------------------------------------------------------------------------------


async def measure(
    plans: Sequence[Plan],
    given: argparse.Namespace,
    data: Path,
    pages: Path,
    settings: dict[str, str],
) -> list[dict[str, Any]]:
    """All runs, one after the other."""
    async with (
        SlackServer(at_once=_AT_ONCE) as slack,
        DiscordServer(permissions=permissions(), patient=True) as discord,
    ):
        office = Office(slack, discord, data, settings)
        await office.forget_what_is_open()
        rows = []
        for plan in plans:
            texts = questions(given.part)
            rows.append(await run(office, plan, given.seconds, given.wait, texts, pages))
            show(rows[-1:])
        return rows


def questions(part: str) -> list[str]:
    """The sample questions that everybody may get an answer to from this part."""
    lines = (PROJECT / "samples" / "questions.jsonl").read_text("utf-8").splitlines()
    rows = map(json.loads, lines)
    known = [row for row in rows if row["answerable"] and row["as"] == ["public"]]
    return [row["question"] for row in known if row["document"].startswith(part)]


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print the figures."""
    table = Table(
        *(
            "a second",
            "replicas",
            "questions",
            "answered",
            "waiting",
            "not accepted",
            "lost",
            "doubled",
        ),
        *("first sign", "answer", "a minute", "told to wait", "memory, MiB", "end, s"),
    )
    for row in rows:
        times = [row["sign_s"], row["answer_s"]]
        cells = [f"{ms['p50']:.2f} / {ms['p95']:.2f}" if ms else "" for ms in times]
        wait = str(row["told_to_wait"])
        if row["waited_of_told"] is not None:
            wait += f", took {row['waited_of_told']:.2f} of it"
        memory = "; ".join(f"{each['start']} → {each['end']}" for each in row["memory_mib"])
        replicas = f"{row['replicas']}{', one killed' if row['killed'] else ''}"
        names = ("questions", "answered", "waiting", "not_accepted", "lost", "doubled")
        counts = [str(row[name]) for name in names]
        table.add_row(
            f"{row['rate']:g}",
            replicas,
            *counts,
            *cells,
            str(row["answers_a_minute"]),
            wait,
            memory,
            str(row["ended_in_s"]),
        )
    console = Console(width=180)
    console.print("Seconds, median / 95th percentile.")
    console.print(table)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser("load", description=__doc__.split("\n")[0])
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--replicas", type=int, nargs="*", default=REPLICAS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--wait", type=float, default=math.inf, help="seconds after the last one")
    parser.add_argument("--no-kill", action="store_true", help="leave the last run out")
    parser.add_argument("--light", action="store_true", help="without the models' work")
    parser.add_argument("--part", default="", help="a folder of the handbook, such as travel")
    parser.add_argument("--database", help="URL of an empty PostgreSQL database, not a new server")
    parser.add_argument("--data", type=Path, help="a folder for the data that is kept")
    parser.add_argument("--pages", type=Path, help="a folder for what /metrics says")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    plans = [Plan(rate, replicas) for rate in given.rates for replicas in given.replicas]
    if not given.no_kill:
        plans.append(Plan(min(given.rates), 2, kill=True))
    handbook = PROJECT / "samples" / "handbook"
    server = nullcontext(given.database) if given.database else postgres()
    with tempfile.TemporaryDirectory() as folder, server as database:
        data, pages = given.data or Path(folder), given.pages or Path(folder)
        settings = {"HOUSEVOICE_DATA": str(data), "DATABASE_URL": database}
        if given.light:
            settings |= light_models(data / "light", WEIGHTS)
        if not list(data.glob("passages*.db")):
            settings_for(data)
            run_once(settings, data, "source", "add", str(handbook / given.part))
        rows = asyncio.run(measure(plans, given, data, pages, settings))
    print(write("load", {"part": given.part, "light": given.light, "runs": rows}, given.out).name)
    if any(row["lost"] or row["given_up"] or row["doubled"] for row in rows):
        raise SystemExit("Answers were lost or doubled.")


if __name__ == "__main__":
    main()
