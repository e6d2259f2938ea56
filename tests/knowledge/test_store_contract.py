"""What every passage store does, run over each implementation.

The real Weaviate is skipped unless one answers at ``WEAVIATE_URL`` (``WEAVIATE_API_KEY`` and
``WEAVIATE_GRPC_PORT`` if it needs them); its collections there are named ``Contract…`` and removed
afterwards.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace as changed
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import weaviate

from knowledge.errors import StoreError
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import ListedStore, PassageStore
from knowledge.stores.weaviate.store import WeaviateStore
from knowledge.types import PUBLIC, EmbeddedPassage
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.stand_ins.weaviate import StandIn

pytestmark = pytest.mark.asyncio

Opener = Callable[[], Awaitable[ListedStore]]

IMPLEMENTATIONS = [
    pytest.param("embedded"),
    pytest.param("stand-in", id="weaviate-stand-in"),
    pytest.param("weaviate", id="weaviate-real", marks=pytest.mark.weaviate),
]


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest_asyncio.fixture(params=IMPLEMENTATIONS)
async def opener(
    request: pytest.FixtureRequest, tmp_path: Path, stand_in: StandIn
) -> AsyncIterator[Opener]:
    """Opens the same, at first empty, store as often as a test likes; closes all afterwards."""
    alias = f"Contract{uuid4().hex}"
    async with AsyncExitStack() as opened:
        if request.param == "embedded":

            async def open_store() -> ListedStore:
                store = await EmbeddedStore.open(tmp_path / "data" / "passages.sqlite")
                opened.push_async_callback(store.close)
                return store

        else:
            server = _server(request.param, stand_in)
            if server is None:
                pytest.skip("no Weaviate answers at WEAVIATE_URL")
            url, key, grpc_port = server
            opened.push_async_callback(_drop, url, key, grpc_port, alias)

            async def open_store() -> ListedStore:
                store = await WeaviateStore.open(url, key, alias=alias, grpc_port=grpc_port)
                opened.push_async_callback(store.close)
                return store

        yield open_store


def _server(name: str, stand_in: StandIn) -> tuple[str, str | None, int] | None:
    if name == "stand-in":
        return stand_in.url, None, stand_in.grpc_port
    url = os.environ.get("WEAVIATE_URL")
    if not url:
        return None
    try:
        httpx.get(f"{url.rstrip('/')}/v1/.well-known/ready", timeout=3).raise_for_status()
    except httpx.HTTPError:
        return None
    key = os.environ.get("WEAVIATE_API_KEY") or None
    return url, key, int(os.environ.get("WEAVIATE_GRPC_PORT", "50051"))


async def _drop(url: str, key: str | None, grpc_port: int, alias: str) -> None:
    address = httpx.URL(url)
    secure = address.scheme == "https"
    async with weaviate.use_async_with_custom(
        http_host=address.host,
        http_port=address.port or (443 if secure else 80),
        http_secure=secure,
        grpc_host=address.host,
        grpc_port=grpc_port,
        grpc_secure=secure,
        auth_credentials=weaviate.auth.AuthApiKey(key) if key else None,
        skip_init_checks=True,
    ) as client:
        await client.alias.delete(alias_name=alias)
        await client.collections.delete(f"{alias}_v1")


@pytest_asyncio.fixture
async def store(opener: Opener) -> ListedStore:
    return await opener()


TRAVEL = passage("Book trains at the travel desk.", toward(travel=1), position=0)
PAY = passage("Salaries arrive on the 25th.", toward(pay=1), position=1)
LAPTOP = passage("Ask IT for a replacement laptop.", toward(laptop=1), position=2)
GUIDE = [TRAVEL, PAY, LAPTOP]


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


# -- several openings, and refusals -----------------------------------------------------------


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
