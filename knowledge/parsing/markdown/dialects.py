"""What Markdown's dialects add to it, taken off: the words stay, the marks of the tools go.

Admonitions and tabs (MkDocs, Docusaurus, GitHub, Obsidian), MDX, Hugo's shortcodes, wiki links,
kramdown's and Pandoc's attributes, footnote marks and reference links. Titles become bold lines.
"""

from __future__ import annotations

import re

from knowledge.parsing.inline import outside_code, raised
from knowledge.parsing.markdown.admonitions import without_admonitions
from knowledge.parsing.markdown.drawn_tables import drawn_tables
from knowledge.parsing.markdown.editors import as_meant
from knowledge.parsing.markdown.mdx import CLOSING, SAID, without_mdx
from knowledge.parsing.markdown.myst import without_myst
from knowledge.parsing.markdown.references import references_resolved
from knowledge.parsing.markdown.revisions import without_deleted

# Bounds in the patterns keep unclosed marks in long paragraphs from costing quadratic time.


def without_dialects(text: str) -> str:
    """Plain Markdown of the same words; code is left as it is, but for its indentation."""
    if "{" in text:
        text = without_myst(text)
    text = drawn_tables(without_admonitions(text))
    if "[" in text:
        text = references_resolved(text)
    closed = frozenset(CLOSING.findall(text)) if "</" in text else frozenset[str]()
    return outside_code(text, lambda prose: _without_marks(prose, closed))


# --- Hugo, wikis, attributes ------------------------------------------------------------------

_SHORTCODE = re.compile(
    r"\{\{(?:<|%)[ \t]*(/?[\w/-]*)"
    r"((?>\"[^\"]{0,500}\"|`[^`]{0,500}`|[^\"`>%{}]|>(?!\}\})|%(?!\}\})){0,1000}+)/?(?:>|%)\}\}"
)
_REFERS = ("ref", "relref", "absref", "link")
_TITLED = ("tab", "details", "expand", "notice", "collapse", "accordion", "spoiler", "panel")
_QUOTED_WORDS = re.compile(r"\"([^\"]*)\"|`([^`]*)`")
_SITE_VARIABLE = re.compile(
    r"\{\{-?\s{0,9}(?:(?:site|page|layout|include|config|extra|post|forloop|fm)\.[^{}\n]{0,300}"
    r"|content\s{0,9})-?\}\}"
)
_TEXT_VARIABLE = re.compile(r"\{\{-?\s{0,9}[\"']([^\"'\n]{0,300})[\"'][^{}\n]{0,300}\}\}")
_CALL = re.compile(
    r"\{\{-?\s{0,9}(?:(?P<says>_|gettext|ngettext|t|tr|trans|translate)|[\w.]{1,60})"
    r"\(\s{0,9}(?:[\"'](?P<words>[^\"'\n]{0,300})[\"'])?[^{}\n]{0,300}\)[^{}\n]{0,100}\}\}"
)
_TEMPLATE_COMMENT = re.compile(r"\{#(?!\w)[^#{}]{0,2000}#\}")
_WIKI = re.compile(
    r"(?<![\[!\\])\[\[([^\[\]|\n]{1,200})(?:\\?\|([^\[\]\n]{1,200}))?\]\](?![\](\[])"
)
_EMBED = re.compile(r"!\[\[[^\[\]\n]{1,300}\]\]")
_CONTENTS = re.compile(
    r"^[ \t]*(?:\[\[?_?toc_?\]\]?|[-*][ \t]+toc(?=[ \t]*\n\{:)|\{\{?\s?toc\s?\}?\})"
    r"[ \t]*$\n?",
    re.M | re.I,
)
_LABEL_LINE = re.compile(r"^[ \t]*(?:\([\w:./-]{1,100}\)=|-{1,9}8<-{1,9}[^\n]*)[ \t]*$\n?", re.M)
"""Of MyST, which names a place, and of MkDocs, where another file is put in."""
_ABBREVIATION = re.compile(r"^\*\[([^\[\]\n]{1,60})\]:", re.M)
_COMMENT = re.compile(r"(?<![\w%])%%(?!%)(?:[^%]|%(?!%)){1,2000}?%%(?!%)")
_BLOCK_ID = re.compile(r"(?<=\S)[ \t]+\^[\w-]{2,40}[ \t]*$", re.M)
_MARKED = re.compile(r"(?<![=\w])==(?=[^\s=])([^=\n]{1,500})(?<=\S)==(?![=\w])")
_SPAN = re.compile(r"(?<![!\]\\])\[([^\[\]\n]{1,500})\]\{[.#:][^{}\n]{0,300}\}")
_HEADING_CLASS = re.compile(
    r"^(#{1,6}[ \t][^\n]*?)[ \t]*\{(?::[ \t]*)?\.[^{}#\n]{0,300}\}[ \t]*$", re.M
)
_BADGE = re.compile(
    r"!\[[^\[\]\n]{0,200}\]\([^()\s]{0,300}"
    r"(?:shields\.io|badge|badgen|codecov|travis-ci)[^()\s]{0,300}\)"
)
_BADGE_LINK = re.compile(r"\[[ \t]*\]\([^()\s]{0,500}\)")
_ATTRIBUTES = re.compile(
    r"(?<=[)\]*_`>\0])\{(?::|[.#][\w-]|[\w-]{1,40}=)[^{}\n]{0,300}\}|[ \t]*\{:[^{}\n]{0,300}\}|"
    r"(?:^|[ \t]+)\{ ?[#.][\w-][^{}\n]{0,300}\}[ \t]*$"
)
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]")
_FOOTNOTE = re.compile(r"(?<=[^\s\[])\[\^[\w-]{1,50}\](?!:)")
_INLINE_NOTE = re.compile(r"[ \t]?\^\[((?:[^\[\]\n]|\[[^\[\]\n]{0,200}\]){1,1000})\]")
_NO_TEXT = re.compile(
    r"^ {0,3}\[(?://|comment|_metadata_[^\]\n]{0,60})\]:[ \t][^\n]*\n?", re.M | re.I
)
"""Reference links that nothing leads to, in which Markdown's authors keep remarks."""
_LOWERED = re.compile(r"(?<=[A-Za-z)])~([\w+-]{1,8})~(?!~)")
_RAISED = re.compile(r"(?<=([\w)]))\^([\w+-]{1,8})\^(?!\^)")
_FOOTNOTE_TEXT = re.compile(r"^[ \t]{0,3}\[\^[\w-]{1,50}\]:[ \t]*", re.M)
# Not at the beginning of a line, where they keep "1\." from being a list, nor after "]".
_NEEDLESS_ESCAPE = re.compile(
    r"(?:(?<=[^\s\d\]\\!>#+-])|(?<=[^\s\\][ \t]))\\([().,:;?%&'\"/=@^{}$]|!(?!\[))|"
    r"^[ \t]{0,3}\\([(\"'&@$%])",
    re.M,
)


