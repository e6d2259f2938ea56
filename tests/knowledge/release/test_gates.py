"""What looks wrong about a new version, and what does not."""

from __future__ import annotations

import pytest

from knowledge.library.kept.records import DocumentRecord
from knowledge.library.release.gates import covers, jump, too_many_gone
from knowledge.types import PUBLIC, Validators


def read(characters: int | None, language: str | None = "en") -> DocumentRecord:
    return DocumentRecord("a", "f", Validators(), None, language, 1, characters=characters)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (read(10_000), read(9_000), None),
        (read(10_000), read(2_000), None),
        (read(10_000), read(1_999), "10,000 characters and has 1,999"),
        (read(1_900), read(10), None),  # short ones are often rewritten
        (read(1_900), read(90_000), None),  # or were a beginning
        (read(10_000), read(100_000), None),
        (read(10_000), read(100_001), "Look whether"),
        (read(5_000, "en"), read(5_000, "de"), "in en and is now in de"),
        (read(5_000, "en"), read(1_500, "de"), None),  # too little to tell a language by
        (read(5_000, None), read(5_000, "de"), None),
        (read(None), read(1), None),  # an earlier version did not count
    ],
)
def test_a_document_that_is_another_one_is_told(
    before: DocumentRecord, now: DocumentRecord, said: str | None
) -> None:
    told = jump(before, now)
    assert (told is None) if said is None else (told is not None and said in told)


@pytest.mark.parametrize(
    ("gone", "known", "listed", "said"),
    [
        (0, 10, 10, None),
        (1, 1, 0, None),  # one alone is no outage
        (1, 2, 1, None),
        (2, 10, 8, None),
        (3, 10, 7, "3 of 10 documents are gone"),
        (6, 10, 4, "lists 4 documents, and had 10"),
        (10, 10, 0, "lists no documents at all, and had 10"),
    ],
)
def test_many_deletions_wait(gone: int, known: int, listed: int, said: str | None) -> None:
    told = too_many_gone(gone, known, listed, 0.2)
    assert (told is None) if said is None else (told is not None and said in told)


def test_a_list_covers_those_whom_it_names_and_everybody_if_it_is_public() -> None:
    one, two = frozenset({"role:a"}), frozenset({"role:a", "role:b"})
    assert covers(two, one) and covers(frozenset({PUBLIC}), two)
    assert not covers(one, two) and not covers(two, frozenset({PUBLIC}))
    assert not covers(None, one) and not covers(one, None)
