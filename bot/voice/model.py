"""The local writing model: base weights plus a voice's LoRA, stepping through a script.

Source sentences are fed through the model word for word (one forward pass over the same key/value
cache), so a small model supplies tone without a chance to change a fact. Choices among fixed texts
cost a forward pass only where the texts part ways.
"""

from __future__ import annotations

import asyncio
import copy
import os
import tempfile
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# Spinning OpenMP threads starve each other on a busy machine (measured: 10 times slower).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from bot.errors import ConfigurationError, ModelError
from bot.journey import Tokens, counted
from bot.voice.script import without_closing
from bot.voice.template import ChatMessage, Prompt, encode, encode_said
from bot.voice.versions.manifest import CONFIG, OWN_WEIGHTS, WEIGHTS
from bot.voice.voice import Lora
from bot.voice.writer import Choose, Free, Say, Step

transformers_logging.disable_progress_bar()

# What a broken folder makes the libraries raise, a wrong adapter_config.json above all.
_BROKEN = (
    *(OSError, ValueError, RuntimeError, TypeError, LookupError, SafetensorError),
    UserWarning,  # see _with_lora
    ConfigurationError,  # what Lora says of its own configuration
)
_SENTENCE_ENDS = (".", "?", "!", ":")
_SPEED_UP_LAYERS_EXCEPT = "down_proj"  # int8 activations there break the output (measured)


