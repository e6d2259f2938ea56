"""Equations of Word documents as a line of text."""

from __future__ import annotations

import re
from typing import Any

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SIMPLE = re.compile(r"[\w.,]+|\([^()]*\)|√\([^()]*\)")


def spell_equations(document: Any, as_run: Any) -> None:
    """Equations as text, in place. ``as_run``: a run of the document with a text."""
    for equation in list(document.iter(f"{_M}oMath")):
        around = equation.getparent()
        # One that stands by itself is wrapped once more, in what converters do not look into.
        place = around if around.tag == f"{_M}oMathPara" else equation
        run = as_run(_spelt(equation))
        if place is equation or len(around.findall(f"{_M}oMath")) == 1:
            place.getparent().replace(place, run)
        else:
            place.addprevious(run)
            around.remove(equation)


def _spelt(element: Any) -> str:
    parts = {each.tag.removeprefix(_M): each for each in element}
    match element.tag.removeprefix(_M):
        case "t":
            return element.text or ""
        case "f" if {"num", "den"} <= parts.keys():
            return f"{_grouped(_spelt(parts['num']))}/{_grouped(_spelt(parts['den']))}"
        case "sSup" if {"e", "sup"} <= parts.keys():
            return f"{_grouped(_spelt(parts['e']))}^{_grouped(_spelt(parts['sup']))}"
        case "sSub" if {"e", "sub"} <= parts.keys():
            return f"{_spelt(parts['e'])}_{_grouped(_spelt(parts['sub']))}"
        case "rad" if "e" in parts:
            return f"√({_spelt(parts['e'])})"
        case "d":
            return f"({', '.join(_spelt(each) for each in element.findall(f'{_M}e'))})"
        case _:
            return "".join(map(_spelt, element))


def _grouped(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"({text})"
