"""Every store can be opened again, and refuses what does not belong in it."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest

from knowledge.errors import StoreError
from knowledge.stores.port import PassageStore
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.knowledge.store_contract.guide import GUIDE, LAPTOP, PAY, TRAVEL, Opener

pytestmark = pytest.mark.asyncio


async def test_a_store_opened_again_holds_what_it_held(opener: Opener) -> None:
    first = await opener()
    await first.replace("handbook", "guide.md", GUIDE)
    before = await first.search("laptop", toward(pay=1), EVERYBODY, 5, alpha=0.5)
    await first.close()

    second = await opener()

    assert await second.count() == 3
    assert await second.search("laptop", toward(pay=1), EVERYBODY, 5, alpha=0.5) == before


async def test_one_opening_sees_at_once_what_another_wrote(opener: Opener) -> None:
    reader, writer = await opener(), await opener()
    assert await reader.search("laptop", toward(laptop=1), EVERYBODY, 5, alpha=0.5) == []

    await writer.replace("handbook", "guide.md", [TRAVEL, LAPTOP])
    found = await reader.search("laptop", toward(laptop=1), EVERYBODY, 5, alpha=0.5)
    assert texts(found)[0] == LAPTOP.passage.text

    await writer.replace("handbook", "guide.md", [TRAVEL, PAY])
    found = await reader.search("laptop", toward(laptop=1), EVERYBODY, 5, alpha=0.5)
    assert set(texts(found)) == {TRAVEL.passage.text, PAY.passage.text}

    await writer.delete("handbook")
    assert await reader.search("laptop", toward(laptop=1), EVERYBODY, 5, alpha=0.5) == []


async def test_vectors_of_another_model_are_refused(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)
    foreign = passage("Trains.", toward(travel=1)[:5], document="trains.md")

    with pytest.raises(StoreError):
        await store.replace("handbook", "trains.md", [foreign])
    with pytest.raises(StoreError):
        await store.search("trains", foreign.vector, EVERYBODY, 5, alpha=0.5)
    assert await store.count() == 3


async def test_a_passage_of_another_document_is_refused(store: PassageStore) -> None:
    with pytest.raises(StoreError, match=r"guide\.md"):
        await store.replace("handbook", "other.md", [TRAVEL])
    assert await store.count() == 0


async def test_text_that_is_not_unicode_is_refused(store: PassageStore) -> None:
    half = changed(TRAVEL, passage=changed(TRAVEL.passage, title="half \ud800"))
    with pytest.raises(StoreError, match="surrogates"):
        await store.replace("handbook", "guide.md", [half])
    assert await store.count() == 0


async def test_a_closed_store_says_so(store: PassageStore) -> None:
    await store.close()
    with pytest.raises(StoreError):
        await store.count()
    await store.close()