class LocalModel:
    """One voice on one CPU thread; calls are queued, each is a few hundred milliseconds.

    Build it with :meth:`load`, which blocks for a second or two.
    """

    def __init__(
        self,
        model: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        *,
        tuned: bool,
        before: DynamicCache | None = None,
    ):
        """``before``: what is read before every prompt, as :func:`learnt_prefix` gives it."""
        self._before = before
        self._model: Any = model
        self._tokenizer: Any = tokenizer
        self._tuned = tuned
        self._prefixes: dict[tuple[int, ...], DynamicCache] = {}
        self._executor = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="writer", initializer=_one_thread
        )

    @classmethod
    def load(cls, weights: str, lora: Lora | None = None, *, int8: bool = True) -> LocalModel:
        """Load base weights (folder or hub id) and merge a LoRA into them.

        ``int8``: per-channel dynamic quantization, 2.2 times the speed of fp32 at the same tone;
        left out on processors that give activations 7 bits, where it costs a sixth of the tone.
        Raises :class:`ModelError` with the path that could not be read.
        """
        try:
            tokenizer = AutoTokenizer.from_pretrained(weights, trust_remote_code=False)
            model: Any = AutoModelForCausalLM.from_pretrained(
                weights, dtype=torch.float32, trust_remote_code=False
            )
            before = None
            if lora is not None:
                model, before = _with_learnt(model, lora)
        except _BROKEN as error:
            raise ModelError(
                f"The writing model '{weights}'{f' with LoRA {lora.folder}' if lora else ''} "
                f"cannot be loaded: {error}"
            ) from error
        model.eval()
        # Without VNNI 8 bits overflow, so torch takes 7: of the sample voice's lines .59 instead of
        # .76 are then chosen as learnt, in four fifths of the time of fp32 (measured).
        if int8 and torch.cpu.get_capabilities().get("avx512_vnni"):
            model = _quantized(model)
        return cls(model, tokenizer, tuned=lora is not None, before=before)

    @property
    def tuned(self) -> bool:
        """Whether a LoRA is merged in."""
        return self._tuned

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step; see :class:`bot.ports.Writer`."""
        run = asyncio.get_running_loop().run_in_executor
        writing = await run(self._executor, self._start, prompt, counted())
        for position in range(len(script)):
            yield await run(self._executor, writing.step, script[position:])

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        """Yield what each token adds; see :class:`bot.ports.Writer`."""
        run = asyncio.get_running_loop().run_in_executor
        writing = await run(self._executor, self._start, prompt, counted())
        tokens: list[int] = []
        told = ""
        while len(tokens) < max_tokens:
            token = await run(self._executor, writing.next_token)
            if token is None:
                return
            tokens.append(token)
            text = str(self._tokenizer.decode(tokens))
            if not text.endswith("\ufffd"):  # half a character
                yield text[len(told) :]
                told = text

    def close(self) -> None:
        """Let go of the model, and end the thread, once what it was asked is written."""
        self._executor.submit(self._let_go)
        self._executor.shutdown(wait=False)

    def _let_go(self) -> None:
        self._model = self._before = None
        self._prefixes.clear()

    async def surprise(self, prompt: Prompt, said: str) -> tuple[float, int]:
        """How unexpected a reply is to the model: its negative log-likelihood in nats, and tokens.

        The end of the turn belongs to the reply. Nothing is written.
        """
        run = asyncio.get_running_loop().run_in_executor
        writing = await run(self._executor, self._start, prompt, counted())
        return await run(self._executor, writing.surprise, said)

    def _start(self, prompt: Prompt, tokens: Tokens) -> _Writing:
        prefix = self._encode(prompt.prefix)
        cached = self._prefixes.get(prefix)
        if cached is None:
            cached = copy.deepcopy(self._before)
            if cached is None:
                cached = DynamicCache(config=self._model.config)
            with torch.inference_mode():
                self._model(
                    input_ids=torch.tensor([prefix]), past_key_values=cached, logits_to_keep=1
                )
            # One voice has one prefix; a changed guide makes a new model.
            self._prefixes = {prefix: cached}
        ids = self._encode([*prompt.prefix, prompt.user], generation=True)
        return _Writing(
            self._model, self._tokenizer, copy.deepcopy(cached), list(ids[len(prefix) :]), tokens
        )

    def _encode(
        self, messages: Sequence[ChatMessage], *, generation: bool = False
    ) -> tuple[int, ...]:
        return tuple(encode(self._tokenizer, messages, generation=generation))


class _Writing:
    """One reply in the making: the cache so far, and tokens decided but not yet read."""

    def __init__(
        self,
        model: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        cache: DynamicCache,
        pending: list[int],
        counted: Tokens,
    ):
        self._model: Any = model
        self._tokenizer: Any = tokenizer
        self._cache = cache
        self._pending = pending
        self._logits = torch.empty(0)  # after all that was read
        self._begun = False
        self._counted = counted

    @torch.inference_mode()
    def step(self, script: Sequence[Step]) -> str:
        """Do the first of the steps that are left."""
        match script[0]:
            case Choose(options):
                return self._choose(options)
            case Say(text, mark):
                self._pending += self._tokens(text, self._begun)
                return text + mark
            case Free(mark=mark) as step:
                return self._free(step, script) + mark

    @torch.inference_mode()
    def next_token(self) -> int | None:
        """The likeliest one, to be read with the next call; None at the end of the turn."""
        token = int(self._read().argmax())
        if token == self._tokenizer.eos_token_id:
            return None
        self._pending.append(token)
        return token

    @torch.inference_mode()
    def surprise(self, said: str) -> tuple[float, int]:
        """See :meth:`LocalModel.surprise`."""
        wanted = [*encode_said(self._tokenizer, said), self._tokenizer.eos_token_id]
        output = self._model(
            input_ids=torch.tensor([[*self._pending, *wanted[:-1]]]),
            past_key_values=self._cache,
            logits_to_keep=len(wanted),
        )
        loss = torch.nn.functional.cross_entropy(
            output.logits[0].float(), torch.tensor(wanted), reduction="sum"
        )
        return float(loss), len(wanted)

    def _choose(self, options: Sequence[str]) -> str:
        """Greedy decoding inside the trie of the options' tokens."""
        # An end mark keeps an option that begins another one apart from it.
        begun = self._begun
        alive = {option: [*self._tokens(option, begun), -1] for option in options}
        for depth in range(max(len(tokens) for tokens in alive.values())):
            branches = sorted({tokens[depth] for tokens in alive.values()})
            token = branches[0]
            if len(branches) > 1:
                logits = self._read()
                token = max(branches, key=lambda branch: float(logits[branch]))
            alive = {text: tokens for text, tokens in alive.items() if tokens[depth] == token}
            if token == -1:
                break
            self._pending.append(token)
        return next(iter(alive))

    def _free(self, step: Free, script: Sequence[Step]) -> str:
        before = logits = self._read()
        start = self._cache.get_seq_length()
        written: list[int] = []
        while len(written) < step.max_tokens:
            token = int(logits.argmax())
            if token == self._tokenizer.eos_token_id:
                break
            written.append(token)
            self._pending.append(token)
            text = self._tokenizer.decode(written).strip()
            if step.sentence and text.endswith(_SENTENCE_ENDS):
                break
            logits = self._read()
        text = str(self._tokenizer.decode(written)).strip()
        told = text if step.sentence else without_closing(text, script)
        if not step.accept(told):
            told = step.otherwise
        if told != text:
            unread = self._cache.get_seq_length() - start
            if unread:
                self._cache.crop(-unread)  # negative: how many tokens to take off its end
            self._logits = before
            self._pending = self._tokens(told, self._begun)
        self._begun = True
        return told

    def _tokens(self, text: str, begun: bool) -> list[int]:
        self._begun = True
        return encode_said(self._tokenizer, (" " if begun else "") + text)

    def _read(self) -> Tensor:
        """Feed what is pending; the logits, shape (vocabulary,), after the last token read."""
        if self._pending:
            # Of what was read the model then names one token, be it the end.
            self._counted.update(read=len(self._pending), written=1)
            output = self._model(
                input_ids=torch.tensor([self._pending]),
                past_key_values=self._cache,
                logits_to_keep=1,
            )
            self._logits = output.logits[0, -1]
            self._pending = []
        return self._logits


