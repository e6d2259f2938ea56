"""The engine that recognises text in pictures: RapidOCR with the models in its package.

It comes with the extra ``ocr``. Of the engines on PyPI it is the one that carries its
models, is kept up, and needs neither a download nor a program of the system: onnxtr, docTR,
PaddleOCR and EasyOCR fetch theirs at the first use, rapidocr-onnxruntime is its last year's name
and stops at Python 3.12, and tesserocr and pytesseract need Tesseract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.parsing.recognition import LONGEST_SIDE, RecognisedLine

if TYPE_CHECKING:
    from PIL.Image import Image

_MODULES = ("rapidocr", "onnxruntime", "PIL")
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
_DETECTED_AT = 1_280
"""Pixels of the longest side in which lines are looked for; they are read at full size. All lines
of a page of 44 were found at 960, too, and the whole 2,000 took 0.8 s more and 340 MB."""
_SHORTEST_SIDE = 12
"""Pixels; no letters fit in less."""


@cache
def is_installed() -> bool:
    """Whether the extra is there; looks without importing it, which takes half a second."""
    return all(find_spec(module) is not None for module in _MODULES)


@dataclass
class RapidRecogniser:
    """A :class:`knowledge.parsing.recognition.Recogniser`; it loads its models at first use."""

    _engine: Any = field(default=None, init=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"_engine": None}

    def __call__(self, picture: Image) -> Sequence[RecognisedLine]:
        """The lines; those that run up or down too, which are higher than wide then."""
        import numpy as np

        if min(picture.size) < _SHORTEST_SIDE:
            return ()
        if self._engine is None:
            self._engine = _opened()
        # The engine takes arrays for BGR, as OpenCV does.
        pixels = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
        try:
            found = self._engine(pixels)
        except _failures():  # of this one picture, such as for want of memory
            return ()
        if found.txts is None or found.boxes is None:
            return ()
        lines = []
        for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True):
            if words := " ".join(text.split()):
                (x0, top), (x1, bottom) = box.min(axis=0), box.max(axis=0)
                place = (float(x0), float(x1), float(top), float(bottom))
                lines.append(RecognisedLine(words, float(score), *place))
        return lines


def _failures() -> tuple[type[Exception], ...]:
    import cv2
    from rapidocr.inference_engine.onnxruntime.main import ONNXRuntimeError

    return (cv2.error, ONNXRuntimeError, ValueError)


def _opened() -> Any:
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": 0.0,  # what is left out for doubt is told, so it has to be known
            "Global.max_side_len": LONGEST_SIDE,
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTED_AT,
            # Lines one by one: six at a time, as by default, took no less time and 500 MB more.
            "Rec.rec_batch_num": 1,
            # It tells lines that stand on their head, and errs: whole pictures are turned instead.
            "Global.use_cls": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            # Named, so that nothing is looked for elsewhere.
            **{f"{part}.model_path": str(models / name) for part, name in _MODELS.items()},
        }
    )
