"""HTML elements as Markdown, with tables as grids that a reader of lines understands.

markdownify does all but tables and lists: it shifts what stands beside a spanning cell to the left,
nests a table's markup into another's cell, and counts a list anew for each of its items.
"""

from __future__ import annotations

import re
from typing import Any

from bs4.element import Tag
from markdownify import MarkdownConverter

from knowledge.parsing.grid import Cell, joined_header, spread
from knowledge.parsing.inline import LABEL_END, LABEL_START, raised
from knowledge.parsing.sheet_tables import has_header
from knowledge.parsing.tables import in_one_line, write_table

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = ("pre", "blockquote", "hr")
_LISTS = ("ul", "ol")
_BREAK = "  \n"
_MACHINE_MADE = "AI-generated content may be incorrect."
"""What Office puts below descriptions that it made."""


class Converter(MarkdownConverter):
    """``first_row_is_header``: of tables whose rows do not say so themselves."""

    def __init__(self, *, first_row_is_header: bool) -> None:
        super().__init__(
            heading_style="ATX",
            bullets="-",
            # Escapes guard against text that looks like markup, and break every snake_case name.
            escape_asterisks=False,
            escape_underscores=False,
        )
        self._first_row_is_header = first_row_is_header
        self._rows: dict[int, list[tuple[list[Cell], bool]]] = {}
        self._numbers: dict[int, int] = {}

    # --- tables ---------------------------------------------------------------------------------

    def convert_td(self, cell: Tag, text: str, parent_tags: set[str]) -> str:
        """Keep the cell for its table; what stays here is nothing."""
        if (table := cell.find_parent("table")) is None:
            return text
        rows = self._rows.setdefault(id(table), [])
        row = cell.parent
        if not rows or self._numbers.get(id(row)) != len(rows):
            is_head = row is not None and row.parent is not None and row.parent.name == "thead"
            is_head = is_head or (row is not None and not row.find("td", recursive=False))
            rows.append(([], is_head))
            self._numbers[id(row)] = len(rows)
        rows[-1][0].append((_in_one_line(text), _span(cell, "colspan"), _span(cell, "rowspan")))
        return ""

    convert_th = convert_td

    def convert_tr(self, _row: Tag, text: str, parent_tags: set[str]) -> str:
        """Rows are written with their table."""
        return ""

    def convert_table(self, table: Tag, text: str, parent_tags: set[str]) -> str:
        """The whole table; inside another one's cell its rows are words."""
        kept = self._rows.pop(id(table), [])
        grid = spread(cells for cells, _ in kept)
        # A row of nothing but cells that reach down, as of a pivot table, says nothing of its own.
        reaching = [n > 0 and _only_reaches_down(cells) for n, (cells, _) in enumerate(kept)]
        kept = [each for each, is_empty in zip(kept, reaching, strict=True) if not is_empty]
        grid = [row for row, is_empty in zip(grid, reaching, strict=False) if not is_empty]
        if "td" in parent_tags or "th" in parent_tags:
            is_headed = any(is_head for _, is_head in kept[:1])
            return f" {text.strip()} {_as_words(grid, is_headed=is_headed)} "
        heads = next((n for n, (_, is_head) in enumerate(kept) if not is_head), len(kept))
        above = [text.strip()]
        if not heads and grid and _is_title(kept[0][0], grid):
            above.append(grid.pop(0)[0])
            kept.pop(0)
        if heads < 2 and _has_groups(kept, grid, self._first_row_is_header or bool(heads)):
            heads = 2
        if heads < len(grid):
            grid[:heads] = [joined_header(grid[:heads])] if heads else []
        has_header = bool(heads) or (self._first_row_is_header and not _names_its_rows(table))
        rows = [row for n, row in enumerate(grid) if any(row) or (n == 0 and has_header)]
        if not any(map(any, rows)):
            rows = []
        above.append(write_table(rows, has_header=has_header, is_markdown=True))
        return "\n\n" + "\n\n".join(filter(None, above)) + "\n\n"

    # --- lists ----------------------------------------------------------------------------------

    def convert_li(self, item: Tag, text: str, parent_tags: set[str]) -> str:
        """As its base class does, but an item's number is counted once."""
        text = (text or "").strip()
        if not text:
            return "\n"
        if not any(_says_something(child) for child in item.children):
            return f"{text}\n"  # a level that was left out
        marker = "- "
        if stated := _LABEL.match(text):
            label, text = stated[1], text[stated.end() :].lstrip()
            if _COUNTED.fullmatch(label):
                marker = f"{label} "
            else:
                text = f"{label} {text}"
        elif item.parent is not None and item.parent.name == "ol":
            place = id(item.parent)
            if place not in self._numbers:
                start = str(item.parent.get("start") or "")
                self._numbers[place] = int(start) if start.isdecimal() and len(start) < 9 else 1
            number = self._numbers[place]
            self._numbers[place] += 1
            if item.parent.get("type") in ("a", "A") and number <= len(_LETTERS):
                letter = _LETTERS[number - 1]
                text = f"{letter if item.parent.get('type') == 'a' else letter.upper()}. {text}"
            else:
                marker = f"{number}. "
        inner = re.sub(r"^(?=.)", " " * len(marker), text, flags=re.M)
        return f"{marker}{inner[len(marker) :]}\n"

    def convert_input(self, box: Tag, text: str, parent_tags: set[str]) -> str:
        """A box to tick as the sign that it shows; of what is typed in nothing."""
        if box.get("type") != "checkbox":
            return ""
        return "☒ " if box.has_attr("checked") else "☐ "

    def convert_br(self, _break: Tag, text: str, parent_tags: set[str]) -> str:
        """The end of a line; in a cell it is told by :func:`_in_one_line`."""
        if "td" in parent_tags or "th" in parent_tags:
            return _BREAK
        made: str = super().convert_br(_break, text, parent_tags)  # type: ignore[misc]
        return made

    def convert_sup(self, mark: Tag, text: str, parent_tags: set[str]) -> str:
        """What is set higher; behind a digit it would read as a part of the number."""
        before = mark.previous_sibling
        return raised(before.get_text() if before is not None else "", text)

    def convert_del(self, _element: Tag, text: str, parent_tags: set[str]) -> str:
        """What is crossed out holds no more, and without the stroke would read as if it did."""
        return ""

    convert_s = convert_strike = convert_del

    def convert_p(self, paragraph: Tag, text: str, parent_tags: set[str]) -> str:
        """Without the gap that is left of a picture, or of what was crossed out."""
        if "`" not in text:
            text = re.sub(r"(?<=\S) {2,}(?=\S)", " ", text)
        if "td" in parent_tags or "th" in parent_tags:
            return f"{_BREAK}{text.strip()}{_BREAK}"
        made: str = super().convert_p(paragraph, text, parent_tags)  # type: ignore[misc]
        return made

    def convert_img(self, image: Tag, text: str, parent_tags: set[str]) -> str:
        """A picture that nobody described says nothing."""
        said = " ".join(str(image.get("alt") or "").split())
        image["alt"] = said.removesuffix(_MACHINE_MADE).strip()
        if not image["alt"]:
            return ""
        made: str = super().convert_img(image, text, parent_tags)  # type: ignore[misc]
        return made

    def convert_a(self, link: Tag, text: str, parent_tags: set[str]) -> str:
        """A link's words without an address that leads nowhere."""
        target = str(link.get("href") or "").strip()
        if target.lower().startswith("javascript:") or target == "#":
            return text
        made: str = super().convert_a(link, text, parent_tags)  # type: ignore[misc]  # made at run time
        return made


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def flatten_terms(soup: Any) -> None:
    """Lists of terms within an explanation stand behind it; what explains no term is text.

    Terms that share an explanation stand before it together.
    """
    together: list[Any] = []
    for term in soup.find_all("dt"):
        following = term.find_next_sibling()
        if following is not None and following.name == "dt":
            together.append(term)
            continue
        if together and following is not None:
            said = (" ".join(each.get_text().split()) for each in together)
            term.insert(0, "".join(f"{words}, " for words in said if words))
            for each in together:
                each.decompose()
        together = []
    for terms in reversed(soup.find_all("dl")):
        if not terms.find("dt"):
            for part in [terms, *terms.find_all("dd")]:
                part.name = "div"
        elif (outer := terms.find_parent("dd")) is not None and outer.find_parent("dl"):
            outer.insert_after(*[part.extract() for part in list(terms.children)])
            terms.decompose()
            if not outer.get_text().strip():
                outer.decompose()


