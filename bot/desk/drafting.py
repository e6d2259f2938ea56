"""Drafts that came back in the voice, kept until their author has sent, edited or copied them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cards import Action, Card
from bot.conversation.channels import Channels
from bot.errors import PlatformError, UsageError
from bot.ports import Platform
from bot.types import Place, person
from bot.voice.grounding import facts
from bot.voice.rewriting import Rewriter
from bot.voice.voice import Voice
from knowledge.state.tables import Moment, metadata

KEPT = timedelta(days=1)

_draft = sa.Table(
    "draft",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    sa.Column("voice", sa.String(40), nullable=False, server_default=""),
    sa.Column("saved_at", Moment, nullable=False),
)

_BUTTONS: tuple[Action, ...] = ("send", "edit", "copy")


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that may be sent to a place by its owner."""

    id: str
    place: Place
    text: str
    source: str = ""
    """As its owner wrote it first."""
    voice: str = ""
    """The voice that it was brought into."""


class Drafting:
    """Rewrites drafts and keeps the results. Raises :class:`UsageError` with what to say."""

    def __init__(
        self,
        engine: AsyncEngine,
        rewriter: Rewriter,
        voice_for: Callable[[str | None], Voice],
        channels: Channels,
        clock: Callable[[], datetime],
    ):
        self._engine = engine
        self._rewriter = rewriter
        self._voice_for = voice_for
        self._channels = channels
        self._clock = clock

    async def rewrite(self, text: str, place: Place, user: str, voice: str | None = None) -> Card:
        """The draft in a voice, by default that of the place; its buttons carry the draft's id."""
        chosen = self._voice_for(voice or (await self._channels.rules(place)).voice)
        rewrite = await self._rewriter.rewrite(text, chosen)
        note = "" if rewrite.changed else "\n\n*I found nothing that I could safely change.*"
        if rewrite.changed and rewrite.checks.kept in ("facts", "meaning"):
            note = "\n\n*My own wording would have changed what it says, so your sentences stay.*"
        id = uuid4().hex
        draft = Draft(id, place, rewrite.text, text, chosen.name)
        await self._save(draft, person(place, user))
        return _card(f"{rewrite.text}{note}", id)

    async def get(self, id: str, place: Place, user: str) -> Draft:
        """A draft of this person's."""
        async with self._engine.connect() as db:
            row = (await db.execute(sa.select(_draft).where(_draft.c.id == id))).one_or_none()
        if row is None or row.owner != person(place, user) or self._clock() - row.saved_at > KEPT:
            raise UsageError("That draft is no longer kept. Rewrite it again.")
        return Draft(row.id, Place(**row.place), row.text, row.source, row.voice)

    async def edit(self, id: str, text: str, place: Place, user: str) -> Card:
        """Replace a draft's text by its owner's words."""
        if not text.strip():
            raise UsageError("There is nothing left to send.")
        draft = await self.get(id, place, user)
        async with self._engine.begin() as db:
            await db.execute(sa.update(_draft).where(_draft.c.id == id).values(text=text))
        return _card(text, draft.id)

    async def send(self, id: str, place: Place, user: str, platform: Platform) -> Card:
        """Post a draft where it was written for; returns what to tell its owner. Once only."""
        draft = await self.get(id, place, user)
        async with self._engine.begin() as db:
            gone = await db.execute(sa.delete(_draft).where(_draft.c.id == id))
        if not gone.rowcount:
            raise UsageError("That draft has been sent already.")
        try:
            signed = f"{draft.text}\n\n— {platform.mention(user)}"
            sent = await platform.post(draft.place, Card(signed, links=_links(draft.text)))
            link = sent.link
        except PlatformError:  # its owner has the text nowhere else
            await self._save(draft, person(place, user))
            raise
        return Card(f"Sent: [see it there]({link})", links=(link,)) if link else Card("Sent.")

    async def forget_old(self) -> None:
        """Drop drafts that nobody came back for."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_draft).where(_draft.c.saved_at < self._clock() - KEPT))

    async def _save(self, draft: Draft, owner: str) -> None:
        async with self._engine.begin() as db:
            await db.execute(
                sa.insert(_draft).values(
                    id=draft.id,
                    owner=owner,
                    place=asdict(draft.place),
                    text=draft.text,
                    source=draft.source,
                    voice=draft.voice,
                    saved_at=self._clock(),
                )
            )


def _card(text: str, id: str) -> Card:
    return Card(text, buttons=_BUTTONS, subject=id, links=_links(text))


def _links(text: str) -> tuple[str, ...]:
    """The addresses in a text: its owner wrote them, so they may be live."""
    return tuple(facts(text)["links"])