_DEFINED = re.compile(
    r"^(?P<term>[^\W_][^\n|]{0,200}?)[ \t]*\n(?:[ \t]*\n)?[ \t]{0,3}:[ \t]+(?=\S)", re.M
)
_DEFINED_TOO = re.compile(r"^[ \t]{0,3}:[ \t]{2,}(?=\S)", re.M)


def definitions_as_text(text: str) -> str:
    """Definition lists (PHP Markdown Extra) as a paragraph a term: ``**Term**: what it means``."""
    return _DEFINED_TOO.sub("\n", _DEFINED.sub(r"\n**\g<term>**: ", text))


def _without_marks(text: str, closed: frozenset[str]) -> str:
    text = without_deleted(text)
    if "<" in text or "import " in text or "export " in text:
        text = without_mdx(text, closed)
    if "{{" in text:
        text = _SHORTCODE.sub(_shortcode_words, text)
        text = _TEXT_VARIABLE.sub(r"\1", _SITE_VARIABLE.sub("", text))
        text = _CALL.sub(lambda match: (match["words"] or "") if match["says"] else "", text)
    if "{#" in text:
        text = _TEMPLATE_COMMENT.sub("", text)
    if "%%" in text:
        text = _COMMENT.sub("", text)
    if "toc" in text.casefold():
        text = _CONTENTS.sub("", text)
    if ")=" in text or "8<" in text:
        text = _LABEL_LINE.sub("", text)
    if "[" in text:
        text = _INLINE_NOTE.sub(r" (\1)", _NO_TEXT.sub("", text))
        text = _ABBREVIATION.sub(r"\1:", text)
        text = _WIKI.sub(_wiki_words, _EMBED.sub("", text))
        text = _BADGE_LINK.sub("", _BADGE.sub("", text)) if _BADGE.search(text) else text
        text = _FOOTNOTE_TEXT.sub("\n", _FOOTNOTE.sub("", text))
    if "{" in text:
        text = _HEADING_CLASS.sub(r"\1", _SPAN.sub(r"\1", text))
        text = "\n".join(
            line if _HEADING.match(line) or "{" not in line else _ATTRIBUTES.sub("", line)
            for line in text.split("\n")
        )
    text = _LOWERED.sub(r"\1", text) if "~" in text else text
    if "^" in text:
        text = _RAISED.sub(lambda mark: raised(mark[1], mark[2]), text)
    if "\\" in text:
        text = _NEEDLESS_ESCAPE.sub(lambda match: match[1] or match[2], text)
    if "\n:" in text:
        text = definitions_as_text(text)
    return as_meant(_MARKED.sub(r"\1", _BLOCK_ID.sub("", text)))


def _shortcode_words(match: re.Match[str]) -> str:
    name, told = match[1].strip("/").lower(), match[2]
    quoted = [double or back for double, back in _QUOTED_WORDS.findall(told)]
    if name in _REFERS and (quoted or told.strip()):
        return (quoted or told.split())[0]
    said = SAID.search(told)
    title = (said[1] or said[2] or "") if said else ""
    if not title and quoted and name in _TITLED and "=" not in told:
        title = quoted[0]
    return f"\n\n**{title}**\n\n" if title else ""


# A scheme, or a name with dots or slashes and no blank: Dendron and MediaWiki put the label first.
_ADDRESS = re.compile(r"\s*(?:[a-z][a-z\d+.-]{1,20}://\S*|[\w-]+(?:[./#][\w-]+)+/?)\s*")


def _wiki_words(match: re.Match[str]) -> str:
    first, second = match[1], match[2]
    label_first = second and _ADDRESS.fullmatch(second) and not _ADDRESS.fullmatch(first)
    label = first if label_first else second or first.replace("#", " › ").strip(" ›")
    return label.strip()
