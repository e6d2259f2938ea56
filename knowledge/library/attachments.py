"""Files that come along with a question: read at once, and found only in their own conversation.

Such a file is a document of the source ``attachment:<conversation>`` whose only reader is the
principal ``conversation:<conversation>``, so that the store's own filter keeps it there. It is
entered in a table before it is stored and leaves the table after it has left the store: what is
stored expires, wherever a process died.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.documents.reading import FileReader, RawFile
from knowledge.embedding.port import Embedder
from knowledge.errors import DocumentSkipped
from knowledge.library.attachment_files import (
    fetch_file,
    first_sentence,
    numbered,
    tidy_name,
)
from knowledge.library.reading import passages_of
from knowledge.parsing import MAX_DOCUMENT_BYTES
from knowledge.state.tables import Moment, insert, metadata
from knowledge.stores.port import PassageStore
from knowledge.types import (
    Attachment,
    EmbeddedPassage,
    LeftOut,
    Unread,
    attachment_source,
    conversation_principal,
)
from knowledge.web.client import GuardedClient

MAX_FILES = 10
"""Of one message, as many as Slack and Discord let a person send with it."""
MAX_CHARACTERS = 1_000_000
"""Some 400 pages or 1,000 passages: embedding them takes about 15 s, for which somebody waits."""
MAX_GROWTH = 10 * 1024 * 1024
"""Bytes by which an Office file may grow when it is unpacked. Parsing 20 MB of a Word document's
XML was seen to take a minute and 900 MB of memory; pictures, already packed, hardly grow."""
MAX_SECONDS = 120.0
"""For all files of a message together; then its question is answered without the rest."""
RECOGNISE_SECONDS = 40.0
"""For the text in one file's pictures, which takes 1 to 9 s each: a few scanned pages."""
KEEP = timedelta(days=30)

_attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("conversation", sa.String(200), primary_key=True),
    sa.Column("document", sa.String(200), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("read_at", Moment, nullable=False, index=True),
)


