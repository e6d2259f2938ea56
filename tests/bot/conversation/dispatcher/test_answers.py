"""Each message that is for the bot gets one answer, as its channel wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.conversation.channels import ChannelRules
from bot.types import Message, Reply
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, FakePlatform, utterance
from tests.bot.conversation.dispatcher.hearing import ASKED, heard


class TestWhatAChannelDecides:
    @pytest.mark.parametrize(
        "rules", [ChannelRules(), ChannelRules(unsure=False, frame="none", voice="harbour")]
    )
    async def test_goes_along_with_every_question_asked_there(
        self,
        bench: Bench,
        office: FakePlatform,
        monkeypatch: pytest.MonkeyPatch,
        rules: ChannelRules,
    ) -> None:
        asked: list[Message] = []

        async def answer(message: Message) -> AsyncIterator[Reply]:
            asked.append(message)
            yield Reply(message.text, "Yes.", None, "fernhill", "t1")

        monkeypatch.setattr(bench.assistant, "answer", answer)
        await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
        await heard(bench, office)
        await heard(bench, office, address="command", private=True)
        for message in asked:
            assert (message.unsure_too, message.frame) == (rules.unsure, rules.frame)
            assert message.voice == rules.voice


class TestAnAnswer:
    async def test_grows_and_ends_as_a_whole_with_sources(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        assert await heard(bench, office)
        [reply] = office.replies
        assert len(reply.grown) > 1
        assert all(b.startswith(a) for a, b in zip(reply.grown, reply.grown[1:], strict=False))
        assert reply.card is not None
        assert reply.card.text == reply.grown[-1]
        assert "25th" in reply.card.text
        assert [each.title for each in reply.card.sources] == ["Pay"]
        assert reply.card.buttons == ("helpful", "unhelpful", "why")
        assert await bench.history.trace(reply.card.subject)

    async def test_is_promised_as_soon_as_the_utterance_is_safe(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.hold("open_reply")
        assert await bench.dispatcher.hear(office, utterance(ASKED))
        assert len(await bench.rows("inbox")) == 1
        assert office.replies == []
        office.gates["open_reply"].set()
        await bench.settled()

    async def test_is_one_however_often_the_question_is_delivered(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance(ASKED)
        taken = await asyncio.gather(*(bench.dispatcher.hear(office, said) for _ in range(5)))
        await bench.settled()
        assert sorted(taken) == [False] * 4 + [True]
        assert not await bench.dispatcher.hear(office, said)
        assert len(office.answers) == 1

    async def test_is_one_of_all_replicas(self, bench: Bench, office: FakePlatform) -> None:
        async with bench.replica() as other:
            said = [utterance(ASKED) for _ in range(20)]
            await asyncio.gather(
                *(each.dispatcher.hear(office, one) for one in said for each in (bench, other))
            )
            await bench.settled()
            await other.settled()
        assert len(office.answers) == 20
        assert len(office.messages) == 20

    async def test_to_small_talk_has_no_buttons(self, bench: Bench, office: FakePlatform) -> None:
        await heard(bench, office, "Thanks!")
        assert office.last.buttons == ()

    async def test_that_is_none_offers_a_person_where_there_is_one(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.admins.add("ann")
        by = office.by("ann")
        await bench.desk.submit("workspace", {}, by, {"help_channel": "C-help"})
        await heard(bench, office, "Who won the cup?")
        assert list(office.last.buttons) == ["why", "person"]
        bench.passages.fault = OSError("disk")
        with capture_logs():
            await heard(bench, office)
        assert list(office.last.buttons) == ["person"]
        told = await bench.follow_ups.ask_person(office.last.subject, CHANNEL, "ann", office)
        assert "asked the people" in told.text

    async def test_can_be_shared_if_only_the_asker_sees_it_in_a_channel(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        cases: list[tuple[dict[str, Any], bool]] = [
            ({"address": "command", "private": True}, True),
            ({"address": "command"}, False),
            ({"address": "direct", "place": DIRECT}, False),
        ]
        for of, shareable in cases:
            await heard(bench, office, **of)
            assert ("share" in office.last.buttons) is shareable

    async def test_speaks_in_the_voice_that_was_asked_for(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await heard(bench, office, voice="harbour")
        assert office.last.text.startswith("Ahoy.")
