"""What of an HTML page is not its text: menus, banners, forms to fill in, notices about cookies.

Tags and names only raise a suspicion; what has headings or sentences of its own stays, as people
call a canteen's menu "menu" and put whole pages into a form.
"""

from __future__ import annotations

import re
from typing import Any

_LANDMARKS = frozenset("navigation search menu menubar tablist toolbar dialog alertdialog".split())
_SUSPECT_TAGS = ("header", "footer", "aside", "form", "fieldset")
_SUSPECT = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|footer|banner|skip|skiplink"
    r"|share|sharing|social|pagination|pager|toc|related|newsletter|subscribe|comments?|respond|reply|ads?|promo"
    r"|byline|tags?|widget)(?:$|[\s_-])",
    re.I,
)
_CONSENT_TOOL = re.compile(
    r"(?:^|[\s_-])(?:onetrust\S*|ot-sdk\S*|cc-(?:window|banner|dialog)|cookiebot\S*|cybotcookie\S*"
    r"|osano\S*|usercentrics\S*|didomi\S*|termly\S*|qc-cmp\S*|truste\S*|borlabs\S*|cky-\S*|cmplz\S*"
    r"|iubenda\S*|klaro\S*|cookie-?(?:banner|consent|notice|bar|law\S*|popup|modal|message|overlay"
    r"|disclaimer|policy-popup|settings)|gdpr-?(?:banner|consent|notice|popup|bar)"
    r"|consent-?(?:banner|manager|popup|modal|bar|sdk))(?:$|[\s_-])",
    re.I,
)
_CONSENT = re.compile(r"(?:^|[\s_-])(?:cookies?|consent|gdpr|privacy)(?:$|[\s_-])", re.I)
_ACCEPT = re.compile(
    r"\b(?:accept|agree|allow|reject|decline|got it|manage (?:preferences|cookies|settings)|"
    r"akzeptieren|zustimmen|ablehnen|accepter|refuser|aceptar|rechazar)\b",
    re.I,
)
_COOKIES = re.compile(r"\bcookies?\b", re.I)
_NOTICE_WORDS = 250
"""A longer part about cookies is a policy, not a notice."""
_SENTENCE = re.compile(r"\w[^.!?]{15,}[.!?]")
_MOSTLY_LINKS = 0.5
_LINKS_OF_AN_OUTLINE = 3
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CONTENT = (*_HEADINGS, "table", "pre", "dl", "blockquote")


def drop_furniture(main: Any, *, is_marked: bool) -> None:
    """Remove it in place. ``is_marked``: the author marked this part as the main one."""
    for element in list(main.iter("nav", "dialog", "menu")):
        _drop(element, main)
    for element in list(main.iter()):
        if not isinstance(element.tag, str) or element is main or element.getparent() is None:
            continue
        if element.tag in ("html", "body", "main", *_HEADINGS):
            continue
        if element.get("role") in _LANDMARKS or _is_consent(element):
            _drop(element, main)
        elif element.tag in _SUSPECT_TAGS:
            strict = element.tag == "footer" and not is_marked
            if not _is_content(element, strict=strict):
                _drop(element, main)
        elif _SUSPECT.search(_named(element)) and not _is_content(element, strict=False):
            _drop(element, main)
    _drop_contents(main)
    _drop_generic_labels(main)
    _settle_controls(main)


def _drop(element: Any, main: Any) -> None:
    if element is not main and element.getparent() is not None and main in element.iterancestors():
        element.drop_tree()


def _drop_contents(main: Any) -> None:
    """A list of nothing but links to places further down says no more than their headings."""
    places = {name for each in main.iter() for name in (each.get("id"), each.get("name")) if name}
    inner: set[Any] = set()
    for outline in list(main.iter("ul", "ol")):
        if outline in inner:
            continue
        inner.update(outline.iter("ul", "ol"))
        links = list(outline.iter("a"))
        linked = "".join(link.text_content() for link in links)
        if (
            len(links) >= _LINKS_OF_AN_OUTLINE
            and all((link.get("href") or "").startswith("#") for link in links)
            and all((link.get("href") or "")[1:] in places for link in links)
            and _letters(linked) == _letters(outline.text_content())
        ):
            _drop(outline, main)


def _letters(text: str) -> str:
    return "".join(text.split())


def _named(element: Any) -> str:
    return f"{element.get('class', '')} {element.get('id', '')} {element.get('role', '')}"


