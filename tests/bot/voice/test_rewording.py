"""A model that may use its own words for a draft: they are taken where they say the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing

import pytest

from bot.errors import ModelError
from bot.voice.endpoint import EndpointModel
from bot.voice.rewording import Rewording
from bot.voice.rewriting import Rewrite, Rewriter
from bot.voice.template import Prompt
from bot.voice.voice import Voice
from knowledge.text.words import telling
from tests.kit.fakes import FakeWriter
from tests.stand_ins.openai_endpoints import StreamingEndpoint

DRAFT = "Your order FC-20931 is delayed by 3 days. You do not have to do anything."
SAME = "Order FC-20931 of yours is delayed, by 3 days. Doing anything is not what you have to do."


async def says(sentence: str, text: str) -> float:
    """How many of the sentence's telling words stand in the text."""
    words = telling(sentence).keys()
    return len(words & telling(text).keys()) / len(words)


class Wording(FakeWriter):
    """A writer with one wording for whatever it is asked."""

    def __init__(self, wording: str):
        super().__init__()
        self.wording = wording
        self.asked: list[Prompt] = []

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        self.asked.append(prompt)
        yield self.wording[:9]
        yield self.wording[9:]


async def rewritten(draft: str, wording: str, voice: Voice) -> tuple[Rewrite, Wording]:
    writer = Wording(wording)
    done = await Rewriter(writer.for_voice, Rewording(says)).rewrite(draft, voice)
    return done, writer


class TestItsWords:
    async def test_are_taken_where_they_say_the_same(self, fernhill: Voice) -> None:
        done, _ = await rewritten(DRAFT, SAME, fernhill)
        assert SAME in done.text
        assert done.checks.kept == ""
        assert all(done.checks.facts.values())

    async def test_are_asked_for_with_the_guides_rules_and_the_draft(self, fernhill: Voice) -> None:
        _, writer = await rewritten(DRAFT, SAME, fernhill)
        [asked] = writer.asked
        system, user = asked.messages
        assert DRAFT in user["content"]
        assert all(each in system["content"] for each in fernhill.guide.markers.forbidden)

    async def test_get_the_guides_greeting_and_closing_once(self, fernhill: Voice) -> None:
        guide = fernhill.guide
        framed = f"{guide.greetings[0]} {SAME} {guide.closings[0]}"
        done, _ = await rewritten(DRAFT, framed, fernhill)
        assert SAME in done.text
        assert sum(done.text.count(each) for each in guide.greetings) == 1

    async def test_are_taken_of_a_draft_that_has_them_already_too(self, fernhill: Voice) -> None:
        guide = fernhill.guide
        framed = f"{guide.greetings[0]} {DRAFT} {guide.closings[0]}"
        done, writer = await rewritten(framed, SAME, fernhill)
        assert guide.greetings[0] not in writer.asked[0].user["content"]
        assert done.checks.kept == ""
        assert sum(done.text.count(each) for each in guide.greetings) == 1
        assert done.text.endswith(guide.closings)

    async def test_are_held_to_the_rules_of_style(self, fernhill: Voice) -> None:
        swapped, instead = next(iter(fernhill.guide.markers.swaps.items()))
        draft = f"You may {instead} it at 9."
        done, _ = await rewritten(draft, f"At 9 you may {swapped} it.", fernhill)
        assert swapped not in done.text


class TestWordsThatSaySomethingElse:
    @pytest.mark.parametrize(
        "wording",
        [
            pytest.param(SAME.replace("3 days", "4 days"), id="a number"),
            pytest.param(SAME.replace("FC-20931", "FC-20932"), id="an order"),
            pytest.param(SAME.replace("is not what", "is what"), id="a denial less"),
            pytest.param(f"{SAME} Ask Anna Reed.", id="a name more"),
            pytest.param("", id="nothing at all"),
        ],
    )
    async def test_in_a_fact_are_not_taken(self, fernhill: Voice, wording: str) -> None:
        done, _ = await rewritten(DRAFT, wording, fernhill)
        assert done.checks.kept == "facts"
        assert "You do not have to do anything." in done.text

    @pytest.mark.parametrize(
        "wording",
        [
            pytest.param(f"{SAME} Our workshop smells of fresh paint.", id="more"),
            pytest.param(
                "Order FC-20931 of yours is delayed, by 3 days. That is not good.", id="less"
            ),
        ],
    )
    async def test_by_saying_more_or_less_are_not_taken(
        self, fernhill: Voice, wording: str
    ) -> None:
        done, _ = await rewritten(DRAFT, wording, fernhill)
        assert done.checks.kept == "meaning"
        assert "You do not have to do anything." in done.text


class TestWhatItIsNotAskedFor:
    @pytest.mark.parametrize(
        ("draft", "why"),
        [
            ("Do this:\n\n1. Open the form.\n2. Press send.", "structure"),
            ("| Part | Price |\n|---|---|\n| Pump | 9 |", "structure"),
            ("Run `make chat`, or:\n\n```sh\nmake test\n```", "structure"),
            ("Type this:\n\n    make chat\n\nand wait.", "structure"),
            ("The bike is ready to be fetched. " * 60, "long"),
        ],
    )
    async def test_is_anything_with_a_form_of_its_own_or_too_long(
        self, fernhill: Voice, draft: str, why: str
    ) -> None:
        done, writer = await rewritten(draft, "Whatever.", fernhill)
        assert done.checks.kept == why
        assert not writer.asked

    async def test_is_anything_where_it_may_only_choose(self, fernhill: Voice) -> None:
        writer = Wording(SAME)
        done = await Rewriter(writer.for_voice).rewrite(DRAFT, fernhill)
        assert done.checks.kept is None
        assert not writer.asked


class TestThroughAnEndpoint:
    @pytest.fixture
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Rewriter]]:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        running: list[StreamingEndpoint] = []

        def serve(wording: str) -> Rewriter:
            endpoint = StreamingEndpoint(lambda _: iter(wording.partition(" ")))
            running.append(endpoint.__enter__())
            model = EndpointModel(endpoint.url, "fernhill", None, timeout=5, retries=0)

            async def writer_for(_: Voice) -> EndpointModel:
                return model

            return Rewriter(writer_for, Rewording(says))

        yield serve
        for each in running:
            each.__exit__()

    async def test_its_words_come_back_checked(
        self, served: Callable[[str], Rewriter], fernhill: Voice
    ) -> None:
        assert SAME in (await served(SAME).rewrite(DRAFT, fernhill)).text
        changed = await served(SAME.replace("3", "5")).rewrite(DRAFT, fernhill)
        assert changed.checks.kept == "facts"
        assert "5 days" not in changed.text

    async def test_that_is_gone_is_an_error_of_ours(self, fernhill: Voice) -> None:
        with closing(EndpointModel("http://127.0.0.1:9/v1", "m", None, timeout=1, retries=0)) as m:

            async def writer_for(_: Voice) -> EndpointModel:
                return m

            with pytest.raises(ModelError):
                await Rewriter(writer_for, Rewording(says)).rewrite(DRAFT, fernhill)
