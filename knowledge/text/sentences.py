"""What of a passage can be quoted: its sentences, list items, table rows and code blocks.

Sentence borders are found by rules, not by a model: they must be the same in every run, and the
mistakes that matter (cutting at an abbreviation, a number or inside a link) can be listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from knowledge.parsing.blocks import Block, parse_blocks
from knowledge.parsing.inline import (
    AUTOLINK,
    CODE_SPAN,
    LINK,
    plain_text,
    split_heading_id,
    without_lone_images,
)

UnitKind = Literal["sentence", "item", "row", "code", "heading"]

LONG_ITEM = 280
"""Characters; a list item longer than this is quoted by its sentences. About two text lines."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One quotable piece of a passage."""

    text: str
    """Plain words in one line, for matching (code keeps its lines); cells joined by `` | ``."""
    raw: str
    """The exact source: a substring of the Markdown. List markers and heading marks left out."""
    kind: UnitKind
    lead: str = ""
    """Plain text that the unit depends on: of an item the line that leads into the list or the
    item it is nested in, of a row the table's header row; else empty."""
    labelled: str = ""
    """Of a row: its cells, each after the heading of its column or after the first cell; else
    empty."""


def split_units(markdown: str) -> list[Unit]:
    """The units of a passage, in order; text that says nothing by itself (rules) gives none."""
    units: list[Unit] = []
    parents: list[tuple[int, str]] = []  # indent and text of the items that enclose the next
    lead_in = ""
    for block in parse_blocks(markdown):
        raw = markdown[block.start : block.end]
        if block.kind == "item":
            while parents and parents[-1][0] >= block.level:
                parents.pop()
            lead = parents[-1][1] if parents else lead_in
            items = _item_units(raw, block, lead)
            units += items
            parents.append((block.level, items[-1].text if items else ""))
            continue
        if block.kind == "paragraph" and block.level > 0 and parents:
            units += _sentences(raw, "sentence")  # goes on inside the list
            continue
        if block.kind == "fence":
            units += _code(raw)
            continue
        parents.clear()
        lead_in = ""
        if block.kind == "paragraph" and not _LINK_DEFINITION.match(raw):
            sentences = _sentences(raw, "sentence")
            units += sentences
            if sentences and sentences[-1].text.endswith(":"):
                lead_in = sentences[-1].text
        elif block.kind == "heading":
            inner = split_heading_id(block.content)[0].strip()
            if text := plain_text(inner):
                units.append(Unit(text, inner, "heading"))
        elif block.kind == "table":
            units += _rows(raw)
    return units


_LINK_DEFINITION = re.compile(r"[ \t]*\[[^\]^\n][^\]\n]{0,200}\]:\s*\S")


def _item_units(raw: str, block: Block, lead: str) -> list[Unit]:
    body = raw.lstrip()[len(block.content) :].strip()
    if len(body) > LONG_ITEM:
        return _sentences(body, "item", lead)
    text = plain_text(without_lone_images(body))
    return [Unit(text, body, "item", lead)] if text else []


def _sentences(raw: str, kind: Literal["sentence", "item"], lead: str = "") -> list[Unit]:
    units = []
    for start, end in sentence_spans(raw):
        sentence = _QUOTE_START.sub("", raw[start:end]).strip()
        words = plain_text(without_lone_images(sentence))
        if text := _DANGLING.sub("", words).strip():
            units.append(Unit(text, sentence, kind, lead))
    return units


# What is left of emphasis that spans several sentences.
_DANGLING = re.compile(r"^(?:\*{1,3}|_{1,3})(?=\S)|(?<=[^\s*_])(?:\*{1,3}|(?<=[.!?:])_{1,3})$")
_QUOTE_START = re.compile(r"^[ \t]*(?:>[ \t]?)+(?:#{1,6}[ \t]+|[-*+][ \t]+)?")


def _code(raw: str) -> list[Unit]:
    lines = raw.strip().split("\n")
    inner = "\n".join(lines[1:-1])
    return [Unit(inner.strip("\n"), raw.strip(), "code")] if inner.strip() else []


def _rows(raw: str) -> list[Unit]:
    lines = raw.split("\n")
    columns = cells(lines[0])
    header = " | ".join(column for column in columns if column)
    units = []
    for line in lines[2:]:
        row = cells(line)
        if text := " | ".join(cell for cell in row if cell):
            units.append(Unit(text, line.strip(), "row", header, _labelled(columns, row)))
    return units


_NAMED_VALUE = re.compile(r"^([^\W\d_]{2,20}\.?) (?=[\d+(-])")
"""``ext 214``, ``cabinet 9``: a cell that names its value itself."""


def _labelled(columns: list[str], row: list[str]) -> str:
    if not any(columns):  # nothing tells what the cells are: the first names what the others say
        first, *others = (cell for cell in row if cell)
        values = ", ".join(_NAMED_VALUE.sub(r"\1: ", cell) for cell in others)
        return f"{first}: {values}." if others else first
    said = (
        f"{column}: {cell}" if column else cell
        for column, cell in zip_longest(columns, row, fillvalue="")
        if cell
    )
    return "; ".join(said)


