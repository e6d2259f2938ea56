"""From what a platform heard to what it shows: one answer each, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.conversation.answering import ATTEMPTS, OPTIONAL_SECONDS
from bot.conversation.channels import ChannelRules
from bot.conversation.inbox import LEASE
from bot.errors import PlatformError
from bot.types import Message, Reply
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, FakePlatform, utterance
from tests.kit.fakes import evidence

PAY = evidence("Salaries are paid on the 25th of each month.\n", title="Pay", document="pay.md")
CAT = evidence("Robin feeds the cat on Mondays.\n", title="Cat", document="cat.md")
ASKED = "When is payday?"
PASSING = PlatformError("busy", passing=True)
REFUSED = PlatformError("not in channel")


@pytest.fixture(autouse=True)
def _knows(bench: Bench) -> None:
    bench.knows("payday", PAY)
    bench.knows("cat", CAT)


async def heard(bench: Bench, office: FakePlatform, text: str = ASKED, **of: Any) -> bool:
    """Say something and wait for the answer."""
    meant = await bench.dispatcher.hear(office, utterance(text, **of))
    await bench.settled()
    return meant


async def lease_runs_out(bench: Bench) -> None:
    bench.clock.tick(LEASE.total_seconds() + 1)


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


class TestAnEdit:
    async def test_of_an_answered_question_changes_its_answer(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance(ASKED)
        await bench.dispatcher.hear(office, said)
        await bench.settled()
        [shown] = office.messages
        bench.clock.tick(59)
        await bench.dispatcher.edited(office, replace(said, text="Who feeds the cat?"))
        await bench.settled()
        assert list(office.messages) == [shown]
        assert "Robin" in office.messages[shown].text

    @pytest.mark.parametrize("at", ["open_reply", "grow", "finish"])
    async def test_while_it_is_being_answered_answers_the_new_words_only(
        self, bench: Bench, office: FakePlatform, at: str
    ) -> None:
        said = utterance(ASKED)
        office.hold(at)
        await bench.dispatcher.hear(office, said)
        await office.reached[at].wait()
        office.gates.clear()
        await bench.dispatcher.edited(office, replace(said, text="Who feeds the cat?"))
        await bench.settled()
        [card] = office.messages.values()
        assert "Robin" in card.text
        assert await bench.history.questions(said.conversation, 5) in (
            ["Who feeds the cat?"],
            [ASKED, "Who feeds the cat?"],  # cut off after it was recorded
        )

    @pytest.mark.parametrize("at", ["open_reply", "grow", "finish"])
    async def test_heard_by_another_replica_leaves_one_answer_to_the_new_words(
        self, bench: Bench, office: FakePlatform, at: str
    ) -> None:
        said = utterance(ASKED)
        office.hold(at)
        await bench.dispatcher.hear(office, said)
        await office.reached[at].wait()
        gate = office.gates.pop(at)
        async with bench.replica() as other:
            await other.dispatcher.edited(office, replace(said, text="Who feeds the cat?"))
            await other.settled()
            if at == "finish":  # both write to the same message: the last to write is seen
                return
            gate.set()
            await bench.settled()
        [card] = office.messages.values()
        assert "Robin" in card.text

    async def test_after_more_than_a_minute_changes_nothing(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance(ASKED)
        await bench.dispatcher.hear(office, said)
        await bench.settled()
        before = dict(office.messages)
        bench.clock.tick(61)
        await bench.dispatcher.edited(office, replace(said, text="Who feeds the cat?"))
        await bench.settled()
        assert office.messages == before

    async def test_of_what_was_not_meant_for_it_is_nothing(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await bench.dispatcher.edited(office, utterance(ASKED, address="none"))
        await bench.settled()
        assert office.replies == []

    async def test_is_not_mistaken_for_a_failed_attempt(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance("Whne is?")
        await bench.dispatcher.hear(office, said)
        for _ in range(ATTEMPTS + 2):
            await bench.dispatcher.edited(office, replace(said, text=ASKED))
        await bench.settled()
        [card] = office.messages.values()
        assert "25th" in card.text


class TestADeletion:
    async def test_takes_the_answer_along(self, bench: Bench, office: FakePlatform) -> None:
        said = utterance(ASKED)
        await bench.dispatcher.hear(office, said)
        await bench.settled()
        bench.clock.tick(59)
        await bench.dispatcher.deleted(office, said.place, said.id)
        assert office.messages == {}

    @pytest.mark.parametrize("at", ["open_reply", "grow", "finish"])
    async def test_while_it_is_being_answered_leaves_nothing(
        self, bench: Bench, office: FakePlatform, at: str
    ) -> None:
        said = utterance(ASKED)
        office.hold(at)
        await bench.dispatcher.hear(office, said)
        await office.reached[at].wait()
        office.gates.clear()
        await bench.dispatcher.deleted(office, said.place, said.id)
        await bench.settled()
        assert office.messages == {}
        await lease_runs_out(bench)
        await bench.dispatcher.recover(office)
        await bench.settled()
        assert office.messages == {}

    @pytest.mark.parametrize("at", ["open_reply", "grow", "finish"])
    async def test_heard_by_another_replica_leaves_nothing(
        self, bench: Bench, office: FakePlatform, at: str
    ) -> None:
        said = utterance(ASKED)
        office.hold(at)
        await bench.dispatcher.hear(office, said)
        await office.reached[at].wait()
        async with bench.replica() as other:
            await other.dispatcher.deleted(office, said.place, said.id)
            office.gates[at].set()
            await bench.settled()
        assert office.messages == {}

    async def test_after_more_than_a_minute_leaves_the_answer(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance(ASKED)
        await bench.dispatcher.hear(office, said)
        await bench.settled()
        bench.clock.tick(61)
        await bench.dispatcher.deleted(office, said.place, said.id)
        assert len(office.messages) == 1

    async def test_is_final(self, bench: Bench, office: FakePlatform) -> None:
        said = utterance(ASKED)
        await bench.dispatcher.hear(office, said)
        await bench.settled()
        await bench.dispatcher.deleted(office, said.place, said.id)
        await bench.dispatcher.edited(office, said)
        assert not await bench.dispatcher.hear(office, said)
        await bench.settled()
        assert office.messages == {}


class TestAPlatformThatFails:
    async def test_to_tell_what_was_said_before_is_answered_without_it(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.fail("earlier", PASSING)
        with capture_logs() as logged:
            await heard(bench, office)
        assert "25th" in office.last.text
        assert [each["event"] for each in logged if each["log_level"] == "warning"] == [
            "earlier_unread"
        ]

    async def test_to_tell_in_time_what_was_said_before_is_answered_without_it(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.hold("earlier")
        await bench.dispatcher.hear(office, utterance(ASKED))
        await office.reached["earlier"].wait()
        assert not office.answers
        bench.world.hand.move(OPTIONAL_SECONDS)
        await bench.settled()
        assert "25th" in office.last.text

    @pytest.mark.parametrize("at", ["open_reply", "audience", "grow", "finish"])
    async def test_for_a_moment_is_asked_again(
        self, bench: Bench, office: FakePlatform, at: str
    ) -> None:
        office.fail(at, PASSING)
        with capture_logs() as logged:
            await heard(bench, office)
        assert office.answers == []
        assert [each["event"] for each in logged if each["log_level"] == "warning"] == [
            "reply_not_shown"
        ]
        await lease_runs_out(bench)
        await bench.dispatcher.recover(office)
        await bench.settled()
        assert len(office.answers) == 1
        assert len(office.messages) == 1

    async def test_for_good_is_given_up(self, bench: Bench, office: FakePlatform) -> None:
        office.fail("open_reply", REFUSED)
        with capture_logs() as logged:
            await heard(bench, office)
        assert logged[-1]["given_up"]
        [(_, user, told)] = office.whispers
        assert user == "ann"
        assert logged[-1]["error_id"] in told
        await lease_runs_out(bench)
        await bench.dispatcher.recover(office)
        await bench.settled()
        assert office.replies == []

    async def test_for_good_is_told_to_nobody_who_did_not_ask_the_bot(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        rules = ChannelRules(answers="unprompted", bar=0.1)
        await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
        office.fail("open_reply", REFUSED)
        with capture_logs():
            await heard(bench, office, address="none")
        assert office.whispers == []

    async def test_for_good_at_what_was_taken_back_is_told_to_nobody(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance(ASKED)
        office.fail("finish", REFUSED)
        office.hold("finish")
        await bench.dispatcher.hear(office, said)
        await office.reached["finish"].wait()
        with capture_logs():
            async with bench.replica() as other:
                await other.dispatcher.deleted(office, said.place, said.id)
            office.gates["finish"].set()
            await bench.settled()
        assert office.whispers == []

    async def test_to_tell_even_that_is_no_fault(self, bench: Bench, office: FakePlatform) -> None:
        office.fail("open_reply", REFUSED)
        office.fail("whisper", REFUSED)
        with capture_logs() as logged:
            await heard(bench, office)
        assert [each["event"] for each in logged] == ["reply_not_shown"]

    async def test_for_a_moment_each_time_is_given_up_in_the_end(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.fail("open_reply", *[PASSING] * (ATTEMPTS + 5))
        with capture_logs() as logged:
            await heard(bench, office)
            for _ in range(ATTEMPTS + 2):
                await lease_runs_out(bench)
                await bench.dispatcher.recover(office)
                await bench.settled()
        failures = [each for each in logged if each["event"] == "reply_not_shown"]
        assert [each["given_up"] for each in failures] == [False] * (ATTEMPTS - 1) + [True]

    async def test_of_our_own_each_time_is_given_up_in_the_end(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.fail("finish", *[RuntimeError("a fault of ours")] * ATTEMPTS)
        with capture_logs():
            await heard(bench, office)
            for _ in range(ATTEMPTS + 2):
                await lease_runs_out(bench)
                await bench.dispatcher.recover(office)
                await bench.settled()
        assert office.answers == [
            "I tried several times and could not answer this. Please ask again."
        ]

    async def test_with_one_question_leaves_the_others_alone(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.fail("open_reply", REFUSED)
        with capture_logs():
            await heard(bench, office)
        await heard(bench, office, "Who feeds the cat?")
        assert "Robin" in office.last.text

    async def test_half_way_keeps_what_was_posted_in_reach_of_a_deletion(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance(ASKED)
        office.fail("finish", REFUSED)
        with capture_logs():
            await bench.dispatcher.hear(office, said)
            await bench.settled()
        assert len(office.messages) == 1
        await bench.dispatcher.deleted(office, said.place, said.id)
        assert office.messages == {}

    async def test_in_an_unforeseen_way_is_logged_by_place_and_tried_again(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.fail("open_reply", KeyError("zebra-pyjamas"))
        with capture_logs() as logged:
            await heard(bench, office)
        [failure] = [each for each in logged if each["event"] == "dispatch_failed"]
        assert "fake_platform.py" in str(failure["errors"])
        assert "zebra-pyjamas" not in str(failure)
        await lease_runs_out(bench)
        await bench.dispatcher.recover(office)
        await bench.settled()
        assert len(office.answers) == 1
