"""Markdown read once by a real parser and written anew in a platform's own dialect.

What a platform shows differently it overrides in :class:`Writer`. Writing anew rather than patching
text with patterns is what makes the rules hold everywhere: in code, in link text, in tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from adapters.markdown.mentions import ZERO_WIDTH_SPACE
from adapters.markdown.reading import parser, plain_text, shallow
from adapters.markdown.tables import TABLE_WIDTH, align

RULE: Final = "─" * 10
"""A thematic break: neither mrkdwn nor Discord has one."""

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|(?<![\w@])(?:mailto:|www\.))"
    r"[^\s<>\"`\u200b]*[^\s<>\"`\u200b.,;:!?'*_~\]]",
    re.I,
)
_INFO = re.compile(r"[\w+#.-]{1,20}")
_ENTITY = re.compile(r"&(?=#?\w{1,40};)")
_SPECIAL = re.compile(r"\\(?=[!-/:-@\[-`{-~]|\s*$)|`|\*|_+|~+|\]\(|[\[\]]")
_LINE_START = re.compile(
    r"^[ \t]*(?:\[[^\]\n]*\](?=:)|\d{1,9}(?=[.)](?:\s|$)))?"
    r"(?=(?<=\]):|(?<=\d)[.)]|#{1,6}(?:\s|$)|[-+](?:[ \t#]|$)|>|=+[ \t]*$|[-:|][-:| \t]*$)",
    re.M,
)


def keep_links(markdown: str, allowed: Collection[str]) -> str:
    """The same Markdown with every link text where its URL is not one of ``allowed``."""
    return Writer(allowed).write(markdown)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A part of a container: text to be indented or quoted with it, or a fence at the margin."""

    text: str
    is_fence: bool = False


