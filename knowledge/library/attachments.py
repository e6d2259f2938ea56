"""Files that come along with a question: read at once, and found only in their own conversation.

Such a file is a document of the source ``attachment:<conversation>`` whose only reader is the
principal ``conversation:<conversation>``, so that the store's own filter keeps it there. It is
entered in a table before it is stored and leaves the table after it has left the store: what is
stored expires, wherever a process died.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import PurePosixPath

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.documents.reading import FileReader, RawFile
from knowledge.embedding.port import Embedder
from knowledge.errors import DocumentSkipped, SourceError
from knowledge.library.reading import passages_of
from knowledge.parsing import MAX_DOCUMENT_BYTES, SUPPORTED_EXTENSIONS
from knowledge.state.tables import Moment, insert, metadata
from knowledge.stores.port import PassageStore
from knowledge.types import (
    Attachment,
    EmbeddedPassage,
    attachment_source,
    conversation_principal,
)
from knowledge.web.client import BodyTooLarge, GuardedClient, Response

MAX_FILES = 10
"""Of one message, as many as Slack and Discord let a person send with it."""
MAX_CHARACTERS = 1_000_000
"""Some 400 pages or 1,000 passages: embedding them takes about 15 s, for which somebody waits."""
MAX_GROWTH = 10 * 1024 * 1024
"""Bytes by which an Office file may grow when it is unpacked. Parsing 20 MB of a Word document's
XML was seen to take a minute and 900 MB of memory; pictures, already packed, hardly grow."""
MAX_SECONDS = 120.0
"""For all files of a message together; then its question is answered without the rest."""
KEEP = timedelta(days=30)

_LONGEST_NAME = 100

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_STATED = _HTML | {"text/csv", "text/markdown"}
"""Types that say more than that it is text."""
_NO_PROSE = (b"{\\rtf", b"%!PS")
"""How formats begin that are written in plain characters and yet are no text to read."""
_UNREAD = {
    "image": "Images are not read.",
    "audio": "Sound is not read.",
    "video": "Videos are not read.",
}

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
        keep: timedelta = KEEP,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        """``max_bytes`` bounds each file; ``max_files`` and ``max_seconds`` one message's."""
        self._store = store
        self._embedder = embedder
        self._reader = reader
        self._client = client
        self._engine = engine
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._max_seconds = max_seconds
        self._keep = keep
        self._clock = clock

    async def read(self, conversation: str, files: Sequence[Attachment]) -> dict[str, str]:
        """Make the files of one message findable for questions of this conversation.

        Returns which were not read and why, a short sentence for the asker each. The keys are the
        files' names made fit to show (see :func:`tidy_name`), numbered where two are alike; an
        ordinary name stays as it is. A file that was read before is read again with the same
        outcome. Raises :class:`knowledge.errors.KnowledgeError` when store or embedder fail.
        """
        until = asyncio.get_running_loop().time() + self._max_seconds
        names: set[str] = set()
        unread: dict[str, str] = {}
        for file in files:
            name = tidy_name(file.name)
            shown = next(each for each in _numbered(name) if each not in names)
            names.add(shown)
            try:
                if len(names) > self._max_files:
                    raise DocumentSkipped(
                        f"No more than {self._max_files} files of a message are read."
                    )
                await self._read(conversation, name, file, until)
            except DocumentSkipped as skipped:
                unread[shown] = _first_sentence(skipped.reason)
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

    async def _read(self, conversation: str, name: str, file: Attachment, until: float) -> None:
        """Raises :class:`DocumentSkipped` if the file cannot be used."""
        source = attachment_source(conversation)
        bound = asyncio.timeout_at(until)
        try:
            async with bound:
                content, content_type = await self._fetch(name, file)
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

    async def _fetch(self, name: str, file: Attachment) -> tuple[bytes, str | None]:
        """The file, and what type it is said to be."""
        _refuse_media(file.content_type or mimetypes.guess_type(name)[0])
        too_large = f"It is larger than the {self._max_bytes / 2**20:.2g} MB that are read."
        if file.size is not None and file.size > self._max_bytes:
            raise DocumentSkipped(too_large)
        try:
            answer = await self._client.get(
                file.url, headers=file.headers, max_bytes=self._max_bytes
            )
        except BodyTooLarge as error:
            raise DocumentSkipped(too_large) from error
        except SourceError as error:
            raise DocumentSkipped("It could not be fetched.") from error
        if answer.status in (404, 410):
            raise DocumentSkipped("It is not there any more.")
        if answer.status in (401, 403) or _is_sign_in_page(answer, name, file):
            raise DocumentSkipped("The bot is not allowed to open it.")
        if answer.status != 200:
            raise DocumentSkipped(f"It could not be fetched (error {answer.status}).")
        _refuse_media(answer.content_type)
        return answer.content, _stated_type(answer, name, file)

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
                    each for each in _numbered(name) if known.get(each, digest) == digest
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


