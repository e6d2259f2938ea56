"""HTML pages: the main text as Markdown, without navigation and other furniture."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.blocks import parse_blocks
from knowledge.parsing.document import PARSER_FAILURES, Draft, primary_language
from knowledge.parsing.inline import plain_text
from knowledge.parsing.markup import to_markdown

_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_FURNITURE = (
    *("script", "style", "noscript", "template", "svg", "iframe"),
    *("nav", "header", "footer", "aside", "form", "button", "dialog"),
)
_MAIN = "//main | //*[@role='main'] | //article"

ENOUGH_OF_MAIN = 0.9
ENOUGH_OF_BODY = 0.5
"""Shares of a page's words that trafilatura must have kept, with every heading, to be believed.

It drops short pages, lists of links, small tables, and a heading whose section it dropped, which
files what follows under the wrong one. Where the author marked the main part, that part is the
content; in an unmarked body menus and banners remain, so less is asked.
"""
FEW_WORDS = 60
"""Pages with fewer are taken whole: there is too little text to tell furniture from content."""

_MENU = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|footer|cookies?|banner|skip"
    r"|share|social|pagination)(?:$|[\s_-])",
    re.I,
)


def parse_html(text: str, url: str | None = None) -> Draft:
    """The page's main text; its links made absolute when ``url`` is given."""
    import lxml.html  # type: ignore[import-untyped]  # ships no type information
    from lxml import etree

    try:
        page = lxml.html.document_fromstring(_XML_DECLARATION.sub("", text))
        if url is not None:
            page.make_links_absolute(url, resolve_base_href=True, handle_failures="ignore")
        title = _title(page)
        language = primary_language(page.get("lang"))
        markdown = _main_text(page)
    except (etree.LxmlError, *PARSER_FAILURES) as error:
        raise DocumentSkipped(
            "The page's HTML cannot be read. Check that it opens in a browser, or save it as text."
        ) from error
    return Draft(markdown, title=title, language=language)


def _main_text(page: Any) -> str:
    import copy

    from trafilatura import extract

    marked = page.xpath(_MAIN)
    # Several articles are a list of posts: the whole body is the page's content then.
    is_marked = len(marked) == 1 or _nested(marked)
    main = copy.deepcopy(marked[0] if is_marked else page)
    main.tail = None
    _drop_furniture(main, by_name=not is_marked)
    words = len(main.text_content().split())
    if words >= FEW_WORDS:
        extracted = extract(
            copy.deepcopy(page),
            output_format="markdown",
            fast=True,  # the fallback extractors lose lists and headings that this one keeps
            favor_recall=True,
            include_links=True,
            include_tables=True,
            include_formatting=True,
            include_comments=False,
        )
        wanted = words * (ENOUGH_OF_MAIN if is_marked else ENOUGH_OF_BODY)
        if extracted and len(extracted.split()) >= wanted and _keeps_headings(extracted, main):
            return _tidied(extracted)
    return to_markdown(_as_string(main), first_row_is_header=True)


def _drop_furniture(main: Any, *, by_name: bool) -> None:
    """Remove what is not text to be read, in place; ``by_name`` also goes by class and id."""
    for element in list(main.iter("head", *_FURNITURE)):
        # An article's own header holds its headline; the page's holds its menus.
        is_headline = element.tag == "header" and element.find(".//h1") is not None
        if not is_headline and element is not main:
            element.drop_tree()
    if not by_name:
        return
    for element in list(main.iter("div", "ul", "ol", "section", "p")):
        named = f"{element.get('class', '')} {element.get('id', '')} {element.get('role', '')}"
        if _MENU.search(named) and element.find(".//h1") is None and element is not main:
            element.drop_tree()


def _keeps_headings(extracted: str, main: Any) -> bool:
    kept = Counter(
        _letters(block.content) for block in parse_blocks(extracted) if block.kind == "heading"
    )
    headings = main.iter("h1", "h2", "h3", "h4", "h5", "h6")
    there = Counter(_letters(heading.text_content()) for heading in headings)
    del there[""]
    return there <= kept


def _letters(heading: str) -> str:
    """The heading without spaces and marks, which the two ways of conversion treat differently."""
    return re.sub(r"[\W_]+", "", plain_text(heading)).casefold()


def _nested(marked: list[Any]) -> bool:
    """Do all other main elements lie inside the first?"""
    return bool(marked) and all(marked[0] in element.iterancestors() for element in marked[1:])


def _as_string(element: Any) -> str:
    import lxml.html

    markup: str = lxml.html.tostring(element, encoding="unicode")
    return markup


def _tidied(markdown: str) -> str:
    """Trafilatura's rows end in a space, and it leaves no blank line after a code fence."""
    markdown = re.sub(r"[ \t]+$", "", markdown, flags=re.M)
    return re.sub(r"^```\n(?=[^\s`])(?![^`]*^```)", "```\n\n", markdown, flags=re.M)


def _title(page: Any) -> str | None:
    """The only H1 if the page's ``<title>`` contains it (``Expenses | Wiki``), else that title."""
    found = page.findtext(".//title")
    stated = " ".join((found or "").split())
    headings = [" ".join(h1.text_content().split()) for h1 in page.iter("h1")]
    headings = [heading for heading in headings if heading]
    if len(headings) == 1 and (not stated or headings[0].casefold() in stated.casefold()):
        return str(headings[0])
    return stated or None
