"""Every store keeps, replaces, deletes and lists what it was given."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest

from knowledge.errors import StoreError
from knowledge.stores.port import ListedStore, PassageStore
from knowledge.types import PUBLIC, EmbeddedPassage
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.knowledge.store_contract.guide import GUIDE, LAPTOP, PAY, TRAVEL

pytestmark = pytest.mark.asyncio


# -- empty, replace, delete, count ------------------------------------------------------------


async def test_an_empty_store_finds_nothing_and_counts_nothing(store: PassageStore) -> None:
    assert await store.search("trains", toward(travel=1), EVERYBODY, 5, alpha=0.5) == []
    assert await store.count() == 0
    assert await store.count("handbook") == 0
    assert await store.delete("handbook") == 0
    assert await store.delete("handbook", "guide.md") == 0


async def test_what_was_stored_comes_back_as_it_was(store: PassageStore) -> None:
    whole = passage(
        'Ünïcode "quoted"\n\n```py\nx = 1\n```\n🚆',
        toward(travel=1),
        document="über/reisen (neu).md",
        title="Reisen & Spesen",
        headings=('The "Policy"', "Zug → Bahn"),
        position=7,
        access=frozenset({PUBLIC, "role:a b"}),
    )
    await store.replace("handbook", "über/reisen (neu).md", [whole])

    (found,) = await store.search("quoted", toward(travel=1), EVERYBODY, 5, alpha=0.5)

    assert found.passage == whole.passage
    assert found.score == pytest.approx(1.0)
    assert found.cosine == pytest.approx(1.0, abs=1e-4)


async def test_a_document_is_held_whole_whoever_may_read_it(store: PassageStore) -> None:
    secret = passage(
        "Bonuses are paid in May.", toward(pay=1), position=1, access=frozenset({"role:board"})
    )
    await store.replace("handbook", "guide.md", [secret, TRAVEL])
    other = passage("Elsewhere.", toward(pay=1), document="other.md")
    await store.replace("handbook", "other.md", [other])

    held = await store.held("handbook", "guide.md")

    assert [each.passage for each in held] == [TRAVEL.passage, secret.passage]
    assert held[1].vector == pytest.approx(secret.vector, abs=1e-6)
    assert await store.held("handbook", "nowhere.md") == []
    assert await store.held("nowhere", "guide.md") == []


async def test_a_document_replaced_with_other_readers_is_found_by_them_only(
    store: PassageStore,
) -> None:
    await store.replace("handbook", "guide.md", [TRAVEL])
    other = await store.search("trains", toward(travel=1), EVERYBODY, 5, alpha=0.5)
    [held] = await store.held("handbook", "guide.md")
    board = changed(held, passage=changed(held.passage, access=frozenset({"role:board"})))

    await store.replace("handbook", "guide.md", [board])

    assert [each.passage.id for each in other] == [TRAVEL.passage.id]
    assert await store.search("trains", toward(travel=1), EVERYBODY, 5, alpha=0.5) == []
    found = await store.search("trains", toward(travel=1), frozenset({"role:board"}), 5, alpha=0.5)
    assert [each.passage.id for each in found] == [TRAVEL.passage.id]


async def test_replacing_twice_with_the_same_changes_nothing(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)
    before = await store.search("laptop", toward(pay=1), EVERYBODY, 5, alpha=0.5)
    await store.replace("handbook", "guide.md", GUIDE)

    assert await store.count() == 3
    assert await store.search("laptop", toward(pay=1), EVERYBODY, 5, alpha=0.5) == before


async def test_replacing_swaps_all_passages_of_that_document_only(store: PassageStore) -> None:
    other = passage("The party is in June.", toward(party=1), document="party.md")
    await store.replace("handbook", "guide.md", GUIDE)
    await store.replace("handbook", "party.md", [other])
    new = passage("Book flights at the travel desk.", toward(travel=1), position=0)
    await store.replace("handbook", "guide.md", [new, PAY])

    found = await store.search("", toward(travel=1), EVERYBODY, 10, alpha=1)

    assert sorted(texts(found)) == sorted([new.passage.text, PAY.passage.text, other.passage.text])
    assert await store.search("trains", toward(travel=1), EVERYBODY, 10, alpha=0) == []


async def test_replacing_updates_what_is_not_part_of_the_id(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", [TRAVEL])
    moved = changed(
        TRAVEL,
        passage=changed(TRAVEL.passage, title="Trips", access=frozenset({"role:staff"})),
        vector=toward(pay=1),
    )
    await store.replace("handbook", "guide.md", [moved])

    assert await store.search("trains", toward(pay=1), EVERYBODY, 5, alpha=0.5) == []
    (found,) = await store.search("", toward(pay=1), frozenset({"role:staff"}), 5, alpha=1)
    assert found.passage == moved.passage
    assert found.cosine == pytest.approx(1.0, abs=1e-4)


async def test_replacing_with_nothing_removes_the_document(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)
    await store.replace("handbook", "guide.md", [])

    assert await store.count() == 0
    assert await store.search("trains", toward(travel=1), EVERYBODY, 5, alpha=0.5) == []


async def test_deletes_by_document_and_by_source(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)
    party = passage("The party is in June.", toward(party=1), document="party.md")
    await store.replace("handbook", "party.md", [party])
    wiki = passage("The wiki has recipes.", toward(misc=1), source="wiki", document="guide.md")
    await store.replace("wiki", "guide.md", [wiki])
    assert (await store.count(), await store.count("handbook"), await store.count("wiki")) == (
        5,
        4,
        1,
    )

    assert await store.delete("handbook", "guide.md") == 3
    assert (await store.count(), await store.count("handbook")) == (2, 1)
    assert await store.delete("handbook") == 1
    assert (await store.count(), await store.count("handbook")) == (1, 0)
    assert texts(await store.search("", toward(pay=1), EVERYBODY, 5, alpha=1)) == [
        "The wiki has recipes."
    ]


async def test_sources_and_documents_are_told_apart_by_their_whole_name(
    store: PassageStore,
) -> None:
    for document in ("a/guide.md", "guide", "GUIDE.md"):
        await store.replace(
            "handbook", document, [passage(document, toward(pay=1), document=document)]
        )
    await store.replace(
        "handbook two", "x", [passage("x", toward(pay=1), source="handbook two", document="x")]
    )

    assert await store.delete("handbook", "guide") == 1
    assert await store.count("handbook") == 2
    assert await store.delete("two") == 0
    assert await store.count("handbook two") == 1


# -- several documents at once, and all that is held ------------------------------------------


def paged(number: int, *said: str) -> tuple[str, list[EmbeddedPassage]]:
    name = f"page{number}.md"
    vector = toward(pay=1, travel=number)
    return name, [
        passage(text, vector, document=name, position=position)
        for position, text in enumerate(said)
    ]


async def test_several_documents_are_replaced_at_once(store: PassageStore) -> None:
    await store.replace_many("handbook", dict(paged(n, f"Old {n}.", "More.") for n in range(4)))
    await store.replace_many("handbook", dict([paged(1, "New 1."), paged(2), paged(9, "New 9.")]))

    found = await store.search("", toward(pay=1), EVERYBODY, 20, alpha=1)
    assert sorted(texts(found)) == ["More.", "More.", "New 1.", "New 9.", "Old 0.", "Old 3."]


async def test_replacing_no_documents_changes_nothing(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)
    await store.replace_many("handbook", {})
    assert await store.count() == 3


async def test_of_several_documents_none_is_written_if_one_is_wrong(store: PassageStore) -> None:
    foreign = passage("Elsewhere.", toward(pay=1), document="other.md")
    with pytest.raises(StoreError):
        await store.replace_many("handbook", {"guide.md": GUIDE, "page.md": [foreign]})
    assert await store.count() == 0


async def test_a_documents_passages_are_told_in_their_order_with_their_vectors(
    store: ListedStore,
) -> None:
    await store.replace("handbook", "guide.md", [LAPTOP, TRAVEL, PAY])
    await store.replace("wiki", "guide.md", [passage("W", toward(misc=1), source="wiki")])

    held = await store.held("handbook", "guide.md")

    assert [one.passage for one in held] == [TRAVEL.passage, PAY.passage, LAPTOP.passage]
    for one, kept in zip(held, GUIDE, strict=True):
        assert one.vector == pytest.approx(kept.vector, abs=1e-6)
    assert await store.held("handbook", "none.md") == []
    assert await store.held("nowhere", "guide.md") == []


async def test_what_is_listed_tells_every_change_and_nothing_else(store: ListedStore) -> None:
    assert await store.listing() == {}
    await store.replace_many("handbook", dict(paged(n, f"Text {n}.", "More.") for n in range(3)))
    before = await store.listing()
    assert {name: each.passages for name, each in before.items()} == {
        ("handbook", f"page{n}.md"): 2 for n in range(3)
    }

    name, (first, second) = paged(1, "Text 1.", "More.")
    await store.replace("handbook", name, [second, first])
    assert await store.listing() == before
    closed = changed(first, passage=changed(first.passage, access=frozenset({"role:board"})))
    for other in ([first], [closed, second], [first, paged(1, "Text 1.", "Else.")[1][1]]):
        await store.replace("handbook", name, other)
        now = await store.listing()
        assert {each for each in before if now[each] != before[each]} == {("handbook", name)}


async def test_all_is_listed_however_much_there_is(store: ListedStore) -> None:
    many = [passage(f"n{n}", toward(pay=1, misc=n), position=n) for n in range(1203)]
    await store.replace("handbook", "guide.md", many)
    assert sum(each.passages for each in (await store.listing()).values()) == 1203
    held = await store.held("handbook", "guide.md")
    assert [one.passage for one in held] == [one.passage for one in many]