def unwrap_layout(soup: Any) -> None:
    """Tables that only place things on a page become plain blocks, in place."""
    for table in reversed(soup.find_all("table")):
        rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
        cells = [cell for row in rows for cell in row.find_all(["td", "th"]) if cell.parent is row]
        is_layout = (
            len(cells) == 1
            or table.get("role") in ("presentation", "none")
            or any(cell.find(_HEADINGS) for cell in cells)
            or (not table.find("th") and any(cell.find(_BLOCKS) for cell in cells))
        )
        if not is_layout:
            continue
        for part in table.find_all(["thead", "tbody", "tfoot", "tr", "td", "th"]):
            if part.find_parent("table") is table:
                part.name = "div"
        table.name = "div"


def _has_groups(
    kept: list[tuple[list[Cell], bool]], grid: list[list[str]], has_header: bool
) -> bool:
    """Does the first row name groups of the columns that the second names, as in words?"""
    groups = has_header and len(grid) > 2 and any(columns > 1 for _, columns, _ in kept[0][0])
    return groups and not any(char.isdigit() for cell in grid[1] for char in cell)


def _only_reaches_down(cells: list[Cell]) -> bool:
    """Is it without a cell that ends in it, so that the rows below have its values?"""
    return bool(cells) and all(down > 1 for _, _, down in cells)


