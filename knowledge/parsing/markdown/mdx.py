"""MDX: what is for the program that builds the pages taken off; the words in components stay."""

from __future__ import annotations

import re

_IMPORT = re.compile(
    r"^import[ \t]+(?:[\w$*{][^;\"'\n]{0,500}(?:\n[^;\"'\n]{0,200}){0,50}?[ \t}]from[ \t]*)?"
    r"[\"'][^\"'\n]{1,300}[\"'];?[ \t]*$\n?",
    re.M,
)
_EXPORT = re.compile(
    r"^export[ \t]+(?:(?:const|let|var)[ \t]+[\w$]+[ \t]*=|(?:async[ \t]+)?function\b|"
    r"default[ \t]+(?:function\b|class\b|[\w$]*[ \t]*[({]|[\w$.]+;|\(\{))[^\n]*(?:\n[^\n]+)*\n?",
    re.M,
)
_JSX_WORDS = re.compile(r"\{(?:\"([^\"{}\n]{0,300})\"|'([^'{}\n]{0,300})'|`([^`{}\n]{0,300})`)\}")
_JSX_COMMENT = re.compile(r"\{/\*(?:[^*]|\*(?!/)){0,4000}\*/\}")
_JSX = re.compile(
    r"<(?P<close>/)?(?P<name>[A-Z][\w.]{0,60})(?P<told>(?>\s(?>[^<>{}\"'/]|/(?!>)|"
    r"\"[^\"]{0,500}\"|'[^']{0,500}'|\{(?>[^{}]|\{(?>[^{}]|\{[^{}]{0,200}\}){0,500}\}){0,1000}\})"
    r"{0,1000}+)?)\s{0,9}(?P<empty>/)?>",
    re.M,
)
SAID = re.compile(
    r"\b(?:title|label|header|heading|summary|caption)\s*=\s*"
    r"(?:\"([^\"]*)\"|'([^']*)'|\{\s*[\"'`]([^\"'`{}]*)[\"'`]\s*\})"
)
CLOSING = re.compile(r"</([A-Z][\w.]{0,60})\s{0,9}>")
_FRAGMENT = re.compile(r"^[ \t]*</?>[ \t]*$\n?", re.M)


def without_mdx(text: str, closed: frozenset[str]) -> str:
    """Without imports, exports and components; the text inside them and their titles stay.

    A tag like ``<Name>`` that nothing closes is a placeholder in running text.
    """
    text = _EXPORT.sub("", _IMPORT.sub("", text))
    text = _FRAGMENT.sub("", _JSX_COMMENT.sub("", text))
    text = _JSX_WORDS.sub(lambda match: match[match.lastindex or 0], text)

    def words(match: re.Match[str]) -> str:
        told = match["told"] or ""
        is_component = match["empty"] or "=" in told or match["name"] in closed
        if not is_component:
            return match[0]
        said = SAID.search(told)
        title = (said[1] or said[2] or said[3] or "") if said else ""
        return f"\n\n**{title}**\n\n" if title else ""

    return _JSX.sub(words, text)
