"""What looks wrong about a new version of a document, or of a list of documents. Pure.

The numbers are judgements: wide enough for an ordinary edit, narrow enough for a page that was
replaced by something else.
"""

from __future__ import annotations

from knowledge.library.kept.records import DocumentRecord
from knowledge.types import PUBLIC, Principals

SHRINKS_TO = 0.2
GROWS_TO = 10.0
"""Shares of its earlier length past which a document is another one, or has lost its content."""
LEAST_CHARACTERS = 2_000
"""About a page. A shorter version is often rewritten, or was a beginning."""
TINY = 0.5
"""A list with less than this share of what was there is told as a short list."""


def jump(before: DocumentRecord, now: DocumentRecord) -> str | None:
    """Why the new version is not the same document any more; None if it may be."""
    if not before.characters or now.characters is None:
        return None
    is_other = before.language and now.language and before.language != now.language
    if is_other and min(before.characters, now.characters) >= LEAST_CHARACTERS:
        return (
            f"It was in {before.language} and is now in {now.language}. Look whether the right "
            "page is served."
        )
    share = now.characters / before.characters
    if before.characters >= LEAST_CHARACTERS and not SHRINKS_TO <= share <= GROWS_TO:
        return (
            f"It had {before.characters:,} characters and has {now.characters:,} now. Look whether "
            "the whole page is served, and only it."
        )
    return None


def too_many_gone(gone: int, known: int, listed: int, share: float) -> str | None:
    """Why these deletions wait for an admin; None if they need not.

    ``gone`` of the ``known`` documents are to go, ``listed`` are there now. One document alone
    never waits: of a small source it is always a large share.
    """
    if gone <= 1 or gone <= share * known:
        return None
    if not listed:
        said = f"The source lists no documents at all, and had {known}"
    elif listed < TINY * known:
        said = f"The source lists {listed} documents, and had {known}"
    else:
        said = f"{gone} of {known} documents are gone from the source"
    return (
        f"{said}: {gone / known:.0%} would be removed, and up to {share:.0%} go without asking. "
        "They stay until somebody approves."
    )


def covers(now: Principals | None, before: Principals | None) -> bool:
    """Whether all who may read a version by its list ``before`` may by the list ``now``.

    None is a list that is not known: nobody can be said to be covered.
    """
    if now is None or before is None:
        return False
    return PUBLIC in now or before <= now
