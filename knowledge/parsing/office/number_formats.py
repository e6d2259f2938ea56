"""Cell values as Excel shows them, by the cell's number format (ECMA-376 part 1, 18.8.31).

No kept library does this: openpyxl gives values and formats apart. Dates are the exception: a date
in digits alone is written as ISO 8601, as 03/04 is one day here and another there.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from knowledge.parsing.tables import in_one_line

_ERRORS = frozenset(
    ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
)
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<test>[<>=]+)(?P<bound>-?[\d.]+)\]|\[[^\]]*\]"
    r"|(?P<number>(?:[0#?](?:[0#?,]*[0#?])?|(?=\.[0#?]))(?:\.[0#?]*)?,*(?:[eE][+-]0+)?)"
    r"|(?P<general>General)|(?P<literal>.)",
    re.I | re.S,
)
_MOST_DIGITS = 30
_MONTH_NAME = re.compile(r"m{3,}", re.I)
_DATE_PART = re.compile(r"y+|m+|d+|\"[^\"]*\"|\\.|[^ymd\"\\]+", re.I)
_MINUTES = re.compile(r"mm?:ss(?:\.0)?(?:;@)?", re.I)
_NO_DATE_PART = re.compile(
    r"\[[^\]]*\]|[;@].*|(?:AM/PM|A/P)|h+(?:[^\w\"]*(?:\"[^\"]*\")?[^\w\"]*m{1,2}(?!m))?[:.]?"
    r"|(?<!m)m{1,2}[:.](?=s)|s+[:.]?",
    re.I,
)


def shown(value: object, number_format: str | None) -> str:
    """What a person sees in the cell; ``""`` for nothing, and for errors."""
    form = number_format or "General"
    if value is None or (isinstance(value, str) and value in _ERRORS):
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, timedelta):
        return _duration(value, form)
    if isinstance(value, datetime | date | time):
        return _moment(value, form)
    if isinstance(value, int | float):
        return " ".join(_number(value, form).split())
    text = in_one_line(str(value).split("\n"))
    sections = _sections(form)
    return " ".join(_filled(sections[3], text).split()) if len(sections) > 3 else text


# --- numbers ----------------------------------------------------------------------------------


_SECTION = re.compile(r'((?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[]|["\[\\])*)(?:;|$)')


def _sections(form: str) -> list[str]:
    """For positive, negative, zero and text; fewer where they are not told apart."""
    found = _SECTION.findall(form)
    return found[:4] if form.endswith(";") else found[:-1][:4]


def _general(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.11g}"


def _number(value: float, form: str) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    section, is_signed = _section_for(value, _sections(form))
    if "general" in section.lower() and not re.search("[0#?]", section):
        return _filled(section, _general(value if is_signed else abs(value)))
    tokens = list(_TOKEN.finditer(section))
    if not any(token["number"] for token in tokens):
        return _filled(section, _general(value))  # wanted where the format is that of text
    amount = Decimal(repr(value))
    for token in tokens:
        if token["literal"] == "%":
            amount *= 100
    numbers = [token["number"] for token in tokens if token["number"]]
    if fraction := re.search(r"(?<![\"\w])[#0?]+\s*/\s*([\d?#]+)", section):
        return _fraction(value, fraction[1])
    written = _digits(abs(amount), numbers)
    sign = "-" if is_signed and value < 0 and re.search("[1-9]", "".join(written)) else ""
    pieces, numbered = [], iter(written)
    for token in tokens:
        if token["number"]:
            pieces.append(next(numbered))
        else:
            pieces.append(_words(token, ""))
    return sign + "".join(pieces)


def _section_for(value: float, sections: list[str]) -> tuple[str, bool]:
    """The section that holds for a value, and whether the sign is still to be written."""
    for section in sections:
        for test in _TOKEN.finditer(section):
            if test["test"]:
                bound = float(test["bound"])
                holds = {"<": value < bound, ">": value > bound, "=": value == bound}
                if any(holds.get(sign, False) for sign in test["test"]) and test["test"] != "<>":
                    return section, value < 0
    if any(token["test"] for section in sections for token in _TOKEN.finditer(section)):
        return sections[-1], True
    if value < 0 and len(sections) > 1:
        return sections[1], False
    if value == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], True


def _digits(amount: Decimal, numbers: list[str]) -> list[str]:
    """The digits for each placeholder group of a section; all but the last can be literal parts."""
    last = numbers[-1]
    if re.search("[eE][+-]", last):
        places = len(last.split(".")[1].split("E")[0].split("e")[0]) if "." in last else 0
        return [*[""] * (len(numbers) - 1), f"{amount:.{min(places, _MOST_DIGITS)}E}"]
    scale = len(last) - len(last.rstrip(","))
    amount = amount / (Decimal(1000) ** scale)
    if len(numbers) > 1 and all(set(number) <= set("0#?") for number in numbers):
        return _in_groups(amount, numbers)  # 000-0000
    whole, _, decimals = last.rstrip(",").partition(".")
    most = min(len(decimals), _MOST_DIGITS)
    rounded = amount.quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP)
    integer, _, rest = f"{rounded:f}".partition(".")
    least = decimals.rstrip("#?")
    while len(rest) > len(least) and rest.endswith("0"):
        rest = rest[:-1]
    integer = "" if integer == "0" and "0" not in whole else integer
    integer = integer.rjust(min(whole.count("0"), _MOST_DIGITS), "0")
    if "," in whole:
        integer = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", integer)
    return [*[""] * (len(numbers) - 1), f"{integer}.{rest}" if rest else integer]


def _in_groups(amount: Decimal, numbers: list[str]) -> list[str]:
    digits = f"{amount.quantize(Decimal(1), ROUND_HALF_UP):f}"
    groups: list[str] = []
    for number in reversed(numbers[1:]):
        groups.append(digits[-len(number) :].rjust(number.count("0"), "0"))
        digits = digits[: -len(number)]
    return [digits.rjust(numbers[0].count("0"), "0"), *reversed(groups)]


def _fraction(value: float, denominator: str) -> str:
    if denominator.isdigit():
        lower = max(1, min(int(denominator), 10_000))
        upper = round(abs(value) * lower)
    else:
        nearest = Fraction(abs(value)).limit_denominator(10 ** min(len(denominator), 4) - 1)
        upper, lower = nearest.numerator, nearest.denominator
    whole, upper = divmod(upper, lower)
    said = " ".join(
        filter(
            None, (str(whole) if whole or not upper else "", f"{upper}/{lower}" if upper else "")
        )
    )
    return f"-{said}" if value < 0 else said


def _filled(section: str, text: str) -> str:
    """A section without digit places, with the text where it is wanted."""
    return "".join(_words(token, text) for token in _TOKEN.finditer(section))


def _words(token: re.Match[str], text: str) -> str:
    if token["general"] or token["literal"] == "@":
        return text
    for name in ("quoted", "escaped", "currency", "literal"):
        if token[name] is not None:
            said = str(token[name])
            # "89.50EUR" is one word to a search, "€89.50" is not.
            return f" {said} " if name == "currency" and said.isalpha() else said
    return " " if token[0].startswith("_") else ""


# --- times ------------------------------------------------------------------------------------


def _duration(value: timedelta, form: str) -> str:
    seconds = round(abs(value.total_seconds()))
    sign = "-" if value < timedelta(0) else ""
    if re.search(r"\[h+\]", form, re.I) or not re.search(r"\[[ms]+\]", form, re.I):
        said = f"{seconds // 3600}:{seconds % 3600 // 60:02d}"
        return f"{sign}{said}:{seconds % 60:02d}" if seconds % 60 else sign + said
    if re.search(r"\[m+\]", form, re.I):
        said = f"{seconds // 60}"
        return f"{sign}{said}:{seconds % 60:02d}" if "s" in form.lower() else sign + said
    return f"{sign}{seconds}"


def _moment(value: datetime | date | time, form: str) -> str:
    if isinstance(value, time):
        return f"{value:%M:%S}" if _MINUTES.fullmatch(form) else _clock(value)
    day = value.date() if isinstance(value, datetime) else value
    said = _day(day, form)
    if isinstance(value, datetime) and value.time() != time.min:
        return f"{said} {_clock(value.time())}"
    return said


def _clock(value: time) -> str:
    rounded = value.replace(microsecond=0, tzinfo=None)
    return rounded.isoformat("seconds" if rounded.second else "minutes")


def _day(day: date, form: str) -> str:
    """ISO, unless the format names the month or leaves out a part of the date."""
    form = _NO_DATE_PART.sub("", form).strip()
    letters = {part.lower() for part in re.findall("[ymd]", re.sub(r'"[^"]*"', "", form), re.I)}
    if not letters or ({"y", "m", "d"} <= letters and not _MONTH_NAME.search(form)):
        return day.isoformat()
    if "y" in letters and not _MONTH_NAME.search(form) and "m" in letters:
        return f"{day:%Y-%m}"
    names = {
        "y": lambda part: f"{day.year}",
        "m": lambda part: {3: f"{day:%b}", 4: f"{day:%B}"}.get(len(part), f"{day.month}"),
        "d": lambda part: {3: f"{day:%a}", 4: f"{day:%A}"}.get(len(part), f"{day.day}"),
    }
    parts = []
    for part in _DATE_PART.findall(form):
        name = names.get(part[0].lower())
        parts.append(name(part) if name else part.strip('"').replace("\\", ""))
    return " ".join("".join(parts).split()).strip(" ,-/.") or day.isoformat()
