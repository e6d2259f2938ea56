"""Who gets into the console: links that work once, and the sessions that they become."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.types import Place, person
from knowledge.state.tables import Moment, metadata

LINK_VALID: Final = timedelta(minutes=10)
SESSION_VALID: Final = timedelta(hours=12)
"""A working day; whoever is no admin any more loses the right with the next click anyway."""
_BYTES = 32
_Kind = Literal["link", "session"]

_pass = sa.Table(
    "console_pass",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("user", sa.String(200), nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("valid_until", Moment, nullable=False),
)
"""By the SHA-256 of the token: who reads the database cannot get in with what is there."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody in the console, as the platform knows them that they came from."""

    place: Place
    """Where they asked for the link: their rights are looked up for it."""
    user: str
    """The platform's id of them."""

    @property
    def principal(self) -> str:
        """Who they are to sources and to the audit."""
        return person(self.place, self.user)


class Passes:
    """The table, in the database of the state: any replica may hand out a link."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def link(self, guest: Guest) -> str:
        """A token that lets this person in once, for ten minutes."""
        return await self._issue("link", guest, LINK_VALID)

    async def enter(self, token: str) -> tuple[str, Guest] | None:
        """Use a link up: the token of a new session and whose it is; None if it is not valid."""
        taken = (
            sa.delete(_pass)
            .where(self._is_valid("link", token))
            .returning(_pass.c.user, _pass.c.place)
        )
        async with self._engine.begin() as db:
            row = (await db.execute(taken)).one_or_none()
        if row is None:
            return None
        guest = Guest(Place(**row.place), row.user)
        return await self._issue("session", guest, SESSION_VALID), guest

    async def guest(self, token: str) -> Guest | None:
        """Whose session it is; None if it is over."""
        async with self._engine.connect() as db:
            row = (
                await db.execute(sa.select(_pass).where(self._is_valid("session", token)))
            ).one_or_none()
        return None if row is None else Guest(Place(**row.place), row.user)

    async def find(self, principal: str) -> Guest | None:
        """Somebody who is signed in, by who they are."""
        newest = (
            sa.select(_pass)
            .where(
                _pass.c.owner == principal,
                _pass.c.kind == "session",
                _pass.c.valid_until > self._clock(),
            )
            .order_by(_pass.c.valid_until.desc())
            .limit(1)
        )
        async with self._engine.connect() as db:
            row = (await db.execute(newest)).one_or_none()
        return None if row is None else Guest(Place(**row.place), row.user)

    async def leave(self, token: str) -> None:
        """End a session."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_pass).where(_pass.c.id == _digest(token)))

    async def forget_old(self) -> None:
        """Drop what is no longer valid."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_pass).where(_pass.c.valid_until <= self._clock()))

    async def _issue(self, kind: _Kind, guest: Guest, valid: timedelta) -> str:
        token = secrets.token_urlsafe(_BYTES)
        async with self._engine.begin() as db:
            await db.execute(
                sa.insert(_pass).values(
                    id=_digest(token),
                    kind=kind,
                    owner=guest.principal,
                    user=guest.user,
                    place=asdict(guest.place),
                    valid_until=self._clock() + valid,
                )
            )
        return token

    def _is_valid(self, kind: _Kind, token: str) -> sa.ColumnElement[bool]:
        return sa.and_(
            _pass.c.id == _digest(token),
            _pass.c.kind == kind,
            _pass.c.valid_until > self._clock(),
        )


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
