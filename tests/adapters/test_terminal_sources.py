"""Sources below an answer in a terminal: each with the place to open, if there is one."""

from __future__ import annotations

import pytest

from adapters.terminal.sources import source_line
from bot.cards import CitedSource


@pytest.mark.parametrize(
    ("document", "url", "place"),
    [
        ("https://x.example/boats", "https://x.example/boats#opening", "#opening)"),
        ("boats.md", "https://x.example/boats#opening", "(boats.md)"),
        ("boats.md", "", "(boats.md)"),
        ("boats.md", "file:///srv/boats.md", "(boats.md)"),
    ],
)
def test_a_page_is_told_with_the_section_that_is_cited(document: str, url: str, place: str) -> None:
    line = source_line(CitedSource.of(1, "Boats › Opening", document, url))
    assert line.startswith("[1] Boats › Opening (") and line.endswith(place)
