"""What Slack is sent, and what is read from it."""

from __future__ import annotations

import html
import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.showing.formatting import (
    FALLBACK_LIMIT,
    MARKDOWN_LIMIT,
    SECTION_LIMIT,
    escape,
    fallback,
    from_slack,
    inert,
    markdown_blocks,
    mrkdwn,
    section,
)

CITED = "https://docs.example.com/pay"


def block(markdown: str) -> str:
    """A short answer's one ``markdown`` block."""
    [[only]] = markdown_blocks(markdown, [CITED])
    assert only["type"] == "markdown"
    return str(only["text"])


def marked_up(markdown: str) -> str:
    """A short answer as mrkdwn."""
    [only] = mrkdwn(markdown, [CITED])
    return only


# Mentions

LIVE = re.compile(r"<[@#!]|@(?:channel|here|everyone|group)")


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
    *["<!channel>", "<!here>", "<!everyone>", "<!subteam^S1>", "<!subteam^S1|@team>", "<@U1>"],
    *["<@U1|ada>", "<#C1>", "<#C1|general>", "@channel", "@here", "@everyone", "@Here"],
    *["<!chan<!here>nel>", "@he@herere", "<\u200d!here>", "@\u00adhere", "@\u2060channel"],
    *[
        "＠here",
        "@ｈｅｒｅ",
        "＜!here＞",
        "<！here>",
        "<\x01!here>",
        "&lt;!here&gt;",
        "&#60;!here>",
    ],
    *["<!date^1^{date}|@here>", "\\<!here>", "<\\!here>", "@\ufe0fhere", "\\@here", "&#64;here"],
    "&#60;!here>",
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

    assert live(inert(mention)) == []
    assert live(inert(markdown)) == []
    assert [live(text) for text in mrkdwn(markdown, [CITED])] in ([[]], [])
    assert live(fallback(markdown)) == []
    for [only] in markdown_blocks(markdown, [CITED]):
        assert live(only["text"]) == []


