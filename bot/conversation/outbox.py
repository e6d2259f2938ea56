"""Messages that a job wants posted: kept until a process that serves their platform posts them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict
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
)
_log = structlog.get_logger("housevoice")


class Outbox:
    """The table, in the database of the state."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def enter(self, id: str, to: Place | str, card: Card) -> bool:
        """Have a card posted; False if one of this id was entered before.

        ``to``: a place, or a person by their principal, such as ``slack:user:U1``. Of the card are
        kept text, buttons, rows and picture.
        """
        now = self._clock()
        picture = card.picture
        body = {
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

    async def forget_old(self) -> None:
        """Drop what was entered long ago."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_outbox).where(_outbox.c.entered_at < self._clock() - _KEPT))

    async def _post(self, platform: Platform, row: sa.Row[tuple[str]]) -> None:
        outcome = "posted"
        try:
            person = row.place.get(_PERSON)
            place = await platform.direct_with(person) if person else Place(**row.place)
            await platform.post(place, _card(row.body))
        except PlatformError as error:
            if error.passing and row.attempts + 1 < ATTEMPTS:
                return
            outcome = "given_up"
            _log.warning("not_posted", id=row.id, reason=str(error))
        async with self._engine.begin() as db:
            await db.execute(
                sa.update(_outbox).where(_outbox.c.id == row.id).values(outcome=outcome, body=None)
            )


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
