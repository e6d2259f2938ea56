"""What of an HTML page no visitor can see: hidden for good, not folded away behind a control."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from knowledge.parsing.html.tabs import name_panels
from knowledge.types import LeftOut

_NEVER_SHOWN = (
    *("head", "script", "style", "noscript", "template", "svg", "iframe", "object"),
    *("audio", "video", "canvas"),
)
_ASIDE_OF_WORDS = ("rt", "rp")
"""How a word in Chinese or Japanese characters is said, written above it: it would part it."""
_HIDING = re.compile(r"(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.I)
_FADED = re.compile(
    r"(?:^|[;{\s])opacity\s*:\s*0?(?:\.0+|(?<=0))\s*(?:!important\s*)?(?:;|$)", re.I
)
_SHRUNK = re.compile(
    r"(?:^|[;{\s])font-size\s*:\s*0(?:px|pt|r?em|%)?\s*(?:!important\s*)?(?:;|$)", re.I
)
_STRUCK = re.compile(r"(?:^|[;{\s])text-decoration(?:-line)?\s*:[^;{}]*\bline-through\b", re.I)
_MOVES = re.compile(r"transform|transition|animation|will-change", re.I)
_APPEARS = re.compile(
    r"anim|fade|reveal|appear|motion|scroll|lazy|carousel|slide|swiper|(?:^|[\s_-])(?:aos|wow|sal)(?:$|[\s_-])",
    re.I,
)
"""In names of what is only see-through until a visitor comes to it."""
_OPENED = re.compile(
    r"(?:^|[\s_-])(?:tab|tabs|tabpanel|tabcontent|tab-?pane|pane|panel|accordion|collaps\w*|"
    r"expand\w*|toggle\w*|faq|answer|spoiler|slide|carousel|step|more|details?)(?:$|[\s_\d-])",
    re.I,
)
_REFERS = ("aria-controls", "href", "for", "onclick", "data-target", "data-bs-target", "aria-owns")
_CONTROL = "button|a|input|label|summary|option|*[@role='tab']|*[@onclick]|*[@aria-controls]"
_RULE = re.compile(r"([^{}@]{1,500})\{([^{}]{0,2000})\}")
_NAMED = re.compile(r"[.#][\w-]+")
_SIMPLE = re.compile(r"[a-z]*(?:[.#][\w-]+)+|[a-z]+\[hidden\]", re.I)
_AT_RULE = re.compile(r"@[^{};]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})")


def drop_unseen(page: Any) -> tuple[LeftOut, ...]:
    """Remove it in place, and tell how many parts with text went."""
    hiding = set(_hiding_selectors(page))
    _mark_struck(page)
    targets = _opened_by_controls(page)
    opened = name_panels(page)
    _say_signs(page)
    dropped = 0
    for element in list(page.iter()):
        if not isinstance(element.tag, str):
            continue
        if element.getparent() is None or not _is_hidden(element, hiding):
            continue
        if element not in opened and not _can_be_opened(element, targets):
            dropped += bool(element.text_content().strip())
            element.drop_tree()
    for element in list(page.iter(*_NEVER_SHOWN, *_ASIDE_OF_WORDS)):
        if element.getparent() is not None:
            element.drop_tree()
    return (LeftOut("hidden parts", dropped),) if dropped else ()


def _mark_struck(page: Any) -> None:
    """What a style crosses out is marked as what a tag does, which the converter leaves out."""
    rules = "".join(style.text_content() for style in page.iter("style"))
    struck = {
        selector.strip()
        for match in _RULE.finditer(_AT_RULE.sub("", rules))
        if _STRUCK.search(match[2])
        for selector in match[1].split(",")
        if _SIMPLE.fullmatch(selector.strip())
    }
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in ("html", "body"):
            continue
        if _STRUCK.search(element.get("style") or "") or (struck and _is_named(element, struck)):
            inner = list(element)
            mark = element.makeelement("s")
            mark.text, element.text = element.text, None
            mark.extend(inner)
            element.append(mark)


def _is_named(element: Any, selectors: set[str]) -> bool:
    """Does one of the simple selectors mean it?"""
    names = [f".{name}" for name in (element.get("class") or "").split()]
    if element.get("id"):
        names.append(f"#{element.get('id')}")
    return any(name in selectors or element.tag + name in selectors for name in names)


def _is_hidden(element: Any, hiding: set[str]) -> bool:
    if element.tag in _NEVER_SHOWN:
        return False
    hidden = element.get("hidden")
    if hidden is not None and hidden.lower() != "until-found":
        return True
    style = element.get("style") or ""
    if _HIDING.search(style) or (_SHRUNK.search(style) and not _has_own_print(element)):
        return True
    if _FADED.search(style) and not _MOVES.search(style) and not _appears(element):
        return True
    return bool(hiding) and _is_named(element, hiding)


def _has_own_print(element: Any) -> bool:
    """May its parts be of a size of their own? Then only the gap between them is shrunk."""
    return any(inner.get("style") or inner.get("class") for inner in element.iterdescendants())


def _appears(element: Any) -> bool:
    return any(
        _APPEARS.search(f"{name} {value}" if name in ("class", "id") else name)
        or name.startswith("data-w-")
        for name, value in element.attrib.items()
        if name == "class" or name.startswith("data-")
    )


def _hiding_selectors(page: Any) -> Iterator[str]:
    """Simple selectors that the page's own style sheets hide, whatever the screen."""
    for style in page.iter("style"):
        if (style.get("media") or "all").strip().lower() not in ("all", "screen"):
            continue
        rules = re.sub(r"/\*.*?\*/", "", style.text_content(), flags=re.S)
        named = Counter(_NAMED.findall(rules))
        for match in _RULE.finditer(_AT_RULE.sub("", rules)):
            if _HIDING.search(match[2]) or (
                _FADED.search(match[2])
                and not _MOVES.search(match[2])
                and not _is_shown_again(match[1], named)
            ):
                for selector in match[1].split(","):
                    if _SIMPLE.fullmatch(selector.strip()):
                        yield selector.strip()


