"""What openpyxl's frugal mode leaves out of a worksheet: merges, hidden parts, links, formulas."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

from knowledge.parsing.office.package import related, xml_elements

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_WEB = ("http:", "https:", "mailto:")
MAX_MERGES = 50_000
"""Merged ranges, and links, of one sheet; more are a form made of cells, not a table."""


@dataclass(slots=True)
class Layout:
    """Rows and columns are counted from 1."""

    last_row: int = 0

    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First column, first row, last column, last row."""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    """First and last of each run; it may reach to the end of the grid."""
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    """By row and column: where a cell leads."""
    lost: dict[tuple[int, int], str] = field(default_factory=dict)
    """By row and column: names of cells with a formula and no value."""
    words: dict[tuple[int, int], str] = field(default_factory=dict)
    """By row and column: what a link made by a formula says, where no value is stored, and what is
    left of a text of which a part is crossed out."""

    def is_hidden(self, column: int) -> bool:
        """Is this column hidden?"""
        return any(first <= column <= last for first, last in self.hidden_columns)


def read_layout(archive: zipfile.ZipFile, part: str) -> Layout:
    """One pass over the sheet's XML; takes memory only for what it finds."""
    from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

    layout = Layout()
    targets = related(archive, part)
    wanted = ("col", "row", "mergeCell", "hyperlink")
    row_number = 0
    for element in xml_elements(archive, part, *(_SHEET + name for name in wanted)):
        name = element.tag[len(_SHEET) :]
        if name == "row":
            row_number = int(element.get("r") or row_number + 1)
            layout.last_row = max(layout.last_row, row_number)
            if _is_hidden(element, "ht"):
                layout.hidden_rows.add(row_number)
            _read_formulas(element, layout)
        elif name == "col" and _is_hidden(element, "width"):
            layout.hidden_columns.append((int(element.get("min")), int(element.get("max"))))
        elif name == "mergeCell" and len(layout.merges) < MAX_MERGES:
            left, top, right, bottom = range_boundaries(element.get("ref"))
            layout.merges.append((left or 1, top or 1, right or 1, bottom or 1))
        elif name == "hyperlink" and len(layout.links) < MAX_MERGES:
            _, target = targets.get(element.get(_ID) or "", ("", ""))
            if target.startswith(_WEB):
                anchor = element.get("location")
                first = element.get("ref").split(":")[0]
                layout.links[coordinate_to_tuple(first)] = (
                    f"{target}#{anchor}" if anchor else target
                )
    return layout


def _is_hidden(element: Any, size: str) -> bool:
    return element.get("hidden") in ("1", "true") or float(element.get(size) or 1) == 0


_LINK = re.compile(
    r'\s*HYPERLINK\(\s*"((?:[^"]|""){1,2000})"\s*(?:,\s*(?:"((?:[^"]|"")*)"|[^"]*))?\)\s*', re.I
)


def _read_formulas(row: Any, layout: Layout) -> None:
    """Where formulas that make links lead, which formulas no program has computed, what is struck.

    One that only writes files leaves the results to Excel.
    """
    from openpyxl.utils.cell import coordinate_to_tuple

    for cell in row:
        formula, name = cell.find(_SHEET + "f"), cell.get("r")
        if (
            name
            and cell.get("t") == "inlineStr"
            and any(True for _ in cell.iter(_SHEET + "strike"))
        ):
            layout.words[coordinate_to_tuple(name)] = _without_struck(cell)
        if formula is None or not name:
            continue
        place = coordinate_to_tuple(name)
        value = cell.find(_SHEET + "v")
        is_lost = (value is None or not value.text) and cell.get("t") != "str"
        if link := _LINK.fullmatch(formula.text or ""):
            target, words = (part and part.replace('""', '"') for part in link.groups())
            if target.startswith(_WEB) and len(layout.links) < MAX_MERGES:
                layout.links[place] = target
            if is_lost:
                layout.words[place] = words or target
        elif is_lost:
            layout.lost[place] = name


def _without_struck(cell: Any) -> str:
    """The parts of a text in the cell itself that are not crossed out."""
    said = ""
    for part in cell.iter(_SHEET + "r"):
        mark = part.find(f"{_SHEET}rPr/{_SHEET}strike")
        if mark is None or mark.get("val") in ("0", "false"):
            said += part.findtext(_SHEET + "t") or ""
    return said
