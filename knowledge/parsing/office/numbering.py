"""The numbers that Word puts before paragraphs by itself: ``4.2``, ``(b)``, ``Article IV``.

They stand in no text of the file. People refer to clauses and steps by them, so they are counted as
Word counts (ISO/IEC 29500-1, 17.9): lists of one abstract definition go on where they left off.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from knowledge.parsing.inline import LABEL_END, LABEL_START
from knowledge.parsing.office.package import parsed_xml

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PART, _STYLES = "word/numbering.xml", "word/styles.xml"
_LEVELS = 9
_DEEPEST = 12
"""Styles that a style is based on, one on the other."""
_HEADING = re.compile(r"heading \d|title", re.I)


@dataclass(slots=True)
class _Level:
    start: int = 0  # as the standard has it where none is stated
    kind: str = "decimal"
    text: str = ""
    restart: int | None = None
    is_legal: bool = False


@dataclass(slots=True)
class _List:
    """A definition, and how far its levels are counted."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)


def number_paragraphs(document: Any, archive: zipfile.ZipFile) -> None:
    """Write the numbers into the paragraphs of a document, in place.

    Those of list items are marked for the converter to Markdown, those of headings plain words.
    """
    names = archive.namelist()
    if _PART not in names:
        return
    numbering = parsed_xml(archive.read(_PART))
    styles = parsed_xml(archive.read(_STYLES)) if _STYLES in names else None
    lists = _Lists(numbering)
    by_style, headings = _styled(styles)
    for paragraph in document.iter(f"{_W}p"):
        properties = paragraph.find(f"{_W}pPr")
        style = _value(properties, "pStyle") or ""
        own = properties.find(f"{_W}numPr") if properties is not None else None
        stated = _numbered(own) if own is not None else None
        of_style = by_style.get(style)
        number, level = stated or (None, None)
        number = number if number is not None else (of_style or (None,))[0]
        if level is None:
            level = lists.level_of_style(style) if of_style else 0
            level = level if level is not None else (of_style or (None, 0))[1] or 0
        if number in (None, "0") or not _has_text(paragraph):
            continue
        label = lists.next(str(number), level)
        if label is not None:
            _write(paragraph, label, is_heading=style in headings)


def _write(paragraph: Any, label: str, *, is_heading: bool) -> None:
    from lxml import etree

    properties = paragraph.find(f"{_W}pPr")
    if is_heading or not label:
        # A list item without a number shows none; mammoth would count it.
        own = properties.find(f"{_W}numPr")
        if own is not None:
            properties.remove(own)
    if not label:
        return
    run = etree.Element(f"{_W}r")
    text = etree.SubElement(run, f"{_W}t")
    text.text = f"{label} " if is_heading else f"{LABEL_START}{label}{LABEL_END}"
    text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    paragraph.insert(0 if properties is None else paragraph.index(properties) + 1, run)


def _has_text(paragraph: Any) -> bool:
    return any(text.text for text in paragraph.iter(f"{_W}t"))


def _value(properties: Any, name: str) -> str | None:
    found = properties.find(f"{_W}{name}") if properties is not None else None
    value: str | None = found.get(f"{_W}val") if found is not None else None
    return value


def _numbered(properties: Any) -> tuple[str | None, int | None]:
    level = _value(properties, "ilvl")
    return _value(properties, "numId"), int(level) if level and level.isdecimal() else None


def _styled(styles: Any) -> tuple[dict[str, tuple[str | None, int | None]], set[str]]:
    """By style: its list and level, its own or those of the style it is based on; the headings."""
    own: dict[str, tuple[str | None, int | None]] = {}
    based: dict[str, str] = {}
    headings: set[str] = set()
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        name = style.get(f"{_W}styleId") or ""
        if _HEADING.match(_value(style, "name") or ""):
            headings.add(name)
        based[name] = _value(style, "basedOn") or ""
        numbered = style.find(f"{_W}pPr/{_W}numPr")
        if numbered is not None:
            own[name] = _numbered(numbered)
    found: dict[str, tuple[str | None, int | None]] = {}
    for name in based:
        at, level = name, None
        for _ in range(_DEEPEST):
            number, stated = own.get(at, (None, None))
            level = level if level is not None else stated
            if number is not None:
                found[name] = (number, level)
                break
            at = based.get(at, "")
    return found, headings


