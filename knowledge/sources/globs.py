"""Globs for paths below a folder, with ``**``, as people know them from .gitignore."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

INCLUDE = "Only what matches this glob."
EXCLUDE = "Not what matches this glob."


def matches(path: str, globs: Iterable[str]) -> bool:
    """Does any glob match the POSIX path, or a folder that it lies in?

    ``*`` and ``?`` stay within one folder, ``**`` crosses folders, ``[abc]`` is one of these. A
    glob without a slash is looked for in every folder; one with a slash counts from the root.
    """
    parts = path.split("/")
    candidates = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return any(_compiled(glob).fullmatch(one) for glob in globs for one in candidates)


NEVER = frozenset({".git", "node_modules", "__pycache__"})
"""Folders of tools, never of authors."""


def is_wanted(path: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    """Whether the file at a POSIX path is meant.

    Hidden ones are not, unless an ``include`` glob names them with their dot.
    """
    parts = path.split("/")
    if matches(path, exclude) or not NEVER.isdisjoint(parts[:-1]):
        return False
    if any(part.startswith(".") for part in parts):
        return matches(path, hidden_globs(include))
    return not include or matches(path, include)


def hidden_globs(globs: Iterable[str]) -> tuple[str, ...]:
    """Those of the globs that name something hidden with its dot."""
    return tuple(
        glob
        for glob in globs
        if any(part.startswith(".") and part not in (".", "..") for part in glob.split("/"))
    )


@lru_cache(maxsize=512)
def _compiled(glob: str) -> re.Pattern[str]:
    anchored = glob.strip().removeprefix("./")
    trimmed = anchored.strip("/")
    if "/" not in anchored.rstrip("/"):
        trimmed = f"**/{trimmed}"
    pattern = ""
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", trimmed, re.S):
        if piece == "**/":
            pattern += "(?:[^/]+/)*"
        elif piece == "**":
            pattern += ".*"
        elif piece == "*":
            pattern += "[^/]*"
        elif piece == "?":
            pattern += "[^/]"
        elif piece.startswith("[") and len(piece) > 2:
            pattern += _character_class(piece)
        else:
            pattern += re.escape(piece)
    return re.compile(pattern, re.S)


def _character_class(piece: str) -> str:
    inner = piece[1:-1].removeprefix("!").replace("\\", "\\\\").replace("^", "\\^")
    written = f"[{'^/' if piece[1] == '!' else ''}{inner}]"
    try:
        re.compile(written)
    except re.error:  # a range such as [z-a]: taken as it stands
        return re.escape(piece)
    return written