def _is_consent(element: Any) -> bool:
    named = _named(element)
    if _CONSENT_TOOL.search(named):
        return element.find(".//h1") is None
    if not _CONSENT.search(named) or element.find(".//h1") is not None:
        return False
    words = element.text_content()
    if len(words.split()) > _NOTICE_WORDS or not _COOKIES.search(words):
        return False
    return any(_ACCEPT.search(control.text_content()) for control in element.iter("button", "a"))


def _is_content(element: Any, *, strict: bool) -> bool:
    """Has it headings or sentences that are not links? ``strict``: it needs a heading."""
    if element.find(".//h1") is not None or element.find(".//main") is not None:
        return True
    words = len("".join(element.itertext()).split())
    if not words:
        return False
    linked = sum(len(link.text_content().split()) for link in element.iter("a"))
    if linked > words * _MOSTLY_LINKS:
        return False
    has_heading = any(inner.text_content().strip() for inner in element.iter(*_CONTENT))
    if has_heading and element.tag != "form":
        return not strict or _has_sentence(element)
    return not strict and (_has_sentence(element) or has_heading)


def _has_sentence(element: Any) -> bool:
    for block in element.iter("p", "li", "dd", "td", "div", element.tag):
        own = "".join([block.text or "", *(inner.tail or "" for inner in block)])
        whole = block.text_content() if block.tag in ("p", "li", "dd", "td") else own
        if _SENTENCE.search(" ".join(whole.split())):
            return True
    return False


# --- boxes ------------------------------------------------------------------------------------

_BOX = re.compile(r"aside|admonition|callout|alert|notice|warning|note|tip|message", re.I)
_GENERIC = frozenset(
    "note notes tip tips hint info information important warning caution danger attention "
    "hinweis achtung warnung wichtig remarque attention avertissement nota aviso".split()
)


def _drop_generic_labels(main: Any) -> None:
    """The word ``Caution`` above a box says no more than the box's colour, and is no sentence."""
    for box in main.iter("aside", "div", "section", "blockquote", "p"):
        if box.tag != "aside" and not _BOX.search(box.get("class") or ""):
            continue
        label = next((e for e in box.iterdescendants() if (e.text or "").strip()), None)
        if label is None or (box.text or "").strip():
            continue
        said = " ".join(label.text_content().split()).strip(":! ").casefold()
        if said in _GENERIC and label.getparent() is not None:
            label.drop_tree()


# --- buttons and fields -----------------------------------------------------------------------

_FIELDS = ("input", "select", "textarea", "datalist", "output", "progress", "meter")


def _settle_controls(main: Any) -> None:
    """Fields go, with labels that only name them; a button stays where it is a heading.

    That is: inside a heading or a summary, or as what opens the text after it.
    """
    for label in list(main.iter("label", "legend")):
        around = label.getparent()
        if around is None or _SENTENCE.search(label.text_content()):
            continue
        if label.tag == "legend" and _has_sentence(around):
            label.tag = "p"
            _embolden(label)
        else:
            label.drop_tree()
    for field in list(main.iter(*_FIELDS)):
        if field.getparent() is not None:
            field.drop_tree()
    for button in list(main.iter("button")):
        if button.getparent() is None:
            continue
        around = {ancestor.tag for ancestor in button.iterancestors()}
        if around & {*_HEADINGS, "summary", "dt"}:
            button.tag = "span"
        elif _opens_text(button):
            button.tag = "p"
            _embolden(button)
        else:
            button.drop_tree()
    for summary in list(main.iter("summary")):
        if summary.find(".//h2") is None and summary.find(".//h3") is None:
            summary.tag = "p"
            _embolden(summary)


_OPENING = (
    *("aria-expanded", "aria-controls", "onclick", "data-toggle", "data-bs-toggle"),
    *("data-target", "data-bs-target"),
)


def _opens_text(button: Any) -> bool:
    after = button.getnext()
    if after is None or not any(map(button.get, _OPENING)):
        return False
    words = " ".join(after.text_content().split())
    opened = {(button.get(name) or "").lstrip("#") for name in _OPENING} - {""}
    return bool(words) and (after.get("id") in opened or _SENTENCE.search(words) is not None)


def _embolden(line: Any) -> None:
    """The words of an element as one bold line."""
    words = " ".join(line.text_content().split())
    for inner in list(line):
        line.remove(inner)
    line.text = None
    if words:
        from lxml import etree

        etree.SubElement(line, "strong").text = words