def _is_shown_again(selectors: str, named: Counter[str]) -> bool:
    """Is there another rule for it, as for what fades in when a class is added?"""
    return _APPEARS.search(selectors) is not None or any(
        named[name] > 1 for name in _NAMED.findall(selectors)
    )


def _opened_by_controls(page: Any) -> set[str]:
    """The ids that buttons, links and tabs of the page name."""
    named: set[str] = set()
    for control in page.xpath("//" + "|//".join(_CONTROL.split("|"))):
        for attribute in _REFERS:
            value = control.get(attribute) or ""
            if attribute == "href" and not value.startswith("#") and "#" in value:
                value = value.partition("#")[2]
            named.update(re.findall(r"[^\s#'\"(),;]+", value))
    return named


def _can_be_opened(element: Any, targets: set[str]) -> bool:
    if element.get("id") in targets or element.get("role") in ("tabpanel", "region"):
        return True
    for near in (element, element.getparent()):
        named = f"{near.get('class', '')} {near.get('id', '')}"
        if _OPENED.search(named):
            return True
    before = element.getprevious()
    if before is None:
        return False
    return before.tag in ("button", "summary") or bool(
        before.get("aria-expanded")
        or before.get("onclick")
        or before.xpath(".//button | .//*[@aria-expanded] | .//*[@onclick]")
    )


def _say_signs(page: Any) -> None:
    """Cells that hold only a sign, such as a tick, say what its author calls it."""
    for cell in page.iter("td", "th"):
        if cell.text_content().strip() and cell.find(".//svg") is None:
            continue
        for sign in cell.iter("svg", "i", "span"):
            label = sign.get("aria-label") or sign.get("title") or sign.findtext("title")
            if label and label.strip():
                sign.addnext(_text_of(label.strip()))
                break


def _text_of(words: str) -> Any:
    from lxml import etree

    said = etree.Element("span")
    said.text = words
    return said
