"""The reader's training: what pairs are made of the data, and that the weights follow them."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jobs.training.reader.books import QUESTIONS, Book, NaturalQuestion, read_books
from jobs.training.reader.card import card
from jobs.training.reader.data import (
    HELD_OUT,
    Group,
    Pair,
    evidence,
    natural_groups,
    taken_out,
)
from jobs.training.reader.details import with_details
from jobs.training.reader.loop import READER_RECIPE, Recipe, Teacher, train
from jobs.training.reader.measures import Judged, best_blend, calibrated, measures, thresholds
from jobs.training.reader.mix import generic_groups
from knowledge.retrieval.cross_encoder import SHIPPED
from knowledge.retrieval.encoding import encode
from knowledge.retrieval.network import ReaderNetwork, unit_shares
from knowledge.retrieval.reader import readable_text
from knowledge.retrieval.scoring import score
from knowledge.retrieval.shipped import JUDGE, READER, Part, difference, load, with_difference
from knowledge.text.sentences import split_units
from knowledge.types import Passage

LEAVE = (
    "Everybody has 25 days of leave a year. Ask your lead two weeks ahead, so that the shifts can "
    "be planned around it.\n\n- Moving house: 1 day\n- A wedding: 2 days\n"
)
SHED = "The bike shed is open from six to ten."
CARRY = "Up to 5 days may be carried into the next year."
SICK = "From the fourth day of sickness a doctor's note is needed."


def passage(id: str, text: str) -> Passage:
    return Passage(id, "book", f"{id}.md", "Handbook › Leave", (), 0, "", text)


def question(text: str, **about: Any) -> NaturalQuestion:
    given: dict[str, Any] = {
        "kind": "howmuch",
        "passage": "leave",
        "answerable": False,
        "answer": "",
        "also": (),
        "missing": "",
        "retrieved": ("leave", "shed"),
    }
    return NaturalQuestion(text, **(given | about))


ANSWERABLE = question(
    "how many days off for a wedding", answerable=True, answer="A wedding: 2 days"
)
NEAR_MISS = question("how many days can i take over", missing=CARRY)
OTHER_NEAR_MISS = question("when do i need a doctors note", missing=SICK)


@pytest.fixture
def groups() -> dict[str, Group]:
    book = Book(
        "book",
        {"leave": passage("leave", LEAVE), "shed": passage("shed", SHED)},
        (ANSWERABLE, NEAR_MISS, OTHER_NEAR_MISS),
    )
    return {each.question: each for each in natural_groups(book, frozenset(), random.Random(1))}


def by_role(group: Group) -> dict[str, Pair]:
    return {pair.role: pair for pair in group.pairs}


class TestAQuestionThatIsAnswered:
    def test_meets_its_passage_with_and_without_the_answer(self, groups: dict[str, Group]) -> None:
        pairs = by_role(groups[ANSWERABLE.text])
        assert pairs["own"].answers and "A wedding: 2 days" in pairs["own"].text.text
        assert not pairs["cut"].answers and "wedding" not in pairs["cut"].text.text
        assert "25 days" in pairs["cut"].text.text

    def test_knows_in_which_unit_the_answer_stands(self, groups: dict[str, Group]) -> None:
        own = by_role(groups[ANSWERABLE.text])["own"]
        start, end = own.text.spans[own.evidence.index(True)]
        assert own.text.text[start:end] == "A wedding: 2 days"
        assert sum(own.evidence) == 1

    def test_meets_what_search_found_as_no_answer(self, groups: dict[str, Group]) -> None:
        found = by_role(groups[ANSWERABLE.text])["retrieved"]
        assert SHED in found.text.text and not found.answers


class TestANearMiss:
    def test_meets_its_passage_with_the_missing_sentence(self, groups: dict[str, Group]) -> None:
        pairs = by_role(groups[NEAR_MISS.text])
        assert not pairs["own"].answers and CARRY not in pairs["own"].text.text
        put_in = pairs["missing"]
        start, end = put_in.text.spans[put_in.evidence.index(True)]
        assert put_in.answers and put_in.text.text[start:end] == CARRY

    def test_meets_the_sentence_that_answers_another(self, groups: dict[str, Group]) -> None:
        distracted = by_role(groups[NEAR_MISS.text])["distract"]
        assert SICK in distracted.text.text and not distracted.answers

    def test_is_not_shown_what_may_answer_after_all(self) -> None:
        book = Book("b", {"leave": passage("leave", LEAVE), "shed": passage("shed", SHED)},
                    (NEAR_MISS,))  # fmt: skip
        doubtful = frozenset({(NEAR_MISS.text, "shed")})
        (group,) = natural_groups(book, doubtful, random.Random(3))
        assert "retrieved" not in by_role(group)


SHIPPING = [json.loads(line) for line in (QUESTIONS / "questions.jsonl").read_text().splitlines()]


class TestQuestionsThatShip:
    """Their handbooks do not: they are found in the pages by the words that they rest on."""

    @pytest.fixture
    def asked(self, tmp_path: Path) -> Path:
        folder = tmp_path / "questions"
        folder.mkdir()
        some = [
            {"q": "wedding, how long off?", "kind": "howmuch", "y": 1, "a": "wedding: 2\ndays"},
            {"q": "who plans the shifts", "kind": "who", "y": 0, "near": "so that the **shifts**",
             "missing": "Rosters are made by the front desk."},
            {"q": "how many days for a birth", "kind": "howmuch", "y": 1, "a": "A birth: 10 days"},
        ]  # fmt: skip
        about = {"handbook": "club", "document": "people/leave.md"}
        written = "".join(json.dumps(line | about) + "\n" for line in some)
        (folder / "questions.jsonl").write_text(written, "utf-8")
        return folder

    @pytest.fixture
    def beside(self, tmp_path: Path) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        line = {"passage": "a:0", "repo": "a", "document": "a.md", "context": "A", "text": SHED}
        asked = {"q": "when is the shed open", "kind": "when", "passage": "a:0", "y": 1, "a": SHED}
        for name, one in (("passages", line), ("questions", asked)):
            with gzip.open(folder / f"natural_{name}.jsonl.gz", "wt") as file:
                file.write(json.dumps(one) + "\n")
        return folder

    @pytest.fixture
    def work(self, tmp_path: Path, weights: Path) -> Path:
        folder = tmp_path / "work"
        folder.mkdir()
        (folder / "weights").symlink_to(weights)
        return folder

    @pytest.fixture
    async def club(self, tmp_path: Path, asked: Path, beside: Path, work: Path) -> Book:
        pages = tmp_path / "handbooks" / "club" / "people"
        pages.mkdir(parents=True)
        (pages / "leave.md").write_text(f"# Leave\n\n{LEAVE}", "utf-8")
        books = await read_books(beside, work, tmp_path / "handbooks", asked)
        assert [(book.name, book.ships) for book in books] == [("a", False), ("club", True)]
        return books[1]

    async def test_know_where_in_which_passage_the_answer_stands(self, club: Book) -> None:
        asked = club.questions[0]
        assert asked.answer == "wedding: 2 days"
        hits = evidence(club.passages[asked.passage].text, club.units(asked.passage), asked.answer)
        assert sum(hits) == 1

    async def test_know_the_passage_that_comes_near(self, club: Book) -> None:
        asked = club.questions[1]
        assert not asked.answerable and asked.missing == "Rosters are made by the front desk."
        assert "shifts" in club.passages[asked.passage].text

    async def test_are_left_out_where_the_page_has_changed(self, club: Book) -> None:
        assert len(club.questions) == 2

    async def test_are_searched_for_among_their_own_pages(self, club: Book) -> None:
        assert all(set(each.retrieved) == set(club.passages) for each in club.questions)

    async def test_need_no_handbooks_at_hand(self, beside: Path, asked: Path, work: Path) -> None:
        (book,) = await read_books(beside, work, None, asked)
        assert book.name == "a"

    def test_name_handbooks_that_may_be_used(self) -> None:
        told = json.loads((QUESTIONS / "handbooks.json").read_text("utf-8"))
        names = {line["handbook"] for line in SHIPPING}
        assert names == {each["name"] for each in told}
        for each in told:
            assert each["licence"] and len(each["commit"]) == 40
            assert each["name"] not in HELD_OUT

    def test_are_as_often_answered_as_not(self) -> None:
        assert 0.45 < sum(each["y"] for each in SHIPPING) / len(SHIPPING) < 0.55
        assert len({each["q"].lower() for each in SHIPPING}) == len(SHIPPING)


class TestEvidence:
    @pytest.mark.parametrize("answer", ["", "not in it", "Moving House: 1 Day"])
    def test_that_cannot_be_placed_is_none(self, answer: str) -> None:
        assert evidence(LEAVE, split_units(LEAVE), answer) == ()

    def test_over_several_units_marks_them_all(self) -> None:
        hits = evidence(LEAVE, split_units(LEAVE), "Moving house: 1 day\n- A wedding: 2 days")
        assert hits == (False, False, True, True)

    def test_is_not_taken_out_where_nothing_would_be_left(self) -> None:
        assert taken_out(split_units(SHED), (True,)) == []


def generic_line(src: str, q: str, y: int, **more: Any) -> dict[str, Any]:
    return {"q": q, "p": "Page. Bikes are red. Shed two.", "y": y, "src": src, "kind": "faq",
            "group": q, "ans": ""} | more  # fmt: skip


def gzipped(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return path


class TestGenericPairs:
    def test_are_one_answer_to_two_that_are_none_and_no_more_than_asked_for(
        self, tmp_path: Path
    ) -> None:
        lines = [generic_line("docs/a", f"q{n}", y) for n in range(30) for y in (1, 1, 0, 0, 0)]
        made = generic_groups(gzipped(tmp_path / "t.gz", lines), random.Random(1), 40)
        assert {tuple(pair.answers for pair in group.pairs) for group in made} == {
            (True, False, False)
        }
        assert sum(len(group.pairs) for group in made) <= 42

    def test_leave_out_what_is_measured_on(self, tmp_path: Path) -> None:
        lines = [generic_line(src, "q", 1) for src in (*HELD_OUT, "18F/handbook")]
        assert generic_groups(gzipped(tmp_path / "t.gz", lines), random.Random(1), 40) == []

    def test_have_their_title_above_the_text(self, tmp_path: Path) -> None:
        path = gzipped(tmp_path / "t.gz", [generic_line("docs/a", "q", 1)])
        ((pair,),) = [group.pairs for group in generic_groups(path, random.Random(1), 4)]
        assert pair.text.text.split("\n") == ["Page", "Bikes are red.", "Shed two."]


class TestDetails:
    def test_come_before_or_after_a_third_of_the_questions_and_leave_them_whole(self) -> None:
        rng = random.Random(1)
        asked = [with_details("How many days?", rng) for _ in range(300)]
        added = [each for each in asked if each != "How many days?"]
        assert 60 < len(added) < 140
        assert all("ow many days" in each and each.endswith("?") for each in added)
        assert any(each.startswith("How") for each in added)
        assert any(each.endswith("how many days?") for each in added)

    def test_are_put_around_no_question_that_is_empty(self) -> None:
        assert all(with_details("?", random.Random(seed)).endswith("?") for seed in range(20))


class TestTheLoop:
    @pytest.mark.parametrize("part", [READER, JUDGE], ids=["reader", "judge"])
    def test_learns_what_it_is_shown_and_keeps_what_is_frozen(
        self, part: Part[Any], weights: Path
    ) -> None:
        torch.manual_seed(1)
        network = part.network(layers=1)
        before = copy.deepcopy(network.state_dict())
        _, tokenizer = load(part, SHIPPED, weights)
        _, reads = load(READER, SHIPPED, weights)
        units = split_units(LEAVE)
        right = Pair(readable_text("Leave", units), True, (False, False, False, True))
        groups = [Group("days for a wedding", (right,), "book", natural=True)] * 40
        encoded = encode(tokenizer, groups[0].question, [right.text], 64)
        (first,) = score(network, encoded)
        recipe = Recipe(learning_rate=1e-3, frozen_layers=0, batch_tokens=256)

        teacher = Teacher(ReaderNetwork(layers=1), reads)
        train(network, teacher, tokenizer, groups, recipe, lambda _: None)

        (after,) = score(network, encoded)
        assert after.answers > max(first.answers, torch.tensor(1.0))
        assert int(unit_shares(after.evidence, encoded[0].units).argmax()) == 3
        for name, value in network.state_dict().items():
            if name.startswith(network.lowest(0)):
                assert torch.equal(value, before[name]), name


class TestWhatShips:
    def test_is_put_together_to_what_was_trained(self) -> None:
        start = ReaderNetwork(layers=1).state_dict()
        trained = {name: value.clone() for name, value in start.items()}
        matrix = "bert.encoder.layer.0.output.dense.weight"
        trained[matrix] += 0.01 * torch.randn(384, 4) @ torch.randn(4, 1536)
        trained["evidence.bias"] += 1
        changed = difference(start, trained, rank=4)
        assert set(changed) == {f"{matrix}.left", f"{matrix}.right", "evidence.bias"}
        whole = with_difference(start, changed)
        assert torch.allclose(whole[matrix], trained[matrix], atol=1e-3)
        assert torch.allclose(whole["evidence.bias"], trained["evidence.bias"], atol=1e-3)
        assert whole.keys() == trained.keys()


def judged(own: float, *, answerable: bool, cut: float | None = None) -> Judged:
    asked = question("q", answerable=answerable, passage="a", retrieved=("a", "b", "c"))
    return Judged(
        asked, own, cut,
        np.array([2.0, 3.0, -9.0]), np.array([own, own - 3, -9.0]),
        np.array([answerable, False, False]), unit_right=True if answerable else None,
    )  # fmt: skip


class TestMeasures:
    FOUND = (
        *(judged(1 + n / 50, answerable=True, cut=-2.0) for n in range(50)),
        *(judged(-2 + n / 25, answerable=False) for n in range(50)),
    )

    def test_thresholds_let_through_the_share_of_near_misses_that_they_say(self) -> None:
        scale = calibrated(self.FOUND, 0.0)
        for row in thresholds(self.FOUND, scale):
            chances = [scale.chances(each.relevance, each.answers) for each in self.FOUND[50:]]
            answered = sum(chance.max() > row["from"] for chance in chances)
            assert answered / 50 <= row["near_misses_answered"]

    def test_what_scores_higher_is_likelier_to_answer(self) -> None:
        scale = calibrated(self.FOUND, 0.0)
        likely, unlikely = scale.chances(np.array([2.0, 2.0]), np.array([3.0, -3.0]))
        assert likely > 0.5 > unlikely

    def test_the_blend_is_the_one_that_puts_a_right_passage_first(self) -> None:
        assert best_blend(self.FOUND) == 0.0

    def test_go_into_the_card(self) -> None:
        results = {
            "measures": measures(self.FOUND, calibrated(self.FOUND, 0.2)),
            "recipe": asdict(READER_RECIPE),
            "seeds": [1, 2],
            "trained_on": {"pairs": 1, "groups": 1, "handbooks": ["a/b"], "held_out": ["c/d"]},
            "date": "2026-01-01",
        }
        page = card({"reader": results, "judge": results})
        assert "| The right unit has the highest share | 1.000 | 1.000 |" in page
        assert "a/b" in page and "c/d" in page
