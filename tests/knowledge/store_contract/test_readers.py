"""No store gives anybody what they may not read."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest

from knowledge.stores.port import PassageStore
from knowledge.types import PUBLIC, EmbeddedPassage
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.knowledge.store_contract.guide import GUIDE, PAY, TRAVEL

pytestmark = pytest.mark.asyncio


# -- who may see what -------------------------------------------------------------------------


async def test_private_never_leaks_and_public_is_still_found(store: PassageStore) -> None:
    secret = passage(
        "Travel bonus of the board.", toward(travel=1), position=9,
        access=frozenset({"role:board"}),
    )  # fmt: skip
    await store.replace("handbook", "guide.md", [TRAVEL, secret])

    for alpha in (0.0, 0.5, 1.0):
        ask = ("travel bonus board", toward(travel=1))
        everybody = await store.search(*ask, EVERYBODY, 5, alpha=alpha)
        board = await store.search(*ask, frozenset({"role:board"}), 5, alpha=alpha)
        both = await store.search(*ask, frozenset({PUBLIC, "role:board"}), 5, alpha=alpha)

        assert texts(everybody) == [TRAVEL.passage.text]
        assert texts(board) == [secret.passage.text]
        assert set(texts(both)) == {TRAVEL.passage.text, secret.passage.text}


async def test_any_one_principal_in_common_is_enough(store: PassageStore) -> None:
    shared = passage("Pay bands.", toward(pay=1), access=frozenset({"role:hr", "user:U1"}))
    await store.replace("handbook", "guide.md", [shared])

    for principals in ({"role:hr"}, {"user:U1", PUBLIC}, {"channel:C9", "role:hr", "user:U7"}):
        assert len(await store.search("pay", toward(pay=1), frozenset(principals), 5, alpha=0.5))
    for principals in ({PUBLIC}, {"user:U2", "channel:C9"}, {"hr"}, {"role:HR"}):
        assert not await store.search("pay", toward(pay=1), frozenset(principals), 5, alpha=0.5)


async def test_no_principals_see_nothing(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)

    assert await store.search("laptop", toward(laptop=1), frozenset(), 5, alpha=0.5) == []


ODD_PRINCIPALS = [
    "role:man",
    "role:managers",
    "role:managers of sales",
    "role:sales",
    "role",
    "managers",
    "ROLE:MAN",
    'user:O\'Hara "Jo"',
    "user:O",
    "channel:café-☕-日本",
    "channel:cafe-☕-日本",
    "a,b",
    "a",
    'a","b',
    "%",
    "*",
    "null",
    "[]",
]


async def test_principals_match_whole_and_exactly(store: PassageStore) -> None:
    await store.replace(
        "handbook",
        "guide.md",
        [
            passage(f"For number {n}.", toward(pay=1), position=n, access=frozenset({principal}))
            for n, principal in enumerate(ODD_PRINCIPALS)
        ],
    )

    for n, principal in enumerate(ODD_PRINCIPALS):
        for alpha in (0.0, 1.0):
            found = await store.search(
                "number", toward(pay=1), frozenset({principal}), 50, alpha=alpha
            )
            assert texts(found) == [f"For number {n}."], principal


async def test_a_rare_access_list_is_searched_to_its_end(store: PassageStore) -> None:
    """The filter is part of the query: it does not thin out a list made for everybody."""
    near = [passage(f"Pay fact {n}.", toward(pay=1), position=n) for n in range(150)]
    far = passage("Pay fact for one.", toward(party=1), position=999, access=frozenset({"user:U1"}))
    await store.replace("handbook", "guide.md", [*near, far])

    for alpha in (0.0, 0.5, 1.0):
        found = await store.search("pay", toward(pay=1), frozenset({"user:U1"}), 3, alpha=alpha)
        assert texts(found) == ["Pay fact for one."]


async def test_only_the_given_sources_are_looked_at(store: PassageStore) -> None:
    for source in ("handbook", "wiki", "wiki 2"):
        one = passage(f"Laptops in {source}.", toward(laptop=1), source=source)
        await store.replace(source, "guide.md", [one])

    async def ask(sources: frozenset[str] | None, alpha: float) -> set[str]:
        found = await store.search(
            "laptops", toward(laptop=1), EVERYBODY, 9, alpha=alpha, sources=sources
        )
        return {one.passage.source for one in found}

    for alpha in (0.0, 0.5, 1.0):
        assert await ask(None, alpha) == {"handbook", "wiki", "wiki 2"}
        assert await ask(frozenset({"wiki"}), alpha) == {"wiki"}
        assert await ask(frozenset({"wiki", "handbook", "?"}), alpha) == {"wiki", "handbook"}
        assert await ask(frozenset({"nowhere"}), alpha) == set()
        assert await ask(frozenset(), alpha) == set()


# -- looking up again what was found before ---------------------------------------------------


def ids(*passages: EmbeddedPassage) -> frozenset[str]:
    return frozenset(one.passage.id for one in passages)


async def test_tells_which_passages_these_principals_may_read(store: PassageStore) -> None:
    board = passage("For the board.", toward(pay=1), access=frozenset({"role:board"}), position=7)
    either = passage(
        "For two.", toward(pay=1), access=frozenset({"role:hr", "user:U1"}), position=8
    )
    await store.replace("handbook", "guide.md", [TRAVEL, board, either])
    asked = ids(TRAVEL, board, either)

    assert await store.readable(asked, EVERYBODY) == ids(TRAVEL)
    assert await store.readable(asked, frozenset({"role:board"})) == ids(board)
    assert await store.readable(asked, frozenset({"user:U1", "role:hr"})) == ids(either)
    assert await store.readable(asked, frozenset({PUBLIC, "role:board", "role:hr"})) == asked
    assert await store.readable(ids(board), EVERYBODY) == frozenset()
    assert await store.readable(asked, frozenset({"role:boar", "board", "ROLE:BOARD"})) == set()


async def test_nobody_may_read_anything_and_nothing_is_nothing(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)

    assert await store.readable(ids(TRAVEL), frozenset()) == frozenset()
    assert await store.readable([], EVERYBODY) == frozenset()


async def test_what_changed_or_went_is_not_readable_any_more(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)
    new = passage("Book flights at the travel desk.", toward(travel=1), position=0)
    await store.replace("handbook", "guide.md", [new, PAY])
    assert await store.readable(ids(*GUIDE, new), EVERYBODY) == ids(new, PAY)

    closed = changed(PAY, passage=changed(PAY.passage, access=frozenset({"role:hr"})))
    await store.replace("handbook", "guide.md", [new, closed])
    assert await store.readable(ids(PAY), EVERYBODY) == frozenset()
    assert await store.readable(ids(PAY), frozenset({"role:hr"})) == ids(PAY)

    await store.delete("handbook")
    assert await store.readable(ids(new, PAY), frozenset({PUBLIC, "role:hr"})) == frozenset()


async def test_any_id_can_be_asked_for(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)
    (own,) = ids(TRAVEL)
    odd = ["", "guide.md", "' OR 1=1 --", "%", own.upper(), f"{own}\0x", "\ud800", f"{{{own}}}"]

    assert await store.readable(odd, EVERYBODY) == frozenset()
    assert await store.readable([*odd, own, own], EVERYBODY) == {own}


async def test_thousands_can_be_asked_for_at_once(store: PassageStore) -> None:
    many = [passage(f"Fact {n}.", toward(pay=1), position=n) for n in range(1_201)]
    await store.replace("handbook", "guide.md", many)
    gone = [passage(f"Rumour {n}.", toward(pay=1), position=n) for n in range(1_000)]

    assert await store.readable(ids(*many, *gone), EVERYBODY) == ids(*many)
