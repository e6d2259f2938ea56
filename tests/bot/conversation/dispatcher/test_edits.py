"""An answer follows its question when that is edited or deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation.answering import ATTEMPTS
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import FakePlatform, utterance
from tests.bot.conversation.dispatcher.hearing import ASKED, lease_runs_out


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
