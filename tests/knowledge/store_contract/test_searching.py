"""Every store finds by words and by vectors, and weighs them alike."""

from __future__ import annotations

import pytest

from knowledge.stores.port import PassageStore
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.knowledge.store_contract.guide import GUIDE, LAPTOP, PAY, TRAVEL, Opener

pytestmark = pytest.mark.asyncio


# -- empty, replace, delete, count ------------------------------------------------------------


async def test_words_near_a_misspelt_one_are_found_as_they_are_written(
    store: PassageStore,
) -> None:
    same = toward(misc=1)
    await store.replace(
        "handbook",
        "guide.md",
        [
            passage("Annual leave may be carried on. Carry it!", same, position=0),
            passage("Leave it, the next year too.", same, position=1, title="Annual leave"),
            passage("Reimbursement", same, position=2, headings=("Of expenses",)),
        ],
    )

    async def near(word: str) -> set[str]:
        return set(await store.similar_words(word, EVERYBODY))

    assert await near("anual") == {"annual"}
    assert await near("Anual") == {"annual"}
    assert await near("leav") == {"leave"}
    assert await near("nxt") == {"next"}
    assert await near("cary") == {"carry"}
    assert await near("yaer") == {"year"}
    assert await near("leave") == {"leave"}
    assert await near("reimbursment") == {"reimbursement"}
    assert await near("reimbusrment") == {"reimbursement"}
    assert await near("expences") == {"expenses"}
    for word in ("unheard", "ar", "", "?!", "2026", "two words", "anual' OR 1", "日本語"):
        assert await near(word) == set()
    counts = await store.similar_words("anual", EVERYBODY)
    assert counts == {"annual": 2}


async def test_words_of_what_others_may_read_are_not_given_away(store: PassageStore) -> None:
    board = passage("Redundancies.", toward(pay=1), access=frozenset({"role:board"}))
    await store.replace("handbook", "guide.md", [board])

    assert await store.similar_words("redundancie", EVERYBODY) == {}
    assert await store.similar_words("redundancies", EVERYBODY) == {}
    assert await store.similar_words("redundancies", frozenset()) == {}
    assert set(await store.similar_words("redundancie", frozenset({"role:board"}))) == {
        "redundancies"
    }


# -- the two legs -----------------------------------------------------------------------------


async def test_hybrid_finds_what_only_one_leg_finds(store: PassageStore) -> None:
    word = passage("Form ZX-81 is for parking.", toward(misc=1), position=0)
    meaning = passage("Trips are booked at the desk.", toward(travel=1, pay=0.2), position=1)
    noise = [
        passage(f"Other matter {n}.", toward(pay=1, health=n), position=2 + n) for n in range(5)
    ]
    await store.replace("handbook", "guide.md", [word, meaning, *noise])

    found = await store.search("zx 81", toward(travel=1), EVERYBODY, 2, alpha=0.5)

    assert set(texts(found)) == {word.passage.text, meaning.passage.text}
    assert [one.score for one in found] == pytest.approx([0.5, 0.5], abs=1e-3)


async def test_alpha_0_is_keywords_alone_and_alpha_1_vectors_alone(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)

    keywords = await store.search("laptop", toward(pay=1, travel=0.5), EVERYBODY, 5, alpha=0)
    vectors = await store.search("laptop", toward(pay=1, travel=0.5), EVERYBODY, 5, alpha=1)

    assert texts(keywords) == [LAPTOP.passage.text]
    assert texts(vectors) == [one.passage.text for one in (PAY, TRAVEL, LAPTOP)]
    assert vectors[0].score == pytest.approx(1.0)
    assert [one.cosine for one in vectors] == pytest.approx([0.894, 0.447, 0.0], abs=1e-3)


