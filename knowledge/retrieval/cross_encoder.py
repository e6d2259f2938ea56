"""Readers that run a cross-encoder on this machine: the packaged one, or a folder of the user's.

The packaged one is two encoders of PyPI packages plus the differences that training made
(``packaged/``, see their model card). A folder's model only ranks and judges; where in a passage
the answer stands is then found by reading the passage's units one by one.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from knowledge.embedding.batching import Batcher
from knowledge.embedding.processors import processors
from knowledge.errors import KnowledgeError
from knowledge.retrieval.calibration import Calibration
from knowledge.retrieval.reader import ReadableText, Reader, Reading

if TYPE_CHECKING:
    from knowledge.retrieval.encoding import Encoded
    from knowledge.retrieval.scoring import PairScores

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

PACKAGED = "packaged"
SHIPPED = Path(__file__).parent / "packaged"
"""The differences to the packaged weights, and how their logits become probabilities."""
JUDGED = 3
"""Passages that the judge reads: as many as may answer (:mod:`bot.answers.judge`)."""
_TOGETHER = 8
"""Questions that are read in one go: with more, the first would wait too long for its answer."""
_READ_INSIDE = 3  # passages whose units a folder's model reads one by one
_BROKEN = (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError)
_Asked = tuple[str, list[ReadableText]]
_Scored: TypeAlias = "tuple[PairScores, Encoded]"


class _OnThread(ABC):
    """A reader whose model is loaded at the first use and runs on a thread of its own."""

    def __init__(self, name: str):
        self.name = name
        """Which model it is."""
        self._loading = Lock()
        self._model: Any = None
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        self._batcher = Batcher[_Asked, list[Reading]](self._read, self._executor, most=_TOGETHER)

    async def read(self, question: str, passages: Sequence[ReadableText]) -> list[Reading]:
        """See :class:`knowledge.retrieval.reader.Reader`."""
        return await self._batcher.ask((question, list(passages))) if passages else []

    async def warm_up(self) -> None:
        """Load the weights and run them once."""
        await self.read("warm up", [ReadableText("warm up", ((0, 7),))])

    def close(self) -> None:
        """Let go of the models, and end the threads, once what was asked is read."""
        self._executor.submit(self._let_go)
        self._executor.shutdown(wait=False)

    def _let_go(self) -> None:
        self._model = None

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                try:
                    self._model = self._load()
                except _BROKEN as error:
                    words = str(error).split("\n")[0]
                    raise KnowledgeError(
                        f"The reader {self.name} cannot be loaded: {words}"
                    ) from error
        return self._model

    @abstractmethod
    def _load(self) -> Any: ...

    @abstractmethod
    def _read(self, asked: Sequence[_Asked]) -> list[list[Reading]]: ...


class PackagedReader(_OnThread):
    """The reader that ships with the project: a small network reads all, a larger judges the best.

    Their weights are put together once, in ``weights``.
    """

    def __init__(self, weights: Path, *, threads: int | None = None):
        super().__init__("packaged")
        self._weights = weights
        self._threads = threads or processors()
        self._calibration = Calibration.load(SHIPPED)
        self._workers = ThreadPoolExecutor(
            self._threads, thread_name_prefix="reading", initializer=_one_thread
        )

    def _let_go(self) -> None:
        super()._let_go()
        self._workers.shutdown()

    def _load(self) -> Any:
        from knowledge.retrieval.shipped import JUDGE, READER, load

        return load(READER, SHIPPED, self._weights), load(JUDGE, SHIPPED, self._weights)

    def _read(self, asked: Sequence[_Asked]) -> list[list[Reading]]:
        reader, judge = self._loaded()
        read = self._scores(reader, asked)
        cosines = [_cosines(texts) for _, texts in asked]
        ranked = [
            self._ranks([scores for scores, _ in some], near)
            for some, near in zip(read, cosines, strict=True)
        ]
        best = [np.argsort(-ranks)[:JUDGED] for ranks in ranked]
        judged = self._scores(
            judge,
            [
                (question, [texts[at] for at in some])
                for (question, texts), some in zip(asked, best, strict=True)
            ],
        )
        return [
            self._readings(ranks, pairs, some, [scores for scores, _ in verdicts], near)
            for ranks, pairs, some, verdicts, near in zip(
                ranked, read, best, judged, cosines, strict=True
            )
        ]

    def _ranks(
        self, scores: Sequence[PairScores], cosines: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        relevance, answers = _logits(scores)
        return self._calibration.ranks(relevance, answers, cosines)

    def _scores(self, loaded: Any, asked: Sequence[_Asked]) -> list[list[_Scored]]:
        from knowledge.retrieval.encoding import MOST_TOKENS, encode
        from knowledge.retrieval.scoring import score_on

        network, tokenizer = loaded
        encoded = [encode(tokenizer, *each, MOST_TOKENS) for each in asked]
        # The pairs of all questions by length: less padding than among those of one.
        together = [pair for pairs in encoded for pair in pairs]
        scores = iter(score_on(self._threads, self._workers, network, together))
        return [[(next(scores), pair) for pair in pairs] for pairs in encoded]

    def _readings(
        self,
        ranks: NDArray[np.float64],
        read: Sequence[_Scored],
        best: NDArray[np.intp],
        verdicts: Sequence[PairScores],
        cosines: NDArray[np.float64] | None,
    ) -> list[Reading]:
        from knowledge.retrieval.network import unit_shares

        judged = np.full(len(read), np.nan)
        judged[best] = [float(each.answers) for each in verdicts]
        relevance, answers = _logits([each for each, _ in read])
        chances = self._calibration.chances(relevance, answers, judged, cosines)
        return [
            Reading(rank, chance, tuple(unit_shares(each.evidence, pair.units).tolist()))
            for rank, chance, (each, pair) in zip(
                ranks.tolist(), chances.tolist(), read, strict=True
            )
        ]


def _cosines(texts: Sequence[ReadableText]) -> NDArray[np.float64] | None:
    """Shape (passages,); None where one of them is not known."""
    known = [each.cosine for each in texts if each.cosine is not None]
    return np.array(known) if len(known) == len(texts) else None


def _logits(scores: Sequence[PairScores]) -> NDArray[np.float64]:
    """Of *relevance* and *answers*; shape (2, pairs)."""
    return np.array([(float(each.relevance), float(each.answers)) for each in scores]).T


class CrossEncoderReader(_OnThread):
    """Any sequence classifier with one label in a local folder, as cross-encoders are saved."""

    def __init__(self, folder: Path, *, threads: int | None = None):
        super().__init__(folder.name)
        if not (folder / "config.json").is_file():
            raise KnowledgeError(
                f"The reader '{folder}' is not a folder with a cross-encoder: config.json is "
                "missing."
            )
        self._folder = folder
        self._threads = threads or processors()

    def _load(self) -> Any:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        torch.set_num_threads(self._threads)
        model: Any = AutoModelForSequenceClassification.from_pretrained(
            self._folder, trust_remote_code=False
        )
        if model.config.num_labels != 1:
            raise ValueError(f"it has {model.config.num_labels} labels, and a cross-encoder has 1")
        return model.eval(), AutoTokenizer.from_pretrained(self._folder, trust_remote_code=False)

    def _read(self, asked: Sequence[_Asked]) -> list[list[Reading]]:
        return [self._read_one(question, passages) for question, passages in asked]

    def _read_one(self, question: str, passages: list[ReadableText]) -> list[Reading]:
        chances = self._chances(question, [each.text for each in passages])
        inside = sorted(range(len(passages)), key=lambda row: -chances[row])[:_READ_INSIDE]
        return [
            Reading(
                chance,
                chance,
                self._shares(question, passage) if row in inside else _even(len(passage.spans)),
            )
            for row, (passage, chance) in enumerate(zip(passages, chances, strict=True))
        ]

    def _shares(self, question: str, passage: ReadableText) -> tuple[float, ...]:
        context = passage.text[: passage.spans[0][0]] if passage.spans else ""
        texts = [context + passage.text[start:end] for start, end in passage.spans]
        chances = np.array(self._chances(question, texts))
        shares: NDArray[np.float64] = (chances + 1e-9) / (chances + 1e-9).sum()
        return tuple(shares.tolist())

    def _chances(self, question: str, texts: Sequence[str]) -> list[float]:
        import torch

        from knowledge.retrieval.encoding import MOST_TOKENS

        model, tokenizer = self._loaded()
        most = min(MOST_TOKENS, tokenizer.model_max_length)
        chances: list[float] = []
        with torch.inference_mode():
            for start in range(0, len(texts), 8):
                some = list(texts[start : start + 8])
                inputs = tokenizer(
                    [question] * len(some),
                    some,
                    padding=True,
                    truncation="longest_first",
                    max_length=most,
                    split_special_tokens=True,
                    return_tensors="pt",
                )
                logits = model(**inputs).logits[:, 0].float()
                chances += torch.sigmoid(logits).tolist()
        return chances


def open_reader(model: str, weights: Path) -> Reader:
    """The reader that the setting names: ``packaged``, or a folder.

    ``weights`` is where the packaged one's are kept, ready to load. Raises
    :class:`KnowledgeError`.
    """
    if model == PACKAGED:
        return PackagedReader(weights)
    return CrossEncoderReader(Path(model).expanduser())


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _even(units: int) -> tuple[float, ...]:
    return (1 / units,) * units if units else ()
