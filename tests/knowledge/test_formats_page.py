"""docs/formats.md says what the parsers do: formats, libraries, kinds and limits are checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from knowledge.documents.pool import MAX_SECONDS
from knowledge.documents.reading import MAX_PIECES
from knowledge.parsing import (
    MAX_DOCUMENT_BYTES,
    PICTURE_EXTENSIONS,
    SUPPORTED_EXTENSIONS,
    delimited,
    pictures,
    recognition,
)
from knowledge.parsing.detect import MAX_UNPACKED_BYTES
from knowledge.parsing.office import sheets
from knowledge.parsing.pdf import document as pdf
from knowledge.types import LeftOutKind

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "formats.md").read_text("utf-8")
MODULES = {
    "HTML": "html/pages html/converter",
    "PDF": "pdf/document",
    "Word": "office/word",
    "PowerPoint": "office/slides",
    "Excel": "office/sheets",
    "Text": "charsets",
    "CSV": "charsets",
    "Pictures": "../documents/recogniser",
}


def table(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its header."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_every_extension_that_is_read_is_there_and_no_other() -> None:
    named = [name for row in table("Formats") for name in re.findall(r"`(\.\w+)`", row[1])]
    assert sorted(named) == sorted(SUPPORTED_EXTENSIONS | PICTURE_EXTENSIONS)


@pytest.mark.parametrize("row", table("Formats"), ids=lambda row: row[0])
def test_the_library_is_the_one_that_is_installed_and_used(row: list[str]) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    stated = project["dependencies"] + project["optional-dependencies"]["ocr"]
    installed = {re.split(r"[<>=\[]", each)[0].lower() for each in stated}
    for library in row[2].split(", "):
        if library == "our own":
            continue
        assert library.lower() in installed
        folder = PROJECT / "knowledge" / "parsing"
        code = "".join((folder / f"{m}.py").read_text("utf-8") for m in MODULES[row[0]].split())
        imported = {"python-pptx": "pptx"}.get(library, library.replace("-", "_"))
        assert re.search(rf"^\s*(?:import|from) {imported}\b", code, re.M)


def test_every_kind_of_what_is_left_out_is_there_and_no_other() -> None:
    assert [row[0] for row in table("What is left out, and told")] == list(get_args(LeftOutKind))


def test_every_kind_is_told_by_a_parser() -> None:
    folder = PROJECT / "knowledge" / "parsing"
    code = "".join(each.read_text("utf-8") for each in folder.rglob("*.py"))
    for kind in get_args(LeftOutKind):
        assert f'"{kind}"' in code


def test_the_limits_are_those_of_the_code() -> None:
    stated = {
        row[0]: int(re.sub(r"\D", "", row[1].split(",  ")[0].split(" MB")[0].split(" sec")[0]))
        for row in table("Limits")
    }
    assert stated == {
        "Size of a document": MAX_DOCUMENT_BYTES // 2**20,
        "Time to read a document": MAX_SECONDS,
        "Pages of a PDF": pdf.MAX_PAGES,
        "Filled cells of a workbook": sheets.MAX_CELLS,
        "Cells of a CSV file": delimited.MAX_CELLS,
        "An Office file, unpacked": MAX_UNPACKED_BYTES // 2**20,
        "Sections of a document, or parts of long ones": MAX_PIECES,
        "Pixels of a picture": recognition.MAX_PIXELS,
        "Pages of a TIFF file": pictures.MAX_FRAMES,
    }
