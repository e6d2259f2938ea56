"""What tabs and folded parts open has its label above it: their row is no text by itself.

Tabs are marked as such (WAI-ARIA, Bootstrap), or made without scripts: of radio buttons and style
sheets, which show what stands beside the checked one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TABS = (
    "//*[@role='tab'] | //*[@data-toggle='tab' or @data-toggle='pill']"
    " | //*[@data-bs-toggle='tab' or @data-bs-toggle='pill']"
)
_BUTTONS = "//input[@id][@type='radio' or @type='checkbox']"
_CHECKED = re.compile(r"#([\w-]{1,100}):checked[^,{}]{0,300}?#([\w-]{1,100})(?=[\s,{])")
_LIKE_TABS = re.compile(r"tab|panel|accordion|collaps|toggle|fold|spoiler", re.I)
_DEEPEST = 2
"""Elements between the row of labels and what they open."""


def name_panels(page: Any) -> set[Any]:
    """Put each label above what it opens, and tell what that is."""
    opened: set[Any] = set()
    for label, panel in [*_marked_tabs(page), *_checked_tabs(page)]:
        words = " ".join(label.text_content().split())
        if not words or panel in opened or label in panel.iter():
            continue
        opened.add(panel)
        if label.tag == "label":
            label.drop_tree()
        if not " ".join(panel.text_content().split()).casefold().startswith(words.casefold()):
            _put_above(words, panel)
    return opened


def _put_above(words: str, panel: Any) -> None:
    from lxml import etree

    line = etree.Element("p")
    etree.SubElement(line, "strong").text = words
    line.tail, panel.text = panel.text, None
    panel.insert(0, line)


def _marked_tabs(page: Any) -> Iterator[tuple[Any, Any]]:
    panels = {each.get("id"): each for each in page.xpath("//*[@id]")}
    labelled = {each.get("aria-labelledby"): each for each in page.xpath("//*[@aria-labelledby]")}
    for tab in page.xpath(_TABS):
        places = [
            (tab.get(name) or "").lstrip("#")
            for name in ("aria-controls", "data-bs-target", "data-target", "href")
        ]
        panel = next((panels[place] for place in places if place in panels), None)
        panel = labelled.get(tab.get("id")) if panel is None else panel
        if panel is not None:
            yield tab, panel


# --- made of radio buttons and boxes to tick ----------------------------------------------------


def _checked_tabs(page: Any) -> Iterator[tuple[Any, Any]]:
    buttons = page.xpath(_BUTTONS)
    if not buttons:
        return
    rules = " ".join(style.text_content() for style in page.iter("style"))
    shows = dict(_CHECKED.findall(rules))
    by_id = {each.get("id"): each for each in page.xpath("//*[@id]")}
    labels = {each.get("for"): each for each in page.xpath("//label[@for]")}
    groups: dict[str, list[Any]] = {}
    for button in buttons:
        if button.get("id") in labels:
            # Boxes fold apart one by one; of radio buttons of a name one is chosen.
            is_one = button.get("type") == "radio" and button.get("name")
            groups.setdefault(f"name {is_one}" if is_one else button.get("id"), []).append(button)
    for group in groups.values():
        named = [labels[button.get("id")] for button in group]
        ids = [shows.get(button.get("id")) or button.get("aria-controls") for button in group]
        panels = [by_id.get(each) for each in ids]
        if None in panels and (":checked" in rules or _is_like_tabs(group[0])):
            panels = _beside(group, named)
        if panels and None not in panels:
            yield from zip(named, panels, strict=True)


def _is_like_tabs(button: Any) -> bool:
    around = [button, *list(button.iterancestors())[:_DEEPEST]]
    return any(_LIKE_TABS.search(f"{e.get('class', '')} {e.get('id', '')}") for e in around)


def _beside(buttons: list[Any], labels: list[Any]) -> list[Any]:
    """What stands behind each label; or as many parts as there are, behind all of them."""
    behind = [_next_part(label) for label in labels]
    if None not in behind:
        return behind
    parts = [each for each in buttons[-1].itersiblings() if _is_part(each, labels)]
    for _ in range(_DEEPEST + 1):
        if len(parts) == len(buttons) and len(parts) > 1:
            return parts
        parts = [each for part in parts[:1] for each in part if _is_part(each, labels)]
    return []


def _next_part(label: Any) -> Any:
    """The element right behind a label, past its own button; None if that is the next label."""
    following = label.getnext()
    if (
        following is not None
        and following.tag == "input"
        and following.get("id") == label.get("for")
    ):
        following = following.getnext()
    return following if following is not None and _is_part(following, []) else None


def _is_part(element: Any, labels: list[Any]) -> bool:
    """Is it something with text, and neither a label nor a row of these?"""
    if not isinstance(element.tag, str) or element.tag in ("input", "label", "style", "script"):
        return False
    is_row = any(label in element.iter() for label in labels)
    return not is_row and bool(element.text_content().strip())
