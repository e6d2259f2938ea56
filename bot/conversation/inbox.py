"""Accepted utterances, durably: each is answered once, and none is lost when a process dies.

An utterance is accepted by entering its id: of all deliveries, replicas and restarts exactly one
succeeds. Whoever holds its lease answers it; a lease that ran out may be taken over by another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversation.utterances import as_json, from_json
from bot.types import Place, Utterance
from knowledge.state.tables import Moment, insert, metadata

LEASE = timedelta(seconds=30)
"""How long after its holder's last sign of life an utterance may be taken over."""
_BATCH = 500
"""Rows in one write; SQLite takes some 32,000 values in a statement."""
KEPT = timedelta(days=30)
"""How long ids are remembered; threads older than this need a new mention."""

Outcome = Literal["answered", "ignored", "withdrawn", "given_up"]

_log = structlog.get_logger("housevoice")

INBOX = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("platform", sa.String(20), nullable=False),
    sa.Column("conversation", sa.String(200), nullable=False, index=True),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("body", sa.JSON),
    sa.Column("place", sa.JSON),
    sa.Column("shown", sa.JSON, nullable=False),
    sa.Column("accepted_at", Moment, nullable=False),
    sa.Column("lease_until", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("outcome", sa.String(16)),
    sa.Index("ix_inbox_outcome", "platform", "outcome"),
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An utterance that somebody has undertaken to answer."""

    utterance: Utterance
    shown: tuple[str, ...]
    """The platform's ids of what was posted for it already."""
    attempts: int
    """1 for the first; also tells an old holder from the present one."""
    failures: int = 0
    """How many of them failed by themselves: not by the end of a process, nor by an edit."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted for an utterance, and where."""

    place: Place
    author: str
    private: bool
    """Only the author saw it."""
    shown: tuple[str, ...]
    """The platform's ids."""


class Inbox:
    """The table of accepted utterances."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine
        self._new: list[tuple[dict[str, Any], asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def accept(self, utterance: Utterance, now: datetime) -> Accepted | None:
        """Something for exactly one of all callers with the same id, in any process: it answers."""
        row = {
            "id": utterance.id,
            "platform": utterance.place.platform,
            "conversation": utterance.conversation,
            "author": utterance.author,
            "body": as_json(utterance),
            "place": asdict(utterance.place) | {"private": utterance.private},
            "shown": [],
            "accepted_at": now,
            "lease_until": now + LEASE,
            "attempts": 1,
        }
        is_new: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._new.append((row, is_new))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="inbox writes")
        return Accepted(utterance, (), 1) if await is_new else None

    async def _write(self) -> None:
        """Enter all that has come: however much it is, it waits for one write at a time."""
        while self._new:
            batch, self._new = self._new[:_BATCH], self._new[_BATCH:]
            try:
                entered = await self._insert([row for row, _ in batch])
            except (SQLAlchemyError, OSError):
                # One that cannot be entered must not keep out the rest.
                for row, is_new in batch:
                    try:
                        _tell(is_new, row["id"] in await self._insert([row]))
                    except (SQLAlchemyError, OSError) as error:
                        if not is_new.done():
                            is_new.set_exception(error)
            else:
                for row, is_new in batch:
                    _tell(is_new, row["id"] in entered)
                    entered.discard(row["id"])  # a second delivery of the same is not the first

    async def _insert(self, rows: list[dict[str, Any]]) -> set[str]:
        """The ids that were not there before."""
        entry = insert(self._engine, INBOX).values(rows).on_conflict_do_nothing()
        async with self._engine.begin() as db:
            return set((await db.execute(entry.returning(INBOX.c.id))).scalars())

    async def authors(self, conversation: str, *, but: str = "") -> frozenset[str]:
        """Who asked the bot something in this conversation, ``but`` for one utterance.

        What it kept silent about does not count, nor what it has yet to decide on.
        """
        address = INBOX.c.body["address"].as_string()
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(INBOX.c.author)
                .where(
                    INBOX.c.conversation == conversation,
                    INBOX.c.id != but,
                    sa.case(
                        (INBOX.c.outcome.is_(None), address.not_in(("thread", "none"))),
                        else_=INBOX.c.outcome != "ignored",
                    ),
                )
                .distinct()
            )
        return frozenset(row.author for row in rows)

    async def showing(self, held: Accepted, shown: Sequence[str]) -> None:
        """Note what was posted, so that a later attempt goes on with it."""
        await self._change_held(held, shown=list(shown))

    async def failed(self, held: Accepted) -> None:
        """Note that this attempt did; when its lease has run out, another may be made."""
        await self._change_held(held, failures=held.failures + 1)

    async def holds(self, held: Accepted) -> bool:
        """Whether it is still to be answered, and by this attempt."""
        return await self._has(_is_held(held.utterance.id, held.attempts))

    async def settle(
        self, done: Accepted, outcome: Outcome, shown: Sequence[str] | None = None
    ) -> bool:
        """Enter the end; False if it was withdrawn, edited or taken over meanwhile.

        ``shown``: None leaves what was noted. What was said is forgotten here: the trace has it,
        for as long as traces are kept.
        """
        posted = {} if shown is None else {"shown": list(shown)}
        return await self._change_held(done, outcome=outcome, body=None, **posted)

    async def reopen(
        self, utterance: Utterance, now: datetime, within: timedelta
    ) -> Accepted | None:
        """Enter that the author edited it: before it ended, or ``within`` after it was accepted.

        Whoever answers the old words can no longer settle. None: too late, or never accepted.
        """
        async with self._engine.begin() as db:
            row = (
                await db.execute(sa.select(INBOX).where(INBOX.c.id == utterance.id))
            ).one_or_none()
            if row is None:
                return None
            done = await db.execute(
                sa.update(INBOX)
                .where(
                    INBOX.c.id == row.id,
                    INBOX.c.attempts == row.attempts,
                    _can_change(now, within),
                )
                .values(
                    outcome=None,
                    body=as_json(utterance),
                    attempts=row.attempts + 1,
                    failures=0,
                    lease_until=now + LEASE,
                )
            )
        if not done.rowcount:
            return None
        return Accepted(utterance, tuple(row.shown), row.attempts + 1)

    async def shown(self, id: str) -> tuple[str, ...]:
        """What was noted as posted."""
        async with self._engine.connect() as db:
            found = await db.execute(sa.select(INBOX.c.shown).where(INBOX.c.id == id))
        return tuple(found.scalar_one_or_none() or ())

    async def posted(self, id: str) -> Posted | None:
        """What was said to an utterance that was answered; None if that is not known any more."""
        wanted = sa.and_(INBOX.c.id == id, INBOX.c.outcome == "answered")
        async with self._engine.connect() as db:
            row = (await db.execute(sa.select(INBOX).where(wanted))).one_or_none()
        if row is None or row.place is None:
            return None
        place = dict(row.place)
        private = bool(place.pop("private"))
        return Posted(Place(**place), row.author, private, tuple(row.shown))

    async def is_withdrawn(self, id: str) -> bool:
        """Whether the author took it back."""
        return await self._has(sa.and_(INBOX.c.id == id, INBOX.c.outcome == "withdrawn"))

    async def withdraw(self, id: str, now: datetime, within: timedelta) -> tuple[str, ...] | None:
        """Enter that the author took it back: before it ended, or ``within`` after it was accepted.

        Returns what was posted for it. None: too late, never accepted, or withdrawn before.
        """
        # One statement: what another process posts meanwhile is either returned or not settled.
        async with self._engine.begin() as db:
            shown = await db.execute(
                sa.update(INBOX)
                .where(INBOX.c.id == id, _can_change(now, within))
                .values(outcome="withdrawn", body=None)
                .returning(INBOX.c.shown)
            )
            row = shown.one_or_none()
        return None if row is None else tuple(row.shown)

    async def withdraw_unheard(self, id: str, platform: str, now: datetime) -> bool:
        """Enter that it was taken back before it was heard; False: it was heard meanwhile."""
        row = {
            "id": id,
            "platform": platform,
            "conversation": "",
            "author": "",
            "shown": [],
            "accepted_at": now,
            "lease_until": now,
            "attempts": 0,
            "outcome": "withdrawn",
        }
        return bool(await self._insert([row]))

    async def shown_for_others(self, utterance: Utterance) -> frozenset[str]:
        """What was noted as posted for other utterances of its conversation."""
        others = sa.and_(INBOX.c.conversation == utterance.conversation, INBOX.c.id != utterance.id)
        async with self._engine.connect() as db:
            found = await db.execute(sa.select(INBOX.c.shown).where(others))
        return frozenset(id for shown in found.scalars() for id in shown or ())

    async def renew(self, ids: Collection[str], now: datetime) -> None:
        """Hold the leases a while longer."""
        if ids:
            async with self._engine.begin() as db:
                await db.execute(
                    sa.update(INBOX)
                    .where(INBOX.c.id.in_(list(ids)))
                    .values(lease_until=now + LEASE)
                )

    async def release(self, id: str, now: datetime) -> None:
        """Hand it back: anybody may take it over at once."""
        async with self._engine.begin() as db:
            await db.execute(sa.update(INBOX).where(INBOX.c.id == id).values(lease_until=now))

    async def take_over(self, platform: str, now: datetime) -> list[Accepted]:
        """Lease what nobody holds any more, oldest first. Each goes to one caller only."""
        taken = []
        async with self._engine.connect() as db:
            rows = (
                await db.execute(
                    sa.select(INBOX)
                    .where(
                        INBOX.c.platform == platform,
                        INBOX.c.outcome.is_(None),
                        INBOX.c.lease_until <= now,
                    )
                    .order_by(INBOX.c.accepted_at)
                )
            ).all()
        for row in rows:
            utterance = from_json(row.body)
            changes: dict[str, Any] = {"lease_until": now + LEASE, "attempts": row.attempts + 1}
            if utterance is None:
                _log.error("utterance_unreadable", message_id=row.id)
                changes = {"outcome": "given_up", "body": None}
            async with self._engine.begin() as db:
                done = await db.execute(
                    sa.update(INBOX).where(_is_held(row.id, row.attempts)).values(changes)
                )
            if done.rowcount and utterance is not None:
                taken.append(Accepted(utterance, tuple(row.shown), row.attempts + 1, row.failures))
        return taken

    async def forget_old(self, now: datetime) -> None:
        """Drop what ended long ago."""
        async with self._engine.begin() as db:
            await db.execute(
                sa.delete(INBOX).where(
                    INBOX.c.outcome.is_not(None), INBOX.c.accepted_at < now - KEPT
                )
            )

    async def _has(self, wanted: sa.ColumnElement[bool]) -> bool:
        async with self._engine.connect() as db:
            found = await db.execute(sa.select(INBOX.c.id).where(wanted))
        return found.one_or_none() is not None

    async def _change_held(self, held: Accepted, **values: Any) -> bool:
        async with self._engine.begin() as db:
            mine = _is_held(held.utterance.id, held.attempts)
            done = await db.execute(sa.update(INBOX).where(mine).values(**values))
        return bool(done.rowcount)


def _tell(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():  # whoever asked may not wait any more
        future.set_result(value)


def _is_held(id: str, attempts: int) -> sa.ColumnElement[bool]:
    return sa.and_(INBOX.c.id == id, INBOX.c.outcome.is_(None), INBOX.c.attempts == attempts)


def _can_change(now: datetime, within: timedelta) -> sa.ColumnElement[bool]:
    """Not ended yet, or a short while ago; never once it is withdrawn."""
    return sa.or_(
        INBOX.c.outcome.is_(None),
        sa.and_(INBOX.c.outcome != "withdrawn", INBOX.c.accepted_at >= now - within),
    )
