"""What of an HTML page no visitor can see: hidden for good, not folded away behind a control."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from knowledge.types import LeftOut

_NEVER_SHOWN = (
    *("head", "script", "style", "noscript", "template", "svg", "iframe", "object"),
    *("audio", "video", "canvas"),
)
_ASIDE_OF_WORDS = ("rt", "rp")
"""How a word in Chinese or Japanese characters is said, written above it: it would part it."""
_HIDING = re.compile(r"(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.I)
_OPENED = re.compile(
    r"(?:^|[\s_-])(?:tab|tabs|tabpanel|tabcontent|tab-?pane|pane|panel|accordion|collaps\w*|"
    r"expand\w*|toggle\w*|faq|answer|spoiler|slide|carousel|step|more|details?)(?:$|[\s_\d-])",
    re.I,
)
_REFERS = ("aria-controls", "href", "for", "onclick", "data-target", "data-bs-target", "aria-owns")
_CONTROL = "button|a|input|label|summary|option|*[@role='tab']|*[@onclick]|*[@aria-controls]"
_RULE = re.compile(r"([^{}@]{1,500})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"[a-z]*(?:[.#][\w-]+)+|[a-z]+\[hidden\]", re.I)
_AT_RULE = re.compile(r"@[^{};]*(?:;|\{(?:[^{}]|\{[^{}]*\})*\})")


def drop_unseen(page: Any) -> tuple[LeftOut, ...]:
    """Remove it in place, and tell how many parts with text went."""
    hiding = set(_hiding_selectors(page))
    targets = _opened_by_controls(page)
    tabs = {tab.get("id"): tab for tab in page.xpath("//*[@role='tab'][@id]")}
    dropped = 0
    for element in list(page.iter()):
        if not isinstance(element.tag, str):
            continue
        if element.getparent() is not None and _is_hidden(element, hiding):
            if _can_be_opened(element, targets):
                _name_panel(element, tabs)
            else:
                dropped += bool(element.text_content().strip())
                element.drop_tree()
    for element in list(page.iter(*_NEVER_SHOWN, *_ASIDE_OF_WORDS)):
        if element.getparent() is not None:
            element.drop_tree()
    return (LeftOut("hidden parts", dropped),) if dropped else ()


def _is_hidden(element: Any, hiding: set[str]) -> bool:
    if element.tag in _NEVER_SHOWN:
        return False
    hidden = element.get("hidden")
    if hidden is not None and hidden.lower() != "until-found":
        return True
    if _HIDING.search(element.get("style") or ""):
        return True
    if not hiding:
        return False
    names = [f".{name}" for name in (element.get("class") or "").split()]
    if element.get("id"):
        names.append(f"#{element.get('id')}")
    return any(name in hiding or element.tag + name in hiding for name in names)


def _hiding_selectors(page: Any) -> Iterator[str]:
    """Simple selectors that the page's own style sheets hide, whatever the screen."""
    for style in page.iter("style"):
        if (style.get("media") or "all").strip().lower() not in ("all", "screen"):
            continue
        rules = re.sub(r"/\*.*?\*/", "", style.text_content(), flags=re.S)
        for match in _RULE.finditer(_AT_RULE.sub("", rules)):
            if _HIDING.search(match[2]):
                for selector in match[1].split(","):
                    if _SIMPLE.fullmatch(selector.strip()):
                        yield selector.strip()


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


def _name_panel(panel: Any, tabs: dict[str, Any]) -> None:
    """A tab's label stands above what it opens, as the row of tabs is no text by itself."""
    tab = tabs.get((panel.get("aria-labelledby") or " ").split(" ")[0])
    words = " ".join(tab.text_content().split()) if tab is not None else ""
    if panel.get("role") != "tabpanel" or not words:
        return
    from lxml import etree

    line = etree.Element("p")
    etree.SubElement(line, "strong").text = words
    panel.insert(0, line)
    line.tail, panel.text = panel.text, None
