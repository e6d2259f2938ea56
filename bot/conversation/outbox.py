"""Messages that a job wants posted: kept until a process that serves their platform posts them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cards import Card, Picture, Row
from bot.errors import PlatformError
from bot.ports import Platform
from bot.types import Place
from knowledge.state.tables import Moment, insert, metadata

LEASE = timedelta(minutes=2)
ATTEMPTS = 10
_KEPT = timedelta(days=30)
_KEPT_OPEN = timedelta(days=365)
"""What has buttons is changed once that is decided, which may be late."""
_PERSON = "person"
"""In the place of who is written to alone."""
_outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("platform", sa.String(20), nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("body", sa.JSON),
    sa.Column("entered_at", Moment, nullable=False),
    sa.Column("lease_until", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(12)),
    sa.Column("shown", sa.JSON(none_as_null=True)),
)
_log = structlog.get_logger("housevoice")


@dataclass(frozen=True, slots=True)
class Posted:
    """A message with buttons, as it stands or will be posted."""

    id: str
    place: Place | None
    """None: it is not posted yet."""
    shown: tuple[str, ...]
    """The platform's ids of its parts."""
    card: Card
    keeps: bool
    """Its text stays when its buttons go."""
    entered_at: datetime


class Outbox:
    """The table, in the database of the state."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def enter(self, id: str, to: Place | str, card: Card, *, keeps: bool = True) -> bool:
        """Have a card posted; False if one of this id was entered before.

        ``to``: a place, or a person by their principal, such as ``slack:user:U1``. Of the card are
        kept text, buttons, rows and picture. ``keeps``: its text may stay, here and where it was
        posted, when its buttons go.
        """
        now = self._clock()
        body = {**_body(card), "keeps": keeps}
        entry = insert(self._engine, _outbox).values(
            id=id,
            platform=to.partition(":")[0] if isinstance(to, str) else to.platform,
            place={_PERSON: to.rpartition(":")[2]} if isinstance(to, str) else asdict(to),
            body=body,
            entered_at=now,
            lease_until=now,
            attempts=0,
        )
        async with self._engine.begin() as db:
            return bool((await db.execute(entry.on_conflict_do_nothing())).rowcount)

    async def run(self, platform: Platform) -> None:
        """Post what waits for this platform; what fails for the moment waits for the next time."""
        now = self._clock()
        waiting = sa.select(_outbox).where(
            _outbox.c.platform == platform.name,
            _outbox.c.outcome.is_(None),
            _outbox.c.lease_until <= now,
        )
        async with self._engine.connect() as db:
            rows = (await db.execute(waiting.order_by(_outbox.c.entered_at))).all()
        for row in rows:
            mine = sa.and_(
                _outbox.c.id == row.id,
                _outbox.c.attempts == row.attempts,
                _outbox.c.outcome.is_(None),
            )
            values = {"lease_until": now + LEASE, "attempts": row.attempts + 1}
            async with self._engine.begin() as db:
                taken = (await db.execute(sa.update(_outbox).where(mine).values(values))).rowcount
            if taken:
                await self._post(platform, row)

    async def with_buttons(self, platform: str) -> list[Posted]:
        """What stands on a platform, or will, with buttons under it, the oldest first."""
        asked = sa.select(_outbox).where(
            _outbox.c.platform == platform,
            sa.or_(_outbox.c.shown.is_not(None), _outbox.c.outcome.is_(None)),
        )
        async with self._engine.connect() as db:
            rows = (await db.execute(asked.order_by(_outbox.c.entered_at))).all()
        return [_posted(row) for row in rows if _is_open(_card(row.body))]

    async def changed(self, id: str, card: Card) -> None:
        """It shows this now, or will; without buttons nothing of it is kept, or posted any more."""
        values: dict[str, Any] = {"body": _body(card)}
        if not _is_open(card):
            outcome = sa.func.coalesce(_outbox.c.outcome, "over")
            values = {"body": None, "shown": None, "outcome": outcome}
        async with self._engine.begin() as db:
            await db.execute(sa.update(_outbox).where(_outbox.c.id == id).values(values))

    async def forget_old(self) -> None:
        """Drop what was entered long ago."""
        now = self._clock()
        over = sa.and_(_outbox.c.shown.is_(None), _outbox.c.entered_at < now - _KEPT)
        gone = sa.or_(over, _outbox.c.entered_at < now - _KEPT_OPEN)
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_outbox).where(gone))

    async def _post(self, platform: Platform, row: sa.Row[tuple[str]]) -> None:
        values: dict[str, Any] = {"outcome": "posted", "body": None}
        card = _card(row.body)
        try:
            person = row.place.get(_PERSON)
            place = await platform.direct_with(person) if person else Place(**row.place)
            sent = await platform.post(place, card)
            if sent.place is not None and _is_open(card):
                values["shown"] = {"place": asdict(sent.place), "ids": sent.shown}
                values["body"] = (
                    row.body if row.body.get("keeps", True) else _without_text(row.body)
                )
        except PlatformError as error:
            if error.passing and row.attempts + 1 < ATTEMPTS:
                return
            values["outcome"] = "given_up"
            _log.warning("not_posted", id=row.id, reason=str(error))
        async with self._engine.begin() as db:
            await db.execute(sa.update(_outbox).where(_outbox.c.id == row.id).values(values))


def _is_open(card: Card) -> bool:
    return bool(card.buttons or any(each.buttons for each in card.rows))


def _posted(row: sa.Row[tuple[Any, ...]]) -> Posted:
    shown = row.shown or {"place": None, "ids": ()}
    place = shown["place"]
    return Posted(
        row.id,
        place and Place(**place),
        tuple(shown["ids"]),
        _card(row.body),
        row.body.get("keeps", True),
        row.entered_at,
    )


def _body(card: Card) -> dict[str, Any]:
    picture = card.picture
    return {
        "text": card.text,
        "buttons": card.buttons,
        "subject": card.subject,
        "rows": [asdict(each) for each in card.rows],
        "picture": picture
        and {
            "name": picture.name,
            "alt": picture.alt,
            "content": base64.b64encode(picture.content).decode(),
        },
    }


def _without_text(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "text": "", "rows": [{**each, "text": ""} for each in body["rows"]]}


def _card(body: Mapping[str, Any]) -> Card:
    """From JSON; messages of an earlier version have text and picture only."""
    picture = body["picture"]
    return Card(
        body["text"],
        buttons=tuple(body.get("buttons", ())),
        subject=body.get("subject", ""),
        rows=tuple(
            Row(each["text"], tuple(each["buttons"]), each["subject"])
            for each in body.get("rows", ())
        ),
        picture=picture
        and Picture(picture["name"], picture["alt"], base64.b64decode(picture["content"])),
    )
