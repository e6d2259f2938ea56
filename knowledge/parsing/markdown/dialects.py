"""What Markdown's dialects add to it, taken off: the words stay, the marks of the tools go.

Admonitions and tabs (MkDocs, Docusaurus, GitHub, Obsidian), MDX, Hugo's shortcodes, wiki links,
kramdown's and Pandoc's attributes, footnote marks and reference links. Titles become bold lines.
"""

from __future__ import annotations

import re

from knowledge.parsing.blocks import fence_ranges
from knowledge.parsing.inline import outside_code
from knowledge.parsing.markdown.editors import as_meant

# Bounds in the patterns keep unclosed marks in long paragraphs from costing quadratic time.
_MKDOCS = re.compile(
    r"[ \t]*(?:!!!|\?\?\?\+?|===[!+]?)[ \t]+(?:[\w-]+(?:[ \t]+[\w-]+){0,9}[ \t]*)?"
    r"(?:\"(.*)\")?[ \t]*$"
)
_MKDOCS_INDENT = 4
_DIRECTIVE = re.compile(
    r"[ \t]*:{3,}[ \t]*(?:\{[^{}\n]*\}|[\w-]+)?(?:\[([^\]\n]*)\])?(?:\{[^{}\n]*\})?[ \t]*"
    r"(.*?)[ \t]*(?:\{[^{}\n]*\})?[ \t]*:*$"
)
_ALERT = re.compile(r"([ \t]*)>[ \t]*\[!([\w-]+)(?:\|[^\]\n]*)?\][-+]?[ \t]*(.*?)[ \t]*$")
_QUOTED = re.compile(r"[ \t]*>[ \t]?")


def without_dialects(text: str) -> str:
    """Plain Markdown of the same words; code is left as it is, but for its indentation."""
    if "{" in text:
        text = _without_myst(text)
    text = _without_blocks(text)
    if "[" in text:
        text = _references_resolved(text)
    closed = frozenset(_CLOSING.findall(text)) if "</" in text else frozenset[str]()
    return outside_code(text, lambda prose: _without_marks(prose, closed))


_MYST = re.compile(r"[ \t]*(`{3,}|~{3,})\{([\w:.-]+)\}[ \t]*(.*)$")
_MYST_CODE = frozenset("code code-block code-cell sourcecode literalinclude math mermaid".split())
_MYST_LEFT_OUT = frozenset("toctree contents tableofcontents image raw index bibliography".split())
_MYST_OPTION = re.compile(r"[ \t]*:[\w-]+:")


def _without_myst(text: str) -> str:
    """MyST's directives, written as code fences, and roles, written before code spans, as text."""
    if "}`" in text:
        text = _ROLE.sub(r"\1", text)
    if "`{" not in text and "~{" not in text:
        return text
    found: list[str] = []
    open_fences: list[tuple[str, str]] = []  # marks, and what becomes of what is inside
    for line in text.split("\n"):
        inside = open_fences[-1][1] if open_fences else ""
        if open_fences and line.strip() == open_fences[-1][0]:
            open_fences.pop()
            found.append("" if inside in ("gone", "text") else line)
        elif inside == "options" and _MYST_OPTION.match(line):
            pass
        elif inside in ("code", "options", "gone"):
            if inside == "options":
                open_fences[-1] = (open_fences[-1][0], "code")
            found.append(line) if inside != "gone" else None
        elif match := _MYST.match(line):
            kind = (
                "options"
                if match[2] in _MYST_CODE
                else "gone"
                if match[2] in _MYST_LEFT_OUT
                else ""
            )
            open_fences.append((match[1], kind or "text"))
            if kind == "options":
                found.append(f"{match[1]}{match[3].split()[0] if match[3] else ''}")
            elif not kind:
                found.append(_title_line(match[3]))
        elif match := _PLAIN_FENCE.match(line):
            open_fences.append((match[1], "code"))
            found.append(line)
        elif not (inside == "text" and _MYST_OPTION.match(line)):
            found.append(line)
    return text if open_fences else "\n".join(found)


