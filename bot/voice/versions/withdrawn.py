"""Pairs that people took back: they go from a voice's files, and what learnt from them is marked.

``from_use.json`` says which line of ``examples.jsonl`` was made of which wording;
``withdrawn.json`` lists the wordings that were taken back since. A version that learnt from one of
these has to make way for one that did not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationError

FROM_USE, WITHDRAWN = "from_use.json", "withdrawn.json"
_EXAMPLES = "examples.jsonl"


def line_digest(line: str) -> str:
    """By which a line of ``examples.jsonl`` is known, 64 hex digits."""
    return sha256(line.strip().encode()).hexdigest()


def read_from_use(folder: Path) -> Mapping[str, str]:
    """Id of each wording in ``examples.jsonl`` to the digest of its line."""
    return dict(_read(folder / FROM_USE, {}))


def write_from_use(folder: Path, lines: Mapping[str, str]) -> None:
    """Note which wordings the pairs were made of."""
    _write(folder / FROM_USE, lines)


def read_withdrawn(folder: Path) -> frozenset[str]:
    """Ids of the wordings that were taken back after they had become pairs."""
    return frozenset(_read(folder / WITHDRAWN, []))


def withdraw(folder: Path, ids: Iterable[str]) -> bool:
    """Take wordings out of the pairs of the voice in ``folder``; True if any was among them.

    Safe to be killed and to be done again: the mark is written before anything goes.
    """
    known = read_from_use(folder)
    gone = known.keys() & set(ids)
    if not gone:
        return False
    _write(folder / WITHDRAWN, sorted(read_withdrawn(folder) | gone))
    lines = {known[id] for id in gone}
    examples = folder / _EXAMPLES
    if examples.is_file():
        kept = [
            line
            for line in examples.read_text("utf-8").splitlines(keepends=True)
            if line_digest(line) not in lines
        ]
        _replace(examples, "".join(kept))
    write_from_use(folder, {id: line for id, line in known.items() if id not in gone})
    return True


def stale(folder: Path, learnt: Collection[str]) -> bool:
    """Whether a version that learnt from these wordings has learnt what was taken back."""
    return bool(learnt) and not read_withdrawn(folder).isdisjoint(learnt)


def _read(path: Path, otherwise: Any) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def _write(path: Path, value: object) -> None:
    _replace(path, json.dumps(value, indent=1) + "\n")


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(text, "utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
