"""A writing model behind an OpenAI-compatible endpoint, such as vLLM with ``--enable-lora``.

The whole reply comes in one call, in the shape that voices are trained on (greeting, lead-in,
notes, closing); this takes it apart again so that the same script and checks apply. What it writes
freely is streamed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import ConfigurationError, ModelError
from bot.journey import counted
from bot.voice.script import longest_first, without_closing
from bot.voice.template import Prompt, broken_up
from bot.voice.writer import Choose, Free, Say, Step

_MOST_TOKENS = 512
_CONTROLS = ("<|",)  # how control tokens begin in most models; only the server knows its own
# What the library makes of a reply that is no completion: HTML, no choices, an error object.
_NO_COMPLETION = (ValueError, TypeError, LookupError, AttributeError)


@dataclass(frozen=True, slots=True)
class Said:
    """A whole reply."""

    text: str
    by: str
    """Name of the model, and the version of what serves it, as the endpoint tells them."""


class EndpointModel:
    """One voice, asked for as ``model``."""

    tuned = True

    def __init__(
        self, url: str, model: str, api_key: str | None, *, timeout: float, retries: int
    ) -> None:
        """``timeout``: seconds of one try; ``retries``: further ones after a passing failure.

        Raises :class:`ConfigurationError` without the extra.
        """
        try:
            import openai  # noqa: F401 - a part of the extra, and what its errors are made of
            from langchain.chat_models import init_chat_model
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "An endpoint needs the extra: pip install 'housevoice[endpoint]'."
            ) from error
        self._chat = init_chat_model(
            model,
            model_provider="openai",
            base_url=url,
            api_key=api_key or "none",
            temperature=0,
            timeout=timeout,
            max_retries=retries,
            max_completion_tokens=_MOST_TOKENS,
        )

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step; see :class:`bot.ports.Writer`."""
        import openai

        try:
            reply = await self._chat.ainvoke(_turns(prompt))
        except (openai.OpenAIError, *_NO_COMPLETION) as error:
            # The error's text may hold the request; its kind tells enough.
            raise ModelError(f"The writing endpoint failed ({type(error).__name__}).") from None
        if usage := reply.usage_metadata:  # not every server tells
            counted().update(read=usage["input_tokens"], written=usage["output_tokens"])
        rest = reply.text.strip()
        for position, step in enumerate(script):
            match step:
                case Choose(options):
                    last = position == len(script) - 1
                    standing = (o for o in longest_first(options) if _stands(rest, o, last=last))
                    chosen = next(standing, options[0])
                    rest = rest.removesuffix(chosen) if last else rest.removeprefix(chosen)
                    rest = rest.strip()
                    yield chosen
                case Say(text, mark):
                    rest = rest.removeprefix(text).strip()
                    yield text + mark
                case Free():
                    written = _sentence(rest) if step.sentence else without_closing(rest, script)
                    rest = rest.removeprefix(written).strip()
                    yield (written if step.accept(written) else step.otherwise) + step.mark

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        """Yield pieces of the reply as they arrive; see :class:`bot.ports.Writer`."""
        import httpx
        import openai

        bounded: Any = self._chat.bind(max_completion_tokens=min(max_tokens, _MOST_TOKENS))
        try:
            async for piece in bounded.astream(_turns(prompt)):
                if piece.text:
                    yield str(piece.text)
        # Once the reply has begun, the transport's own errors come through.
        except (openai.OpenAIError, httpx.HTTPError, *_NO_COMPLETION) as error:
            raise ModelError(f"The writing endpoint failed ({type(error).__name__}).") from None

    async def ask(self, prompt: Prompt, max_tokens: int) -> Said:
        """The whole reply, and whose it is. Raises :class:`ModelError`."""
        import openai

        bounded: Any = self._chat.bind(max_completion_tokens=max_tokens)
        try:
            reply = await bounded.ainvoke(_turns(prompt))
        except (openai.OpenAIError, *_NO_COMPLETION) as error:
            raise ModelError(f"The endpoint failed ({type(error).__name__}).") from None
        told = reply.response_metadata
        parts = (told.get("model_name"), told.get("system_fingerprint"))
        return Said(str(reply.text), " ".join(str(each) for each in parts if each))

    def close(self) -> None:
        """Its connections end with it; nothing else is held."""


def _turns(prompt: Prompt) -> list[dict[str, str]]:
    return [
        {"role": turn["role"], "content": broken_up(turn["content"], _CONTROLS)}
        for turn in prompt.messages
    ]


def _stands(text: str, option: str, *, last: bool) -> bool:
    return text.endswith(option) if last else text.startswith(option)


def _sentence(text: str) -> str:
    """Up to the end of the first sentence."""
    ends = [text.find(mark) for mark in (". ", "? ", "! ", ".\n", ":\n") if mark in text]
    return text[: min(ends) + 1] if ends else text
