"""What is kept about a person: told to them as a whole, and taken away as a whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.answers.history import TRACE, History
from bot.errors import UsageError
from bot.types import in_console
from knowledge.state.tables import metadata

FORGOTTEN = "forgotten"
"""Stands for whoever signed what is the company's: a line of the audit, an answer of their own."""

_PERSON = re.compile(r"(?:(?P<platform>[a-z]+):)?user:(?P<user>\S+)")
_OWNED = ("draft", "proposal", "wording", "blind_choice", "console_pass")
"""Tables whose rows are their owner's, and no one else's business."""

_Meant = Mapping[sa.Table, sa.ColumnElement[bool]]
"""Which rows of a table."""


class People:
    """Goes over all tables of the state, so that a new one is not forgotten."""

    def __init__(
        self,
        engine: AsyncEngine,
        history: History,
        forget_files: Callable[[str], Awaitable[None]],
        unlearn: Callable[[str], Awaitable[None]],
    ) -> None:
        """``forget_files``: takes away the files that were sent in a conversation.

        ``unlearn``: takes a person's wordings out of the pairs that voices learn from.
        """
        self._engine = engine
        self._history = history
        self._forget_files = forget_files
        self._unlearn = unlearn

    async def export(self, person: str) -> dict[str, list[dict[str, Any]]]:
        """All rows about a person, by the names of their tables; only tables that have some.

        ``person``: a principal such as ``slack:user:U012AB``. Raises :class:`UsageError`.
        """
        found: dict[str, list[dict[str, Any]]] = {}
        for name in _names_of(person):
            for table, rows in (await self._export(name)).items():
                found[table] = [*found.get(table, ()), *rows]
        return found

    async def _export(self, person: str) -> dict[str, list[dict[str, Any]]]:
        theirs, signed = _rows_of(person)
        found = {}
        async with self._engine.connect() as db:
            for table in {**theirs, **signed}:
                is_meant = sa.or_(*(of[table] for of in (theirs, signed) if table in of))
                rows = await db.execute(sa.select(table).where(is_meant))
                if kept := [dict(row) for row in rows.mappings()]:
                    found[table.name] = kept
        return found

    async def forget(self, person: str) -> dict[str, int]:
        """Take all of it away; how many rows of which table went, or lost the name.

        Files go that were sent in conversations in which they asked, whoever sent them: that is
        not kept. Safe to be killed: done again, it goes on. Raises :class:`UsageError`, and
        :class:`knowledge.errors.StoreError` when the passages cannot be reached.
        """
        counts = Counter[str]()
        for name in _names_of(person):
            counts.update(await self._forget(name))
        return dict(counts)

    async def _forget(self, person: str) -> dict[str, int]:
        theirs, signed = _rows_of(person)
        counts: dict[str, int] = {}
        files = metadata.tables["attachment"]
        async with self._engine.connect() as db:
            sent = sa.select(files.c.conversation).where(theirs[files])
            conversations = list(await db.scalars(sent))
        await self._unlearn(person)
        for conversation in dict.fromkeys(conversations):
            await self._forget_files(conversation)
        counts[files.name] = len(conversations)
        async with self._engine.begin() as db:
            counts[TRACE.name] = await _count(db, TRACE, theirs[TRACE])
            for table, is_meant in theirs.items():
                if table not in (TRACE, files):
                    counts[table.name] = await _count(db, table, is_meant)
                    await db.execute(sa.delete(table).where(is_meant))
            for table, is_meant in signed.items():
                counts[table.name] = counts.get(table.name, 0) + await _count(db, table, is_meant)
                for column in _names(table):
                    change = sa.update(table).where(column == person)
                    await db.execute(change.values({column.name: FORGOTTEN}))
        await self._history.forget_person(person)
        return {name: count for name, count in counts.items() if count}


def _names_of(person: str) -> tuple[str, ...]:
    """A person, and the same one where they ask in the console."""
    return person, in_console(person)


def _rows_of(person: str) -> tuple[_Meant, _Meant]:
    """Which rows are a person's own, and which are the company's with their name on them."""
    parts = _PERSON.fullmatch(person)
    if parts is None:
        raise UsageError(
            f"'{person}' names nobody: write the platform and the person's id there, such as "
            "slack:user:U012AB or discord:user:80351110224678912."
        )
    table = metadata.tables
    inbox, usage, files = table["inbox"], table["usage"], table["attachment"]
    answers = sa.select(TRACE.c.id).where(TRACE.c.asker == person)
    heard = sa.and_(inbox.c.platform == (parts["platform"] or ""), inbox.c.author == parts["user"])
    counted = sa.and_(
        usage.c.subject.startswith(f"{parts['platform']}:", autoescape=True),
        usage.c.subject.endswith(f":person:{parts['user']}", autoescape=True),
    )
    conversations = sa.union(
        sa.select(TRACE.c.conversation).where(TRACE.c.asker == person),
        sa.select(inbox.c.conversation).where(heard),
    )
    theirs = {
        TRACE: TRACE.c.asker == person,
        inbox: heard,
        usage: counted,
        files: files.c.conversation.in_(conversations),
    }
    signed: dict[sa.Table, sa.ColumnElement[bool]] = {}
    for each in metadata.sorted_tables:
        if each in theirs:
            continue
        keys = [column for column in _names(each) if column.primary_key]
        names = [column for column in _names(each) if not column.primary_key]
        if each.name in _OWNED:
            theirs[each] = each.c.owner == person
        elif each.name == "feedback":  # others' opinions of their answers are the others'
            theirs[each] = each.c.rater == person
        elif "trace_id" in each.c:
            theirs[each] = each.c.trace_id.in_(answers)
        else:
            if keys:  # what is kept for each person, such as who waits for what
                theirs[each] = sa.or_(*(column == person for column in keys))
            if names:
                signed[each] = sa.or_(*(column == person for column in names))
    return theirs, signed


def _names(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that could hold a person's principal and nothing else."""
    return [each for each in table.c if isinstance(each.type, sa.String)]


async def _count(db: AsyncConnection, table: sa.Table, is_meant: sa.ColumnElement[bool]) -> int:
    counted = await db.execute(sa.select(sa.func.count()).select_from(table).where(is_meant))
    return int(counted.scalar_one())