def _one_thread() -> None:
    torch.set_num_threads(1)


def learnt_prefix(model: Any, rows: int = 1) -> DynamicCache | None:
    """The keys and values of a prefix that a peft model has learnt, for so many rows; else None."""
    config = getattr(model, "active_peft_config", None)
    if config is None or config.peft_type != "PREFIX_TUNING":
        return None
    prefix: DynamicCache = model.get_prompt(rows)
    return prefix


def _with_learnt(model: Any, lora: Lora) -> tuple[Any, DynamicCache | None]:
    """The model as a voice's version has it, and what it has read before every prompt."""
    if lora.kind == OWN_WEIGHTS:
        learnt = load(lora.weights)
        unknown = model.load_state_dict(learnt, strict=False).unexpected_keys
        if unknown or not learnt:
            raise ValueError(f"it has weights of another model: {', '.join(unknown[:3])}")
        return model, None
    return _with_parts(model, lora)


def _with_parts(model: Any, lora: Lora) -> tuple[Any, DynamicCache | None]:
    """Parts merged in. Peft reads folders only; the version's own may hold another by now."""
    from peft import PeftModel

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / WEIGHTS).write_bytes(lora.weights)
        (Path(folder) / CONFIG).write_bytes(lora.config)
        with warnings.catch_warnings():
            # Weights of another model would be left out, and the voice be none.
            warnings.filterwarnings("error", "Found missing adapter keys")
            tuned = PeftModel.from_pretrained(model, folder)
    with torch.inference_mode():
        prefix = learnt_prefix(tuned)
    if prefix is not None:
        return tuned.get_base_model(), prefix
    return tuned.merge_and_unload(), None


def _quantized(model: nn.Module) -> nn.Module:
    from torch.ao.nn.quantized.dynamic import Linear
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

    layers = {
        name: per_channel_dynamic_qconfig
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and _SPEED_UP_LAYERS_EXCEPT not in name
    }
    with warnings.catch_warnings():
        # Pinned to a version that has it; its successor is a package of its own.
        warnings.filterwarnings("ignore", "torch.ao.quantization is deprecated")
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor")
        quantized: nn.Module = quantize_dynamic(model, layers, dtype=torch.qint8)
    # Activations get 7 bits, since older processors overflow at 8. From here the layers are those
    # of torch's version 3, which gave them 8: nearer to fp32 (measured), as fast.
    for layer in quantized.modules():
        if isinstance(layer, Linear):
            layer.version = 3
    return quantized
