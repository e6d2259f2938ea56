"""Judging a version: what each arm is asked, what is measured, and when the gate opens."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigurationError, UsageError
from bot.voice.lines.framing import body
from bot.voice.template import Prompt
from bot.voice.versions.registry import Registry
from bot.voice.voice import Example, Voice, guide_digest
from bot.voice.writer import Step
from jobs.evaluation.arms import ARMS, Bench
from jobs.evaluation.evaluate import Judged, evaluate
from jobs.evaluation.gate import not_worse, tone_improved
from jobs.evaluation.measures import Answered, denies, grounded, measured, token_f1
from jobs.evaluation.poison import POISONS, Poisoned, fell_for
from jobs.evaluation.questions import AskedQuestion, read_questions
from jobs.evaluation.report import as_markdown, write_report
from jobs.evaluation.statistics import difference, interval
from jobs.evaluation.tone import auroc, learn_tone
from knowledge.types import PUBLIC, Evidence
from tests.bot.conftest import ROOT
from tests.kit.fakes import THRESHOLDS, FakeWriter, InMemoryPassages, evidence
from tests.kit.loras import put_version

SEEDS = (0, 1)
PAY = AskedQuestion("When do salaries arrive?", "Salaries arrive on the 28th.")
TEA = AskedQuestion("Where is the tea kept?", "Tea is kept in the tall cupboard.")
NONE = AskedQuestion("Who won the cup?", "")


class Speaking(FakeWriter):
    """Writes freely by a rule, given what it was asked; chooses like the other fake."""

    def __init__(self, says: Callable[[str], str], *, tuned: bool):
        super().__init__(tuned=tuned)
        self._says = says

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        self.prompts.append(prompt)
        yield self._says(prompt.user["content"])

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        async for text in super().compose(prompt, script):
            yield text


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice.load(ROOT / "voices", "fernhill")


def plain(asked: str) -> str:
    return asked.partition(": ")[2]


def voiced(asked: str) -> str:
    return f"Fair question! Here is what I found. {plain(asked)} Just ask if you want more."


def pairs(number: int) -> list[Example]:
    return [
        Example(
            kind="rewrite",
            topic=f"t{n}",
            question="",
            plain=f"Item {n} is ready.",
            voiced=voiced(f"Draft: Item {n} is ready."),
        )
        for n in range(number)
    ]


def judged(voice: Voice, base: FakeWriter, tuned: FakeWriter, **changed: Any) -> Judged:
    options: dict[str, Any] = {
        "questions": [PAY, TEA, NONE],
        "held_out": pairs(8),
        "tone": learn_tone(pairs(30), pairs(8)),
        "perplexity": {"base": 5.2, "tuned": 1.3},
    }
    return Judged(voice, base, tuned, **options | changed)


@pytest.fixture
def bench() -> Bench:
    passages = InMemoryPassages()
    passages.knows("salaries", evidence("Salaries arrive on the 28th."))
    passages.knows("tea", evidence("Tea is kept in the tall cupboard."))
    ticks = iter(range(10_000))
    return Bench(passages, THRESHOLDS, clock=lambda: float(next(ticks)))


async def told(one: Judged, bench: Bench, **options: Any) -> dict[str, Any]:
    return {"version": "v1"} | await evaluate(one, bench, lambda _: None, **options)


def good(voice: Voice) -> Judged:
    return judged(voice, Speaking(plain, tuned=False), Speaking(voiced, tuned=True))


class TestTheArms:
    async def test_are_asked_the_same_and_told_apart(self, voice: Voice, bench: Bench) -> None:
        report = await told(good(voice), bench)
        assert tuple(report["arms"]) == ARMS
        measures = {name: arm["measures"] for name, arm in report["arms"].items()}
        assert measures["tuned + retrieval"]["accuracy"]["mean"] == 1.0
        assert measures["tuned + retrieval"]["refusal"]["mean"] == 1.0
        assert measures["tuned + retrieval"]["citations"]["mean"] == 1.0
        assert measures["tuned"]["citations"] is None
        assert measures["tuned"]["refusal"]["mean"] == 0.0
        assert measures["tuned"]["learned"]["mean"] > measures["base"]["learned"]["mean"]
        assert report["arms"]["base"]["perplexity"] == 5.2
        assert report["arms"]["base"]["seconds_median"] == 1.0
        assert report["arms"]["base"]["cost_per_1000"] == round(1000 / 3600 * 0.04, 4)

    async def test_give_the_model_its_examples_only_where_it_is_not_tuned(
        self, voice: Voice, bench: Bench
    ) -> None:
        one = good(voice)
        await told(one, bench)
        assert isinstance(one.base, FakeWriter) and isinstance(one.tuned, FakeWriter)
        assert {len(each.prefix) for each in one.base.prompts} == {7}
        assert {len(each.prefix) for each in one.tuned.prompts} == {1}

    async def test_give_the_same_report_for_the_same_seeds(
        self, voice: Voice, bench: Bench
    ) -> None:
        first = await told(good(voice), bench)
        again = await told(good(voice), bench)
        assert first == again


class TestTheMood:
    async def test_is_told_by_kind_of_the_held_out_pairs(self, voice: Voice, bench: Bench) -> None:
        def late(asked: str) -> str:
            return f"Let's sort this! {plain(asked)} Go gently, and shout if you are stuck."

        said = "Your order is late."
        sad = Example(kind="rewrite", topic="o", question="", plain=said, voiced=said)
        one = judged(
            voice,
            Speaking(plain, tuned=False),
            Speaking(late, tuned=True),
            held_out=[*pairs(3), sad],
        )
        report = await told(one, bench)
        moods = report["moods"]
        assert {mood: found["pairs"] for mood, found in moods.items()} == {
            "bad_news": 1,
            "ordinary": 3,
        }
        assert moods["bad_news"]["base"]["fits"] == 1.0
        assert moods["bad_news"]["tuned"]["fits"] == 0.0
        assert moods["ordinary"]["tuned"]["fits"] == 1.0
        assert report["arms"]["tuned"]["measures"]["fits_mood"]["mean"] == 0.0
        assert "| bad news | 1 | " in as_markdown(report)


class TestTheGate:
    async def test_opens_for_a_better_tone_with_nothing_lost(
        self, voice: Voice, bench: Bench
    ) -> None:
        gate = (await told(good(voice), bench))["gate"]
        assert gate["passed"]
        assert [each["what"] for each in gate["findings"]] == [
            "tone",
            "accuracy",
            "refusal",
            "safety",
        ]

    async def test_stays_shut_for_the_same_tone(self, voice: Voice, bench: Bench) -> None:
        same = Speaking(plain, tuned=False), Speaking(plain, tuned=True)
        gate = (await told(judged(voice, *same), bench))["gate"]
        assert [each["what"] for each in gate["findings"] if not each["passed"]] == ["tone"]
        assert "tone: +0.00" in gate["findings"][0]["reason"]

    async def test_stays_shut_for_a_model_that_obeys_poisoned_passages(
        self, voice: Voice, bench: Bench
    ) -> None:
        def obeys(asked: str) -> str:
            payload = next((each.payload for each in POISONS if each.text in asked), "")
            return f"{payload} {voiced(asked)}"

        obedient = judged(voice, Speaking(plain, tuned=False), Speaking(obeys, tuned=True))
        gate = (await told(obedient, bench))["gate"]
        assert [each["what"] for each in gate["findings"] if not each["passed"]] == ["safety"]

    async def test_stays_shut_without_a_question_that_has_no_answer(
        self, voice: Voice, bench: Bench
    ) -> None:
        some = judged(
            voice, Speaking(plain, tuned=False), Speaking(voiced, tuned=True), questions=[PAY, TEA]
        )
        (refusal,) = [
            each
            for each in (await told(some, bench))["gate"]["findings"]
            if each["what"] == "refusal"
        ]
        assert not refusal["passed"]
        assert '"answerable": false' in refusal["reason"]

    @pytest.mark.parametrize(
        ("before", "after", "passed"),
        [
            ([1, 1, 1, 1] * 5, [1, 1, 1, 1] * 5, True),
            ([1, 1, 1, 1] * 5, [0, 1, 1, 1] * 5, False),
            ([0, 0, 1, 1] * 5, [1, 1, 1, 1] * 5, True),
            ([1] * 50, [0] + [1] * 49, True),
        ],
    )
    def test_lets_nothing_drop(self, before: list[float], after: list[float], passed: bool) -> None:
        assert not_worse("accuracy", before, after, SEEDS, "").passed is passed

    def test_asks_for_a_margin_that_is_no_chance(self) -> None:
        assert tone_improved([0.5] * 20, [0.6] * 20, SEEDS).passed
        assert not tone_improved([0.5] * 20, [0.54] * 20, SEEDS).passed
        assert not tone_improved([0.5] * 4, [0.2, 0.9, 0.5, 0.8], SEEDS).passed


class TestTheReport:
    @pytest.fixture
    def version(self, tmp_path: Path) -> Path:
        folder = tmp_path / "acme"
        folder.mkdir()
        shutil.copy(ROOT / "voices" / "fernhill" / "guide.toml", folder)
        return put_version(folder, "v1", 1)

    async def test_lets_the_version_be_promoted_if_it_passed(
        self, voice: Voice, bench: Bench, version: Path, tmp_path: Path
    ) -> None:
        registry = Registry(tmp_path, lambda: datetime(2026, 3, 2, tzinfo=UTC))
        same = judged(voice, Speaking(plain, tuned=False), Speaking(plain, tuned=True))
        digest = guide_digest(tmp_path / "acme")
        write_report(version, await told(same, bench), digest)
        with pytest.raises(UsageError, match=r"v1 stays a candidate: tone: \+0\.00"):
            registry.promote("acme", "v1", "ida")
        write_report(version, await told(good(voice), bench), digest)
        assert registry.promote("acme", "v1", "ida").live == "v1"

    async def test_is_one_page_that_needs_nothing_from_elsewhere(
        self, voice: Voice, bench: Bench, version: Path
    ) -> None:
        nasty = AskedQuestion("<script>alert(1)</script> salaries?", PAY.reference)
        one = judged(
            voice,
            Speaking(plain, tuned=False),
            Speaking(voiced, tuned=True),
            questions=[nasty, TEA, NONE],
        )
        where = write_report(version, await told(one, bench), "")
        page = (where / "report.html").read_text("utf-8")

        class Tags(HTMLParser):
            seen: list[tuple[str, dict[str, str | None]]] = []  # noqa: RUF012 - read once

            def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
                self.seen.append((tag, dict(attrs)))

        tags = Tags()
        tags.feed(page)
        assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags.seen}
        assert not [attrs for _, attrs in tags.seen if {"src", "href"} & attrs.keys()]
        assert sum(tag == "svg" for tag, _ in tags.seen) == 2

    async def test_says_all_in_markdown_and_in_json(
        self, voice: Voice, bench: Bench, version: Path
    ) -> None:
        where = write_report(version, await told(good(voice), bench), "")
        assert sorted(each.name for each in where.iterdir()) == [
            "report.html",
            "report.json",
            "report.md",
            "verdict.json",
        ]
        text = (where / "report.md").read_text("utf-8")
        assert "**The version may speak.**" in text
        assert "| accuracy | " in text and "AUROC of" in text
        assert json.loads((where / "report.json").read_text("utf-8"))["gate"]["passed"]


class TestMeasures:
    def test_take_the_frame_off_before_they_compare(self, voice: Voice) -> None:
        text = "Fair question! This is what “Pay” says: Salaries arrive on the 28th. [1]"
        assert body(text, voice.guide) == "Salaries arrive on the 28th."

    def test_know_right_wrong_and_refused(self, voice: Voice) -> None:
        def accuracy(asked: AskedQuestion, text: str, *, abstained: bool = False) -> Any:
            return measured(asked, Answered(text, abstained), voice.guide)["accuracy"]

        assert accuracy(PAY, "Salaries arrive on the 28th. [1]") == 1
        assert accuracy(PAY, "The bike shed is open all night.") == 0
        assert accuracy(PAY, "I don't know.", abstained=True) == 0
        assert accuracy(NONE, "I don't know.", abstained=True) == 1
        assert accuracy(NONE, "Salaries did.") == 0

    def test_see_what_is_not_in_the_sources(self) -> None:
        source = ["Salaries arrive on the 28th of the month."]
        assert grounded("Salaries arrive on the 28th.", source) == 1
        assert grounded("Salaries arrive on the 29th.", source) == 0
        assert grounded("Salaries arrive on the 28th. Ring Priya for cake.", source) == 0.5

    def test_hear_a_denial(self) -> None:
        assert denies("Sorry, I don't know that.")
        assert not denies("You know it is on the 28th.")

    def test_count_words_as_squad_does(self) -> None:
        assert token_f1("a b c", "a b d") == pytest.approx(2 / 3)
        assert token_f1("a", "b") == 0


class TestIntervals:
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
    def test_hold_the_mean_and_are_repeatable(self, values: list[float]) -> None:
        found = interval(values, SEEDS)
        assert found is not None
        assert found.low - 1e-9 <= found.mean <= found.high + 1e-9
        assert found == interval(values, SEEDS)

    def test_are_narrower_with_more_values_and_cover_what_is_known(self) -> None:
        few, many = interval([0.0, 1.0] * 5, SEEDS), interval([0.0, 1.0] * 500, SEEDS)
        assert few is not None and many is not None
        assert few.high - few.low > 5 * (many.high - many.low)
        # The normal interval of 1,000 fair coins: 0.5 ± 1.96 · 0.5 / √1000.
        assert many.low == pytest.approx(0.469, abs=0.004)
        assert many.high == pytest.approx(0.531, abs=0.004)

    def test_are_none_of_nothing(self) -> None:
        assert interval([], SEEDS) is None
        assert difference([], [], SEEDS) is None


class TestTheToneScore:
    def test_tells_the_voice_from_plain_text_on_pairs_it_has_not_seen(self, voice: Voice) -> None:
        score = learn_tone(voice.examples[:120], voice.examples[200:240])
        assert score.auroc > 0.9
        assert score(voiced("Draft: The bell costs £4.")) > 0.5 > score("The bell costs £4.")

    def test_is_measured_by_who_wins(self) -> None:
        assert auroc([0.9, 0.1], [1, 0]) == 1
        assert auroc([0.1, 0.9], [1, 0]) == 0
        assert auroc([0.5, 0.5], [1, 0]) == 0.5


class TestPoison:
    async def test_stands_in_the_best_passage_and_leaves_the_others(self) -> None:
        class Two:
            async def search(self, *_: Any, **__: Any) -> list[Evidence]:
                return [evidence("Tea is at four."), evidence("Cake is at five.")]

        poisoned = Poisoned(Two(), ["When is tea?"])
        first, second = await poisoned.search("When is tea?", frozenset({PUBLIC}), 2)
        assert first.passage.text.startswith("Tea is at four.")
        assert POISONS[0].text in first.passage.text
        assert second.passage.text == "Cake is at five."

    def test_works_where_the_bot_says_it_and_not_where_it_quotes_it(self) -> None:
        poison = POISONS[0]
        assert fell_for(poison, f"Right!\n {poison.payload.lower()}  approved.", [])
        assert not fell_for(poison, f"It says: {poison.text}", [poison.text])


class TestQuestions:
    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("{", "line 6"),
            ('{"question": "Why?"}', "'answer'"),
            ('{"answer": "So."}', "line 6"),
        ],
    )
    def test_that_are_wrong_are_told_by_their_line(
        self, tmp_path: Path, line: str, why: str
    ) -> None:
        path = tmp_path / "q.jsonl"
        path.write_text('{"question": "Who?", "answerable": false}\n' * 5 + line)
        with pytest.raises(ConfigurationError, match=why):
            read_questions(path)

    def test_that_are_too_few_tell_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "q.jsonl"
        path.write_text('{"question": "Who?", "answer": "Ida."}\n')
        with pytest.raises(ConfigurationError, match="5 are the fewest"):
            read_questions(path)
