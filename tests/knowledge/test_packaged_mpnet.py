"""Where the packaged reader comes from: pieces in packages, and nothing but what was published."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import pytest

from knowledge.embedding.packaged import PACKAGES
from knowledge.errors import KnowledgeError
from knowledge.retrieval.cross_encoder import PackagedReader


def install(site: Path, contents: bytes) -> None:
    """The packages as pip leaves them, each with a piece of ``contents``."""
    share = len(contents) // len(PACKAGES) + 1
    for n, package in enumerate(PACKAGES):
        piece = site / f"{package}-files" / f"model.zip.{n + 1:03}"
        piece.parent.mkdir(parents=True)
        piece.write_bytes(contents[n * share : (n + 1) * share])
        about = site / f"{package.replace('-', '_')}-0.0.1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.1\n")
        (about / "RECORD").write_text(f"{piece.relative_to(site)},,\n")


def archive(**files: bytes) -> bytes:
    whole = io.BytesIO()
    with ZipFile(whole, "w") as opened:
        for name, contents in files.items():
            opened.writestr(f"all-mpnet-base-v2/{name.replace('_', '.')}", contents)
    return whole.getvalue()


@pytest.mark.parametrize(
    "contents",
    [
        b"no archive at all",
        archive(model_safetensors=b"other weights", tokenizer_json=b"{}"),
        archive(tokenizer_json=b"{}"),
    ],
    ids=["no archive", "other weights", "no weights"],
)
async def test_what_is_not_what_was_published_is_not_loaded(
    contents: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", contents)
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(KnowledgeError, match=r"not what they should be.*make setup"):
        await PackagedReader(tmp_path / "weights").warm_up()
    assert [each for each in (tmp_path / "weights").iterdir() if each.name[:6] != "reader"] == []


async def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.embedding.packaged.PACKAGES", ("not-installed-part-1",))
    with pytest.raises(KnowledgeError, match=r"not-installed-part-1 is missing.*make setup"):
        await PackagedReader(tmp_path / "weights").warm_up()
