"""From a question to evidence: who may see what, what is collapsed, and what is told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from string import ascii_lowercase

import pytest
import pytest_asyncio

from knowledge.embedding.packaged import NAME
from knowledge.retrieval.abbreviations import long_form
from knowledge.retrieval.retriever import READ, Retriever
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import PUBLIC, Evidence, Passage
from tests.kit.fakes import FakeReader
from tests.kit.store_toys import passage
from tests.kit.word_embedder import WordEmbedder

EVERYBODY = frozenset({PUBLIC})
MANAGERS = frozenset({PUBLIC, "role:managers"})


class Shelf:
    """A store with a retriever over it."""

    def __init__(self, store: EmbeddedStore, embedder: str = "words") -> None:
        self.store = store
        self.embedder = WordEmbedder(embedder)
        self.reader = FakeReader()
        self.retriever = Retriever(store, self.embedder, self.reader)

    async def put(
        self,
        text: str,
        document: str = "guide.md",
        *,
        source: str = "handbook",
        headings: tuple[str, ...] = (),
        title: str = "Guide",
        access: frozenset[str] = EVERYBODY,
    ) -> Passage:
        """Store a document of one passage."""
        one = passage(
            text,
            await self.embedder.embed_question(" ".join((title, *headings, text))),
            document=document,
            source=source,
            headings=headings,
            title=title,
            access=access,
        )
        await self.store.replace(source, document, [one])
        return one.passage

    async def ask(
        self,
        question: str,
        principals: frozenset[str] = EVERYBODY,
        k: int = 10,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        return await self.retriever.search(question, principals, k, sources=sources)


@pytest_asyncio.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    store = await EmbeddedStore.open(tmp_path / "passages.db")
    yield Shelf(store)
    await store.close()


def found(evidence: list[Evidence]) -> list[str]:
    return [each.passage.document for each in evidence]


class TestWhatIsFound:
    async def test_an_empty_store_has_no_evidence(self, shelf: Shelf) -> None:
        assert await shelf.ask("How do I claim expenses?") == []

    @pytest.mark.parametrize("question", ["", "?!", "the of and", "🚲"])
    async def test_a_question_without_telling_words_is_no_error(
        self, shelf: Shelf, question: str
    ) -> None:
        await shelf.put("Trains go first.")
        for each in await shelf.ask(question):
            assert 0 <= each.score <= 1

    async def test_asking_for_more_than_there_is_gives_what_there_is(self, shelf: Shelf) -> None:
        for n in range(READ + 5):
            await shelf.put(f"Rule {ascii_lowercase[n] * 5} about trains.", f"d{n:02}")
        everything = await shelf.ask("trains", k=1000)
        assert sorted(found(everything)) == [f"d{n:02}" for n in range(READ + 5)]

    @pytest.mark.parametrize("k", [1, 3, READ + 2])
    async def test_no_more_than_asked_for_best_first(self, shelf: Shelf, k: int) -> None:
        for n in range(READ + 5):
            await shelf.put(f"Rule {ascii_lowercase[n] * 5} about trains.", f"d{n:02}")
        best = await shelf.ask("trains", k=k)
        assert len(best) == k
        assert [each.score for each in best] == sorted((e.score for e in best), reverse=True)

    async def test_only_the_sources_asked_for_are_searched(self, shelf: Shelf) -> None:
        await shelf.put("Trains go first.", "a", source="travel")
        await shelf.put("Trains are also mentioned here.", "b", source="blog")
        assert found(await shelf.ask("trains", sources=frozenset({"blog"}))) == ["b"]
        assert await shelf.ask("trains", sources=frozenset()) == []

    async def test_a_replaced_document_is_found_as_it_is_now(self, shelf: Shelf) -> None:
        await shelf.put("Trains go first.")
        await shelf.ask("trains")
        await shelf.put("Trains go last.")
        assert [each.passage.text for each in await shelf.ask("trains")] == ["Trains go last."]


class TestWhatTheReaderIsTold:
    async def test_how_near_the_packaged_embedder_puts_each_passage(self, shelf: Shelf) -> None:
        near = Shelf(shelf.store, NAME)
        await near.put("Trains go first.", "a.md")
        await near.put("Lunch is at noon.", "b.md")
        await near.ask("trains go first")
        [[first, second]] = near.reader.cosines
        assert first is not None and second is not None and first > second

    async def test_nothing_of_another_embedder_since_its_cosines_do_not_compare(
        self, shelf: Shelf
    ) -> None:
        await shelf.put("Trains go first.")
        await shelf.ask("trains")
        assert shelf.reader.cosines == [[None]]


class TestAbbreviations:
    async def put_some(self, shelf: Shelf, access: frozenset[str] = EVERYBODY) -> None:
        for n in range(20):
            await shelf.put(f"Something else, number {n}.", f"{n}.md")
        await shelf.put("Open a **pull request** (PR) for it.", "start.md", access=access)
        await shelf.put("A pull request waits for a day.", "wait.md")

    async def first_two(
        self, shelf: Shelf, asked: str, who: frozenset[str] = EVERYBODY
    ) -> set[str]:
        return {
            each.passage.document for each in (await shelf.retriever.candidates(asked, who))[:2]
        }

    @pytest.mark.parametrize("asked", ["how about my pr", "the PR?", "prs"])
    async def test_what_one_stands_for_is_searched_too(self, shelf: Shelf, asked: str) -> None:
        await self.put_some(shelf)
        assert await self.first_two(shelf, asked) == {"start.md", "wait.md"}

    async def test_the_reader_is_given_the_question_as_it_was_asked(self, shelf: Shelf) -> None:
        await self.put_some(shelf)
        await shelf.ask("the pr?")
        assert [question for question, _ in shelf.reader.asked] == ["the pr?"]

    async def test_none_is_known_from_what_the_asker_may_not_read(self, shelf: Shelf) -> None:
        await self.put_some(shelf, access=frozenset({"role:managers"}))
        assert "wait.md" not in await self.first_two(shelf, "the pr?")
        assert "wait.md" in await self.first_two(shelf, "the pr?", MANAGERS)

    @pytest.mark.parametrize(
        ("short", "text", "long"),
        [
            ("pto", "Paid time off (PTO) is for all.", "paid time off"),
            ("pto", "PTO (paid time off) is for all.", "paid time off"),
            ("wg", "Join one of the Working Groups (WGs).", "working groups"),
            ("wgs", "Every working group (WG) meets.", "working group"),
            ("tos", "See the Terms of Service (ToS).", "terms of service"),
            ("hs", "The health and safety (HS) rules.", "health and safety"),
            ("eod", "By the end-of-day (EOD).", "end of day"),
            ("pr", "We talk to the press (PR).", None),
            ("pr", "Pull request (VR).", None),
            ("cat", "The cat is away.", None),
        ],
    )
    def test_initials_tell_what_one_stands_for(
        self, short: str, text: str, long: str | None
    ) -> None:
        assert long_form(short, [text]) == long

    def test_what_most_documents_say_wins(self) -> None:
        texts = ["public relations (PR)", "pull request (PR)", "a pull request (PR)"]
        assert long_form("pr", texts) == "pull request"


class TestAccess:
    async def test_who_may_not_read_it_does_not_find_it(self, shelf: Shelf) -> None:
        await shelf.put("Bonus is paid in May.", "bonus.md", access=frozenset({"role:managers"}))
        await shelf.put("Bonus cards are at reception.", "cards.md")
        assert found(await shelf.ask("bonus")) == ["cards.md"]
        assert found(await shelf.ask("bonus paid in May", frozenset({PUBLIC, "role:man"}))) == [
            "cards.md"
        ]
        assert await shelf.ask("bonus", frozenset()) == []

    async def test_who_may_read_it_finds_it_beside_what_is_public(self, shelf: Shelf) -> None:
        await shelf.put("Bonus is paid in May.", "bonus.md", access=frozenset({"role:managers"}))
        await shelf.put("Bonus cards are at reception.", "cards.md")
        both = await shelf.ask("bonus paid in May", MANAGERS)
        assert found(both) == ["bonus.md", "cards.md"]

    async def test_what_is_hidden_takes_no_place_from_what_is_not(self, shelf: Shelf) -> None:
        for n in range(80):
            await shelf.put(f"Bonus {n}.", f"secret{n}", access=frozenset({"role:managers"}))
        await shelf.put("The bonus policy is on the wall.", "public.md")
        assert found(await shelf.ask("bonus", k=1)) == ["public.md"]

    async def test_what_is_hidden_changes_neither_order_nor_figures(self, shelf: Shelf) -> None:
        for n in range(20):
            rest = "travel is booked early. " * (n % 5)
            await shelf.put(f"Bonus rule {n} about trains, {rest}", f"d{n:02}")
        alone = await shelf.ask("When is the bonus for trains paid?", k=20)
        for n in range(40):
            text = f"Bonus bonus {n} paid in May, with trains and more of it."
            await shelf.put(text, f"secret{n}", access=frozenset({"role:managers"}))
        assert await shelf.ask("When is the bonus for trains paid?", k=20) == alone

    async def test_a_hidden_twin_does_not_hide_the_public_one(self, shelf: Shelf) -> None:
        text = "The bike shed is open from six to ten and its code is on your badge."
        await shelf.put(text, "a-secret.md", access=frozenset({"role:managers"}))
        await shelf.put(text, "b-public.md")
        assert found(await shelf.ask("bike shed code")) == ["b-public.md"]


class TestNearDuplicates:
    TEXT = (
        "The bike shed is open from six to ten. Its code is on the back of your badge. "
        "Charge batteries in the grey cabinets only, never under a desk or on the stairs. "
        "Cars park behind the building, on the spaces without a number."
    )

    async def test_of_nearly_the_same_text_one_is_kept(self, shelf: Shelf) -> None:
        await shelf.put(self.TEXT, "a.md")
        await shelf.put(self.TEXT.replace("badge", "card").upper(), "b.md")
        await shelf.put("Bike repairs are free on Fridays.", "c.md")
        evidence = found(await shelf.ask("bike shed code"))
        assert len(evidence) == 2
        assert "c.md" in evidence

    async def test_texts_that_share_a_part_are_both_kept(self, shelf: Shelf) -> None:
        await shelf.put(self.TEXT, "a.md")
        await shelf.put(
            self.TEXT.split(". ")[0] + ". In winter it is heated. Ask Facilities for a key if you "
            "come by scooter, since those stand in the cellar next to the showers.",
            "b.md",
        )
        assert sorted(found(await shelf.ask("bike shed"))) == ["a.md", "b.md"]

    async def test_short_texts_that_differ_are_both_kept(self, shelf: Shelf) -> None:
        await shelf.put("Call 4999.", "a.md")
        await shelf.put("Call 4998.", "b.md")
        assert sorted(found(await shelf.ask("call"))) == ["a.md", "b.md"]


class TestReading:
    async def test_the_passage_that_the_reader_prefers_comes_first(self, shelf: Shelf) -> None:
        await shelf.put("Trains, trains, trains.", "search.md")
        await shelf.put("Night trains are booked by the desk.", "reader.md")
        best, other = await shelf.ask("who books night trains")
        assert (best.passage.document, other.passage.document) == ("reader.md", "search.md")
        assert best.answers > other.answers

    async def test_the_reader_sees_the_headings_above_the_text(self, shelf: Shelf) -> None:
        await shelf.put("Ask the desk.", "a.md", headings=("Travel", "Night trains"))
        await shelf.ask("night trains")
        ((_, texts),) = shelf.reader.asked
        assert texts == ("Guide › Travel › Night trains\nAsk the desk.",)

    async def test_the_reader_sees_a_cell_with_its_columns_heading(self, shelf: Shelf) -> None:
        await shelf.put("| Site | Days |\n|---|---|\n| Ghent | 26 |\n| Lyon | |")
        await shelf.ask("days in Ghent")
        ((_, texts),) = shelf.reader.asked
        assert texts == ("Guide\nSite: Ghent; Days: 26\nSite: Lyon",)

    async def test_a_question_is_read_with_the_best_only(self, shelf: Shelf) -> None:
        for n in range(READ + 5):
            await shelf.put(f"Rule {ascii_lowercase[n] * 5} about trains.", f"d{n:02}")
        await shelf.ask("trains", k=3)
        ((_, texts),) = shelf.reader.asked
        assert len(texts) == READ

    async def test_units_are_verbatim_and_in_order(self, shelf: Shelf) -> None:
        text = "Pay this:\n\n- **one** fee\n- [two](http://x.example) fees\n\nThen you are done."
        await shelf.put(text)
        (evidence,) = await shelf.ask("fee")
        assert [unit.text for unit in evidence.units] == [
            "Pay this:",
            "one fee",
            "two fees",
            "Then you are done.",
        ]
        places = [text.index(unit.raw) for unit in evidence.units]
        assert places == sorted(places)
        assert evidence.units[1].lead == "Pay this:"
        assert sum(unit.share for unit in evidence.units) == pytest.approx(1)

    async def test_a_passage_of_nothing_to_quote_still_has_a_unit(self, shelf: Shelf) -> None:
        await shelf.put("---", headings=("Trains",))
        (evidence,) = await shelf.ask("trains")
        assert [unit.text for unit in evidence.units] == ["---"]
