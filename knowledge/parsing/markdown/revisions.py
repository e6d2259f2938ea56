"""What is crossed out in Markdown goes: it holds no more, and unmarked would read as if it did.

Of CriticMarkup (https://criticmarkup.com) what was added stays; remarks go as what was deleted.
"""

from __future__ import annotations

import re

_STRUCK = re.compile(
    r"(?<![~\\])~~(?!~)(?=[^\s~])(?:(?!\n[ \t]*\n|~~)[^|]){1,2000}?(?<=[^\s\\])~~(?!~)"
)
_DELETED = re.compile(
    r"<(del|s|strike)(?:\s[^<>]{0,500})?>(?:(?!</?\1\b).){0,4000}?</\1\s{0,9}>", re.I | re.S
)
_TRACKED_DELETION = re.compile(r"\{--(?:(?!--\})[^{}]){1,2000}--\}")
_TRACKED_CHANGE = re.compile(r"\{~~(?:(?!~>)[^{}]){0,2000}~>((?:(?!~~\})[^{}]){0,2000})~~\}")
_TRACKED_ADDITION = re.compile(r"\{(?P<mark>\+\+|==)((?:(?!(?P=mark)\})[^{}]){1,2000})(?P=mark)\}")
_TRACKED_REMARK = re.compile(r"\{>>(?:(?!<<\})[^{}]){0,2000}<<\}")
_GAP = "\x01"
_EMPHASISED = re.compile(r"(\*{1,3}|_{1,3})\x01\1")
_LINE = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t]+)?(?:\[[ xX]\][ \t]+)?\x01[ \t]*(?:\n|\Z)", re.M
)
"""A line that has nothing else, such as an item of a list."""
_AROUND_GAP = re.compile(
    r"(?<=[ \t(|])\x01[ \t]+|[ \t]*\x01(?=[ \t.,;:!?)|]|$)|^\x01[ \t]+|\x01", re.M
)


def without_deleted(text: str) -> str:
    """``text``: prose without code."""
    if "~~" in text or "--}" in text or "</" in text or "<<}" in text:
        text = _TRACKED_CHANGE.sub(r"\1", text)
        text = _TRACKED_REMARK.sub("", _TRACKED_DELETION.sub(_GAP, text))
        text = _STRUCK.sub(_GAP, _DELETED.sub(_GAP, text))
        text = _AROUND_GAP.sub("", _LINE.sub("", _EMPHASISED.sub(_GAP, text)))
    return _TRACKED_ADDITION.sub(r"\2", text) if "{+" in text or "{=" in text else text