def tidy_name(name: str) -> str:
    """A file's name fit to show and to store: no folders, no control characters, no great length.

    The extension stays. Characters that turn the writing direction go, as they can show
    ``exe.pdf`` for ``fdp.exe``.
    """
    seen = "".join(
        char for char in name if char.isspace() or not unicodedata.category(char).startswith("C")
    )
    line = " ".join(unicodedata.normalize("NFC", seen).split())
    last = PurePosixPath(line.replace("\\", "/")).name.strip()
    if not last.strip(". "):
        return "file"
    if len(last) <= _LONGEST_NAME:
        return last
    suffix = PurePosixPath(last).suffix
    suffix = suffix if len(suffix) <= 10 else ""
    return last[: _LONGEST_NAME - len(suffix) - 1].rstrip() + "…" + suffix


def _numbered(name: str) -> Iterator[str]:
    """Without end: ``pay.txt``, ``pay (2).txt``, ``pay (3).txt`` and so on."""
    yield name
    path = PurePosixPath(name)
    for number in count(2):
        yield f"{path.stem} ({number}){path.suffix}"


async def forget_all(engine: AsyncEngine, store: PassageStore) -> None:
    """Take every file of every conversation out of the store."""
    async with engine.connect() as db:
        held = await db.execute(sa.select(_attachment.c.conversation).distinct())
    for conversation in held.scalars():
        await store.delete(attachment_source(conversation))
    async with engine.begin() as db:
        await db.execute(sa.delete(_attachment))


def _is(conversation: str, document: str) -> sa.ColumnElement[bool]:
    return sa.and_(_attachment.c.conversation == conversation, _attachment.c.document == document)


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _refuse_media(content_type: str | None) -> None:
    reason = _UNREAD.get(_media_type(content_type).partition("/")[0])
    if reason is not None:
        raise DocumentSkipped(reason)


def _is_sign_in_page(answer: Response, name: str, file: Attachment) -> bool:
    """Whether a web page came, with status 200, in place of the file.

    Slack does so where the token is wrong or lacks the right to read files.
    """
    if answer.content_type not in _HTML:
        return False
    stated = _media_type(file.content_type)
    if stated in _HTML or _extension(name) in (".html", ".htm"):
        return file.size is not None and file.size != len(answer.content)
    return bool(stated or _extension(name))


def _stated_type(answer: Response, name: str, file: Attachment) -> str | None:
    """The platform's word on the type, else the server's; logs and code are text by any name."""
    stated = file.content_type or answer.content_type
    if (
        _extension(name) not in SUPPORTED_EXTENSIONS
        and _media_type(stated) not in _STATED
        and not answer.content.startswith(_NO_PROSE)
        and _is_text(answer.content)
    ):
        return "text/plain"
    if stated and answer.charset and "charset" not in stated:
        return f"{stated}; charset={answer.charset}"
    return stated


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _first_sentence(reason: str) -> str:
    """What is wrong; the rest says what somebody who adds a source can do about it."""
    found = re.match(r".+?[.?!](?=\s|$)", reason, re.S)
    return found[0] if found else reason
