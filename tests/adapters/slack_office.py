"""A workspace with the bot at work in it, for the tests that are hostile to it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from langchain_core.runnables import RunnableGenerator

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackConfig
from adapters.slack.showing.finding import METADATA
from bot.answers.turns import Question
from bot.types import Citation, Delta, Reply
from tests.adapters.desk_bench import Bench, open_bench
from tests.kit.fakes import evidence
from tests.stand_ins.slack_server import Channel, Json, SlackServer, User, live_mentions

LEAVE = evidence(
    "Everyone has 25 days of annual leave.",
    title="Annual leave",
    document="people/annual-leave.md",
    url="https://intra.example/leave",
)
ANSWER = "Everyone has 25 days of annual leave."
AT_WORK = ("answer ", "slack takes", "slack later", "slack envelope", "slack sign")
"""How the names of tasks begin in which the bot deals with something."""


@dataclass
class Office:
    """A workspace, and as many processes of the bot as a test starts in it."""

    slack: SlackServer
    bench: Bench
    ann: User
    bob: User
    general: Channel
    stack: AsyncExitStack
    benches: list[Bench] = field(default_factory=list)
    bots: list[SlackAdapter] = field(default_factory=list)

    async def start(
        self, bench: Bench | None = None, *, http: bool = False, **other: Any
    ) -> SlackAdapter:
        """One more process: connected, listening, and asked for what others left."""
        bench = bench or self.bench
        return await self.stack.enter_async_context(self.process(bench, http=http, **other))

    @asynccontextmanager
    async def process(
        self, bench: Bench, *, http: bool = False, **other: Any
    ) -> AsyncIterator[SlackAdapter]:
        """A process that ends in good order when the body does."""
        way: dict[str, Any] = {"app_token": self.slack.app_token}
        if http:
            secret = self.slack.signing_secret
            way = {"signing_secret": secret, "port": 0, "host": "127.0.0.1"}
        config = SlackConfig(self.slack.bot_token, api_url=self.slack.api_url, **way)
        bot = SlackAdapter(config, bench.desk, **other)
        self.benches.append(bench)
        self.bots.append(bot)
        await bot.connect()
        if http:
            self.slack.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        listening = asyncio.create_task(bot.listen())
        await bench.dispatcher.recover(bot)
        try:
            yield bot
        finally:
            await bot.stop_listening()
            await bench.dispatcher.close(1)
            await asyncio.gather(listening, return_exceptions=True)
            await bot.close()

    async def replica(self) -> Bench:
        """The core of another process on the same database."""
        bench: Bench = await self.stack.enter_async_context(self.bench.replica())
        return bench

    async def heard(self) -> None:
        """Wait until every event is acknowledged or given up."""
        await self.slack.until(lambda: not self.slack.deliveries.are_under_way)

    async def rest(self, within: float = 30.0) -> None:
        """Wait until everything is heard and said."""
        async with asyncio.timeout(within):
            await at_rest(self.slack)

    async def say(self, text: str, *, by: User | None = None, **where: Any) -> str:
        """Somebody says it, in #general unless told otherwise; returns when all is said."""
        ts = await self.slack.say(by or self.ann, where.pop("channel", self.general), text, **where)
        await self.rest()
        return ts

    async def ask(self, text: str = "How many days of leave?", **where: Any) -> str:
        """Somebody asks the bot by name."""
        return await self.say(f"{self.slack.mention} {text}", **where)

    async def begin(self, text: str = "How many days of leave?", **where: Any) -> str:
        """Ask by name, without waiting."""
        channel = where.pop("channel", self.general)
        return await self.slack.say(self.ann, channel, f"{self.slack.mention} {text}", **where)

    def deliver(self, event: Json) -> None:
        """Send an event as it is, but for fields that are None."""
        self.slack.send(
            {
                "type": "event_callback",
                "team_id": self.slack.team_id,
                "event_id": self.slack.workspace.new_id("Ev"),
                "event": {name: value for name, value in event.items() if value is not None},
            }
        )

    def said(self, channel: Channel | None = None, thread_ts: str | None = None) -> list[str]:
        """What the bot said, as people read it."""
        found = self.slack.replies(channel or self.general, thread_ts)
        return [self.slack.visible(each) for each in found]

    def private(self, user: User | None = None) -> list[str]:
        """What only this person sees."""
        return [self.slack.visible(each) for each in self.slack.ephemerals(user or self.ann)]

    def modal(self, user: User | None = None) -> Json:
        """The modal on top."""
        return self.slack.views(user or self.ann)[-1]

    def counted(self, channel: Channel | None = None) -> Counter[str]:
        """How many messages answer each question, by the question's ``ts``."""
        found: Counter[str] = Counter()
        for message in self.slack.replies(channel or self.general):
            metadata = message.get("metadata") or {}
            id = metadata.get("event_payload", {}).get("id", "")
            is_marked = metadata.get("event_type") == METADATA
            found[id.rpartition(":")[2] if is_marked else f"unmarked {message['ts']}"] += 1
        return found

    def everything(self) -> list[tuple[str, Json]]:
        """All that the bot has ever put before anybody, with where it stands."""
        workspace = self.slack.workspace
        seen = [
            (f"#{channel.name or channel.id}", message)
            for channel in workspace.channels.values()
            for message in self.slack.replies(channel)
        ]
        seen += [(f"only for {each['to']}", each) for each in workspace.ephemerals]
        seen += [(f"view {id}", each) for id, each in workspace.views.items()]
        return seen + [(f"home of {id}", each) for id, each in workspace.homes.items()]

    def rings(self) -> list[str]:
        """Whom all of it would call, with where; the texts of notifications count as well."""
        return [
            f"{place} calls {who}: {self.slack.visible(message)[:200]!r}"
            for place, message in self.everything()
            for who in [
                *self.slack.pings(message),
                *live_mentions({"text": str(message.get("text", ""))}),
            ]
        ]


