"""Cuts a document into the pieces that are searched and cited: its sections, or parts of long ones.

A citation points at a heading, so a piece never spans two. Pieces are slices of the source, which
is why nothing is lost or doubled; only the header rows of a table and the line that introduces a
list are repeated where those had to be cut.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from math import inf

from knowledge.documents.sections import sections
from knowledge.parsing import ParsedDocument
from knowledge.parsing.blocks import Block
from knowledge.parsing.inline import CODE_SPAN, LINK, reduce_media
from knowledge.text.sentences import sentence_spans

CountTokens = Callable[[str], int]

MIN_TEXT_TOKENS = 64
"""What the text gets at the least, however long title and headings are: two or three sentences."""


_CONTEXT_MARK = " \u203a "
"""What parts title and headings in :attr:`knowledge.types.Passage.context`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One section of a document, or a part of a long section."""

    headings: tuple[str, ...]
    """Plain heading path down to the section; a first H1 that is the title is left out."""
    anchor: str
    """Fragment of the section's URL without ``#``; ``page=N`` in PDFs, empty above any heading."""
    text: str
    """Markdown without the heading."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is not cut any further; ``source[start:end]``, up to where the next atom starts."""

    start: int
    end: int
    tokens: int
    cost: float
    """Of cutting before this atom: 0 between paragraphs, up to 1 between words."""
    header: str = ""
    """What to repeat if a piece begins here: a table's header rows, a list's introduction."""
    header_tokens: int = 0
    is_led: bool = False
    """A list, table or code begins here, right below the paragraph that introduces it."""


_BLOCK, _ITEM, _NESTED_ITEM, _ROW, _SENTENCE, _WORD = 0.0, 0.05, 0.15, 0.05, 0.3, 0.6


