"""Blocks at their limits and over them."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.stand_ins.slack_server import Channel, Json
from tests.stand_ins.slack_server.building import (
    FEEDBACK,
    actions,
    button,
    error_of,
    options,
    section,
)

# --- blocks -----------------------------------------------------------------------------------

AT_THE_LIMIT: list[list[Json]] = [
    [{"type": "divider"}] * 50,
    [section("x" * 3000)],
    [{"type": "markdown", "text": "x" * 6000}] * 2,
    [{"type": "header", "text": {"type": "plain_text", "text": "x" * 150}}],
    [actions(button("b", "x" * 75, value="x" * 2000))],
    [actions(*(button(f"b{n}") for n in range(25)))],
    [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10}],
    [actions(options(100))],
    [FEEDBACK],
    [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100}],
]
OVER_THE_LIMIT: list[tuple[list[Json], str]] = [
    ([{"type": "divider"}] * 51, "/blocks"),
    ([section("x" * 3001)], "/blocks/0/text/text"),
    ([{"type": "markdown", "text": "x" * 6001}] * 2, "/blocks/1/text"),
    (
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        "/blocks/0/text/text",
    ),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type"),
    ([actions(button("b", "x" * 76))], "/blocks/0/elements/0/text/text"),
    ([actions(button("b", value="x" * 2001))], "/blocks/0/elements/0/value"),
    ([actions(button("x" * 256))], "/blocks/0/elements/0/action_id"),
    ([actions(button("b"), button("b"))], "/blocks/0"),
    ([section("a", block_id="x"), section("b", block_id="x")], "/blocks"),
    (
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}],
        "/blocks/0/elements",
    ),
    ([actions(options(101))], "/blocks/0/elements/0/options"),
    ([section("")], "/blocks/0/text/text"),
    ([{"type": "input"}], "/blocks/0/type"),
    ([{"type": "nonsense"}], "/blocks/0/type"),
    ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}], "/blocks/0/rows/0"),
]


@pytest.mark.parametrize("blocks", AT_THE_LIMIT)
async def test_blocks_at_their_limit_are_taken(
    client: AsyncWebClient, general: Channel, blocks: list[Json]
) -> None:
    await client.chat_postMessage(channel=general.id, text="x", blocks=blocks)


@pytest.mark.parametrize(("blocks", "place"), OVER_THE_LIMIT)
async def test_blocks_over_a_limit_are_refused_with_the_place(
    client: AsyncWebClient, general: Channel, blocks: list[Json], place: str
) -> None:
    refused = await error_of(client.chat_postMessage(channel=general.id, text="x", blocks=blocks))
    assert refused["error"] == "invalid_blocks"
    assert f"[json-pointer:{place}]" in "".join(refused["response_metadata"]["messages"])
