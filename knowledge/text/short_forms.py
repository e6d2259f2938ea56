"""Short forms that lists of people and things are full of, spelled out for models: ``ext 214``.

Models know the words, and hardly their short forms. What people are shown stays as it was written.
"""

from __future__ import annotations

import re

_COMMON = {
    "ext": "extension",
    "extn": "extension",
    "tel": "telephone",
    "dept": "department",
    "mgr": "manager",
    "qty": "quantity",
    "addr": "address",
    "approx": "approximately",
    "bldg": "building",
    "hrs": "hours",
    "mins": "minutes",
    "yrs": "years",
}
"""Such as stand for one thing only."""
_COMMON_WORD = re.compile(rf"(?<![\w.@/-])({'|'.join(_COMMON)})(?![\w@/-])(?:\.(?=\s*\S))?", re.I)


def spelled_out(text: str) -> str:
    """``text`` with the short forms that everybody writes spelled out."""
    return _COMMON_WORD.sub(lambda short: _COMMON[short[1].lower()], text)