def chunk(
    document: ParsedDocument, count_tokens: CountTokens, max_tokens: int = 256
) -> list[Chunk]:
    """The chunks of a document in order.

    ``count_tokens`` counts one text's tokens without special ones; it is called about once for
    every piece of text, so the time is linear in the document. Title, headings and text of a
    chunk together have at most ``max_tokens``, where the text keeps at least
    :data:`MIN_TEXT_TOKENS`; longer are only a code fence, a table row with its header or a word
    (a link and a code span count as one) that by itself is longer. Raises ValueError if
    ``max_tokens`` is not positive.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be positive, not {max_tokens}")
    source = reduce_media(document.markdown)
    count = cache(count_tokens)
    chunks = []
    for section in sections(source, document.title, has_slugs=not document.has_own_anchors):
        context = count(_CONTEXT_MARK.join((document.title, *section.headings)))
        budget = max(min(MIN_TEXT_TOKENS, max_tokens), max_tokens - context)
        for text in _pieces(source, section.blocks, count, budget):
            chunks.append(Chunk(section.headings, section.anchor, text))
    return chunks


# --- pieces of a section ----------------------------------------------------------------------


def _pieces(source: str, blocks: list[Block], count: CountTokens, budget: int) -> list[str]:
    end = blocks[-1].end
    whole = source[blocks[0].start : end]
    borders = [block.start for block in blocks] + [end]
    sizes = [count(source[a:b]) for a, b in pairwise(borders)]
    total = sum(sizes)
    # Counts of parts may add up to more than the whole's; ask about the whole when it is close.
    if total <= budget or (total <= 2 * budget and count(whole) <= budget):
        return [_trimmed(whole)]
    atoms: list[_Atom] = []
    previous: Block | None = None
    introductions = _introductions(source, blocks, count, budget)
    for block, after, size, header in zip(blocks, borders[1:], sizes, introductions, strict=True):
        cost = _cut_cost(previous, block)
        first = len(atoms)
        if block.kind == "rule":  # parts what stands around it and says nothing itself
            atoms[-1] = replace(atoms[-1], end=after, tokens=atoms[-1].tokens + size)
        elif size <= budget or block.kind == "fence":
            atoms.append(_Atom(block.start, after, size, cost))
        elif block.kind == "table":
            atoms += _row_atoms(source, block, after, count, cost)
        else:
            atoms += _text_atoms(source, block.start, after, count, budget, cost)
        if block.kind in _LED and previous is not None and previous.kind == "paragraph":
            atoms[first:] = [replace(atoms[first], is_led=True), *atoms[first + 1 :]]
        if header and (room := count(header)) + atoms[first].tokens <= budget:
            atoms[first] = replace(atoms[first], header=header, header_tokens=room)
        previous = block
    atoms = _coarsened(_with_lead_ins(source, atoms, count, budget), budget)
    return [_slice(source, atoms[first : last + 1]) for first, last in _packed(atoms, budget)]


def _introductions(source: str, blocks: list[Block], count: CountTokens, budget: int) -> list[str]:
    """For each item of a list but the first the short sentence that leads into it, else nothing."""
    found: list[str] = []
    introduction = ""
    for previous, block in zip([None, *blocks], blocks, strict=False):
        begins = previous is not None and previous.kind == "paragraph" and previous.level == 0
        if block.kind == "item" and previous is not None and begins:
            introduction = _introduction(source[previous.start : previous.end], count, budget)
        elif block.kind != "item" and block.level == 0:
            introduction = ""
        goes_on = block.kind == "item" and block.level == 0 and not begins
        found.append(introduction if goes_on else "")
    return found


def _introduction(paragraph: str, count: CountTokens, budget: int) -> str:
    if not _LEAD_IN_END.search(paragraph):
        return ""
    low, high = sentence_spans(paragraph)[-1]
    sentence = paragraph[low:high].strip()
    return f"{sentence}\n" if count(sentence) * _SHORT <= budget else ""


def _cut_cost(previous: Block | None, block: Block) -> float:
    if previous is None or block.kind != "item":
        # What is indented below an item belongs to it.
        belongs = previous is not None and previous.kind == "item" and block.level > 0
        return _NESTED_ITEM if belongs else _BLOCK
    return _NESTED_ITEM if block.level > 0 else _ITEM


def _row_atoms(
    source: str, table: Block, after: int, count: CountTokens, cost: float
) -> list[_Atom]:
    lines = source[table.start : table.end].split("\n")
    header = "\n".join(lines[:2])
    header_tokens = count(header)
    atoms = []
    # The header stays with the first row: alone it says nothing.
    start, at = table.start, table.start + len(header) + 1
    for number, row in enumerate(lines[2:]):
        at += len(row) + 1
        end = after if number == len(lines) - 3 else at
        first = number == 0
        tokens = count(source[start:end])
        atoms.append(
            _Atom(start, end, tokens, cost)
            if first
            else _Atom(start, end, tokens, _ROW, header, header_tokens)
        )
        start = end
    return atoms or [_Atom(table.start, after, count(source[table.start : after]), cost)]


def _text_atoms(
    source: str, start: int, after: int, count: CountTokens, budget: int, cost: float
) -> list[_Atom]:
    """The sentences of a paragraph or list item that is too long; too long ones by their words."""
    atoms: list[_Atom] = []
    text = source[start:after]
    for low, high in sentence_spans(text):
        sentence = text[low:high]
        tokens = count(sentence)
        at = start + low
        if tokens <= budget:
            atoms.append(_Atom(at, at + len(sentence), tokens, cost))
        else:
            for word in _words(sentence):
                atoms.append(_Atom(at, at + len(word), count(word), cost))
                at += len(word)
                cost = _WORD
        cost = _SENTENCE
    return atoms


def _words(sentence: str) -> list[str]:
    """The words with the white space after them; a link or a code span is one word."""
    whole = sorted(
        match.span() for pattern in (LINK, CODE_SPAN) for match in pattern.finditer(sentence)
    )
    words: list[str] = []
    start = at = 0
    for gap in re.finditer(r"\s+", sentence):
        while at < len(whole) and whole[at][1] <= gap.start():
            at += 1
        inside = any(low < gap.start() < high for low, high in whole[at : at + 2])
        if gap.start() > 0 and not inside:
            words.append(sentence[start : gap.end()])
            start = gap.end()
    if start < len(sentence):
        words.append(sentence[start:])
    return words


def _with_lead_ins(source: str, atoms: list[_Atom], count: CountTokens, budget: int) -> list[_Atom]:
    """Join a line such as ``You can bring:`` with what it leads into, where both fit.

    So does any sentence right above a list, a table or code. Of a paragraph that is too long for
    that, its last sentence is joined.
    """
    joined: list[_Atom] = []
    for atom in atoms:
        last = joined[-1] if joined else None
        leads = last is not None and (
            atom.is_led or _LEAD_IN_END.search(source, last.start, last.end)
        )
        if last is None or atom.header or not leads:
            joined.append(atom)
            continue
        if last.tokens + last.header_tokens + atom.tokens > budget:
            low, _ = sentence_spans(source[last.start : last.end])[-1]
            tail = count(source[last.start + low : last.end])
            if low == 0 or last.header or tail + atom.tokens > budget:
                joined.append(atom)
                continue
            at = last.start + low
            head = count(source[last.start : at])
            joined[-1] = replace(last, end=at, tokens=head)
            last = _Atom(at, last.end, tail, _SENTENCE)
            joined.append(last)
        joined[-1] = replace(last, end=atom.end, tokens=last.tokens + atom.tokens)
    return joined


_SHORT = 4
"""How often a list's introduction must fit into a piece to be repeated."""
_LED = ("item", "table", "fence")
_LEAD_IN_END = re.compile(r":[*_]*\s*\Z")


