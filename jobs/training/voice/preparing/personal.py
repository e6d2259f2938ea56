"""Personal data in examples, found and replaced by invented values before anything is learnt.

Phone numbers are found by ``phonenumbers`` (Google's tables of all countries), bank accounts and
cards by the check digits that ``python-stdnum`` knows, addresses of mail by their form. A person's
name is found where a letter addresses or signs with one, and then replaced wherever it stands.
Presidio would find more names, by a spaCy model of 400 MB and more beside a writing model of 98 MB:
too heavy for what is read once. So names in running text stay unless a letter shows them, and the
report says so.

The values put in are set aside for this: example.com (RFC 2606) and 020 7946 0xxx (Ofcom's numbers
for drama). Both sides of a pair get the same, so that no fact changes between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from bot.errors import ConfigurationError
from bot.voice.rewriting import taken_apart
from bot.voice.voice import Guide

_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_KEPT_MAIL = re.compile(r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|[\w-]+\.example)$", re.I)
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof)\.?\s+")
_DRAMA = "020 7946 0"
_NAME = "Taylor"
_NO_NAMES = frozenset(
    """
    team support service services customer customers sales office desk reception accounts the sir
    madam all everyone
    """.split()
)
_INVENTED = re.compile(r"020 7946 0\d{3}")


def masked(plain: str, voiced: str, guide: Guide, region: str) -> tuple[str, str, list[str]]:
    """Both sides with personal data replaced, and the kinds that were found, in a fixed order.

    ``region``: two letters, the country whose phone numbers are written without a prefix. Raises
    :class:`ConfigurationError` if the libraries are not installed.
    """
    sides = [plain, voiced]
    found: list[str] = []
    for kind, find in (
        ("account number", _accounts),
        ("card number", _cards),
        ("mail address", _mails),
        ("phone number", lambda text: _phones(text, region)),
        ("name", lambda text: _names(text, guide)),
    ):
        values = list(dict.fromkeys(value for side in sides for value in find(side)))
        for n, value in enumerate(sorted(values, key=len, reverse=True)):
            whole = re.compile(rf"(?<![\w@]){re.escape(value)}(?![\w@])")
            sides = [whole.sub(_stand_in(kind, n), side) for side in sides]
        if values:
            found.append(kind)
    return sides[0], sides[1], found


def _stand_in(kind: str, n: int) -> str:
    match kind:
        case "mail address":
            return f"someone{n or ''}@example.com"
        case "phone number":
            return f"{_DRAMA}{100 + n % 900}"
        case "name":
            return _NAME if not n else f"{_NAME}-{chr(64 + n % 26)}"
        case _:
            return f"[{kind}]"


def _mails(text: str) -> Iterable[str]:
    return (match[0] for match in _MAIL.finditer(text) if not _KEPT_MAIL.search(match[0]))


def _phones(text: str, region: str) -> Iterable[str]:
    phonenumbers = _library("phonenumbers")
    strict = phonenumbers.Leniency.VALID
    return (
        match.raw_string
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=strict)
        if not _INVENTED.fullmatch(match.raw_string)
    )


def _accounts(text: str) -> Iterable[str]:
    iban = _library("stdnum.iban")
    return (match[0] for match in _ACCOUNT.finditer(text) if iban.is_valid(match[0]))


def _cards(text: str) -> Iterable[str]:
    luhn = _library("stdnum.luhn")
    return (m[0] for m in _CARD.finditer(text) if luhn.is_valid(re.sub(r"\D", "", m[0])))


def _names(text: str, guide: Guide) -> Iterable[str]:
    letter = taken_apart(text.strip(), guide)
    if not letter.salutation:  # a text of one line may end in any capitalised words
        return
    for line in (letter.name, *letter.signature.split("\n")[:1]):
        bare = _TITLE.sub("", line).strip(" ,.")
        words = bare.split()
        if words and _NO_NAMES.isdisjoint(word.lower() for word in words) and bare != _NAME:
            yield bare


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "Preparing examples needs the extra: pip install 'housevoice[train]'."
        ) from error