async def test_words_match_by_stem_and_without_accents(store: PassageStore) -> None:
    others = [passage("Travelling with others", toward(misc=1), position=1), PAY]
    resumes = passage("Résumés of cafés", toward(pay=1))
    await store.replace("handbook", "guide.md", [resumes, *others])
    for text in ("resume", "RÉSUMÉ", "re\u0301sume\u0301", "cafe"):
        found = await store.search(text, toward(pay=1), EVERYBODY, 5, alpha=0)
        assert texts(found) == [resumes.passage.text], text
    found = await store.search("who travelled", toward(pay=1), EVERYBODY, 5, alpha=0)
    assert texts(found) == ["Travelling with others"]


async def test_scores_are_each_legs_scaled_scores_weighed_by_alpha(store: PassageStore) -> None:
    await store.replace("handbook", "guide.md", GUIDE)

    found = await store.search("laptop", toward(travel=1, pay=0.5), EVERYBODY, 3, alpha=0.25)

    # One keyword match scales to 1; cosines .894, .447 and 0 scale to 1, .5 and 0.
    assert texts(found) == [one.passage.text for one in (LAPTOP, TRAVEL, PAY)]
    assert [one.score for one in found] == pytest.approx([0.75, 0.25, 0.125], abs=1e-3)


async def test_a_heading_outweighs_a_title_and_a_title_the_text(store: PassageStore) -> None:
    same = toward(misc=1)
    await store.replace(
        "handbook",
        "guide.md",
        [
            passage("About parental leave.", same, position=0, title="One", headings=("Two",)),
            passage("About it, at length.", same, position=1, title="Parental", headings=("Two",)),
            passage("About it, in short.", same, position=2, title="One", headings=("Parental",)),
            *[
                passage("Nothing of the kind.", same, position=n, title="One", headings=("Two",))
                for n in range(3, 9)
            ],
        ],
    )

    found = await store.search("parental", same, EVERYBODY, 3, alpha=0)

    assert [one.passage.position for one in found] == [2, 1, 0]


async def test_no_more_than_k_and_the_best_first(store: PassageStore) -> None:
    await store.replace(
        "handbook",
        "guide.md",
        [passage(f"n{n}", toward(pay=1, travel=n / 10), position=n) for n in range(9)],
    )

    found = await store.search("", toward(pay=1), EVERYBODY, 4, alpha=1)

    assert texts(found) == ["n0", "n1", "n2", "n3"]
    assert await store.search("n1", toward(pay=1), EVERYBODY, 0, alpha=0.5) == []


async def test_the_same_query_gives_the_same_order(opener: Opener) -> None:
    store = await opener()
    twins = [passage("The same words.", toward(pay=1), position=n) for n in range(12)]
    await store.replace("handbook", "guide.md", twins)

    first = await store.search("words", toward(pay=1), EVERYBODY, 12, alpha=0.5)
    again = await store.search("words", toward(pay=1), EVERYBODY, 12, alpha=0.5)
    elsewhere = await (await opener()).search("words", toward(pay=1), EVERYBODY, 12, alpha=0.5)

    assert first == again == elsewhere


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        '"unbalanced AND (laptop* OR NEAR(a b)) NOT ^x title: -y {z} + \\',
        "laptop'; DROP TABLE passage; --",
        "💻🔥",
        "\x00\ud800 laptop",
        "the of and",
        "laptop " * 5_000,
        " ".join(f"word{n}" for n in range(3_000)),
        "naïve café 日本語 हिन्दी",
    ],
    ids=[
        "empty",
        "blank",
        "fts-syntax",
        "sql",
        "emoji",
        "not-unicode",
        "stop-words",
        "repeated",
        "long",
        "scripts",
    ],
)
@pytest.mark.parametrize("alpha", [0.0, 0.5])
async def test_any_text_can_be_asked(store: PassageStore, text: str, alpha: float) -> None:
    await store.replace("handbook", "guide.md", GUIDE)

    found = await store.search(text, toward(laptop=1), EVERYBODY, 5, alpha=alpha)

    if alpha:
        assert LAPTOP.passage.text in texts(found)
    elif "laptop" in text:
        assert texts(found) == [LAPTOP.passage.text]
