"""Composing through a real endpoint, whatever it writes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answers.claims import borne_out, source_text
from bot.answers.turns import Question
from bot.errors import ModelError
from bot.shell.models import writers
from bot.shell.settings import Settings
from bot.types import Frame
from bot.voice.model import LocalModel
from bot.voice.model_weights import PACKAGED, base_weights
from bot.voice.template import ChatMessage, Prompt
from bot.voice.voice import Voice
from bot.voice.writer import Writer
from knowledge.retrieval.cross_encoder import open_reader
from knowledge.retrieval.support import ReaderSupport
from knowledge.types import PUBLIC, Evidence
from tests.bot.answers.composing.payday import (
    ALSO,
    ALSO_SHOWN,
    GOOD,
    GOOD_SHOWN,
    HELPERS,
    PAY,
    PAYDAY,
    QUESTION,
    Told,
    told,
)
from tests.kit.fakes import FakeWriter
from tests.stand_ins.openai_endpoints import StreamingEndpoint

_SHOWN_MARK = re.compile(r"\[(\d+)\]")


async def opened(url: str, voice: Voice) -> Writer:
    settings = Settings(writer_model="endpoint", writer_url=url, writer_api_key="key-1")
    return await writers(settings)(voice)


class TestThroughAnEndpoint:
    async def test_what_it_streams_is_checked_and_shown_sentence_by_sentence(
        self, fernhill: Voice
    ) -> None:
        script = [f"Fair question! {GOOD[:20]}", GOOD[20:], " Salaries are paid in c", "ash [1]. "]
        script += [ALSO, " Just ask if you want more."]
        with StreamingEndpoint(lambda _: iter(script)) as endpoint:
            done = await told(fernhill, await opened(endpoint.url, fernhill))
        assert done.counts == (3, 2, 1)
        assert done.deltas == [GOOD_SHOWN, f" {PAY} [1]", f" {ALSO_SHOWN}"]
        [asked] = endpoint.asked
        assert asked["model"] == "fernhill"
        assert asked["stream"] is True
        assert PAY in asked["messages"][1]["content"]

    async def test_what_never_holds_ends_as_the_quote(self, fernhill: Voice) -> None:
        with StreamingEndpoint(lambda _: iter(["Salaries are paid ", "on the 3rd."])) as endpoint:
            done = await told(fernhill, await opened(endpoint.url, fernhill))
        assert PAY in done.reply.answer
        assert done.counts == (1, 0, 1)
        assert [bool(each.get("stream")) for each in endpoint.asked] == [True, False]

    async def test_a_stream_that_breaks_off_is_an_error_of_ours(self, fernhill: Voice) -> None:
        with StreamingEndpoint(lambda _: iter([GOOD]), cut=True) as endpoint:
            writer = await opened(endpoint.url, fernhill)
            with pytest.raises(ModelError, match="writing endpoint failed"):
                await told(fernhill, writer)


PARTS = (
    "Fair question!",
    "Salaries are paid on the 25th",
    "Salaries are paid on the 28th",
    "in cash",
    "never",
    "The people team in room 12 knows more",
    "Priya knows",
    "see https://intra.example/pay",
    "[pay](https://evil.example)",
    "`",
    "```\n",
    "\n\n",
    "\n- ",
    "| a | b |\n|---|---|\n",
    ". ",
    "! ",
    "[1]",
    "[2]",
    "[1, 2]",
    "[9]",
    "[",
    "Worth a note in your diary.",
)


@settings(deadline=None)  # the first one builds what the voice's examples know
@given(st.lists(st.sampled_from(PARTS), max_size=14), st.sampled_from(["none", "light", "full"]))
async def test_whatever_is_written_what_is_shown_is_cited_and_grounded(
    fernhill: Voice, parts: list[str], frame: Frame
) -> None:
    asked = Question(QUESTION, frozenset({PUBLIC}), fernhill, "t", frame=frame)
    done = await told(fernhill, FakeWriter(" ".join(parts)), question=asked)
    assert grounded(done, fernhill, [PAYDAY, HELPERS])
    sentences, kept, replaced = done.counts
    assert sentences == kept + replaced


def grounded(done: Told, voice: Voice, found: Sequence[Evidence]) -> bool:
    """Whether all of the answer but the voice's own lines is cited, and stands in what it cites."""
    documents = {each.n: each.passage for each in done.reply.citations}
    by_id = {each.passage.id: each for each in found}
    rest = done.reply.answer
    for line in (*voice.guide.greetings, *voice.guide.leads, *voice.guide.closings):
        rest = rest.replace(line, "")
    at = 0
    for mark in re.finditer(r"(?:\s*\[\d+\])+", rest):
        said = rest[at : mark.start()].strip()
        cited = [by_id[documents[int(n)]] for n in _SHOWN_MARK.findall(mark[0])]
        whole = any(said in source_text(each) for each in cited)
        assert whole or all(borne_out(said, cited, voice).values()), said
        at = mark.end()
    return not rest[at:].strip()


@pytest.mark.slow
async def test_what_the_packaged_model_composes_is_cited_and_grounded_whatever_it_writes(
    fernhill: Voice, weights: Path
) -> None:
    model = LocalModel.load(base_weights(PACKAGED, weights))
    reader = ReaderSupport(open_reader("packaged", weights))

    def write(asked: dict[str, Any]) -> Iterator[str]:
        *prefix, user = [
            ChatMessage(role=m["role"], content=m["content"]) for m in asked["messages"]
        ]

        async def written() -> list[str]:
            most = min(asked["max_completion_tokens"], 120)
            return [text async for text in model.write(Prompt(tuple(prefix), user), most)]

        return iter(asyncio.run(written()))

    with StreamingEndpoint(write) as endpoint:
        writer = await opened(endpoint.url, fernhill)
        for question in ("When is payday?", "Who do I ask about my salary?", "Is it paid in cash?"):
            asked = Question(question, frozenset({PUBLIC}), fernhill, "t", frame="full")
            done = await told(fernhill, writer, question=asked, support=reader)
            assert grounded(done, fernhill, [PAYDAY, HELPERS])
            sentences, kept, replaced = done.counts
            assert sentences == kept + replaced
