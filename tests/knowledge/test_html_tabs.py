"""Tabs and folds that need no script, of radio buttons and boxes to tick, are read by label."""

from __future__ import annotations

import pytest

from knowledge.parsing import parse


def read(body: str) -> str:
    return parse("x.html", f"<body><h1>Set up</h1>{body}</body>".encode()).markdown


def button(name: str, kind: str = "radio") -> str:
    return f"<input type='{kind}' name='os' id='{name}'>"


def label(name: str, words: str) -> str:
    return f"<label for='{name}'>{words}</label>"


LINUX, MAC = "<p>Use apt to install it.</p>", "<p>Use brew to install it.</p>"
BY_ID = (
    "<style>.tab{display:none} #a:checked ~ #one, #b:checked ~ #two{display:block}</style><div>"
    + button("a") + label("a", "Linux") + button("b") + label("b", "Mac")
    + f"<div id='one' class='tab'>{LINUX}</div><div id='two' class='tab'>{MAC}</div></div>"
)  # fmt: skip
IN_ORDER = (
    "<style>.p{display:none} #x:nth-child(1):checked ~ div .p:nth-child(1){display:block}</style>"
    + button("a") + button("b") + f"<div>{label('a', 'Linux')}{label('b', 'Mac')}</div>"
    + f"<div><section class='p'>{LINUX}</section><section class='p'>{MAC}</section></div>"
)  # fmt: skip
ONE_BY_ONE = (
    "<style>.x{display:none} input:checked + label + .x{display:block}</style><div>"
    + button("a") + label("a", "Linux") + f"<div class='x'>{LINUX}</div>"
    + button("b") + label("b", "Mac") + f"<div class='x'>{MAC}</div></div>"
)  # fmt: skip
SPHINX = (
    "<div class='sd-tab-set'>"
    + button("a") + label("a", "Linux") + f"<div class='sd-tab-content'>{LINUX}</div>"
    + button("b") + label("b", "Mac") + f"<div class='sd-tab-content'>{MAC}</div></div>"
)  # fmt: skip
CONTROLLED = (
    "<style>.y{display:none}</style>"
    + button("a").replace(">", " aria-controls='one'>") + label("a", "Linux")
    + button("b").replace(">", " aria-controls='two'>") + label("b", "Mac")
    + f"<div><div id='one' class='y'>{LINUX}</div><div id='two' class='y'>{MAC}</div></div>"
)  # fmt: skip


@pytest.mark.parametrize("page", [BY_ID, IN_ORDER, ONE_BY_ONE, SPHINX, CONTROLLED])
def test_a_tab_stands_below_its_label(page: str) -> None:
    assert read(page) == (
        "# Set up\n\n**Linux**\n\nUse apt to install it.\n\n**Mac**\n\nUse brew to install it."
    )


def test_a_fold_stands_below_its_label() -> None:
    style = "<style>.c{display:none} #t:checked ~ .c{display:block}</style>"
    page = style + button("t", "checkbox") + label("t", "Rates") + "<div class='c'>It is 7.</div>"
    assert read(page) == "# Set up\n\n**Rates**\n\nIt is 7."


def test_what_nothing_opens_stays_unread() -> None:
    assert read("<style>.c{display:none}</style><p>Seen.</p><div class='c'>Secret.</div>") == (
        "# Set up\n\nSeen."
    )


def test_the_answers_of_a_questionnaire_are_no_tabs() -> None:
    answers = button("a") + label("a", "Yes, at once") + button("b") + label("b", "No, never")
    result = read(f"<form><p>Will you come to the pool?</p>{answers}<p>Thank you.</p></form>")
    assert "**" not in result and result.endswith("Thank you.")
