"""What Discord is sent, and what is read from it."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.discord.showing.formatting import (
    COMPONENTS_LIMIT,
    MESSAGE_LIMIT,
    discord_pieces,
    from_discord,
    inert,
)

CITED = "https://docs.example.com/pay"


def written(markdown: str) -> str:
    """A short answer's one message."""
    [only] = discord_pieces(markdown, [CITED])
    return only


# Mentions

LIVE = re.compile(
    r"@(?:everyone|here)|<@[!&]?\d+>|<#\d+>|</[^<>]+:\d+>|<a?:\w+:\d+>|<t:-?\d+(?::\w)?>|<id:\w+>"
)


def live(text: str) -> list[str]:
    """Mentions in it, for a platform that folds wide letters and drops what cannot be seen."""
    folded = unicodedata.normalize("NFKC", text).lower()
    seen = [
        each
        for each in folded
        if each == "\u200b" or each == "\n" or unicodedata.category(each) not in ("Cc", "Cf")
    ]
    return LIVE.findall("".join(seen))


MENTIONS = [
    *["@everyone", "@here", "@Everyone", "<@1>", "<@!1>", "<@&1>", "<#1>", "</pay day:1>"],
    *["<:smile:1>", "<a:wave:1>", "<t:1700000000>", "<t:-1:R>", "<id:customize>"],
    *["<@<@1>1>", "@every@everyoneone", "<\u200d@1>", "@\u00adeveryone", "<@\u20601>"],
    *["＠everyone", "@ｈｅｒｅ", "＜@1＞", "<@１>", "\\<@1>", "<\\@1>", "&lt;@1>", "&#64;here"],
]
PLACES = [
    *["{}", "`{}`", "``{} ` ``", "```\n{}\n```", "[{}](https://docs.example.com/pay)", "**{}**"],
    *["[a](https://evil.example/{})", "> {}", "- {}", "# {}", "| {} | b |\n|--|--|\n| {} | c |"],
    *["[a]({})", "~~{}~~", "https://docs.example.com/{}", "<https://a.b/{}>", "```{}\nx\n```"],
]


@pytest.mark.parametrize("mention", MENTIONS)
@pytest.mark.parametrize("place", PLACES)
def test_no_mention_is_live_anywhere(mention: str, place: str) -> None:
    markdown = place.replace("{}", mention)

    assert live(inert(markdown)) == []
    for piece in discord_pieces(markdown, [CITED]):
        assert live(piece) == []


PIECES = st.lists(
    st.one_of(
        st.sampled_from(MENTIONS),
        st.sampled_from([*"<@!#&|>:/t1`*_[]()\\\n", "here", "everyone", "\u200b", "\u200d", "＠"]),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@given(PIECES)
@settings(max_examples=500, deadline=None)
def test_no_mention_is_live_whatever_the_text(text: str) -> None:
    for piece in [inert(text), *discord_pieces(text, limit=60)]:
        assert live(piece) == []


@given(PIECES)
def test_what_is_inert_stays_as_it_is_and_readable(text: str) -> None:
    once = inert(text)

    assert inert(once) == once
    assert once.replace("\u200b", "") == text.replace("\u200b", "")


@pytest.mark.parametrize("text", ["ada@example.com", "a < b", "@ada", "<div>", "x <- y", "</p>"])
def test_what_mentions_nobody_is_left_alone(text: str) -> None:
    assert inert(text) == text


# Markdown


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# One\n\n### Three", "# One\n\n### Three"),
        ("#### Four **deep**", "**Four deep**"),
        ("**bold** *it* _it_ ~~gone~~", "**bold** *it* _it_ ~~gone~~"),
        ("__bold__, not underlined", "**bold**, not underlined"),
        ("\\_\\_init\\_\\_ a__b__c snake_case", "\\_\\_init\\_\\_ a\\_\\_b\\_\\_c snake_case"),
        ("a || b || c", "a \\|\\| b \\|\\| c"),
        ("\\~\\~not gone\\~\\~", "\\~\\~not gone\\~\\~"),
        ("-# not small", "\\-# not small"),
        ("\\>>> no quote", "\\>>> no quote"),
        ("- a\n  - b\n\n> quote", "- a\n  - b\n\n> quote"),
        ("<div> & &amp; x < y", "<div> & & x < y"),
        ("---", "──────────"),
        ("| a | b |\n|--|--|\n| 1 | 2 |", "```\na  b\n─  ─\n1  2\n```"),
        ("```cpp\nx = `a`\n```", "```cpp\nx = `a`\n```"),
        ("[1] stays. [2]", "[1] stays. [2]"),
    ],
)
def test_markdown_is_written_as_discord_shows_it(markdown: str, text: str) -> None:
    assert written(markdown) == text


def test_a_cited_link_has_no_preview() -> None:
    assert written(f"[pay]({CITED}) and {CITED}") == f"[pay](<{CITED}>) and <{CITED}>"


@pytest.mark.parametrize(
    "markdown",
    [
        *["[pay](https://evil.example)", "https://evil.example", "<https://evil.example>"],
        *["![x](https://evil.example/x.png)", "discord.gg/abc", "discord.com/invite/abc"],
    ],
)
def test_any_other_link_is_code(markdown: str) -> None:
    outside_code = re.sub(r"`[^`]*`", "", written(markdown))

    assert "evil" not in outside_code
    assert "discord" not in outside_code


# Pieces


def test_an_answer_of_forty_thousand_characters_keeps_the_limit() -> None:
    long = "\n\n".join(
        [
            "## Part",
            "Salaries arrive on the 28th. [1] " * 30,
            "```py\n" + "x = 1\n" * 500 + "```",
            "| a | b |\n|--|--|\n" + "| 1 | 2 |\n" * 300,
        ]
        * 6
    )[:40_000]
    for limit in (MESSAGE_LIMIT, COMPONENTS_LIMIT):
        pieces = discord_pieces(long, limit=limit)

        assert all(len(piece) <= limit for piece in pieces)
        assert all(piece.count("```") % 2 == 0 for piece in pieces)
        assert not [piece for piece in pieces if piece.startswith("[1]")]
        assert len(pieces) <= 2 * len(long) / limit
        assert "".join(pieces).count("Salaries") == long.count("Salaries")
        assert "".join(pieces).count("x = 1") == long.count("x = 1")


def test_emoji_count_as_discord_counts_them() -> None:
    assert [len(piece) for piece in discord_pieces("😀" * 2100)] == [2000, 100]


def test_an_empty_answer_is_no_message() -> None:
    assert discord_pieces(" \n") == []


# Incoming


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@99> when is pay day?", "when is pay day?"),
        ("ask <@!99> now", "ask now"),
        ("<@1> or <@!2> of <@&3> in <#4>", "@ada or @2 of @payroll in #general"),
        ("<:smile:5> <a:wave:6> 😀", ":smile: :wave: 😀"),
        ("at <t:1700000000:R>", "at 2023-11-14 22:13 UTC"),
        ("at <t:999999999999>", "at <t:999999999999>"),
        ("use </kb add:7>", "use /kb add"),
        ("see <https://x.example/a>", "see https://x.example/a"),
        ("x < y > z <b>", "x < y > z <b>"),
        ("line one\nline  two", "line one\nline  two"),
        ("<@99>", ""),
    ],
)
def test_an_incoming_message_reads_as_its_author_saw_it(text: str, read: str) -> None:
    assert from_discord(text, 99, {1: "ada", 3: "payroll", 4: "general"}) == read
