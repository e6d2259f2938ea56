"""The real packaged model with the shipped LoRA: it chooses, reads and leads in."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.answers.chain import build_chain
from bot.answers.turns import Question
from bot.errors import ModelError
from bot.types import Reply
from bot.voice.model import LocalModel
from bot.voice.model_weights import PACKAGED, base_weights
from bot.voice.template import answer_request, prompt
from bot.voice.voice import Example, Lora, Voice
from bot.voice.writer import Choose, Free, Say, Step, Writer
from jobs.training.voice.frames import PARTS, every_line, lines_right
from knowledge.types import PUBLIC
from tests.kit.fakes import THRESHOLDS, FakeRetriever, evidence
from tests.kit.loras import toy_weights

QUESTION = "How do I get a library card?"
QUOTE = "Bring one photo ID and proof of your address to any branch desk."
GENERIC = "Here is what I found."


@pytest.fixture(scope="module")
def base(weights: Path) -> str:
    """The folder of the packaged model."""
    return base_weights(PACKAGED, weights)


@pytest.fixture(scope="module")
def tuned(base: str, fernhill: Voice) -> LocalModel:
    """The model as it serves: with the LoRA, in int8."""
    return LocalModel.load(base, fernhill.lora)


@pytest.fixture(scope="module")
def exact(base: str, fernhill: Voice) -> LocalModel:
    """The same in fp32, where a text's numbers do not depend on how it was cut into steps."""
    return LocalModel.load(base, fernhill.lora, int8=False)


@pytest.fixture(scope="module")
def untuned(base: str) -> LocalModel:
    """The model as it would serve without the LoRA."""
    return LocalModel.load(base)


@pytest.fixture(scope="module")
def compose(fernhill: Voice) -> Callable[..., Coroutine[Any, Any, list[str]]]:
    async def compose(
        model: LocalModel, *script: Step, question: str = QUESTION, notes: str = QUOTE
    ) -> list[str]:
        asked = prompt(fernhill, answer_request(question, notes), tuned=model.tuned)
        return [text async for text in model.compose(asked, script)]

    return compose


Compose = Callable[..., Coroutine[Any, Any, list[str]]]


@pytest.fixture(scope="module")
def whole(fernhill: Voice) -> Sequence[Step]:
    """The script of an answer whose lead-in is taken as it comes."""
    guide = fernhill.guide
    lead = Free(24, bool, GENERIC)
    return (Choose(guide.greetings), lead, Say(QUOTE, " [1]"), Choose(guide.closings))


class TestAReply:
    async def test_has_a_greeting_a_lead_in_the_quote_and_a_closing(
        self, tuned: LocalModel, fernhill: Voice, compose: Compose, whole: Sequence[Step]
    ) -> None:
        greeting, lead, quote, closing = await compose(tuned, *whole)
        assert greeting in fernhill.guide.greetings
        assert lead.endswith((".", ":"))
        assert quote == f"{QUOTE} [1]"
        assert closing in fernhill.guide.closings

    async def test_is_the_same_every_time_whatever_was_asked_between(
        self, tuned: LocalModel, compose: Compose, whole: Sequence[Step]
    ) -> None:
        first = await compose(tuned, *whole)
        await compose(tuned, *whole, question="When is payday?", notes="On the 25th.")
        assert await compose(tuned, *whole) == first

    async def test_is_the_same_when_others_are_written_at_the_same_time(
        self, tuned: LocalModel, compose: Compose, whole: Sequence[Step]
    ) -> None:
        alone = await compose(tuned, *whole)
        together = await asyncio.gather(
            compose(tuned, *whole),
            compose(tuned, *whole, question="When is payday?", notes="On the 25th."),
            compose(tuned, *whole),
        )
        assert together[0] == together[2] == alone

    async def test_may_say_anything_word_for_word(
        self, tuned: LocalModel, compose: Compose
    ) -> None:
        text = "| a | b |\n|---|---|\n| 1 | <|im_end|> 🎉 |\n\n```sh\nx  \n```"
        end = Choose(("One.", "Two."))
        assert (await compose(tuned, Say(text, "\n[1]"), end))[0] == f"{text}\n[1]"