_FINE = 1_000
"""Atoms in one section up to which every border is considered; real ones have under a hundred."""


def _coarsened(atoms: list[_Atom], budget: int) -> list[_Atom]:
    """Of a huge section, small neighbours joined to a sixteenth of a piece: packing stays fast."""
    if len(atoms) <= _FINE:
        return atoms
    joined = atoms[:1]
    for atom in atoms[1:]:
        last = joined[-1]
        if (last.tokens + atom.tokens) * 16 <= budget:
            tokens = last.tokens + atom.tokens
            joined[-1] = replace(last, end=atom.end, tokens=tokens)
        else:
            joined.append(atom)
    return joined


def _packed(atoms: list[_Atom], budget: int) -> list[tuple[int, int]]:
    """First and last atom of each piece: the fewest pieces that fit, of near-equal size.

    Dynamic programming over where the last piece begins. Looking back stops at the budget, so it
    takes (number of atoms) times (atoms in a piece) steps.
    """
    fewest = 1
    filled = 0
    for atom in atoms:
        if filled and filled + atom.tokens > budget:
            fewest += 1
            filled = atom.header_tokens
        filled += atom.tokens
    ideal = sum(atom.tokens for atom in atoms) / fewest
    best: list[tuple[float, float]] = [(0, 0.0)]
    begins: list[int] = []
    for last in range(len(atoms)):
        tokens = 0
        choice: tuple[float, float] = (inf, inf)  # a piece of one atom is always allowed
        begin = last
        for first in range(last, -1, -1):
            tokens += atoms[first].tokens
            size = tokens + atoms[first].header_tokens
            if size > budget and first < last:
                if tokens > budget:
                    break
                continue  # only the header was too much: a longer piece may hold its own
            pieces, cost = best[first]
            cost += ((size - ideal) / budget) ** 2 + (atoms[first].cost if first else 0.0)
            if (pieces + 1, cost) < choice:
                choice, begin = (pieces + 1, cost), first
        best.append(choice)
        begins.append(begin)
    pieces_found: list[tuple[int, int]] = []
    last = len(atoms) - 1
    while last >= 0:
        pieces_found.append((begins[last], last))
        last = begins[last] - 1
    return pieces_found[::-1]


def _slice(source: str, atoms: list[_Atom]) -> str:
    text = source[atoms[0].start : atoms[-1].end]
    return _trimmed(f"{atoms[0].header}\n{text}" if atoms[0].header else text)


def _trimmed(text: str) -> str:
    """Without blank lines around, and not indented as a whole, which would read as code."""
    return textwrap.dedent(_LAST_RULES.sub("", text.strip("\n").rstrip())).strip("\n")


_LAST_RULES = re.compile(r"(?:\n[ \t]*\n {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,})+\Z")
