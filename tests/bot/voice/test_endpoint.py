"""A writing model behind an OpenAI-compatible endpoint; a small one answers on loopback."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.errors import ModelError
from bot.shell.models import writers
from bot.shell.settings import Settings
from bot.voice.template import answer_request, prompt
from bot.voice.voice import Voice
from bot.voice.writer import Choose, Free, Say, Step, Writer
from tests.stand_ins.openai_endpoints import Endpoint

QUESTION = "When is payday, zebra-pyjamas?"
QUOTE = "Salaries are paid on the 25th. Ask Dr. Reed for more."
LEAD = "Here is when payday is."
GREETINGS = ("Hello there!", "Fair question!")
CLOSINGS = ("Just ask if you want more.", "Worth a note in your diary.")
REPLY = f"Fair question! {LEAD} {QUOTE} Worth a note in your diary."


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    for delay in ("INITIAL_RETRY_DELAY", "MAX_RETRY_DELAY"):
        monkeypatch.setattr(f"openai._base_client.{delay}", 0.0)  # tries again at once
    with Endpoint() as server:
        yield server


async def opened(url: str, voice: Voice, **given: Any) -> Writer:
    """The writer as the bot opens it."""
    settings = Settings(
        writer_model="endpoint", writer_url=url, writer_api_key=SecretStr("key-1"), **given
    )
    return await writers(settings)(voice)


@pytest_asyncio.fixture
async def writer(endpoint: Endpoint, fernhill: Voice) -> Writer:
    return await opened(endpoint.url, fernhill)


def script(*, accept: Callable[[str], bool] = bool, told: Step | None = None) -> list[Step]:
    lead = Free(24, accept, "Here is what I found.")
    return [Choose(GREETINGS), lead, told or Say(QUOTE, " [1]"), Choose(CLOSINGS)]


async def composed(writer: Writer, voice: Voice, steps: list[Step] | None = None) -> list[str]:
    asked = prompt(voice, answer_request(QUESTION, QUOTE), tuned=writer.tuned)
    return [text async for text in writer.compose(asked, steps or script())]


class TestTheRequest:
    async def test_asks_for_the_voice_as_the_model(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(REPLY)
        await composed(writer, fernhill)
        [(path, headers, body)] = endpoint.asked
        assert path == "/v1/chat/completions"
        assert body["model"] == "fernhill"
        assert headers["Authorization"] == "Bearer key-1"

    async def test_has_the_prompt_that_voices_are_trained_on(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(REPLY)
        await composed(writer, fernhill)
        assert writer.tuned
        assert endpoint.asked[0][2]["messages"] == [
            {"role": "system", "content": fernhill.guide.system},
            {"role": "user", "content": f"Question: {QUESTION}\nNotes: {QUOTE}"},
        ]

    async def test_holds_no_control_token(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(REPLY)
        asked = prompt(fernhill, answer_request("<|im_end|>", "<|eot_id|>"), tuned=writer.tuned)
        assert [text async for text in writer.compose(asked, script())]
        content = endpoint.asked[0][2]["messages"][1]["content"]
        assert content == "Question: < |im_end|>\nNotes: < |eot_id|>"

    async def test_asks_for_the_likeliest_words(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(REPLY)
        await composed(writer, fernhill)
        assert endpoint.asked[0][2]["temperature"] == 0


class TestAReply:
    async def test_is_taken_apart_into_the_steps(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(REPLY)
        assert await composed(writer, fernhill) == [
            "Fair question!",
            LEAD,
            f"{QUOTE} [1]",
            "Worth a note in your diary.",
        ]

    async def test_has_its_lead_in_replaced_when_it_is_refused(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(REPLY)
        texts = await composed(writer, fernhill, script(accept=lambda text: text != LEAD))
        assert texts[1] == "Here is what I found."

    async def test_that_restates_gives_what_stands_between_lead_in_and_closing(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(
            f"Fair question! {LEAD} You are paid on the 25th.\nDr. Reed knows more. "
            "Worth a note in your diary."
        )
        told = Free(99, bool, QUOTE, sentence=False)
        texts = await composed(writer, fernhill, script(told=told))
        assert texts[2:] == [
            "You are paid on the 25th.\nDr. Reed knows more.",
            "Worth a note in your diary.",
        ]

    async def test_that_begins_with_the_longer_of_two_like_greetings_has_that_one(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(f"Hello there! {LEAD} {QUOTE} Just ask.")
        steps = [Choose(("Hello", "Hello there!")), *script()[1:]]
        assert (await composed(writer, fernhill, steps))[:2] == ["Hello there!", LEAD]

    async def test_that_ends_with_the_longer_of_two_like_closings_has_that_one(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.append(f"Fair question! {LEAD} It is the 25th. Take good care.")
        told = Free(99, bool, QUOTE, sentence=False)
        steps = [*script(told=told)[:-1], Choose(("care.", "Take good care."))]
        assert (await composed(writer, fernhill, steps))[2:] == [
            "It is the 25th.",
            "Take good care.",
        ]

    @pytest.mark.parametrize(
        "reply",
        [
            "",
            " \n",
            "No.",
            "I cannot help with that",
            "Fair question!",
            LEAD,
            QUOTE,
            "Worth a note in your diary.",
            f"{QUOTE} {LEAD} Fair question!",
            REPLY.replace("25th", "28th"),
            REPLY * 20,
            REPLY.replace(" ", "\n"),
            f"```\n{REPLY}\n```",
            "🎉" * 500,
        ],
    )
    async def test_of_any_kind_is_survived_and_never_changes_the_quote(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice, reply: str
    ) -> None:
        endpoint.replies.append(reply)
        greeting, lead, quote, closing = await composed(
            writer, fernhill, script(accept=lambda text: text == LEAD)
        )
        assert greeting in GREETINGS
        assert lead in (LEAD, "Here is what I found.")
        assert quote == f"{QUOTE} [1]"
        assert closing in CLOSINGS


class TestAFault:
    @pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
    async def test_of_the_server_is_told_without_what_was_asked(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice, status: int
    ) -> None:
        endpoint.replies.append(status)
        with pytest.raises(ModelError) as failure:
            await composed(writer, fernhill)
        # As the log writes it: with the errors behind it.
        told = "".join(traceback.format_exception(failure.value))
        assert "Error" in str(failure.value)
        assert "zebra-pyjamas" not in told

    async def test_that_passes_is_not_noticed(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice
    ) -> None:
        endpoint.replies.extend([503, REPLY])
        assert LEAD in await composed(writer, fernhill)

    async def test_of_time_is_told_too(self, endpoint: Endpoint, fernhill: Voice) -> None:
        endpoint.replies.append(None)
        with pytest.raises(ModelError, match="Timeout"):
            await composed(await opened(endpoint.url, fernhill, writer_timeout=0.05), fernhill)

    async def test_that_passes_is_tried_again_as_often_as_is_set(
        self, endpoint: Endpoint, fernhill: Voice
    ) -> None:
        endpoint.replies.append(503)
        with pytest.raises(ModelError):
            await composed(await opened(endpoint.url, fernhill, writer_retries=4), fernhill)
        assert len(endpoint.asked) == 5

    async def test_of_a_server_that_is_not_there_is_told(
        self, endpoint: Endpoint, fernhill: Voice
    ) -> None:
        with pytest.raises(ModelError, match="Connection"):
            await composed(await opened("http://127.0.0.1:1/v1", fernhill), fernhill)

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>Sign in first</html>",
            b"",
            b"{}",
            b'{"choices": []}',
            b'{"choices": null}',
            b'{"choices": [{}]}',
            b'{"choices": [{"message": "zebra-pyjamas"}]}',
            b'{"error": "model not found"}',
        ],
    )
    async def test_of_a_reply_that_is_none_is_told(
        self, endpoint: Endpoint, writer: Writer, fernhill: Voice, body: bytes
    ) -> None:
        endpoint.replies.append(body)
        with pytest.raises(ModelError) as failure:
            await composed(writer, fernhill)
        assert "zebra-pyjamas" not in "".join(traceback.format_exception(failure.value))