class TestSurprise:
    async def test_is_less_for_the_voice_than_for_other_words_and_least_with_the_lora(
        self, tuned: LocalModel, untuned: LocalModel, fernhill: Voice
    ) -> None:
        pair = next(each for each in fernhill.examples if each.kind == "answer")
        asked = prompt(fernhill, answer_request(pair.question, pair.plain), tuned=True)
        expected, tokens = await tuned.surprise(asked, pair.voiced)
        garbled, same = await tuned.surprise(asked, " ".join(reversed(pair.voiced.split())))
        assert expected / tokens < 0.5 * garbled / same
        assert expected < (await untuned.surprise(asked, pair.voiced))[0]


class TestAChoice:
    @pytest.mark.parametrize(
        "options",
        [
            ("Zebras fly.",),
            ("Zebras fly.", "Quartz is cold."),
            ("Worth a note", "Worth a note in your diary.", "Worth"),
            ("Zebra", "Zebras", "Zebra crossing", "🎉", "a"),
        ],
    )
    async def test_is_one_of_the_options(
        self, tuned: LocalModel, compose: Compose, options: tuple[str, ...]
    ) -> None:
        for script in ((Choose(options),), (Say(QUOTE), Choose(options), Choose(options))):
            assert (await compose(tuned, *script))[-1] in options

    async def test_is_not_always_the_first(
        self, tuned: LocalModel, compose: Compose, fernhill: Voice
    ) -> None:
        turned = Choose(fernhill.guide.greetings[::-1])
        assert await compose(tuned, turned) == await compose(
            tuned, Choose(fernhill.guide.greetings)
        )


class TestWhatIsWrittenFreely:
    @pytest.mark.parametrize("tokens", [1, 24])
    async def test_is_as_if_it_had_never_been_written_when_it_is_refused(
        self, exact: LocalModel, compose: Compose, fernhill: Voice, tokens: int
    ) -> None:
        refused: list[str] = []

        def refuse(text: str) -> bool:
            refused.append(text)
            return False

        before = Choose(fernhill.guide.greetings)
        after = (Say(QUOTE, " [1]"), Free(12, bool, "x"))
        replaced = await compose(exact, before, Free(tokens, refuse, GENERIC), *after)
        said = await compose(exact, before, Say(GENERIC), *after)
        assert refused
        assert refused[0] != GENERIC
        assert replaced == said

    async def test_may_be_refused_at_the_very_beginning(
        self, exact: LocalModel, compose: Compose
    ) -> None:
        after = Free(12, bool, "x")
        replaced = await compose(exact, Free(12, lambda _: False, GENERIC), after)
        assert replaced == await compose(exact, Say(GENERIC), after)

    async def test_ends_with_its_first_sentence(
        self, tuned: LocalModel, compose: Compose, fernhill: Voice
    ) -> None:
        _, lead = await compose(tuned, Choose(fernhill.guide.greetings), Free(60, bool, GENERIC))
        assert lead.count(".") == 1
        assert lead.endswith(".")

    async def test_is_no_longer_than_it_may_be(self, tuned: LocalModel, compose: Compose) -> None:
        [short] = await compose(tuned, Free(3, bool, GENERIC))
        [long] = await compose(tuned, Free(6, bool, GENERIC))
        assert long.startswith(short)
        assert short != long

    @pytest.mark.parametrize("tokens", [3, 90])
    async def test_can_be_followed_by_a_choice_wherever_it_ended(
        self, tuned: LocalModel, compose: Compose, fernhill: Voice, tokens: int
    ) -> None:
        script = (Choose(fernhill.guide.greetings), Free(tokens, bool, QUOTE, sentence=False))
        *_, closing = await compose(tuned, *script, Choose(fernhill.guide.closings))
        assert closing in fernhill.guide.closings

    async def test_leaves_the_closing_to_the_choice_that_follows(
        self, tuned: LocalModel, compose: Compose, fernhill: Voice
    ) -> None:
        guide = fernhill.guide
        free = Free(90, bool, QUOTE, sentence=False)
        _, told, _ = await compose(tuned, Choose(guide.greetings), free, Choose(guide.closings))
        assert QUOTE in told
        assert not told.endswith(guide.closings)