class AttachmentReader:
    """Reads files into the passage store, and forgets them."""

    def __init__(
        self,
        store: PassageStore,
        embedder: Embedder,
        reader: FileReader,
        client: GuardedClient,
        engine: AsyncEngine,
        *,
        max_bytes: int = MAX_DOCUMENT_BYTES,
        max_files: int = MAX_FILES,
        max_seconds: float = MAX_SECONDS,
        recognises: bool = False,
        keep: timedelta = KEEP,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        """``max_bytes`` bounds each file; ``max_files`` and ``max_seconds`` one message's.

        ``recognises``: whether ``reader`` can recognise text in pictures; else they are refused.
        """
        self._store = store
        self._embedder = embedder
        self._reader = reader
        self._client = client
        self._engine = engine
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._max_seconds = max_seconds
        self._recognises = recognises
        self._keep = keep
        self._clock = clock

    async def read(self, conversation: str, files: Sequence[Attachment]) -> dict[str, Unread]:
        """Make the files of one message findable for questions of this conversation.

        Returns which were not read, or not as a whole, and why. The keys are the
        files' names made fit to show (see :func:`tidy_name`), numbered where two are alike; an
        ordinary name stays as it is. A file that was read before is read again with the same
        outcome. Raises :class:`knowledge.errors.KnowledgeError` when store or embedder fail.
        """
        until = asyncio.get_running_loop().time() + self._max_seconds
        names: set[str] = set()
        unread: dict[str, Unread] = {}
        for file in files:
            name = tidy_name(file.name)
            shown = next(each for each in numbered(name) if each not in names)
            names.add(shown)
            try:
                if len(names) > self._max_files:
                    raise DocumentSkipped(
                        f"No more than {self._max_files} files of a message are read."
                    )
                left_out = await self._read(conversation, name, file, until)
            except DocumentSkipped as skipped:
                unread[shown] = Unread(first_sentence(skipped.reason))
            else:
                if left_out:
                    what = ", ".join(each.told for each in left_out)
                    unread[shown] = Unread(f"but for {what}, it was read", is_partly=True)
        return unread

    async def forget(self, conversation: str) -> None:
        """Remove all files of a conversation. Raises :class:`knowledge.errors.StoreError`."""
        await self._store.delete(attachment_source(conversation))
        async with self._engine.begin() as db:
            await db.execute(
                sa.delete(_attachment).where(_attachment.c.conversation == conversation)
            )
        # A file that was being read may have been stored between the two; from here on its reader
        # finds the entry gone and takes the file back itself.
        await self._store.delete(attachment_source(conversation))

    async def forget_expired(self) -> int:
        """Remove what was read too long ago; returns how many files went.

        Safe to be killed: what is still entered goes the next time. Raises
        :class:`knowledge.errors.StoreError`.
        """
        expired = _attachment.c.read_at < self._clock() - self._keep
        async with self._engine.connect() as db:
            rows = (await db.execute(sa.select(_attachment).where(expired))).all()
        for row in rows:
            await self._store.delete(attachment_source(row.conversation), row.document)
            async with self._engine.begin() as db:
                await db.execute(
                    sa.delete(_attachment).where(_is(row.conversation, row.document), expired)
                )
        return len(rows)

    async def _read(
        self, conversation: str, name: str, file: Attachment, until: float
    ) -> tuple[LeftOut, ...]:
        """What of the file was left out. Raises :class:`DocumentSkipped` if it cannot be used."""
        source = attachment_source(conversation)
        bound = asyncio.timeout_at(until)
        try:
            async with bound:
                content, content_type = await fetch_file(
                    self._client, name, file, self._max_bytes, recognises=self._recognises
                )
                # Who may read it is settled by where it was sent, not by what it says of itself;
                # nor does it matter here for how long it says to be valid. It is opened where it
                # was sent: its address may itself be a permission, and soon expires.
                read = await self._reader.read(
                    RawFile(
                        name,
                        content,
                        content_type,
                        self._max_bytes,
                        MAX_GROWTH,
                        MAX_CHARACTERS,
                        guarded=False,
                        recognise_seconds=RECOGNISE_SECONDS if self._recognises else 0,
                    )
                )
                digest = hashlib.sha256(content).hexdigest()
                document = await self._enter(conversation, name, digest)
                passages = passages_of(
                    read,
                    source=source,
                    name=document,
                    url="",
                    access=frozenset({conversation_principal(conversation)}),
                )
                vectors = await self._embedder.embed_passages([words for _, words in passages])
                embedded = [
                    EmbeddedPassage(passage, vector)
                    for (passage, _), vector in zip(passages, vectors, strict=True)
                ]
        except TimeoutError:
            if not bound.expired():
                raise
            raise DocumentSkipped("It takes too long to read.") from None
        await self._store.replace(source, document, embedded)
        if not await self._is_entered(conversation, document):
            await self._store.delete(source, document)
            raise DocumentSkipped("It was taken back while it was being read.")
        return read.left_out

    async def _enter(self, conversation: str, name: str, digest: str) -> str:
        """Enter the file as read now; returns the name that its document has in the store.

        That is the file's own unless it is another file's in this conversation: it is numbered
        then, so that both stay. The same file gets the same name again.
        """
        entries = sa.select(_attachment.c.document, _attachment.c.digest).where(
            _attachment.c.conversation == conversation
        )
        while True:
            async with self._engine.begin() as db:
                known = {row.document: row.digest for row in await db.execute(entries)}
                document = next(
                    each for each in numbered(name) if known.get(each, digest) == digest
                )
                now = self._clock()
                entry = insert(db, _attachment).values(
                    conversation=conversation, document=document, digest=digest, read_at=now
                )
                again = entry.on_conflict_do_update(
                    index_elements=list(_attachment.primary_key),
                    set_={"read_at": now},
                    where=_attachment.c.digest == digest,
                )
                entered = await db.execute(again.returning(_attachment.c.document))
            if entered.first() is not None:  # else somebody else has just taken the name
                return document

    async def _is_entered(self, conversation: str, document: str) -> bool:
        query = sa.select(sa.exists().where(_is(conversation, document)))
        async with self._engine.connect() as db:
            return bool((await db.execute(query)).scalar_one())


def _is(conversation: str, document: str) -> sa.ColumnElement[bool]:
    return sa.and_(_attachment.c.conversation == conversation, _attachment.c.document == document)
