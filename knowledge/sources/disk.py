"""A file of the disk as a document, and what an admin may set about files."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from urllib.parse import quote

from knowledge.errors import SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.web import web_address
from knowledge.types import Validators

PUBLISHED = "Where readers find a folder's documents on the web."


def existing_path(typed: str) -> Path:
    """The absolute path that was typed. Raises :class:`SourceError` if nothing is there."""
    try:
        path = Path(typed).expanduser().resolve()
        exists = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # no such user, a loop, a NUL
        raise SourceError(f"{typed!a} is not a path. Check how it is written.") from error
    if not exists:
        raise SourceError(
            f"{path} does not exist where the bot runs. Check the path, "
            "or give a web address beginning with https://."
        )
    return path


def refuse_unlinked(base_url: str) -> None:
    """Raise :class:`SourceError` for a ``base_url`` that no reader could follow."""
    if base_url and web_address(base_url) is None:
        raise SourceError("The option base-url must be an address that begins with https://.")


def read_document(
    path: Path, document: str, *, base_url: str, max_bytes: int
) -> RawDocument | SkippedDocument:
    """The file as the document of that name, which readers find below ``base_url`` if it is given.

    Files have no validators: reading one costs less than trusting its time stamp.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would never end
            return SkippedDocument(document, "It is not a regular file. Exclude it.")
        if status.st_size > max_bytes:
            return SkippedDocument(
                document,
                f"The file has {status.st_size / 2**20:.1f} MB, more than the "
                f"{max_bytes / 2**20:.1f} MB that are read. Split it.",
            )
        content = path.read_bytes()
    except OSError as error:
        if path.is_symlink() and error.errno in (errno.ENOENT, errno.ELOOP):
            return SkippedDocument(
                document, "It is a link that leads nowhere. Mend it, remove it, or exclude it."
            )
        return SkippedDocument(
            document,
            f"The file cannot be read ({error.strerror}). "
            "Give the bot's user the right to read it, or exclude it.",
        )
    url = f"{base_url.rstrip('/')}/{quote(document)}" if base_url else path.resolve().as_uri()
    return RawDocument(document, url, path.name, content, None, Validators())