class _Lists:
    """All lists of a file, counted as their items come."""

    def __init__(self, numbering: Any) -> None:
        self._abstract: dict[str, _List] = {}
        self._by_style: dict[str, int] = {}
        links: dict[str, str] = {}
        styles: dict[str, str] = {}
        for each in numbering.iter(f"{_W}abstractNum"):
            name = each.get(f"{_W}abstractNumId") or ""
            self._abstract[name] = _List(dict(map(self._level, each.findall(f"{_W}lvl"))))
            if link := _value(each, "numStyleLink"):
                links[name] = link
            if style := _value(each, "styleLink"):
                styles[style] = name
        for name, link in links.items():
            if link in styles:
                self._abstract[name] = self._abstract[styles[link]]
        self._lists: dict[str, _List] = {}
        self._overrides: dict[str, dict[int, int]] = {}
        for each in numbering.iter(f"{_W}num"):
            self._add(each)

    def _add(self, number: Any) -> None:
        name = number.get(f"{_W}numId") or ""
        found = self._abstract.get(_value(number, "abstractNumId") or "")
        if found is None:
            return
        starts: dict[int, int] = {}
        levels: dict[int, _Level] = {}
        for override in number.findall(f"{_W}lvlOverride"):
            at = int(override.get(f"{_W}ilvl") or 0)
            start = _value(override, "startOverride")
            if start is not None and start.lstrip("-").isdecimal():
                starts[at] = int(start)
            if (own := override.find(f"{_W}lvl")) is not None:
                levels[at] = self._level(own)[1]
        self._overrides[name] = starts
        shared = _List({**found.levels, **levels}, found.counts)
        self._lists[name] = shared if levels else found

    def _level(self, level: Any) -> tuple[int, _Level]:
        at = int(level.get(f"{_W}ilvl") or 0)
        start, restart = _value(level, "start"), _value(level, "lvlRestart")
        if style := _value(level, "pStyle"):
            self._by_style[style] = at
        return at, _Level(
            int(start) if start and start.lstrip("-").isdecimal() else 0,
            _value(level, "numFmt") or "decimal",
            _value(level, "lvlText") or "",
            int(restart) if restart and restart.isdecimal() else None,
            level.find(f"{_W}isLgl") is not None,
        )

    def level_of_style(self, style: str) -> int | None:
        """The level that paragraphs of a style have."""
        return self._by_style.get(style)

    def next(self, number: str, at: int) -> str | None:
        """Count one more item; its label, None for a bullet."""
        found = self._lists.get(number)
        if found is None or at not in found.levels or at >= _LEVELS:
            return None
        starts = self._overrides[number]
        for level in sorted(starts):  # only the first time, and for the levels below it too
            found.counts.pop(level, None)
        self._overrides[number] = {}
        for level, start in starts.items():
            found.levels[level].start = start
        counts, levels = found.counts, found.levels
        for above in range(at):  # a level that was left out counts as begun
            if above in levels and levels[above].kind != "bullet":
                counts.setdefault(above, levels[above].start)
        counts[at] = counts[at] + 1 if at in counts else levels[at].start
        for deeper in [each for each in counts if each > at]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or (restart and at < restart):
                del counts[deeper]
        return None if levels[at].kind == "bullet" else self._label(levels, counts, at)

    def _label(self, levels: Mapping[int, _Level], counts: dict[int, int], at: int) -> str:
        own = levels[at]

        def counted(match: re.Match[str]) -> str:
            level = int(match[1]) - 1
            stated = levels.get(level, _Level())
            kind = "decimal" if own.is_legal and level != at else stated.kind
            return written(counts.get(level, stated.start), kind)

        return re.sub(r"%([1-9])", counted, own.text).strip()


def written(number: int, kind: str) -> str:
    """A number in one of the formats that Open XML names (ISO/IEC 29500-1, 17.18.59)."""
    match kind:
        case "none":
            return ""
        case "decimalZero":
            return f"{number:02}"
        case "upperRoman" | "lowerRoman" if 0 < number < 4_000:
            return _roman(number) if kind == "upperRoman" else _roman(number).lower()
        case "upperLetter" | "lowerLetter" if 0 < number < 800:
            # Word goes on behind z with aa, bb, cc.
            letter = chr(ord("A") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letter if kind == "upperLetter" else letter.lower()
        case "ordinal":
            ends = {1: "st", 2: "nd", 3: "rd"}
            return (
                f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"
            )
        case _:
            return str(number)


def _roman(number: int) -> str:
    written = ""
    for value, letters in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        strict=True,
    ):
        written += letters * (number // value)
        number %= value
    return written