PIECES = st.lists(
    st.one_of(
        st.sampled_from(MENTIONS),
        st.sampled_from([*"<@!#&|>^`*_[]()\\\n\u200b\u200d＠", "here", "channel", "U1"]),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@given(PIECES)
@settings(max_examples=500, deadline=None)
def test_no_mention_is_live_whatever_the_text(text: str) -> None:
    sent = [inert(text), *mrkdwn(text, limit=60), fallback(text)]
    sent += [str(only["text"]) for [only] in markdown_blocks(text)]

    assert [found for each in sent for found in live(each)] == []


@given(PIECES, st.lists(st.integers(0, 60), max_size=5))
@settings(max_examples=500, deadline=None)
def test_a_mention_spread_over_a_streams_pieces_is_not_live(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]

    assert live("".join(inert(piece) for piece in pieces)) == []


@given(PIECES)
def test_what_is_inert_stays_as_it_is_and_readable(text: str) -> None:
    once = inert(text)

    assert inert(once) == once
    assert once.replace("\u200b", "") == text.replace("\u200b", "")


@pytest.mark.parametrize("text", ["ada@example.com", "a < b", "@ada", "#general", "x <- y"])
def test_what_mentions_nobody_is_left_alone(text: str) -> None:
    assert inert(text) == text


def test_escaping_is_slacks() -> None:
    assert escape("a < b & c > d") == "a &lt; b &amp; c &gt; d"


# The markdown block


def test_a_markdown_block_keeps_markdown() -> None:
    markdown = f"# Pay\n\n- **28th** [1]\n- [more]({CITED})\n\n```py\nx < y\n```"

    assert block(markdown) == markdown


def test_angle_brackets_are_characters_in_a_markdown_block() -> None:
    assert block("a <b> & <https://evil.example|safe> &amp;lt;") == (
        "a &lt;b> & `https://evil.example|safe` &amp;lt;"
    )


def test_a_slack_link_in_code_is_not_one() -> None:
    assert "<https:" not in block("`<https://evil.example|safe>`")
    assert "<https:" not in marked_up("```\n<https://evil.example|safe>\n```")


def test_bare_domains_that_slack_would_link_are_code() -> None:
    text = "Mail ada@corp.com, see evil.com, evil.example/x, config.py and Node.js, z.B. v1.2."

    assert block(text) == (
        "Mail ada@corp.com, see `evil.com`, `evil.example/x`, config.py and Node.js, z.B. v1\\.2."
    ).replace("v1\\.2", "v1.2")


@pytest.mark.parametrize(
    "domain",
    [
        "phish.click", "evil.zip", "a-b.evil.co.uk", "PHISH.Click", "evil.xn--p1ai", "зло.рф",
        "evil.com.py", "evil.py/x", "evil.technology", "evil.museum?a=1", "evil.bid:8080/x",
        "evil.pages.dev", "münchen.de",
    ],
)  # fmt: skip
def test_a_bare_domain_of_any_kind_is_code(domain: str) -> None:
    assert block(f"See {domain}, now.") == f"See `{domain}`, now."
    assert marked_up(f"See {domain}, now.") == f"See `{domain}`, now."


@pytest.mark.parametrize(
    "text", ["v1.2.3", "config.py", "Node.js", "z.B.", "host.local", "3.5 km", "ada@phish.click"]
)
def test_what_only_looks_like_one_is_text(text: str) -> None:
    assert block(f"See {text} now.") == f"See {text} now."


def test_tables_and_rules_are_text() -> None:
    assert block("| a | b |\n|--|--|\n| 1 | 2 |\n\n---") == (
        "```\na  b\n─  ─\n1  2\n```\n\n──────────"
    )


def test_each_message_holds_what_slack_takes() -> None:
    long = "\n\n".join(["Salaries arrive on the 28th. [1] " * 20, "```py\nx = 1\n```"] * 60)
    messages = markdown_blocks(long[:40_000])

    assert len(messages) >= 4
    for blocks in messages:
        assert len(blocks) <= 50
        assert sum(len(each["text"]) for each in blocks) <= MARKDOWN_LIMIT
        assert blocks[0]["text"].count("```") % 2 == 0


def test_an_empty_answer_is_no_message() -> None:
    assert markdown_blocks("") == []
    assert mrkdwn("\n") == []
    assert fallback("") == ""


# mrkdwn


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Pay **day**", "*Pay day*"),
        ("**bold** *it* _it_ ~~gone~~ ***both***", "*bold* _it_ _it_ ~gone~ _*both*_"),
        ("**bold *and it***", "*bold _and it_*"),
        ("**two\nlines**", "*two*\n*lines*"),
        ("pay**day**s 这是**重点**内容", "pay\u200b*day*\u200bs 这是\u200b*重点*\u200b内容"),
        ("(**bold**)", "(*bold*)"),
        ("- a\n- b\n  1. c", "• a\n• b\n  1. c"),
        ("> quoted\n> twice", "> quoted\n> twice"),
        ("\\> no quote", "\u200b&gt; no quote"),
        ("`a < b && c`", "`a &lt; b &amp;&amp; c`"),
        ("``a ` b``", "`a ˋ b`"),
        ("```py\nif a < b:\n```", "```\nif a &lt; b:\n```"),
        (f"[the *pay* page]({CITED}?a=1&b=2)", f"the _pay_ page (`{CITED}?a=1&amp;b=2`)"),
        (f"[a < b]({CITED})", f"<{CITED}|a &lt; b>"),
        (f"{CITED}", f"<{CITED}>"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("AT&T &amp; <b>", "AT&amp;T &amp; &lt;b&gt;"),
        ("\\*plain\\* [1] stays", "*plain* [1] stays"),
        ("\\`\\`\\` no fence", "`\u200b`\u200b` no fence"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown: str, text: str) -> None:
    assert marked_up(markdown) == text


def test_a_citation_mark_before_a_link_stays_a_mark() -> None:
    assert marked_up(f"On the 28th. [1] See [pay]({CITED}).") == (
        f"On the 28th. [1] See <{CITED}|pay>."
    )


def test_a_label_is_plain_for_slack_shows_its_marks() -> None:
    assert marked_up(f"[the **pay** `page`]({CITED})") == f"<{CITED}|the pay page>"


def test_a_cited_url_that_looks_like_a_mention_still_works() -> None:
    url = "https://blog.example/@here/pay"

    assert mrkdwn(f"[pay]({url})", [url]) == ["<https://blog.example/%40here/pay|pay>"]


def test_a_link_holds_no_mention() -> None:
    text = marked_up(f"[@here <!here>]({CITED})")

    assert html.unescape(text.replace("\u200b", "")) == f"<{CITED}|@here <!here>>"


TEXT = st.lists(
    st.sampled_from(
        [
            *[
                "Pay arrives. [1] ",
                "**bold** ",
                "`a < b` ",
                "& ",
                "< ",
                "\n\n",
                "\n- ",
                "word " * 99,
            ],
            *[
                f"[pay]({CITED}) ",
                "```\nx = 1\n```\n\n",
                "```\n" + "y < z\n" * 99 + "```\n\n",
                "@here",
            ],
        ]
    ),
    max_size=30,
).map("".join)


@given(TEXT)
@settings(max_examples=150, deadline=None)
def test_sections_keep_the_limit_whole_entities_and_fences(text: str) -> None:
    pieces = mrkdwn(text, [CITED])

    assert all(len(piece) <= SECTION_LIMIT for piece in pieces)
    for piece in pieces:
        assert piece.count("```") % 2 == 0
        without_links = piece.replace(f"<{CITED}|pay>", "")
        assert "<" not in without_links
        assert re.sub(r"&(?:amp|lt|gt);", "", piece).count("&") == 0


def test_a_section_links_nothing_by_itself() -> None:
    assert section("a") == {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "a", "verbatim": True},
    }


def test_the_fallback_is_short_and_says_so() -> None:
    long = fallback("Salaries arrive. " * 1000)

    assert len(long) <= FALLBACK_LIMIT
    assert long.endswith("\n…")
    assert fallback("**Paid** @here") == "*Paid* @\u200bhere"


# Incoming


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@UBOT> when is pay day?", "when is pay day?"),
        ("Hey <@UBOT|housevoice>, when?", "Hey , when?"),
        ("ask <@UBOT> now", "ask now"),
        ("ask <@U1|ada> or <@U2> or <@U3>", "ask @ada or @Bob or @U3"),
        ("in <#C1|general> and <#C2> and <#C3|>", "in #general and #help and #C3"),
        (
            "<!here> <!channel|channel> <!subteam^S1|@payroll> <!subteam^S2>",
            "@here @channel @payroll @hr",
        ),
        ("<!date^1392734382^{date_short}|Feb 18, 2014>", "Feb 18, 2014"),
        ("see <https://x.example/a?b=1&amp;c=2>", "see https://x.example/a?b=1&c=2"),
        ("see <https://x.example/a|the page>", "see the page (https://x.example/a)"),
        ("see <http://x.example|x.example>", "see http://x.example"),
        ("<mailto:ada@x.example|ada@x.example> <tel:+4930|030>", "ada@x.example 030 (+4930)"),
        ("a &lt; b &amp;amp; c &gt; d", "a < b &amp; c > d"),
        ("&lt;@U1&gt; is text", "<@U1> is text"),
        (":wave: *bold* `x &lt; y`", ":wave: *bold* `x < y`"),
        ("line one\nline  two", "line one\nline  two"),
        ("<@UBOT>", ""),
    ],
)
def test_an_incoming_message_reads_as_its_author_saw_it(text: str, read: str) -> None:
    names = {"U2": "Bob", "C2": "help", "S2": "hr"}

    assert from_slack(text, "UBOT", names) == read
