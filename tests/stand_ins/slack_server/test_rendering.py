"""What an employee reads."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.stand_ins.slack_server import Channel, SlackServer, User
from tests.stand_ins.slack_server.building import (
    actions,
    button,
    section,
)

# --- reading it -------------------------------------------------------------------------------


def test_a_message_reads_as_employees_see_it() -> None:
    from tests.stand_ins.slack_server import visible_text

    message = {
        "text": "only the notification",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Leave"}},
            {
                "type": "markdown",
                "text": "**25 days**, see [the *policy*](https://intra.example/leave).\n\n- a\n"
                "- b\n\n```py\nx = __name__\n```\n\nfish \\*and\\* chips &amp; <@U1>",
            },
            section("*Sources*\n1. <https://intra.example/leave|Leave policy> in <#C1>"),
            actions(button("why"), button("share", "Share with channel")),
        ],
    }
    assert visible_text(message, {"U1": "ada", "C1": "general"}) == (
        "Leave\n\n"
        "25 days, see the policy (https://intra.example/leave).\n\n• a\n• b\n\n    x = __name__\n\n"
        "fish *and* chips & @ada\n\n"
        "Sources\n1. Leave policy (https://intra.example/leave) in #general\n\n"
        "[Why?]  [Share with channel]"
    )


def test_live_mentions_are_found_and_dead_ones_are_not() -> None:
    from tests.stand_ins.slack_server import live_mentions

    live = {"text": "", "blocks": [section("<!here> <@U123|ada> `<!channel>` &lt;!everyone&gt;")]}
    assert live_mentions(live) == ["!here", "@U123"]
    plain = {"type": "section", "text": {"type": "plain_text", "text": "<!here>"}}
    assert live_mentions({"text": "<!channel>", "blocks": [plain]}) == []
    assert live_mentions({"text": "<!subteam^S1|hr>"}) == ["!subteam^S1"]


async def test_a_transcript_tells_the_whole_conversation(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, f"{slack.mention} how many days?")
    await client.chat_postMessage(channel=general.id, thread_ts=ts, text="*25* days.")
    await client.chat_postEphemeral(channel=general.id, user=ada.id, thread_ts=ts, text="Share?")
    await client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    assert slack.transcript(general, ts, for_user=ada) == (
        "ada 09:00:00\n  @housevoice how many days?\n  :eyes: 1\n\n"
        "housevoice 09:00:00\n  25 days.\n\n"
        "housevoice 09:00:00 (only you can see this)\n  Share?"
    )


async def test_waiting_in_vain_tells_what_there_was(slack: SlackServer) -> None:
    with pytest.raises(TimeoutError, match="unacknowledged"):
        await slack.until(lambda: False, timeout=0.01)
