"""Bytes to clean text: which charset they are in, and what never belongs into a document."""

from __future__ import annotations

import codecs
import re
import unicodedata

from knowledge.errors import DocumentSkipped
from knowledge.parsing.charsets import guess_charset, utf16_without_mark

_BOMS = (
    # UTF-32 first: its little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Controls but tab and newline; soft hyphen, zero-width space and BOM hide words from search;
# lone surrogates cannot be encoded again.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\ud800-\udfff]")

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_SNIFFED = 2048
"""HTML states its charset within its first 1,024 bytes (WHATWG HTML 4.2.5.4); be generous."""


def has_text_bom(content: bytes) -> bool:
    """Does the content begin with a Unicode byte order mark?"""
    return any(content.startswith(mark) for mark, _ in _BOMS)


_FEW = 1_000
"""One broken character in so many is a slip in a text whose charset is known."""


def decode(content: bytes, *, charset: str | None = None, is_html: bool = False) -> str:
    """The text of ``content``.

    Order: byte order mark, UTF-8, the stated charset, HTML's ``<meta charset>``, what the bytes
    look like. UTF-8 comes before what was stated, since servers state wrong charsets while other
    text that happens to be valid UTF-8 is next to impossible. Raises :class:`DocumentSkipped`
    where none is sure.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    stated = [charset] if charset else []
    if is_html and (meta := _META_CHARSET.search(content[:_SNIFFED])):
        stated.append(meta[1].decode("ascii", errors="replace"))
    wide = utf16_without_mark(content)
    for encoding in ("utf-8", *stated) if wide is None else (wide,):
        try:
            return content.decode(encoding)
        except (UnicodeError, LookupError):  # LookupError: a charset that Python does not know
            continue
    nearly = content.decode("utf-8", errors="replace")
    broken = nearly.count("\ufffd")
    if broken * _FEW < len(nearly) and sum(char > "\x7f" for char in nearly) >= 2 * broken:
        return nearly
    guess = guess_charset(content)
    if guess.is_sure:
        return content.decode(guess.charset, errors="replace")
    if sum(byte > 0x7F for byte in content) * _FEW < len(content):
        return content.decode("cp1252", errors="replace")
    raise DocumentSkipped(
        "Its characters are in a charset that cannot be told for sure: it is not UTF-8, and "
        f"might be {guess.charset}. Save it as UTF-8 and add it again."
    )


def clean(text: str) -> str:
    """NFC text with ``\\n`` line ends, without controls, soft hyphens and zero-width spaces."""
    return unicodedata.normalize("NFC", _UNWANTED.sub("", _LINE_ENDS.sub("\n", text)))
