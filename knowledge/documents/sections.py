"""A document's sections: which blocks lie below which headings, and where a link leads to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from knowledge.parsing.blocks import Block, parse_blocks
from knowledge.parsing.inline import plain_text, split_heading_id
from knowledge.parsing.recognition import is_end, percentage
from knowledge.types import recognised_heading


@dataclass(slots=True)
class Section:
    """Blocks below one heading."""

    headings: tuple[str, ...]
    anchor: str
    blocks: list[Block] = field(default_factory=list)


def sections(source: str, title: str, *, has_slugs: bool) -> Iterator[Section]:
    """The sections that have a body."""
    slugs: dict[str, int] = {}
    path: list[tuple[int, str]] = []
    pending_anchor = ""
    seen_h1 = False
    section = Section((), "")
    mark: tuple[str, ...] = ()
    for block in parse_blocks(source):
        if block.kind == "anchor":
            percent = percentage(block.content)
            if percent is not None or is_end(block.content):
                yield from _with_body(section)
                mark = () if percent is None else (recognised_heading(percent),)
                section = Section((*(text for _, text in path), *mark), section.anchor)
                continue
            pending_anchor = block.content
            yield from _with_body(section)
            # Of a section that an anchor opens below its heading, the anchor is the nearer one.
            section = Section(section.headings, pending_anchor)
            continue
        if block.kind != "heading":
            pending_anchor = ""
            section.blocks.append(block)
            continue
        yield from _with_body(section)
        content, explicit = split_heading_id(block.content)
        heading = plain_text(content)
        slug = _unique_slug(heading, slugs) if has_slugs else ""
        # A page stays the place to open in a PDF, where heading anchors lead nowhere.
        in_pdf = section.anchor.startswith("page=")
        anchor = section.anchor if in_pdf else explicit or pending_anchor or slug
        pending_anchor = ""
        is_title = block.level == 1 and not seen_h1 and _same(heading, title)
        seen_h1 = seen_h1 or block.level == 1
        while path and path[-1][0] >= block.level:
            path.pop()
        if heading and not is_title:
            path.append((block.level, heading))
        section = Section((*(text for _, text in path), *mark), anchor)
    yield from _with_body(section)


def _with_body(section: Section) -> Iterator[Section]:
    while section.blocks and section.blocks[0].kind == "rule":
        section.blocks.pop(0)
    while section.blocks and section.blocks[-1].kind == "rule":
        section.blocks.pop()
    if section.blocks:
        yield section


def _same(heading: str, title: str) -> bool:
    return heading.casefold() == " ".join(title.split()).casefold()


_NOT_IN_SLUG = re.compile(r"[^\w\- ]")


def _unique_slug(heading: str, seen: dict[str, int]) -> str:
    """The id that GitHub gives a heading: ``-1``, ``-2`` … for repetitions (github-slugger)."""
    slug = base = _NOT_IN_SLUG.sub("", heading.lower()).replace(" ", "-")
    while slug in seen:
        seen[base] += 1
        slug = f"{base}-{seen[base]}"
    seen[slug] = 0
    return slug
