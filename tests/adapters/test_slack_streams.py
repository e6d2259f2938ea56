"""An answer whose stream ends before it does: all of it is there, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.adapters.slack_office import Office, office_at, will_answer
from tests.stand_ins.slack_server import Channel

PIECES = ("First part. ", "Second part. ", "Last part.")
Ending = Callable[[Office, Channel], None]


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr("adapters.slack.showing.replies.GROW_SECONDS", 0)
    async with office_at(tmp_path) as opened:
        await opened.start()
        yield opened


def closed(office: Office, channel: Channel) -> None:
    """Slack ends it, as it does after some minutes."""
    office.slack.close_streams()


def too_old(office: Office, channel: Channel) -> None:
    """It has been open for as long as Slack lets it."""
    office.bench.clock.tick(301)


def stopped(office: Office, channel: Channel) -> None:
    """Somebody pressed Slack's own stop button."""
    for stream in office.slack.workspace.streams.values():
        stream.stopped_by_user = True
    office.slack.close_streams()


def closed_but_locked(office: Office, channel: Channel) -> None:
    """It takes no more text, and does not become a message that can be changed either."""
    office.slack.close_streams()
    office.slack.fail("chat.update", error="streaming_state_conflict", times=None)


def closed_and_frozen(office: Office, channel: Channel) -> None:
    """What is there can be neither changed nor deleted."""
    office.slack.close_streams()
    office.slack.fail("chat.update", error="cant_update_message", times=None)
    office.slack.fail("chat.delete", error="cant_delete_message", times=None)


def deleted(office: Office, channel: Channel) -> None:
    """Somebody deletes what is there so far."""
    for reply in office.slack.replies(channel):
        office.slack.delete_message(channel, reply["ts"])


def unanswered(office: Office, channel: Channel) -> None:
    """It ends as it should, but nobody hears of that."""
    office.slack.fail("chat.stopStream", lose=True)


def cut_off(office: Office, channel: Channel) -> None:
    """Further text is taken, but nobody hears of that."""
    office.slack.fail("chat.appendStream", lose=True)


@pytest.mark.parametrize("where", ["channel", "direct"])
@pytest.mark.parametrize("ends_after", ["the first part", "the second part"])
@pytest.mark.parametrize(
    "ending",
    [closed, too_old, stopped, closed_but_locked, deleted, unanswered, cut_off],
    ids=lambda ending: ending.__name__,
)
async def test_the_whole_answer_arrives_once(
    office: Office, ending: Ending, ends_after: str, where: str
) -> None:
    shown = await _answered(office, ending, ends_after, where)
    (whole,) = shown
    assert [whole.count(part.strip()) for part in PIECES] == [1, 1, 1]
    assert "[Helpful]" in whole and "● Sure" in whole


async def test_the_whole_answer_arrives_beside_what_slack_keeps_of_the_first_part(
    office: Office,
) -> None:
    begun, whole = await _answered(office, closed_and_frozen, "the first part", "channel")
    assert PIECES[-1] not in begun and "[Helpful]" not in begun
    assert [whole.count(part.strip()) for part in PIECES] == [1, 1, 1] and "[Helpful]" in whole


async def _answered(office: Office, ending: Ending, ends_after: str, where: str) -> list[str]:
    channel = office.slack.dm(office.ann) if where == "direct" else office.general
    gate = asyncio.Event()
    grown = PIECES[:1] if ends_after == "the first part" else PIECES[:2]
    will_answer(office.bench, *grown, "".join(PIECES[len(grown) :]), gate=gate)
    text = "How many days of leave?"
    ts = await office.slack.say(office.ann, channel, f"{office.slack.mention} {text}")
    seen = "".join(grown).strip()
    await office.slack.until(lambda: seen in "".join(office.said(channel, ts)))
    ending(office, channel)
    gate.set()
    await office.rest()
    for reply in office.slack.replies(channel):
        assert not office.slack.is_streaming(channel, reply["ts"])
    return office.said(channel, ts)
