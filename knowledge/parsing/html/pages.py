"""HTML pages: what a visitor can read of the main text, as Markdown.

Ours, not trafilatura's: on every eighth page of trafilatura's own test set this keeps more of what
is wanted (see docs/formats.md), and it also keeps headings' ids, asides, definitions and what a
press on a button opens.
"""

from __future__ import annotations

import re
from typing import Any

from knowledge.errors import DocumentSkipped, StandIn
from knowledge.parsing.document import PARSER_FAILURES, Draft, primary_language
from knowledge.parsing.html.furniture import drop_furniture
from knowledge.parsing.html.markup import to_markdown
from knowledge.parsing.html.unseen import drop_unseen

_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_MAIN = "//main | //*[@role='main'] | //article"
_SHARE_OF_MAIN = 0.25
"""Of the page's words: with fewer, what is marked as main is a teaser, or filled in by scripts."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def parse_html(text: str, url: str | None = None) -> Draft:
    """The page's main text; its links made absolute when ``url`` is given.

    Raises :class:`StandIn` for what stands in for a page: sign-in forms, "not found".
    """
    import lxml.html
    from lxml import etree

    try:
        page = lxml.html.document_fromstring(_XML_DECLARATION.sub("", text))
        etree.strip_elements(page, etree.Comment, etree.ProcessingInstruction, with_tail=False)
        stated = page.xpath("string(//base/@href)")
        if url is None and stated.startswith(("http:", "https:")):
            url = stated
        if url is not None:
            page.make_links_absolute(url, resolve_base_href=True, handle_failures="ignore")
        title = _title(page)
        language = primary_language(page.get("lang"))
        _refuse_stand_ins(page, title or "")
        left_out = drop_unseen(page)
        main = _main(page)
        _keep_anchors(main)
        markdown = to_markdown(
            lxml.html.tostring(main, encoding="unicode"), first_row_is_header=True
        )
    except (etree.LxmlError, *PARSER_FAILURES) as error:
        raise DocumentSkipped(
            "The page's HTML cannot be read. Check that it opens in a browser, or save it as text."
        ) from error
    return Draft(markdown, title=title, language=language, left_out=left_out, has_own_anchors=True)


def _main(page: Any) -> Any:
    """The part that is the page's content, without furniture."""
    marked = page.xpath(_MAIN)
    # Several articles are a list of posts: the whole body is the page's content then.
    if len(marked) == 1 or _nested(marked):
        main = marked[0]
        whole = len(page.text_content().split())
        if len(main.text_content().split()) >= _SHARE_OF_MAIN * whole:
            main.tail = None
            drop_furniture(main, is_marked=True)
            return main
    drop_furniture(page, is_marked=False)
    return page


def _nested(marked: list[Any]) -> bool:
    """Do all other main elements lie inside the first?"""
    return bool(marked) and all(marked[0] in element.iterancestors() for element in marked[1:])


def _title(page: Any) -> str | None:
    """The only H1 if the page's ``<title>`` contains it (``Expenses | Wiki``), else that title."""
    found = page.findtext(".//title")
    stated = " ".join((found or "").split())
    headings = [" ".join(h1.text_content().split()) for h1 in page.iter("h1")]
    headings = [heading for heading in headings if heading]
    if len(headings) == 1 and (not stated or headings[0].casefold() in stated.casefold()):
        return str(headings[0])
    return stated or None


# --- anchors ----------------------------------------------------------------------------------

_ID = re.compile(r"[^\s{}]+")
_PERMALINK = re.compile(r"[\s#¶§🔗]*|(?:permalink|link|anchor)\b.{0,60}", re.I)


def _keep_anchors(main: Any) -> None:
    """Write each heading's id behind its words, as Markdown does; its permalink goes."""
    for heading in list(main.iter(*_HEADINGS)):
        name = _own_id(heading)
        for link in list(heading.iter("a")):
            said = " ".join(link.text_content().split())
            if (link.get("href") or "").partition("#")[2] and _PERMALINK.fullmatch(said):
                link.drop_tree()
        if name is not None and heading.text_content().strip():
            _append_text(heading, f" {{#{name}}}")


def _own_id(heading: Any) -> str | None:
    """The id of the heading, of an anchor in it or right before it, or of what it opens."""
    stated = [heading.get("id"), heading.get("name")]
    for inner in heading.iter("a", "span"):
        stated += [inner.get("id"), inner.get("name")]
    before = heading.getprevious()
    if before is not None and before.tag == "a" and not before.text_content().strip():
        stated += [before.get("id"), before.get("name")]
    opened = heading.getparent()
    while opened is not None and opened.tag in ("section", "div", "header", "article"):
        if _first_words(opened) is not heading:
            break
        stated.append(opened.get("id"))
        opened = opened.getparent()
    return next((str(name) for name in stated if name and _ID.fullmatch(name)), None)


