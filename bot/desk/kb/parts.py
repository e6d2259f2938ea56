"""What the commands about knowledge work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.answers.chain import Retriever
from bot.answers.gaps import Gaps
from bot.answers.judge import Thresholds
from bot.conversation.roles import Roles
from bot.desk.audit import Audit
from bot.desk.kb.askers import Askers
from bot.desk.kb.proposals import Proposals
from bot.ports import Curated, Sources
from bot.source_ports import Indexes, Releases
from knowledge.types import Vector

Embed = Callable[[Sequence[str]], Awaitable[Sequence[Vector]]]
"""A unit vector for each text."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All of it, put together by the shell."""

    sources: Sources
    releases: Releases
    indexes: Indexes
    audit: Audit
    gaps: Gaps
    curated: Curated
    askers: Askers
    proposals: Proposals
    retriever: Retriever
    embed: Embed
    thresholds: Thresholds
    roles: Roles
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
