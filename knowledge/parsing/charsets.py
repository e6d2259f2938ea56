"""Which charset bytes without any statement of it are in.

charset-normalizer tells East Asian charsets, Hebrew and the like apart, but took 15 of 38 samples
of a sentence for another charset (German in cp1252 for cp1250, Russian in koi8-r for Japanese): for
Western, Central European, Turkish, Cyrillic and Greek the letters and where they stand say more.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

_SAMPLED = 100_000
"""Bytes that are judged; a whole large file says no more, and takes long."""
_SURE = 0.9
_MARKS = "„“”‚‘’«»‹›–—…•·°§€£©®™±×²³½¼µ¿¡ºª¹†‰ \t"
_LETTERS = {
    "cp1252": "äöüÄÖÜßéèêëàâçñáíóúîïôûùåÅøØæÆœÉÈÀÁÍÓÚÑÇãõìòŒÿ",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰäöüßôľĺŕăâîșţşđĐ",
    "cp1254": "çğıöşüÇĞİÖŞÜâî",
    "iso8859-2": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰäöüßôľĺŕ",
    "cp850": "äöüÄÖÜßéèêëàâçñáíóúîïôûùåÅøØæÆÉÀ",
    "mac_roman": "äöüÄÖÜßéèêëàâçñáíóúîïôûùåÅøØæÆœÉÈÀ",
}
"""In the order of preference where several fit as well."""
_SCRIPTS = {
    "cp1251": re.compile("[а-яёіїєґ]", re.I),
    "koi8-r": re.compile("[а-яёіїєґ]", re.I),
    "cp866": re.compile("[а-яёіїєґ]", re.I),
    "cp1253": re.compile("[α-ωάέήίόύώϊϋΐΰ]", re.I),
}
_OTHERS = [
    "cp932", "shift_jis", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949", "euc_kr",
    "cp1253", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
]  # fmt: skip
_MANY = 0.4
"""Share of letters that are not ASCII: no Latin script has as many."""


class Guess(NamedTuple):
    """A charset, and whether it is sure enough to read the text by it."""

    charset: str
    is_sure: bool


def guess_charset(content: bytes) -> Guess:
    """The charset of text that is no UTF-8 and states none."""
    if (wide := utf16_without_mark(content)) is not None:
        return Guess(wide, True)
    sample = content[:_SAMPLED]
    best, share = max(
        ((name, _latin_share(sample, name)) for name in _LETTERS), key=lambda each: each[1]
    )
    if share >= _SURE:
        return Guess(best, True)
    script = max(_SCRIPTS, key=lambda name: _script_share(sample, name))
    if _script_share(sample, script) >= _SURE:
        return Guess(script, True)
    kana = max(("cp932", "euc_jp"), key=lambda name: _kana_share(sample, name))
    if _kana_share(sample, kana) > 0.15:
        return Guess(kana, True)
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=_OTHERS, language_threshold=0.0).best()
    if found is not None and found.chaos < 0.1 and _is_one_script(str(found)):
        return Guess(found.encoding, True)
    return Guess(best, False)


def utf16_without_mark(content: bytes) -> str | None:
    """UTF-16's byte order, told by where the NULs of ASCII letters stand; None if it is none."""
    sample = content[: min(len(content), 8192) // 2 * 2]
    if len(sample) < 8:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for name, most, least in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if most > half * 0.5 and least == 0:
            try:
                text = sample.decode(name)
            except UnicodeDecodeError:
                return None
            printable = sum(char.isprintable() or char in "\r\n\t" for char in text)
            return name if printable >= 0.99 * len(text) else None
    return None


def _decoded(sample: bytes, charset: str) -> str | None:
    try:
        return sample.decode(charset)
    except UnicodeDecodeError as error:  # the sample may end inside a character
        if error.start < len(sample) - 4 or len(sample) < _SAMPLED:
            return None
        return sample[: error.start].decode(charset)


def _latin_share(sample: bytes, charset: str) -> float:
    """Of what is not ASCII: how much is a usual letter inside a word, or a usual mark."""
    text = _decoded(sample, charset)
    if text is None:
        return 0.0
    beyond = re.findall(r"[^\x00-\x7f]", text)
    letters = sum(map(str.isalpha, text))
    if not beyond or sum(map(str.isalpha, beyond)) > max(3, _MANY * letters):
        return 0.0
    usual = sum(char in _LETTERS[charset] or char in _MARKS for char in beyond)
    # A capital inside a word, or a mark between letters, is another charset's small letter.
    odd = len(re.findall(r"[a-zß-ÿ](?:[À-ÖØ-Þ]|[„“”‚‘«»‹›•°§£©®™±×²³¹½¼µ¿¡ªº¸´¨†‰])[a-zß-ÿ]", text))
    return (usual - odd) / len(beyond)


def _script_share(sample: bytes, charset: str) -> float:
    """As for Latin letters, in scripts whose letters are all beyond ASCII."""
    text = _decoded(sample, charset)
    if text is None:
        return 0.0
    beyond = [char for char in text if char > "\x7f" and char not in _MARKS]
    usual = [char for char in beyond if _SCRIPTS[charset].match(char)]
    odd = sum(a.islower() and b.isupper() for a, b in pairwise(text) if a > "\x7f" < b)
    if not beyond or sum(map(str.islower, usual)) * 2 < len(usual):
        return 0.0
    return (len(usual) - odd) / len(beyond)


def _kana_share(sample: bytes, charset: str) -> float:
    text = _decoded(sample, charset)
    if text is None:
        return 0.0
    beyond = sum(char > "\x7f" for char in text)
    return sum("\u3041" <= char <= "\u30f6" for char in text) / beyond if beyond else 0.0


def _is_one_script(text: str) -> bool:
    """Half-width Katakana and private letters are what a wrong charset yields."""
    odd = sum("\uff61" <= char <= "\uff9f" or "\ue000" <= char <= "\uf8ff" for char in text)
    return odd * 20 < len(text)
