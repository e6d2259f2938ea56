"""A platform that fails gets the answer later, and once."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.conversation.answering import ATTEMPTS, OPTIONAL_SECONDS
from bot.conversation.channels import ChannelRules
from bot.errors import PlatformError
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform, utterance
from tests.bot.conversation.dispatcher.hearing import ASKED, heard, lease_runs_out

PASSING = PlatformError("busy", passing=True)
REFUSED = PlatformError("not in channel")


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