_PLAIN_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[^`]*$")


def _without_blocks(text: str) -> str:
    """Without the lines that begin and end admonitions and tabs, and their content not indented."""
    if not any(mark in text for mark in ("!!!", "???", "===", ":::", "[!")):
        return text
    in_fence = _lines_in_fences(text)
    found: list[str] = []
    indents: list[int] = []  # of the MkDocs blocks that are open
    in_alert = after_myst = False
    for number, line in enumerate(text.split("\n")):
        indent = len(line) - len(line.lstrip(" "))
        while indents and line.strip() and indent < indents[-1] + _MKDOCS_INDENT:
            indents.pop()
        shown = line[_MKDOCS_INDENT * len(indents) :] if line.strip() else line
        in_alert = in_alert and line.lstrip().startswith(">")
        if number in in_fence:
            pass
        elif match := _MKDOCS.match(line):
            indents.append(indent)
            shown = _title_line(match[1])
        elif after_myst and _MYST_OPTION.match(line):
            continue
        elif line.lstrip().startswith(":::") and (match := _DIRECTIVE.match(line)):
            after_myst = "{" in line
            found.append(_title_line(match[1] or match[2]))
            continue
        elif match := _ALERT.match(line):
            in_alert, shown = True, _title_line(match[3])
        elif in_alert:
            shown = _QUOTED.sub("", shown, count=1)
        after_myst = False
        found.append(shown)
    return "\n".join(found)


def _lines_in_fences(text: str) -> set[int]:
    inside: set[int] = set()
    at = number = 0
    for start, end in fence_ranges(text):
        number += text.count("\n", at, start)
        lines = text.count("\n", start, end)
        inside.update(range(number, number + lines + 1))
        at, number = end, number + lines
    return inside


def _title_line(title: str | None) -> str:
    return f"\n**{title.strip()}**\n" if title and title.strip() else ""


# --- MDX --------------------------------------------------------------------------------------

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
_SAID = re.compile(
    r"\b(?:title|label|header|heading|summary|caption)\s*=\s*"
    r"(?:\"([^\"]*)\"|'([^']*)'|\{\s*[\"'`]([^\"'`{}]*)[\"'`]\s*\})"
)
_CLOSING = re.compile(r"</([A-Z][\w.]{0,60})\s{0,9}>")
_FRAGMENT = re.compile(r"^[ \t]*</?>[ \t]*$\n?", re.M)


def _without_mdx(text: str, closed: frozenset[str]) -> str:
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
        said = _SAID.search(told)
        title = (said[1] or said[2] or said[3] or "") if said else ""
        return f"\n\n**{title}**\n\n" if title else ""

    return _JSX.sub(words, text)


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
_ROLE = re.compile(r"\{[\w:.-]{1,40}\}`([^`<>\n]{1,300}?)(?:\s*<[^`<>\n]{0,300}>)?`")
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
    if "<" in text or "import " in text or "export " in text:
        text = _without_mdx(text, closed)
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
    said = _SAID.search(told)
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


# --- reference links --------------------------------------------------------------------------

_DEFINITION = re.compile(
    r"^ {0,3}\[([^\[\]^\n]{1,200})\]:[ \t]*<?((?:[a-z][a-z\d+.-]{1,20}:|\.{0,2}/|#)[^\s<>]{0,2000}|"
    r"[^\s<>]{1,300}\.(?:md|html?|pdf|png|jpe?g|svg|gif)(?:#[^\s<>]{0,200})?)>?"
    r"(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$\n?",
    re.M | re.I,
)
_REFERENCE = re.compile(
    r"(?<![\]\\])(!?)\[((?:[^\[\]\\\n]|\\.|\n(?!\n)){1,500})\](?:\[([^\[\]\n]{0,200})\])?(?![\[(:{])"
)


def _references_resolved(text: str) -> str:
    """Reference links as inline ones, without the definitions, whose addresses are no text."""
    targets: dict[str, str] = {}

    def collect(prose: str) -> str:
        for match in _DEFINITION.finditer(prose):
            targets.setdefault(_label(match[1]), match[2])
        return _DEFINITION.sub("", prose)

    def resolve(prose: str) -> str:
        return _REFERENCE.sub(inline, prose)

    def inline(match: re.Match[str]) -> str:
        target = targets.get(_label(match[3] or match[2]))
        return match[0] if target is None else f"{match[1]}[{match[2]}]({target})"

    text = outside_code(text, collect)
    return outside_code(text, resolve) if targets else text


def _label(words: str) -> str:
    return " ".join(words.split()).casefold()
