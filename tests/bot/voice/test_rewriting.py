"""A colleague's draft comes back in the voice: same facts, whatever the model does."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ModelError, UsageError
from bot.voice.grounding import facts, same_facts
from bot.voice.lines.framing import likely_frames
from bot.voice.metrics import markers
from bot.voice.model import LocalModel
from bot.voice.model_weights import PACKAGED, base_weights
from bot.voice.rewriting import Rewrite, Rewriter
from bot.voice.template import Prompt
from bot.voice.voice import Example, Voice
from bot.voice.writer import Choose, Step
from tests.kit.fakes import FakeWriter

LETTER = """Dear Ms Okafor,

Unfortunately, the wheel of order FC-20931 is delayed. You do not have to do anything.

1. Select "Purchase" at https://x.example/purchase
2. Obtain a code with `purchase --require`

| Battery | Price |
|---|---|
| purchase | £389 |

We will notify you prior to 18 November.

Kind regards,
Tomasz Nowak
Customer Support"""
FENCE = '```sh\ncurl -H "purchase" \\\n     https://x.example/require\n```'
PARTS = [
    *LETTER.split("\n\n"),
    FENCE,
    "> Can I purchase it?\n> Never!",
    "hey, thx for waiting",
    "Hi Lucy! 😊 Great news!!! Your saddle (£35) has arrived!",
    "Dear Sir or Madam,",
    "Hello there, all!",
    "Thanks,\nRob",
    "Please do not hesitate to call Anna Reed on 0117 496 0123.",
    "However, we can't help without Dr Cole, twice.",
    "Fair question!",
    "Just ask if you want more.",
    "Sorry again!\nKate",
    "Select two.",
    "🎉",
]


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter()


@pytest.fixture
def rewriter(writer: FakeWriter) -> Rewriter:
    return Rewriter(writer.for_voice)


@pytest.fixture
def bare(fernhill: Voice, tmp_path: Path) -> Voice:
    """No examples and no conditions: the model chooses among all greetings and closings."""
    open_to_all: dict[str, Any] = {"when": {}, "mood": {}, "to_questions": ()}
    return Voice("bare", tmp_path, fernhill.guide.model_copy(update=open_to_all))


class TestADraft:
    async def test_comes_back_in_the_voice(self, rewriter: Rewriter, fernhill: Voice) -> None:
        done = await rewriter.rewrite(LETTER, fernhill)
        assert done.draft == LETTER
        assert done.changed
        assert done.text == (
            "Hello, Ms Okafor. "
            "The wheel of order FC-20931 is delayed. You do not have to do anything.\n\n"
            '1. Choose "Purchase" at https://x.example/purchase\n'
            "2. Get a code with `purchase --require`\n\n"
            "| Battery | Price |\n|---|---|\n| purchase | £389 |\n\n"
            "We will tell you before 18 November.\n\n"
            f"{done.checks.closing}\n\n"
            "Tomasz Nowak\nCustomer Support"
        )

    async def test_has_more_of_the_voices_habits_than_before(
        self, rewriter: Rewriter, fernhill: Voice
    ) -> None:
        checks = (await rewriter.rewrite(LETTER, fernhill)).checks
        lacking = {name for name, kept in checks.markers_before.items() if not kept}
        assert lacking == {"greeting", "closing", "no_forbidden_words", "own_words"}
        assert all(checks.markers.values())
        assert all(checks.facts.values())
        assert checks.refused == checks.left == ()

    async def test_of_one_paragraph_stays_one(self, rewriter: Rewriter, fernhill: Voice) -> None:
        done = await rewriter.rewrite("Your bike is ready.", fernhill)
        assert done.text.count("\n") == 0
        assert all(markers(done.text, fernhill.guide).values())

    async def test_that_begins_with_a_block_keeps_it_whole(
        self, rewriter: Rewriter, fernhill: Voice
    ) -> None:
        done = await rewriter.rewrite(f"Hi,\n\n{FENCE}", fernhill)
        greeting, closing = done.checks.greeting, done.checks.closing
        assert done.text == f"{greeting}\n\n{FENCE}\n\n{closing}"

    @pytest.mark.parametrize(
        ("salutation", "begins"),
        [
            ("Hi Joan,", ", Joan! The"),
            ("Good morning Dr. Anna de Cole,", ", Dr. Anna de Cole! The"),
            ("Hey Tim and Sofia!", ", Tim and Sofia! The"),
            ("Hello,", "! The"),
            ("Hi there,", "! The"),
            ("Dear valued customer,", "! The"),
            ("Dear Sir or Madam,", "! The"),
        ],
    )
    async def test_greets_whom_it_greeted(
        self, rewriter: Rewriter, bare: Voice, salutation: str, begins: str
    ) -> None:
        done = await rewriter.rewrite(f"{salutation}\n\nthe bike is ready.", bare)
        assert done.text.startswith(f"{bare.guide.greetings[0][:-1]}{begins} bike is ready.")

    async def test_keeps_a_salutation_that_cannot_be_taken_for_a_name(
        self, rewriter: Rewriter, bare: Voice
    ) -> None:
        done = await rewriter.rewrite("Dear owner of bike 7,\n\nIt is ready.", bare)
        greeting = bare.guide.greetings[0]
        assert done.text.startswith(f"Dear owner of bike 7,\n\n{greeting} It is ready.")

    @pytest.mark.parametrize(
        ("end", "signature"),
        [
            ("Kind regards,\nMia", "Mia"),
            ("All the best\nThe Fernhill team\n0117 496 0123", "The Fernhill team\n0117 496 0123"),
            ("Cheers, Sam", "Sam"),
            ("Kate\nWarranty Desk", "Kate\nWarranty Desk"),
        ],
    )
    async def test_is_signed_after_the_closing(
        self, rewriter: Rewriter, bare: Voice, end: str, signature: str
    ) -> None:
        done = await rewriter.rewrite(f"The bike is ready.\n\n{end}", bare)
        assert done.text.endswith(f"{bare.guide.closings[0]}\n\n{signature}")

    @pytest.mark.parametrize("end", ["Regards, Ann", "Kind regards, Ann.", "Cheers, Ann"])
    async def test_of_one_line_is_signed_after_the_closing_too(
        self, rewriter: Rewriter, bare: Voice, end: str
    ) -> None:
        done = await rewriter.rewrite(f"Hi Tom, the bike is ready. {end}", bare)
        assert done.text.endswith(f"The bike is ready. {bare.guide.closings[0]}\n\nAnn")

    async def test_of_one_line_that_ends_on_thanks_is_not_taken_for_signed(
        self, rewriter: Rewriter, bare: Voice
    ) -> None:
        done = await rewriter.rewrite("The bike is ready. Thanks to Ann it is clean.", bare)
        assert "Thanks to Ann it is clean." in done.text

    async def test_that_is_in_the_voice_already_stays(
        self, rewriter: Rewriter, fernhill: Voice
    ) -> None:
        once = await rewriter.rewrite(LETTER, fernhill)
        again = await rewriter.rewrite(once.text, fernhill)
        assert again.text == once.text
        assert not again.changed
        assert all(again.checks.markers.values())

    async def test_tells_what_it_could_not_make_sound_right(
        self, rewriter: Rewriter, fernhill: Voice
    ) -> None:
        done = await rewriter.rewrite("Keep your proof of purchase.", fernhill)
        assert "proof of purchase" in done.text
        assert done.checks.left == ("purchase",)
        assert not done.checks.markers["own_words"]

    @pytest.mark.parametrize("draft", ["", " \n\t "])
    async def test_that_is_empty_is_asked_for(
        self, rewriter: Rewriter, fernhill: Voice, draft: str
    ) -> None:
        with pytest.raises(UsageError, match="Write what you want to say"):
            await rewriter.rewrite(draft, fernhill)

    async def test_that_is_too_long_is_told_by_how_much(
        self, writer: FakeWriter, fernhill: Voice
    ) -> None:
        rewriter = Rewriter(writer.for_voice, max_chars=1000)
        assert (await rewriter.rewrite("x" * 1000, fernhill)).changed
        with pytest.raises(UsageError, match=r"1,001 characters; 1,000 are the most"):
            await rewriter.rewrite("x" * 1001, fernhill)


class TestTheModel:
    async def test_chooses_where_the_examples_leave_doubt(
        self, rewriter: Rewriter, writer: FakeWriter, bare: Voice
    ) -> None:
        await rewriter.rewrite(LETTER, bare)
        [(greetings, _, closings)] = writer.scripts
        assert greetings == Choose(bare.guide.greetings)
        assert closings == Choose(bare.guide.closings)

    async def test_is_not_asked_where_they_do_not(
        self, rewriter: Rewriter, writer: FakeWriter, fernhill: Voice
    ) -> None:
        draft = "Unfortunately, the 14:30 ferry to Skerra is cancelled due to an engine fault."
        [(greeting, closing)] = likely_frames(draft, fernhill)
        done = await rewriter.rewrite(draft, fernhill)
        assert (greeting, closing) == ("Hello.", "Ask me if anything is unclear.")
        assert (done.checks.greeting, done.checks.closing) == (greeting, closing)
        assert not writer.prompts

    async def test_reads_no_more_of_a_long_draft_than_it_needs(
        self, rewriter: Rewriter, writer: FakeWriter, bare: Voice
    ) -> None:
        await rewriter.rewrite("The bike is ready. " * 200, bare)
        [asked] = writer.prompts
        assert len(asked.user["content"]) < 700

    async def test_whose_closing_does_not_go_with_its_greeting_is_corrected(
        self, fernhill: Voice
    ) -> None:
        draft = "The museum is not open on Monday 6 May. Emil Novak in room 2.07 has the keys."
        frames = likely_frames(draft, fernhill)
        assert len(frames) == 2
        done = await Rewriter(Saying(frames[1][0], "", "Bye!").for_voice).rewrite(draft, fernhill)
        assert (done.checks.greeting, done.checks.closing) in frames
        assert done.checks.greeting == frames[1][0]

    async def test_that_fails_is_an_error_of_ours(self, bare: Voice) -> None:
        class Broken(FakeWriter):
            async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
                raise ModelError("The writing endpoint failed.")
                yield ""

        with pytest.raises(ModelError):
            await Rewriter(Broken().for_voice).rewrite(LETTER, bare)


@dataclass
class Saying:
    """A writer that says what it likes, whatever it was asked for."""

    greeting: str
    body: str
    closing: str
    tuned = True

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        for text in (self.greeting, self.body, self.closing):
            yield text

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        raise NotImplementedError
        yield ""

    async def for_voice(self, _: Voice) -> Saying:
        return self


class TestEveryDraft:
    @given(
        st.lists(st.sampled_from(PARTS), min_size=1, max_size=8),
        st.builds(Saying, *[st.text(max_size=30)] * 3),
        st.booleans(),
    )
    async def test_keeps_its_facts_whatever_the_model_says(
        self, fernhill: Voice, parts: list[str], writer: Saying, examples: bool
    ) -> None:
        voice = fernhill if examples else Voice("bare", Path("nowhere"), fernhill.guide)
        draft = "\n\n".join(parts)
        done = await Rewriter(writer.for_voice).rewrite(draft, voice)
        assert done.text == draft or all(done.checks.facts.values())
        given_facts, said = facts(draft), facts(done.text)
        for kind in ("links", "code", "numbers", "negations"):
            assert +given_facts[kind] == +said[kind]
        assert all(name in done.text for name in ("Okafor", "Nowak", "Lucy") if name in draft)
        assert all(
            stretch in done.text for stretch in (FENCE, "| purchase | £389 |") if stretch in draft
        )

    @given(st.text(min_size=1, max_size=300).filter(str.strip))
    async def test_may_be_anything(self, fernhill: Voice, draft: str) -> None:
        done = await Rewriter(FakeWriter().for_voice).rewrite(draft, fernhill)
        kept = {"links", "code", "numbers", "negations"}
        verdicts = same_facts(draft, done.text)
        assert done.text == draft.strip() or all(verdicts[kind] for kind in kept)

    @given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=8))
    async def test_comes_back_the_same_each_time(self, fernhill: Voice, parts: list[str]) -> None:
        rewriter = Rewriter(FakeWriter().for_voice)
        draft = "\n\n".join(parts)
        assert await rewriter.rewrite(draft, fernhill) == await rewriter.rewrite(draft, fernhill)


@pytest.fixture(scope="module")
def held_out(fernhill: Voice) -> list[Example]:
    """Rewrite pairs that the LoRA was not trained on."""
    assert fernhill.lora is not None
    topics = json.loads((fernhill.lora.folder / "card.json").read_text("utf-8"))["test_topics"]
    return [e for e in fernhill.examples if e.topic in topics and e.kind == "rewrite"]


class TestThePackagedModel:
    async def test_gives_unseen_drafts_the_voice_and_keeps_their_facts(
        self, weights: Path, fernhill: Voice, held_out: list[Example], bare: Voice
    ) -> None:
        model = LocalModel.load(base_weights(PACKAGED, weights), fernhill.lora)

        async def writer_for(_: Voice) -> LocalModel:
            return model

        rewriter = Rewriter(writer_for)
        assert len(held_out) >= 10
        rewrites = [await rewriter.rewrite(pair.plain, fernhill) for pair in held_out]
        assert all(all(done.checks.facts.values()) for done in rewrites)
        assert kept(rewrites, "markers_before") < 0.55
        assert kept(rewrites, "markers") > 0.9
        # Without examples every choice is the model's: more than one greeting, and the same twice.
        chosen = [await rewriter.rewrite(pair.plain, bare) for pair in held_out]
        assert len({done.checks.greeting for done in chosen}) > 1
        assert await rewriter.rewrite(held_out[0].plain, bare) == chosen[0]


def kept(rewrites: list[Rewrite], which: str) -> float:
    """The share of the voice's habits that the texts keep."""
    verdicts: list[bool] = [
        held for done in rewrites for held in getattr(done.checks, which).values()
    ]
    return sum(verdicts) / len(verdicts)