def _names_its_rows(table: Tag) -> bool:
    """Does each row begin with its own header, as in a fact box? Then the first is one of them."""
    rows = [
        row.find_all(["td", "th"], recursive=False)
        for row in table.find_all("tr")
        if row.find_parent("table") is table
    ]
    names = [[cell.name for cell in row] for row in rows if row]
    return bool(names) and all(
        len(row) > 1 and row[0] == "th" and "th" not in row[1:] for row in names
    )


def _is_title(first: list[Cell], grid: list[list[str]]) -> bool:
    """Is the first row one cell over the whole table?"""
    width = max(map(len, grid))
    return len(grid) > 2 and len(first) == 1 and first[0][1] == width > 1


def _as_words(grid: list[list[str]], *, is_headed: bool) -> str:
    if len(grid) < 2 or not (is_headed or has_header(grid)):
        parted = ": " if all(len(row) == 2 for row in grid) and len(grid) > 1 else ", "
        return "; ".join(filter(None, (parted.join(filter(None, row)) for row in grid)))
    header, *rows = grid
    said = (
        ", ".join(
            f"{name}: {cell}" if name else cell
            for name, cell in zip(header, row, strict=True)
            if cell
        )
        for row in rows
    )
    return "; ".join(filter(None, said))


_LABEL = re.compile(f"{LABEL_START}(.*?){LABEL_END}")
_COUNTED = re.compile(r"(?:0|[1-9]\d{0,7})\.")


def _says_something(child: Any) -> bool:
    """Has a part of a list item words, rather than being a list itself?"""
    return getattr(child, "name", None) not in _LISTS and bool(child.get_text().strip())


def _span(cell: Tag, name: str) -> int:
    stated = str(cell.get(name) or "1")
    return int(stated) if stated.isdecimal() and 0 < len(stated) < 6 else 1


_ITEM_START = re.compile(r"(?:^|\s*\n)\s*(?:-|\d{1,9}\.)\s+")
_FENCE = re.compile(r"```[\w-]*\n(.*?)\n?```", re.S)
_LINE_END = re.compile(r" {2,}\n|\n\s*\n")


def _in_one_line(text: str) -> str:
    """A cell's text; lines that stand below each other in it are parted by semicolons."""
    text = _FENCE.sub(lambda code: f"`{' '.join(code[1].split())}`", text.strip())
    if "\n" in text:
        text = _ITEM_START.sub("  \n", text)
    return in_one_line(_LINE_END.split(text))
