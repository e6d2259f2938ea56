"""Answers that are too long for a message: whole, in order, cut where it does no harm."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.slack.showing.formatting import MARKDOWN_LIMIT, SECTION_LIMIT
from tests.adapters.slack_office import Office, office_at, will_answer
from tests.stand_ins.slack_server import Channel, Json
from tests.stand_ins.slack_server.blocks import MESSAGE_BLOCKS

FENCE = "```"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        await opened.start()
        yield opened


@pytest.fixture(params=["at once", "growing", "refused", "closed early"])
def manner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the answer gets onto Slack."""
    if request.param != "at once":
        monkeypatch.setattr("adapters.slack.showing.replies.GROW_SECONDS", 0)
    return str(request.param)


def numbered(most: int, between: str = "\n\n") -> str:
    """Paragraphs that can be counted."""
    return between.join(f"Item {n:04}: {'many a word of it ' * 12}." for n in range(most))


async def answer(office: Office, markdown: str, manner: str = "at once") -> list[Json]:
    """The messages that the answer took."""
    if manner == "refused":
        office.slack.fail("chat.startStream", error="feature_not_enabled", times=None)
    if manner == "closed early":
        office.slack.faults.stream_appends = 3
    size = len(markdown) if manner == "at once" else 900
    pieces = [markdown[at : at + size] for at in range(0, len(markdown), size)]
    will_answer(office.bench, *pieces)
    ts = await office.ask()
    return office.slack.replies(office.general, ts)


def source(messages: list[Json]) -> str:
    """The Markdown of all messages."""
    return "\n".join(
        str(block["text"])
        for message in messages
        for block in message["blocks"]
        if block["type"] == "markdown"
    )


def assert_well_made(office: Office, messages: list[Json], channel: Channel | None = None) -> None:
    """Within Slack's limits, with one set of buttons at the very end, and no refused call."""
    for message in messages:
        blocks = message["blocks"]
        assert len(blocks) <= MESSAGE_BLOCKS
        assert sum(len(b["text"]) for b in blocks if b["type"] == "markdown") <= MARKDOWN_LIMIT
        assert not office.slack.is_streaming(channel or office.general, message["ts"])
        assert message["text"], "a notification would be empty"
    ends = ["[Helpful]" in office.slack.visible(message) for message in messages]
    assert ends == [False] * (len(messages) - 1) + [True]
    refused = {
        (call.method, call.answer.get("error"))
        for call in office.slack.calls
        if not call.ok and call.answer.get("error") in ("msg_too_long", "invalid_blocks")
    }
    assert refused == set()


async def test_forty_thousand_characters_arrive_whole_and_in_order(
    office: Office, manner: str
) -> None:
    markdown = numbered(200)
    assert len(markdown) > 40_000
    messages = await answer(office, markdown, manner)
    assert len(messages) >= 4
    assert re.findall(r"Item (\d{4}):", source(messages)) == [f"{n:04}" for n in range(200)]
    assert source(messages).split() == markdown.split()
    assert_well_made(office, messages)


async def test_text_without_a_single_space_is_cut_and_not_lost(office: Office) -> None:
    markdown = "".join(f"{n:05}" for n in range(9000))
    messages = await answer(office, markdown)
    assert "".join(source(messages).split()) == markdown
    assert_well_made(office, messages)


async def test_letters_of_several_bytes_are_kept(office: Office, manner: str) -> None:
    """A stream is bounded in bytes, a block in characters."""
    markdown = "\n\n".join(f"第{n:04}条 {'休暇は二十五日です。' * 20}" for n in range(120))
    messages = await answer(office, markdown, manner)
    assert source(messages).split() == markdown.split()
    assert_well_made(office, messages)


async def test_a_code_block_stays_whole_and_one_that_is_too_long_is_closed_and_reopened(
    office: Office, manner: str
) -> None:
    short = f"{FENCE}python\n" + "\n".join(f"short_{n} = {n}" for n in range(40)) + f"\n{FENCE}"
    long = f"{FENCE}python\n" + "\n".join(f"long_{n:04} = {n}" for n in range(1500)) + f"\n{FENCE}"
    markdown = "\n\n".join([numbered(40), short, numbered(12), long, "The end of it."])
    messages = await answer(office, markdown, manner)
    for message in messages:
        text = source([message])
        fences = [line for line in text.split("\n") if line.startswith(FENCE)]
        assert len(fences) % 2 == 0, f"a fence is left open: {text[-300:]!r}"
        if "short_0 " in text:
            assert "short_39 " in text, "a block that fits is cut"
    lines = re.findall(r"^long_(\d{4}) = ", source(messages), re.M)
    assert lines == [f"{n:04}" for n in range(1500)]
    assert source(messages).rstrip().endswith("The end of it.")
    assert_well_made(office, messages)


