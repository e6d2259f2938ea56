"""What a store holds, document by document: two stores that list the same hold the same. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from knowledge.types import Passage

_DIGEST_BYTES = 16
_MODULUS = 1 << (8 * _DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one document."""

    passages: int
    digest: int
    """Of all that makes its passages up but their vectors, whatever their order."""


Listing = Mapping[tuple[str, str], Held]
"""(source, document) to what is held of it."""


def listed(passages: Iterable[Passage]) -> Listing:
    """The listing of all these passages; they may come in any order."""
    found: dict[tuple[str, str], Held] = {}
    nothing = Held(0, 0)
    for one in passages:
        before = found.get((one.source, one.document), nothing)
        digest = (before.digest + _digest(one)) % _MODULUS
        found[one.source, one.document] = Held(before.passages + 1, digest)
    return found


def _digest(one: Passage) -> int:
    access = sorted(one.access)
    parts = (one.id, one.title, *one.headings, str(one.position), one.url, one.text, *access)
    # Each with its length, so that no two ways of cutting the same characters are alike.
    whole = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(whole, digest_size=_DIGEST_BYTES).digest(), "big")
