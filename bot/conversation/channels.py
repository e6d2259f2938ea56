"""How the bot behaves where: rules of channels and workspaces, and threads that want quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.types import Frame, Place
from knowledge.state.tables import Moment, insert, metadata, upsert

_channel = sa.Table(
    "channel",
    metadata,
    sa.Column("platform", sa.String(20), primary_key=True),
    sa.Column("workspace", sa.String(200), primary_key=True),
    sa.Column("channel", sa.String(200), primary_key=True),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("changed_by", sa.String(200), nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
)

_quiet = sa.Table(
    "quiet",
    metadata,
    sa.Column("conversation", sa.String(200), primary_key=True),
    sa.Column("since", Moment, nullable=False),
)

_WHOLE = ""
"""Stands for the channel where the rules are those of the whole workspace."""


class ChannelRules(BaseModel):
    """What admins decided for one channel."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    answers: Literal["mention", "unprompted", "never"] = "mention"
    bar: float = Field(default=0.8, ge=0, le=1)
    """Confidence that an unprompted answer needs. Well above where the judge begins to be sure:
    nobody asked, and a false answer disturbs more than none."""
    voice: str | None = None
    sources: frozenset[str] | None = None
    """Ids of the sources that answers here may use; None: all."""
    daily_limit: int | None = Field(default=None, ge=1)
    """Answers a day; None: no limit of its own."""
    threads: bool = True
    """Answer in a thread, where the platform leaves a choice."""
    forum: bool = False
    """Answer every new post of a forum channel."""
    unsure: bool = True
    """Where it is not certain, show the closest there is; else say "I don't know"."""
    frame: Frame | None = None
    """How much of the voice stands around an answer; None: as the settings say."""

    def told(self) -> str:
        """As a person would tell them."""
        when = {
            "mention": "I answer when I am mentioned",
            "unprompted": f"I answer any question that I am sure about ({self.bar:g} and more)",
            "never": "I do not answer",
        }[self.answers]
        parts = [f"{when} in this channel"]
        parts.append(f"in the voice {self.voice}" if self.voice else "in the usual voice")
        if self.daily_limit:
            parts.append(f"at most {self.daily_limit} times a day")
        if self.sources:
            parts.append(f"from {len(self.sources)} chosen sources")
        told = ", ".join(parts)
        told += "." if self.threads else ", and not in threads."
        if self.forum:
            told += " New forum posts get an answer."
        if not self.unsure:
            told += " Where I am not certain I say that I do not know."
        return f"{told} {_FRAMED[self.frame]}" if self.frame else told


_FRAMED: dict[Frame, str] = {
    "full": "All of the voice stands around an answer.",
    "light": "Little of the voice stands around an answer.",
    "none": "Nothing stands around an answer.",
}


class WorkspaceRules(BaseModel):
    """What admins decided for a workspace."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    help_channel: str | None = None
    """The platform's id of the channel where people take over."""
    digest_channel: str | None = None
    """The platform's id of the channel where admins are told of each night."""


class Channels:
    """The rules, in the same database as the history."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine

    async def rules(self, place: Place) -> ChannelRules:
        """The rules of the channel that the place is in; a direct conversation has none."""
        if place.direct:
            return ChannelRules()
        return ChannelRules.model_validate(await self._read(place, place.channel))

    async def set_rules(self, place: Place, rules: ChannelRules, by: str, now: datetime) -> None:
        """Replace the rules of a channel."""
        await self._write(place, place.channel, rules, by, now)

    async def workspace(self, place: Place) -> WorkspaceRules:
        """The rules of the workspace that the place is in."""
        return WorkspaceRules.model_validate(await self._read(place, _WHOLE))

    async def set_workspace(
        self, place: Place, rules: WorkspaceRules, by: str, now: datetime
    ) -> None:
        """Replace the rules of a workspace."""
        await self._write(place, _WHOLE, rules, by, now)

    async def digest_places(self) -> list[Place]:
        """The channels, of all workspaces of all platforms, where admins want the digest."""
        return await self._places("digest_channel")

    async def help_places(self) -> list[Place]:
        """The channels, of all workspaces of all platforms, where people take over."""
        return await self._places("help_channel")

    async def is_quiet(self, place: Place) -> bool:
        """Whether somebody asked the bot to speak only when spoken to, here or in the channel."""
        both = (place.conversation, replace(place, thread=None).conversation)
        async with self._engine.connect() as db:
            found = await db.execute(
                sa.select(_quiet.c.since).where(_quiet.c.conversation.in_(both)).limit(1)
            )
        return found.first() is not None

    async def set_quiet(self, place: Place, quiet: bool, now: datetime) -> None:
        """Be quiet in this thread, or in this channel where it is none; or no longer."""
        conversation = place.conversation
        entry = insert(self._engine, _quiet).values(conversation=conversation, since=now)
        change = (
            entry.on_conflict_do_nothing()  # it is quiet already
            if quiet
            else sa.delete(_quiet).where(_quiet.c.conversation == conversation)
        )
        async with self._engine.begin() as db:
            await db.execute(change)

    async def _places(self, chosen: Literal["digest_channel", "help_channel"]) -> list[Place]:
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_channel).where(_channel.c.channel == _WHOLE))
        found = [(row, WorkspaceRules.model_validate(dict(row.rules))) for row in rows]
        return [
            Place(row.platform, row.workspace, channel)
            for row, rules in found
            if (channel := getattr(rules, chosen))
        ]

    async def _read(self, place: Place, channel: str) -> dict[str, object]:
        async with self._engine.connect() as db:
            row = (
                await db.execute(sa.select(_channel.c.rules).where(_key(place, channel)))
            ).one_or_none()
        return {} if row is None else dict(row.rules)

    async def _write(
        self, place: Place, channel: str, rules: BaseModel, by: str, now: datetime
    ) -> None:
        entry = upsert(self._engine, _channel).values(
            platform=place.platform,
            workspace=place.workspace,
            channel=channel,
            rules=rules.model_dump(mode="json"),
            changed_by=by,
            changed_at=now,
        )
        async with self._engine.begin() as db:
            await db.execute(entry)


def _key(place: Place, channel: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        _channel.c.platform == place.platform,
        _channel.c.workspace == place.workspace,
        _channel.c.channel == channel,
    )