async def at_rest(slack: SlackServer) -> None:
    """Wait until Slack has nothing under way, and no process in here deals with anything."""
    while True:
        working = [each for each in asyncio.all_tasks() if each.get_name().startswith(AT_WORK)]
        if working:
            await asyncio.wait(working)
        elif slack.deliveries.are_under_way or slack.in_flight:
            await slack.changed(60)
        else:
            return


@asynccontextmanager
async def office_at(folder: Path, **options: Any) -> AsyncIterator[Office]:
    """A workspace whose time is that of the core. ``options``: those of the stand-in."""
    given: dict[str, Any] = {"ack_seconds": 20.0, "retry_seconds": (0.0, 0.0, 0.0)} | options
    async with (
        open_bench(folder) as bench,
        SlackServer(clock=bench.clock, **given) as slack,
        AsyncExitStack() as stack,
    ):
        ann, bob = slack.user("ann", is_admin=True), slack.user("bob")
        general = slack.channel("general", members=[ann, bob])
        bench.knows("leave", LEAVE)
        yield Office(slack, bench, ann, bob, general, stack)
        # What is acknowledged after its socket was cut is late, not wrong.
        wrong = [each for each in slack.socket_mode.protocol_errors if "late envelope" not in each]
        assert wrong == []


def will_answer(bench: Bench, *pieces: str, gate: asyncio.Event | None = None) -> None:
    """From now on every question is answered with these pieces, one after the other.

    ``gate``: waited for before the last of them.
    """
    whole = "".join(pieces)
    cited = Citation(1, "Annual leave", "leave.md", "https://intra.example/leave", "q", "p")

    async def chain(questions: AsyncIterator[Question]) -> AsyncIterator[Delta | Reply]:
        async for asked in questions:
            for number, piece in enumerate(pieces):
                if gate is not None and number == len(pieces) - 1:
                    await gate.wait()
                yield Delta(piece)
                await asyncio.sleep(0)
            yield Reply(
                asked.text,
                whole,
                "sure",
                asked.voice.name,
                asked.trace_id,
                citations=(cited,),
                confidence=0.9,
            )

    bench.assistant._chain = RunnableGenerator(chain)


@dataclass
class Log:
    """Everything that was logged, a line each."""

    lines: list[str] = field(default_factory=list)

    def holding(self, words: Iterable[str]) -> list[str]:
        """The lines in which any of these words stands, in any case."""
        wanted = [word.lower() for word in words if word]
        return [line for line in self.lines if any(word in line.lower() for word in wanted)]

    def named(self, event: str) -> list[str]:
        """The lines of one event."""
        return [line for line in self.lines if f'"event": "{event}"' in line]


class _Keep(logging.Handler):
    """Puts what libraries log among the rest, with their tracebacks."""

    def __init__(self, log: Log):
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.lines.append(self.format(record))


@contextmanager
def captured_log() -> Iterator[Log]:
    """Structured lines of every level; of libraries what the app lets them log: warnings."""
    log = Log()
    handler, level = _Keep(log), logging.root.level

    def keep(_: Any, level: str, event: Any) -> Any:
        log.lines.append(json.dumps({"level": level, **event}, default=repr))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, keep],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.WARNING)
    try:
        yield log
    finally:
        structlog.configure(**before)
        logging.root.removeHandler(handler)
        logging.root.setLevel(level)


def shown_links(message: Json) -> set[str]:
    """Addresses in a message that its reader could click; code does not count."""
    found: set[str] = set()
    for text in _texts(message.get("blocks") or [{"type": "mrkdwn", "text": message["text"]}]):
        bare = re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)
        bare = bare.replace("&amp;", "&")
        addresses = re.findall(r"\b[a-z]+://[^\s<>|)\]\u200b]+", bare)
        found |= {each.rstrip(".,") for each in addresses}
        found |= set(re.findall(r"(?<![\w.])(?:www|evil)\.[a-z.]+", bare))
    return found


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _texts(each)
    elif isinstance(part, dict):
        if part.get("type") in ("mrkdwn", "markdown"):
            yield str(part.get("text", ""))
        else:
            for each in part.values():
                yield from _texts(each)


def assert_one_answer_each(office: Office, asked: list[str], *channels: Channel) -> None:
    """Every question has one message of its own that is whole, and nothing else was said."""
    counted: Counter[str] = Counter()
    for channel in channels:
        counted += office.counted(channel)
    wrong = {ts: counted[ts] for ts in asked if counted[ts] != 1}
    assert not wrong, f"{len(wrong)} of {len(asked)} were not answered once: {wrong}"
    assert set(counted) == set(asked), f"said besides: {set(counted) - set(asked)}"
    for channel in channels:
        broken = [each for each in office.said(channel) if ANSWER not in each]
        assert not broken, f"not the whole answer: {broken[:3]}"


def assert_silent(log: Log, office: Office, *words: str) -> None:
    """Neither a secret of the installation nor anybody's words are in the log."""
    slack = office.slack
    secrets = [slack.bot_token, slack.app_token, slack.signing_secret, "ticket=", "xoxb-", "xapp-"]
    found = log.holding([*secrets, "/commands/T", "/actions/T", "/app/T", *words])
    assert found == [], "\n".join(found)