def cells(row: str) -> list[str]:
    """The plain text of a Markdown table row's cells."""
    inner = row.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [plain_text(cell) for cell in re.split(r"(?<!\\)\|", inner)]


# --- sentence borders -------------------------------------------------------------------------

_CANDIDATE = re.compile(r"([.!?…]+)[\"'”’»)\]*_`]*(?=\s)|[。！？]+[\"'”’」』）]*")
_OPENING = "\"'“‘«([{*_~`¿¡ \t\n>"
_PARENTHESES = re.compile(r"\([^()\n]{0,200}(?:\n[^()\n]{1,200}){0,2}\)")
_URL = re.compile(r"https?://\S+")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Never the end of a sentence.
_NEVER = _words(
    "e.g eg i.e ie cf vs v approx mr mrs ms mx dr prof st mt gen col sgt capt lt rev hon gov sen "
    "rep ex messrs fig figs sec ch vol pp ext tel est viz resp incl excl "
    # German, French and Spanish ones that English does not have as words
    "bzw ca evtl ggf inkl exkl zzgl vgl z.b d.h u.a o.ä i.d.r z.t nr str hr fr "
    "mme mlle p.ex sr sra srta ud uds pág"
)
# Abbreviations only before a number: else they are words, or do end a sentence.
_BEFORE_NUMBER = _words("no nos p par art abs para")
# May end a sentence: they do if the next word can only begin one.
_MAYBE = _words("inc ltd co corp llc jr sr dept ave blvd rd bros gmbh")
_END_UNLESS_NAME = _words("etc a.m p.m am pm usw u.s.w")
_STARTERS = _words(
    "a after all also an and any are as ask at because before but by can contact do does don't "
    "each either even every everyone for from had has have he her here his how however i if in is "
    "it it's its let many may more most my neither never no not note once one only or our over "
    "please remember see she since so some such that the their then there these they they'll "
    "they're this those though to under unless until use was we we'll we're were what when where "
    "whether which while who why will with without yes you you'll you're your "
    "der die das ein eine es sie wir ihr ich und aber wenn im in am für bei le la les un une il "
    "elle nous vous el los las una"
)
_TIME_NAMES = _words(
    "et est edt ct cst cdt mt mst mdt pt pst pdt utc gmt cet cest bst eastern central mountain "
    "pacific monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch "
    "donnerstag freitag samstag sonntag"
)
_GERMAN_MONTHS = _words(
    "januar februar märz april mai juni juli august september oktober november dezember"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of one paragraph lie.

    The spans follow each other without gaps and cover ``text``: each holds its sentence and the
    white space after it. Links, code spans, short parentheses and URLs are never cut.
    """
    shielded = [
        (match.start(), match.end())
        for pattern in (LINK, CODE_SPAN, AUTOLINK, _PARENTHESES, _URL)
        for match in pattern.finditer(text)
    ]
    inside = _merged(shielded)
    spans: list[tuple[int, int]] = []
    start = 0
    at = 0
    for match in _CANDIDATE.finditer(text):
        while at < len(inside) and inside[at][1] <= match.start():
            at += 1
        # A mark that closes the shielded piece itself, as in "(See above.)", may still end one.
        if at < len(inside) and inside[at][0] <= match.start() and inside[at][1] > match.end():
            continue
        end = match.end()
        while end < len(text) and text[end].isspace():
            end += 1
        if end >= len(text):
            break
        if _is_border(text, start, match, end):
            spans.append((start, end))
            start = end
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _is_border(text: str, start: int, match: re.Match[str], end: int) -> bool:
    mark = match[1]
    if mark is None:  # Chinese and Japanese full stops are nothing else
        return True
    following = text[end : end + 60].lstrip(_OPENING)
    if not following or following[0].islower():
        return False
    if mark != ".":
        return True
    before = text[max(start, match.start() - 40) : match.start()].split()
    word = before[-1].lstrip(_OPENING) if before else ""
    lower = word.lower()
    next_word = re.match(r"[\w.'’-]+", following)
    following_word = (next_word[0] if next_word else "").replace("’", "'").strip(".").lower()
    if lower in _NEVER and not (len(word) > 1 and word.isupper()):  # "CA", "MS" are states
        return False
    if lower in _BEFORE_NUMBER and following[0].isdigit():
        return False
    if lower in _END_UNLESS_NAME:
        return following_word not in _TIME_NAMES
    if word.isdigit():
        is_list_number = not text[start : match.start()].strip(_OPENING)[: -len(word)].strip()
        return not is_list_number and following_word not in _GERMAN_MONTHS
    is_acronym = re.fullmatch(r"(?:\w\.)+\w", word) is not None
    is_initial = len(word) == 1 and word.isalpha()
    if lower in _MAYBE or is_acronym or is_initial:
        return following_word in _STARTERS
    return True
