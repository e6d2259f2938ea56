"""Each method of training gives a version that the bot can speak with."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.voice.model import LocalModel
from bot.voice.template import example_request, prompt
from bot.voice.writer import Say
from jobs.training.voice.data import Method, split
from jobs.training.voice.finetune import train
from tests.jobs.finetune.brand import QUICK, again, brand, pairs


class TestAMethod:
    @pytest.mark.parametrize("method", ["dora", "rslora", "ia3", "prefix", "top", "full"])
    def test_gives_a_version_that_the_bot_can_speak_with(
        self, tmp_path: Path, tiny: str, method: Method
    ) -> None:
        voice = brand(tmp_path, pairs(20, 2))
        settings = replace(QUICK, method=method, top_layers=1, virtual_tokens=4)
        card = train(voice, tiny, settings, lambda _: None)
        held_out = card["held_out"]
        assert held_out["tuned"]["perplexity"] < held_out["base"]["perplexity"]
        assert card["settings"]["method"] == method
        model = LocalModel.load(tiny, again(voice).lora, int8=False)

        async def spoken() -> list[str]:
            asked = prompt(voice, "Draft: Hello.", tuned=model.tuned)
            return [text async for text in model.compose(asked, [Say("It is so.")])]

        assert asyncio.run(spoken()) == ["It is so."]

        async def surprise() -> float:
            nats, tokens = 0.0, 0
            for each in split(voice.examples, settings).test:
                asked = prompt(voice, example_request(each), tuned=True)
                one, number = await model.surprise(asked, each.voiced)
                nats, tokens = nats + one, tokens + number
            return math.exp(nats / tokens)

        # What speaks is what was trained: the same text is as likely, but for bf16 and fp16.
        assert asyncio.run(surprise()) == pytest.approx(held_out["tuned"]["perplexity"], rel=0.05)

    def test_in_parts_and_with_checkpointing_learns_the_same(
        self, tmp_path: Path, tiny: str
    ) -> None:
        told = []
        ways: list[dict[str, Any]] = [{}, {"accumulate": 4, "gradient_checkpointing": True}]
        for n, changed in enumerate(ways):
            root = tmp_path / str(n)
            root.mkdir()
            settings = replace(QUICK, dropout=0.0, **changed)
            told.append(train(brand(root, pairs(20, 2)), tiny, settings, lambda _: None))
        one, other = (each["held_out"]["tuned"]["perplexity"] for each in told)
        assert one == pytest.approx(other, rel=0.02)
