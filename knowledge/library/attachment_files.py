"""One file of a question before it is read: its name made fit, its content fetched, its type."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from pathlib import PurePosixPath

from knowledge.errors import DocumentSkipped, SourceError
from knowledge.parsing import PICTURE_EXTENSIONS, SUPPORTED_EXTENSIONS
from knowledge.types import Attachment
from knowledge.web.client import BodyTooLarge, GuardedClient, Response

_LONGEST_NAME = 100

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_STATED = _HTML | {"text/csv", "text/markdown"}
"""Types that say more than that it is text."""
_NO_PROSE = (b"{\\rtf", b"%!PS")
"""How formats begin that are written in plain characters and yet are no text to read."""
_PICTURES = frozenset(
    filter(None, (mimetypes.guess_type(f"a{each}")[0] for each in PICTURE_EXTENSIONS))
)
_UNREAD = {
    "image": "Images are not read.",
    "audio": "Sound is not read.",
    "video": "Videos are not read.",
}


async def fetch_file(
    client: GuardedClient, name: str, file: Attachment, max_bytes: int, *, recognises: bool
) -> tuple[bytes, str | None]:
    """The file, and what type it is said to be.

    ``recognises``: whether text in pictures can be. Raises :class:`DocumentSkipped`.
    """
    _refuse_media(file.content_type or mimetypes.guess_type(name)[0], recognises=recognises)
    too_large = f"It is larger than the {max_bytes / 2**20:.2g} MB that are read."
    if file.size is not None and file.size > max_bytes:
        raise DocumentSkipped(too_large)
    try:
        answer = await client.get(file.url, headers=file.headers, max_bytes=max_bytes)
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
    _refuse_media(answer.content_type, recognises=recognises)
    return answer.content, _stated_type(answer, name, file)


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


def numbered(name: str) -> Iterator[str]:
    """Without end: ``pay.txt``, ``pay (2).txt``, ``pay (3).txt`` and so on."""
    yield name
    path = PurePosixPath(name)
    for number in count(2):
        yield f"{path.stem} ({number}){path.suffix}"


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _refuse_media(content_type: str | None, *, recognises: bool) -> None:
    media_type = _media_type(content_type)
    if recognises and media_type in _PICTURES:
        return
    reason = _UNREAD.get(media_type.partition("/")[0])
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


def first_sentence(reason: str) -> str:
    """What is wrong; the rest says what somebody who adds a source can do about it."""
    found = re.match(r".+?[.?!](?=\s|$)", reason, re.S)
    return found[0] if found else reason
