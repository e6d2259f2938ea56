"""Of a table the rows and columns that are asked for, under their headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.answers.quoting.layout import Group, Layout
from bot.answers.quoting.sentences import SPREAD
from bot.answers.quoting.wants import Wants
from knowledge.parsing.inline import plain_text
from knowledge.text.words import stems, telling

_SMALL = 6  # rows of a table that may be shown whole
_MOST = 4  # rows of a larger one
_WIDE = 4  # columns from which on only those asked for are shown
_KEYWORDS = 3  # words of a question that is typed as to a search engine: "pay day lyon?"
_SURE = 0.8  # of the rows' share, from which one is the answer though the question does not name it
_LIKELY = 0.5  # share that it needs for that beside all else in the passage
_AS_GOOD = 0.5  # of the best row's share
_DIGIT = re.compile(r"\d")
_CELL_BORDER = re.compile(r"(?<!\\)\|")

# What a column is called that has the kind of thing asked for.
_COLUMN = {
    "amount": re.compile(
        r"price|cost|fee|amount|rate|limit|allowance|budget|days|hours|number|size|weight|total|"
        r"salary|eur|usd|gbp|chf|[€$£%]|how (?:many|much|long|often)|length|duration|period",
        re.I,
    ),
    "time": re.compile(r"date|day|time|when|month|year|deadline|due|until|from|opens|closes", re.I),
    "person": re.compile(r"who|owner|contact|name|person|approve|responsible|lead|role|by$", re.I),
    "place": re.compile(r"where|place|room|site|location|city|address|floor|stock|kept", re.I),
}


def rows_asked(
    question: str, want: Wants, layout: Layout, shares: Sequence[float], table: Group
) -> list[int]:
    """The rows that the question names, else the likely ones; a small table whole where neither."""
    rows = list(table.members)
    best = max(rows, key=shares.__getitem__)
    if want.several and len(rows) <= _SMALL:
        return rows
    keys = {at: layout.units[at].text.split(" | ")[0] for at in rows}
    named = _named(question, layout, keys)
    stands_out = (
        shares[best] >= _SURE * sum(shares[at] for at in rows)
        and shares[best] >= _LIKELY
        and not _is_lured(question, layout, best)
    )
    if not named and len(rows) <= _SMALL and not stands_out:
        return rows  # which row holds depends on who asks
    named = named or _named(question, layout, {at: layout.units[at].text for at in rows})
    named = named or [at for at in rows if shares[at] >= _AS_GOOD * shares[best]]
    likeliest = sorted(named, key=lambda at: (-shares[at], at))[:_MOST]
    return sorted(likeliest)


def is_looked_up(
    question: str, want: Wants, layout: Layout, shares: Sequence[float], table: Group
) -> bool:
    """Whether the answer is to be looked up in this table, although a sentence may score higher.

    A reader of running text sees little in a row. But where a row is called by a word of the
    question ("... in Ghent?") and has the kind of thing asked for, or every row counts what the
    question counts and no sentence is likely alone, people look there.
    """
    rows = [layout.units[at].text for at in table.members]
    asked = telling(question).keys()
    keywords = want.kind == "any" and len(asked) <= _KEYWORDS
    if not rows or not (want.kind in _COLUMN or keywords):
        return False
    if want.kind in ("amount", "time") and not has_in_each_row(want, layout, table):
        return False
    keys = [stems(row.split(" | ")[0]) for row in rows]
    named = sum(bool(key) and key <= asked for key in keys)
    if 0 < named < len(rows) or 0 < named == len(rows) == 1:
        return True
    counts = bool(want.noun) and all(want.noun <= stems(row) for row in rows)
    return counts and len(rows) <= _SMALL and max(shares) < SPREAD


def has_in_each_row(want: Wants, layout: Layout, table: Group) -> bool:
    """Whether every row has a number, where one is asked for."""
    numbered = all(_DIGIT.search(layout.units[at].text) for at in table.members)
    return want.kind in ("amount", "time") and numbered


def _named(question: str, layout: Layout, said: Mapping[int, str]) -> list[int]:
    """The rows with the most words of the question that tell rows apart.

    What the headings say is said of every row, so their words name one only that says no more.
    """
    asked = telling(question).keys()
    above = stems(layout.context)
    stemmed = {at: stems(text) for at, text in said.items()}
    words = {at: some if some <= asked else (some & asked) - above for at, some in stemmed.items()}
    rows_with = Counter(word for some in words.values() for word in some)
    told = {
        at: sum(
            1 / rows_with[word] for word in some if rows_with[word] < len(said) or len(said) < 2
        )
        for at, some in words.items()
    }
    most = max(told.values())
    return [at for at, weight in told.items() if weight >= most - 1e-9] if most > 0 else []


def _is_lured(question: str, layout: Layout, row: int) -> bool:
    """Whether all that the row has of the question is what the headings say of every row."""
    words = stems(layout.units[row].text) & telling(question).keys()
    return bool(words) and words <= stems(layout.context)


def table_shown(question: str, want: Wants, head: str, rows: Sequence[str]) -> str:
    """Rows under their header as Markdown; of a wide table the columns that are asked for.

    ``head``: the header row and the delimiter row. ``rows``: each as it stands in the passage.
    """
    header, _, rule = head.partition("\n")
    columns = cells(header)
    if not rule or len(columns) <= _WIDE or want.several:
        return "\n".join((head, *rows) if head else rows)
    kept = _columns(question, want, columns, [cells(row) for row in rows])
    return "\n".join(_only(line, kept) for line in (header, rule, *rows))


def _columns(
    question: str, want: Wants, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[int]:
    """Those that name the row and those asked for; all where nothing says which."""
    asked = telling(question).keys()
    every = range(len(columns))
    said = [{row[at] for row in rows if at < len(row)} for at in every]
    keys = {at for at in every if any(stems(plain_text(cell)) & asked for cell in said[at])}
    headed = {at for at in every if stems(plain_text(columns[at])) & asked}
    if pattern := _COLUMN.get(want.kind):
        headed |= {at for at in every if pattern.search(columns[at])}
    elif len(rows) > 2:  # what tells them apart
        headed |= {at for at in every if len(said[at]) == len(rows)}
    return sorted((keys or {0}) | headed) if headed else list(every)


def cells(row: str) -> list[str]:
    """The cells of a row, as they stand there."""
    inner = row.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip() for cell in _CELL_BORDER.split(inner)]


def _only(line: str, kept: Sequence[int]) -> str:
    row = cells(line)
    return f"| {' | '.join(row[at] if at < len(row) else '' for at in kept)} |"