async def test_a_table_is_aligned_text_and_keeps_its_cells(office: Office, manner: str) -> None:
    rows = [("Site", "Days"), ("Ghent", "25"), ("Lisbon <!here>", "22 | 23"), ("", "7")]
    table = "\n".join(
        [
            f"| {rows[0][0]} | {rows[0][1]} |",
            "|---|---:|",
            *(f"| {a} | {b.replace('|', chr(92) + '|')} |" for a, b in rows[1:]),
        ]
    )
    messages = await answer(office, f"{numbered(60)}\n\n{table}\n\nDone.", manner)
    shown = "\n".join(office.slack.visible(each) for each in messages).replace("\u200b", "")
    lines = [line for line in shown.split("\n") if re.search(r"Ghent|Lisbon|Site", line)]
    assert len(lines) == 3
    assert len({re.search(r"(Days|25|22 \| 23)", line).end() for line in lines}) == 1  # type: ignore[union-attr]
    assert office.rings() == []
    assert_well_made(office, messages)


async def test_a_table_that_is_too_long_loses_no_row(office: Office) -> None:
    rows = "\n".join(f"| Site {n:04} | {n % 30} days of leave and more |" for n in range(600))
    messages = await answer(office, f"| Site | Days |\n|---|---|\n{rows}")
    cells = re.findall(r"Site (\d{4})", source(messages))
    assert cells == [f"{n:04}" for n in range(600)]
    for message in messages:
        assert source([message]).count(FENCE) % 2 == 0
    assert_well_made(office, messages)


async def test_private_answers_are_whole_too(office: Office) -> None:
    will_answer(office.bench, numbered(200))
    await office.slack.command(office.ann, office.general, "/ask", "how many days of leave?")
    await office.rest()
    shown = "\n".join(office.private())
    assert re.findall(r"Item (\d{4}):", shown) == [f"{n:04}" for n in range(200)]
    assert shown.count("[Helpful]") == 1
    assert office.said() == []


@pytest.mark.parametrize("manner", ["at once", "growing"], indirect=True)
async def test_a_direct_answer_is_whole_too(office: Office, manner: str) -> None:
    direct = office.slack.dm(office.ann)
    if manner == "at once":
        will_answer(office.bench, numbered(200))
    else:
        markdown = numbered(200)
        pieces = [markdown[at : at + 4000] for at in range(0, len(markdown), 4000)]
        will_answer(office.bench, *pieces)
    await office.say("how many days of leave?", channel=direct)
    messages = office.slack.replies(direct)
    assert re.findall(r"Item (\d{4}):", source(messages)) == [f"{n:04}" for n in range(200)]
    assert_well_made(office, messages, direct)


async def test_an_edit_to_a_shorter_answer_takes_the_surplus_away(office: Office) -> None:
    will_answer(office.bench, numbered(200))
    ts = await office.ask("tell me all of it?")
    assert len(office.said()) > 3
    will_answer(office.bench, "Short.")
    text = f"{office.slack.mention} tell me less?"
    await office.slack.edit(office.ann, office.general, ts, text)
    await office.rest()
    (said,) = office.said()
    assert said.startswith("Short.")


async def test_a_modal_holds_a_long_explanation_within_its_limits(office: Office) -> None:
    will_answer(office.bench, numbered(200))
    await office.ask("why " * 400 + "leave?")
    await office.slack.click(office.ann, office.slack.replies(office.general)[-1], "housevoice:why")
    await office.rest()
    for block in office.modal()["blocks"]:
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= SECTION_LIMIT
    assert "Voice" in office.slack.visible(office.modal())


@pytest.mark.parametrize("characters", [11_900, 12_000, 12_100, 13_050])
async def test_at_the_limits_nothing_is_refused(office: Office, characters: int) -> None:
    markdown = ("word " * (characters // 5))[: characters - 1] + "!"
    messages = await answer(office, markdown)
    assert source(messages).split() == markdown.split()
    assert_well_made(office, messages)


async def test_many_long_answers_at_once_do_not_mix(office: Office) -> None:
    will_answer(office.bench, *[f"{part}\n\n" for part in numbered(80).split("\n\n")])
    asked = [await office.begin(f"tell me {n}?") for n in range(6)]
    await office.rest()
    for ts in asked:
        found = re.findall(r"Item (\d{4}):", source(office.slack.replies(office.general, ts)))
        assert found == [f"{n:04}" for n in range(80)]
    await asyncio.sleep(0)