class Writer:
    """Writes CommonMark. One writer writes one text at a time.

    links: the URLs that may stay links; any other is shown as code, which nobody can click.
    Fences stand at the margin, outside their list or quote, since neither platform indents them.
    Left out: link titles, a fence's info beyond one word, empty fences, and the cells of a row
    beyond its table's header, which GFM ignores.
    """

    bullet = "-"
    strong_mark, strike_mark = "**", "~~"
    fence_has_info = True
    bold_from = 7
    """The heading level from which headings are bold lines."""
    plain_labels = False
    """Would marks in a link's text be shown as they are?"""
    url = _URL
    """What the platform makes a link by itself."""

    def __init__(self, links: Collection[str] = ()) -> None:
        normal = parser().normalizeLink
        self._links = frozenset(normal(url) for url in links)
        self._open: set[str] = set()

    def write(self, markdown: str) -> str:
        """``markdown`` in this dialect, without blank lines at its ends."""
        root = SyntaxTreeNode(parser().parse(shallow(markdown)))
        return self.finish("\n\n".join(each.text for each in self._blocks(root.children)))

    # What a dialect may change.

    def finish(self, text: str) -> str:
        """Last look at the whole."""
        return text

    def escape(self, text: str) -> str:
        """Text that means nothing but itself in the middle of a line."""
        return _SPECIAL.sub(self._escape_mark, _ENTITY.sub("&amp;", text)).replace("<", "\\<")

    def escape_lines(self, text: str) -> str:
        """Written inline text whose lines must not begin a heading, list, quote, rule or table."""
        return _LINE_START.sub(lambda match: match[0] + "\\", text)

    def escape_code(self, text: str) -> str:
        """The inside of a fence or of code."""
        return re.sub("`(?=`)", f"`{ZERO_WIDTH_SPACE}", text)

    def heading(self, text: str, level: int) -> str:
        """A heading's line, where it is not bold."""
        closed = re.sub(r"(?=#+$)", r"\\", text)  # Else the parser would drop them.
        return f"{'#' * level} {closed}"

    def strong(self, text: str) -> str:
        """Bold."""
        return f"{self.strong_mark}{text}{self.strong_mark}"

    def emphasis(self, text: str, mark: str) -> str:
        """Italic; ``mark`` is the source's, ``*`` or ``_``."""
        return f"{mark}{text}{mark}"

    def strike(self, text: str) -> str:
        """Struck through."""
        return f"{self.strike_mark}{text}{self.strike_mark}"

    def code(self, text: str) -> str:
        """Code in a line."""
        text = self.escape_code(text)
        if "`" not in text:
            return f"`{text}`"
        return f"`` {text} ``"

    def link(self, label: str, url: str) -> str:
        """A link with written text."""
        return f"[{label}]({url})"

    def bare_link(self, url: str) -> str:
        """A link that shows its URL."""
        return f"<{url}>"

    def glue(self, before: str, after: str) -> str:
        """What must stand between two parts of a line that would otherwise become something."""
        if before.endswith("`") and after.startswith("`"):
            return " "
        is_link = (before.endswith("!") and after.startswith("[")) or (
            before.endswith("]") and after.startswith("(")
        )
        return "\\" if is_link and before.endswith("]") else ZERO_WIDTH_SPACE if is_link else ""

    # Blocks.

    def _blocks(self, nodes: Sequence[SyntaxTreeNode], *, tight: bool = False) -> list[_Chunk]:
        """The children of a container; texts that touch are one."""
        merged: list[_Chunk] = []
        for node in nodes:
            for chunk in self._block(node):
                if merged and not (merged[-1].is_fence or chunk.is_fence):
                    gap = "\n" if tight else "\n\n"
                    merged[-1] = _Chunk(f"{merged[-1].text}{gap}{chunk.text}")
                else:
                    merged.append(chunk)
        return merged

    def _block(self, node: SyntaxTreeNode) -> list[_Chunk]:
        match node.type:
            case "heading":
                return self._heading(node, int(node.tag[1]))
            case "fence":
                return self._fence(node.content.removesuffix("\n"), node.info)
            case "blockquote":
                return [self._quoted(chunk) for chunk in self._blocks(node.children)]
            case "bullet_list" | "ordered_list":
                return self._list(node)
            case "table":
                return self._table(node)
            case "hr":
                return [_Chunk(RULE)]
            case _:
                text = self.escape_lines(self._line(node))
                return [_Chunk(text)] if text else []

    def _heading(self, node: SyntaxTreeNode, level: int) -> list[_Chunk]:
        is_bold = level >= self.bold_from
        if is_bold:
            self._open.add("strong")
        text = self._line(node).replace("\n", " ")
        self._open.discard("strong")
        if not text:
            return []
        return [_Chunk(self.strong(text) if is_bold else self.heading(text, level))]

    def _fence(self, content: str, info: str = "") -> list[_Chunk]:
        if not content.strip():
            return []
        word = _INFO.match(info.strip()) if self.fence_has_info else None
        return [_Chunk(f"```{word[0] if word else ''}\n{self.escape_code(content)}\n```", True)]

    def _quoted(self, chunk: _Chunk) -> _Chunk:
        if chunk.is_fence:
            return chunk
        return _Chunk("\n".join(f"> {line}".rstrip() for line in chunk.text.split("\n")))

    def _list(self, node: SyntaxTreeNode) -> list[_Chunk]:
        first = node.attrs.get("start", 1)
        chunks: list[_Chunk] = []
        for number, item in enumerate(node.children, int(first)):
            marker = f"{number}. " if node.type == "ordered_list" else f"{self.bullet} "
            # A loose list is one whose paragraphs are not hidden by the parser.
            tight = all(child.hidden for child in item.children if child.type == "paragraph")
            inside = self._blocks(item.children, tight=tight)
            if not inside or inside[0].is_fence:
                inside.insert(0, _Chunk(""))
            for at, chunk in enumerate(inside):
                if not chunk.is_fence:
                    chunk = _Chunk(_hang(chunk.text, marker if at == 0 else " " * len(marker)))
                if chunks and not (chunks[-1].is_fence or chunk.is_fence):
                    gap = "\n" if tight else "\n\n"
                    chunks[-1] = _Chunk(f"{chunks[-1].text}{gap}{chunk.text}")
                else:
                    chunks.append(chunk)
        return chunks

    def _table(self, node: SyntaxTreeNode) -> list[_Chunk]:
        rows = [row.children for part in node.children for row in part.children]
        cells = [[plain_text(cell.children) for cell in row] for row in rows]
        aligned = align(cells, [str(cell.attrs.get("style", "")) for cell in rows[0]])
        has_link = any(
            part.type in ("link", "image") for row in rows for cell in row for part in cell.walk()
        )
        if len(aligned.split("\n")[1]) <= TABLE_WIDTH and not has_link:
            return self._fence(aligned)
        header = [self._line(cell) for cell in rows[0]]
        if len(rows) == 1:
            return [_Chunk("\n".join(f"{self.bullet} {cell}" for cell in header))]
        lines = []
        for row in rows[1:]:
            for at, (name, cell) in enumerate(zip(header, row, strict=True)):
                label = f"{self.strong(name)}: " if name else ""
                indent = "  " if at else ""
                lines.append(f"{indent}{self.bullet} {label}{self._line(cell) or '–'}")
        return [_Chunk("\n".join(lines))]

    # Inline.

    def _line(self, node: SyntaxTreeNode) -> str:
        inline = [part for child in node.children for part in child.children]
        # Two breaks in a row would end the paragraph.
        return re.sub(r"\n[ \t]*(?=\n)", "", self._inline(inline).strip())

    def _inline(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        written = ""
        for node in nodes:
            part = self._part(node)
            written += self.glue(written, part) + part
        return written

    def _part(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "softbreak" | "hardbreak":
                return "\n"
            case "code_inline":
                return self.code(node.content)
            case "strong":
                return self._marked("strong", node, self.strong)
            case "em":
                return self._marked("em", node, lambda text: self.emphasis(text, node.markup))
            case "s":
                return self._marked("s", node, self.strike)
            case "link" | "image":
                return self._link(node)
            case _:
                return "".join(self._text(node.content))

    def _marked(self, kind: str, node: SyntaxTreeNode, mark: Callable[[str], str]) -> str:
        if kind in self._open:  # Bold in bold is bold, and doubled marks are read differently.
            return self._inline(node.children)
        self._open.add(kind)
        text = self._inline(node.children)
        self._open.discard(kind)
        inner = text.strip()
        if not inner:
            return text
        # Marks must touch what they mark.
        start = text.index(inner)
        return text[:start] + mark(inner) + text[start + len(inner) :]

    def _link(self, node: SyntaxTreeNode) -> str:
        url = str(node.attrs.get("src" if node.type == "image" else "href", ""))
        shown = plain_text(node.children)
        is_bare = parser().normalizeLink(shown) in (url, url.removeprefix("mailto:"))
        is_bare = is_bare or not shown.strip()
        if url in self._links and "link" not in self._open:
            if is_bare:
                return self.bare_link(_safe_url(url))
            self._open.add("link")
            label = "".join(self._text(shown)) if self.plain_labels else self._inline(node.children)
            self._open.discard("link")
            return self.link(label.replace("\n", " "), _safe_url(url))
        if not url:
            return self._inline(node.children)
        address = self.code(parser().normalizeLinkText(url))
        return address if is_bare else f"{self._inline(node.children)} ({address})"

    def is_address(self, found: re.Match[str]) -> bool:
        """Whether what ``url`` found is one; for what no pattern can tell."""
        return True

    def _text(self, text: str) -> Iterator[str]:
        """Escaped text, its bare URLs links where they are allowed and code where not."""
        done = 0
        for match in self.url.finditer(text):
            if not self.is_address(match):
                continue
            url = match[0]
            while url.endswith(")") and url.count(")") > url.count("("):
                url = url[:-1]
            yield self.escape(text[done : match.start()])
            done = match.start() + len(url)
            if "link" in self._open:
                # A label that looks like another address would be a second link on Discord.
                yield self.escape(url.replace("://", f":{ZERO_WIDTH_SPACE}//"))
            elif (target := parser().normalizeLink(url)) in self._links:
                yield self.bare_link(_safe_url(target))
            else:
                yield self.code(url)
        yield self.escape(text[done:])

    def _escape_mark(self, match: re.Match[str]) -> str:
        mark, text = match[0], match.string
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        if mark == "](":
            return ("\\]" if "link" in self._open else "]") + "\\("
        if mark in "[]":
            return f"\\{mark}" if "link" in self._open else mark
        if mark == "*" and before.isspace() and after.isspace():
            return mark
        if mark[0] == "_" and before.isalnum() and after.isalnum() and not self.pairs(mark):
            return mark
        if mark == "~" and (not before or before.isspace()) and after.isdigit():
            return mark  # about 5
        return "".join(f"\\{character}" for character in mark)

    def pairs(self, underscores: str) -> bool:
        """Do these underscores mean something in the middle of a word?"""
        return False


def _hang(text: str, marker: str) -> str:
    """``text`` behind a marker, its other lines indented as far."""
    lines = (f"{' ' * len(marker)}{line}".rstrip() for line in text.split("\n")[1:])
    return "\n".join([f"{marker}{text.partition(chr(10))[0]}".rstrip(), *lines])


def _safe_url(url: str) -> str:
    """A normalised URL that ends no link early and holds no mention."""
    for character, code in (("(", "%28"), (")", "%29"), ("@", "%40"), ("*", "%2A")):
        url = url.replace(character, code)
    return url