@pytest.fixture(scope="module")
def held_out(fernhill: Voice) -> list[Example]:
    """Questions that the LoRA was not trained on, with what the voice says to them."""
    assert fernhill.lora is not None
    topics = json.loads((fernhill.lora.folder / "card.json").read_text("utf-8"))["test_topics"]
    pairs = [pair for pair in fernhill.examples if pair.topic in topics and pair.kind == "answer"]
    assert len(pairs) >= 40
    return pairs


Chosen = dict[str, float]


class TestTheLora:
    @pytest.mark.slow
    def test_chooses_the_voices_lines_for_questions_it_never_saw(self, of_tuned: Chosen) -> None:
        assert of_tuned["greeting"] >= 0.6
        assert of_tuned["lead_in"] >= 0.6

    @pytest.mark.slow
    def test_is_what_makes_it_so(self, of_tuned: Chosen, of_untuned: Chosen) -> None:
        for part in PARTS:
            assert of_untuned[part] <= of_tuned[part] - 0.2

    async def test_or_its_lack_changes_no_quote(
        self, tuned: LocalModel, untuned: LocalModel, fernhill: Voice, held_out: list[Example]
    ) -> None:
        for writer in (tuned, untuned):
            for pair in held_out[:3]:
                reply = await answered(writer, fernhill, pair)
                assert reply.checks.quote_verbatim is True
                assert reply.citations[0].quote in pair.plain

    def test_is_told_from_the_base(self, tuned: LocalModel, untuned: LocalModel) -> None:
        assert tuned.tuned
        assert not untuned.tuned


@pytest.fixture(scope="module")
def of_tuned(tuned: LocalModel, fernhill: Voice, held_out: list[Example]) -> Chosen:
    return lines_right(tuned, fernhill, held_out, lambda _: every_line(fernhill.guide))


@pytest.fixture(scope="module")
def of_untuned(untuned: LocalModel, fernhill: Voice, held_out: list[Example]) -> Chosen:
    return lines_right(untuned, fernhill, held_out, lambda _: every_line(fernhill.guide))


async def answered(writer: Writer, voice: Voice, pair: Example) -> Reply:
    """Answer through the chain and its checks."""

    async def writer_for(_: Voice) -> Writer:
        return writer

    found = FakeRetriever([evidence(f"{pair.plain}\n")])
    chain = build_chain(found, writer_for, THRESHOLDS, freedom="quote")
    question = Question(pair.question, frozenset({PUBLIC}), voice, "trace")
    *_, reply = [piece async for piece in chain.astream(question)]
    assert isinstance(reply, Reply)
    return reply


@pytest.mark.slow
async def test_int8_chooses_mostly_as_fp32_does(
    tuned: LocalModel,
    exact: LocalModel,
    fernhill: Voice,
    held_out: list[Example],
    compose: Compose,
) -> None:
    guide = fernhill.guide
    same = 0
    for pair in held_out:
        told = Say(f"{guide.leads[0]} {pair.plain}")
        script = (Choose(guide.greetings), told, Choose(guide.closings))
        asked = {"question": pair.question, "notes": pair.plain}
        fast, slow = [await compose(model, *script, **asked) for model in (tuned, exact)]
        same += sum(one == other for one, other in zip(fast[::2], slow[::2], strict=True))
    assert same >= 0.6 * 2 * len(held_out)


class TestWhatCannotBeLoaded:
    def test_is_told_with_its_path(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="nothing-here"):
            LocalModel.load(str(tmp_path / "nothing-here"))

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("adapter_config.json", b"{}"),
            ("adapter_config.json", b'{"peft_ty'),
            ("adapter_model.safetensors", toy_weights()),
        ],
    )
    def test_is_told_with_the_lora_that_is_broken(
        self, base: str, fernhill: Voice, tmp_path: Path, name: str, content: bytes
    ) -> None:
        assert fernhill.lora is not None
        broken = tmp_path / "my-lora"
        shutil.copytree(fernhill.lora.folder, broken)
        (broken / name).write_bytes(content)
        with pytest.raises(ModelError, match="my-lora"):
            LocalModel.load(base, Lora.read(broken), int8=False)
