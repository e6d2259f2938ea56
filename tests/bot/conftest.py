"""What the tests of the conversation share: the shipped voice, and an oracle for masked links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.tone.voice import Voice

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def fernhill() -> Voice:
    return Voice.load(ROOT / "voices", "fernhill")


@pytest.fixture(scope="session")
def masked_links() -> Callable[[str], list[str]]:
    """Where a reader of some Markdown would land by clicking on words, by another's parser."""
    parser = MarkdownIt("commonmark")

    def targets(markdown: str) -> list[str]:
        inline = [child for token in parser.parse(markdown) for child in token.children or ()]
        return [str(one.attrs.get("href", one.attrs.get("src"))) for one in inline if hides(one)]

    def hides(token: Token) -> bool:
        return token.type == "image" or (token.type == "link_open" and token.markup != "autolink")

    return targets
