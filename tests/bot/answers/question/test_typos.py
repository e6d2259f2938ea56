"""What is written wrong is put right by the words of the documents, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from bot.answers.question.typos import MOST_CORRECTED, corrected, known_words
from knowledge.stores.embedded import EmbeddedStore
from knowledge.text.spelling import may_be
from knowledge.types import PUBLIC
from tests.kit.store_toys import passage, toward

SAMPLES = Path(__file__).parents[4] / "samples" / "handbook"
EVERYBODY = frozenset({PUBLIC})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def handbook(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedStore]:
    """The sample handbook's pages in Markdown, a paragraph a passage."""
    store = await EmbeddedStore.open(tmp_path_factory.mktemp("data") / "passages.sqlite")
    for page in sorted(SAMPLES.rglob("*.md")):
        paragraphs = page.read_text("utf-8").split("\n\n")
        name = page.relative_to(SAMPLES).as_posix()
        await store.replace(
            "handbook",
            name,
            [
                passage(text, toward(misc=1), document=name, position=at)
                for at, text in enumerate(paragraphs)
            ],
        )
    yield store
    await store.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (
            "how many anual leav days can i cary ovr to nxt yer",
            "how many annual leave days can i carry over to next year",
        ),
        ("Parentel leave form?", "Parental leave form?"),
        ("when is pya day", "when is pay day"),
        ("do i need a medical certifcate", "do i need a medical certificate"),
        ("reimbursment of hotel expences", "reimbursment of hotel expenses"),
        ("How do I reset my pasword?", "How do I reset my password?"),
    ],
)
async def test_misspelt_words_become_the_handbooks(
    handbook: EmbeddedStore, wrong: str, right: str
) -> None:
    assert await corrected(wrong, partial(handbook.similar_words, principals=EVERYBODY)) == right


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "question",
    [
        "How many days of annual leave do I get in Ghent?",
        "is there a gym or a sauna?",
        "are we bribing and slimming kennels",
        "can I take my pet to the dentist at lunch",
        "Who is Anual Leav?",
        "what does Prch do",
        "ANUAL",
        "anual-leave.md is missing",
        "mail anual@fernhill.example",
        "leav2 v1.2",
        "see https://x.example/anual/leav",
        "wifi vpn tech laptop",
        "how much for a certificates",
        "where is the uni blur",
        "日本語 ünïcödé",
        "",
        "?!",
    ],
)
async def test_what_may_be_right_is_left_alone(handbook: EmbeddedStore, question: str) -> None:
    similar = partial(handbook.similar_words, principals=EVERYBODY)
    assert await corrected(question, similar) == question


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_put_right_by_what_the_asker_may_not_read(
    handbook: EmbeddedStore,
) -> None:
    await handbook.replace(
        "board",
        "plan.md",
        [
            passage(
                "Redundancies.", toward(pay=1), source="board", document="plan.md",
                access=frozenset({"role:board"}),
            )
        ],
    )  # fmt: skip
    for principals, found in ((EVERYBODY, "redundancys"), ({"role:board"}, "redundancies")):
        similar = partial(handbook.similar_words, principals=frozenset(principals))
        assert await corrected("any redundancys", similar) == f"any {found}"


@pytest.mark.asyncio
async def test_the_commonest_word_wins_and_a_pasted_log_is_not_looked_up_to_its_end() -> None:
    asked: list[str] = []

    async def similar(word: str) -> Mapping[str, int]:
        asked.append(word)
        return {"carry": 3, "cart": 9}

    assert await corrected("caryt", similar) == "cart"
    asked.clear()
    await corrected("qqqa " * 100, similar)
    assert len(asked) == MOST_CORRECTED


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("anual", "annual"), ("yaer", "year"), ("nxt", "next"), ("leavve", "leave")],
)
def test_a_slip_of_one_letter_may_be_meant(wrong: str, right: str) -> None:
    assert may_be(wrong, right)


@pytest.mark.parametrize(
    ("word", "other"),
    [("gym", "gem"), ("pay", "day"), ("bike", "hike"), ("paper", "layer"), ("remote", "promoted")],
)
def test_other_words_are_not_meant(word: str, other: str) -> None:
    assert not may_be(word, other)


def test_common_words_are_known_and_misspelt_ones_are_not() -> None:
    assert {"gym", "wifi", "dentist", "reimbursement"} <= known_words()
    assert known_words().isdisjoint({"anual", "leav", "cary", "ovr", "nxt", "yer", "recieve"})