def _first_words(element: Any) -> Any:
    """The first heading in an element, if no text stands before it."""
    for inner in element.iter():
        if inner.tag in _HEADINGS:
            return inner
        if inner.text and inner.text.strip():
            return None
    return None


def _append_text(element: Any, text: str) -> None:
    children = list(element)
    if children:
        children[-1].tail = f"{(children[-1].tail or '').rstrip()}{text}"
    else:
        element.text = f"{(element.text or '').rstrip()}{text}"


# --- what stands in for a page ----------------------------------------------------------------

_FEW_WORDS = 120
_SIGN_IN = re.compile(
    r"(?:please )?(?:sign|log)[ -]?(?:in|on)\b|.{0,40}\b(?:login|single sign-on|sso)\b|"
    r"authentication required|"
    r"(?:an|ein)melde[nu]|anmeldung|se connecter|connexion|iniciar sesi[oó]n|acceder|accedi",
    re.I,
)
_ASKS = re.compile(r"(?<!how to )\b(?:sign|log)[ -]?(?:in|on)\b|\banmeld(?:en|ung)\b", re.I)
_SIGN_IN_WITH = re.compile(
    r"(?:continue|sign[ -]?in|log[ -]?in|weiter|anmelden) (?:with|using|via|through|mit|über)\b",
    re.I,
)
_BESIDE = ("header", "nav", "aside", "footer", "dialog")
_A_SENTENCE = 12
"""Words."""
_NOT_THERE = re.compile(
    r"(?:(?:error|fehler|erreur)\W{0,3})?404\W*(?:$|[-–—|:]|(?:error|page|not|fehler|seite)\b)|"
    r".{0,40}\b(?:page|site|content|document)? ?"
    r"(?:not found|(?:does not|doesn.t) exist|no longer (?:exists|available)|cannot be found|"
    r"can.t be found)|(?:die )?seite (?:wurde )?nicht gefunden|page (?:introuvable|non trouvée)|"
    r"p[aá]gina no encontrada",
    re.I,
)
_BLOCKED = re.compile(
    r"just a moment|attention required|access denied|are you a robot|verify you are human|"
    r"403 forbidden|checking your browser",
    re.I,
)


def _refuse_stand_ins(page: Any, title: str) -> None:
    """Servers answer 200 with these as well."""
    if not _has_few_words(page):
        return
    headings = [" ".join(h.text_content().split()) for h in page.iter("h1", "h2")]
    said = [each for each in (title, *headings[:1]) if each]
    asks_password = page.xpath("//input[translate(@type,'PASWORD','pasword')='password']")
    has_form = bool(page.xpath("//form | //input"))
    is_sign_in = any(_SIGN_IN.match(each) for each in said)
    goes_elsewhere = any(_ASKS.search(each) for each in said) and any(
        _SIGN_IN_WITH.match(" ".join(each.text_content().split()))
        for each in page.iter("a", "button")
    )
    if (
        goes_elsewhere
        or (has_form and is_sign_in)
        or (asks_password and not _stand_beside(asks_password, page))
    ):
        raise StandIn(
            "The page asks to sign in, so its text cannot be read. Add an address that is open to "
            "everybody, or save the page and add it as a file."
        )
    if any(_NOT_THERE.match(each) for each in said):
        raise StandIn(
            "The page says that it was not found, though the server calls it good. "
            "Check the address."
        )
    if any(_BLOCKED.match(each) for each in said):
        raise StandIn(
            "The site keeps robots out and shows a page that checks for them. "
            "Save the page and add it as a file."
        )


def _stand_beside(fields: list[Any], page: Any) -> bool:
    """Is the place to sign in above or beside a text, as on sites that all may read?"""
    outside = all(
        any(around.tag in _BESIDE for around in field.iterancestors()) for field in fields
    )
    marked = page.xpath(_MAIN)
    return outside and bool(marked) and len(marked[0].text_content().split()) >= _A_SENTENCE


def _has_few_words(page: Any) -> bool:
    count = 0
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in ("head", "title", "script", "style"):
            said = element.tail
        else:
            said = f"{element.text or ''} {element.tail or ''}"
        count += len((said or "").split())
        if count > _FEW_WORDS:
            return False
    return True
