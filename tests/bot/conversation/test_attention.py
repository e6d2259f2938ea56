"""Whether an utterance is meant for the bot: by its words, its place and who spoke before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.conversation.attention import Wish, bar_for, is_for_bot, is_question, wish
from bot.conversation.channels import ChannelRules
from bot.types import Place
from knowledge.types import Attachment
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, THREAD, FakePlatform, utterance
from tests.kit.fakes import evidence

PAY = evidence("Salaries are paid on the 25th of each month.\n", title="Pay", document="pay.md")
ASKED = "When is payday?"
UNPROMPTED = ChannelRules(answers="unprompted", bar=0.5)


@pytest.mark.parametrize(
    ("text", "wished"),
    [
        ("quiet", "quiet"),
        ("Be quiet, please", None),
        ("please be quiet", "quiet"),
        ("Quiet please!", "quiet"),
        ("stop.", "quiet"),
        ("stop answering", "quiet"),
        ("shush", "quiet"),
        ("resume", "resume"),
        ("Come back!", "resume"),
        ("you may talk again", "resume"),
        ("How do I stop a standing order?", None),
        ("quiet hours are when?", None),
        ("resume the project plan", None),
        ("", None),
    ],
)
def test_a_wish_is_the_whole_utterance(text: str, wished: Wish | None) -> None:
    assert wish(text) == wished


@pytest.mark.parametrize("text", ["when is payday", "payday?", "Can I swap a shift", "and in May"])
def test_a_question_needs_no_mark(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["See you at ten.", "Done", "Whatever", "Isabel is here"])
def test_a_statement_is_no_question(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    ("of", "rules", "before", "meant"),
    [
        ({"address": "none"}, ChannelRules(), set(), False),
        ({"address": "none"}, UNPROMPTED, set(), True),
        ({"address": "none", "text": "Lunch is here"}, UNPROMPTED, set(), False),
        ({"address": "none", "to_others": True}, UNPROMPTED, set(), False),
        ({"address": "none"}, ChannelRules(answers="never"), set(), False),
        ({"address": "thread"}, ChannelRules(), set(), False),
        ({"address": "thread"}, ChannelRules(), {"ann"}, True),
        ({"address": "thread"}, ChannelRules(), {"bob"}, True),
        ({"address": "thread", "to_others": True}, ChannelRules(), {"ann"}, False),
        ({"address": "thread"}, ChannelRules(answers="never"), {"ann"}, False),
        ({"address": "thread"}, UNPROMPTED, set(), True),
    ],
)
def test_what_does_not_name_the_bot_is_looked_into_by_rule_and_place(
    of: dict[str, Any], rules: ChannelRules, before: set[str], meant: bool
) -> None:
    assert is_for_bot(utterance(**{"text": ASKED} | of), rules, before) is meant


@pytest.mark.parametrize(
    ("of", "before", "bar"),
    [
        ({"address": "mention", "text": "Lunch is here"}, set(), None),
        ({"address": "direct"}, set(), None),
        ({"address": "command"}, set(), None),
        ({"address": "thread"}, {"ann"}, None),
        ({"address": "thread", "text": "Thanks!"}, {"ann"}, None),
        ({"address": "thread", "text": "See you at ten."}, {"ann"}, 0.5),
        ({"address": "thread"}, {"bob"}, 0.5),
        ({"address": "none"}, set(), 0.5),
        ({"address": "none"}, {"ann"}, 0.5),
    ],
)
def test_who_was_answered_in_a_thread_may_go_on_and_all_else_must_be_sure(
    of: dict[str, Any], before: set[str], bar: float | None
) -> None:
    assert bar_for(utterance(**{"text": ASKED} | of), UNPROMPTED, before) == bar


class TestInAThread:
    @pytest.fixture(autouse=True)
    async def _takes_part(self, bench: Bench, office: FakePlatform) -> None:
        bench.knows("payday", PAY)
        await heard(bench, office, ASKED, place=THREAD)
        office.replies.clear()

    async def test_a_reply_of_the_asker_needs_no_mention(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        assert await heard(bench, office, "And in May?", place=THREAD, address="thread")
        assert bench.passages.searches[-1].question == f"{ASKED} And in May?"
        assert "25th" in office.answers[0]

    async def test_a_question_of_the_asker_is_answered_even_with_i_do_not_know(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await heard(bench, office, "Who won the cup?", place=THREAD, address="thread")
        assert office.last.buttons == ("why",)

    async def test_others_are_answered_where_it_is_sure(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        of = {"place": THREAD, "address": "thread"}
        assert await heard(bench, office, "Who won the cup?", author="eve", **of)
        assert office.replies == []
        assert await heard(bench, office, ASKED, author="bob", **of)
        assert len(office.answers) == 1

    async def test_what_others_merely_remark_is_left_alone(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        of = {"place": THREAD, "address": "thread"}
        assert not await heard(bench, office, "I like payday, Bob.", author="bob", **of)
        assert office.replies == []

    async def test_words_for_somebody_else_are_passed_over(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        of = {"place": THREAD, "address": "thread", "to_others": True}
        assert not await heard(bench, office, ASKED, **of)

    async def test_that_it_does_not_take_part_in_it_says_nothing(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        place = replace(THREAD, thread="t2")
        assert not await heard(bench, office, ASKED, place=place, address="thread")

    async def test_it_takes_part_still_after_a_restart(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        async with bench.replica() as restarted:
            said = utterance(ASKED, place=THREAD, address="thread")
            assert await restarted.dispatcher.hear(office, said)
            await restarted.settled()

    async def test_a_private_question_makes_nobody_a_part_of_it(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        place = replace(THREAD, thread="t3")
        await heard(bench, office, ASKED, place=place, address="command", private=True)
        assert not await heard(bench, office, ASKED, place=place, address="thread")


class TestSilence:
    @pytest.fixture(autouse=True)
    async def _unprompted(self, bench: Bench) -> None:
        bench.knows("payday", PAY)
        await bench.channels.set_rules(CHANNEL, UNPROMPTED, "ann", bench.clock())

    async def test_about_what_it_is_not_sure_of_leaves_no_sign_trace_gap_or_turn(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        assert await heard(bench, office, "Who won the cup?", address="none")
        assert office.replies == []
        for table in ("trace", "gap", "turn", "usage"):
            assert await bench.rows(table) == []

    async def test_about_a_failure_is_kept_as_well(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        bench.passages.fault = OSError("disk")
        await heard(bench, office, ASKED, address="none")
        assert office.replies == []

    async def test_reads_no_files_that_nobody_asked_it_to_read(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        file = Attachment("plan.pdf", "https://files.example/plan")
        await heard(bench, office, "Is this the plan?", address="none", files=(file,))
        assert bench.attachments.given == []

    async def test_ends_where_it_is_sure(self, bench: Bench, office: FakePlatform) -> None:
        await heard(bench, office, ASKED, address="none")
        assert "25th" in office.last.text

    async def test_is_kept_about_the_closest_there_is_however_low_the_bar(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        rules = UNPROMPTED.model_copy(update={"bar": 0.0})
        await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
        bench.knows("cup", evidence("The cup is on the shelf.\n", answers=0.3))
        await heard(bench, office, "Who won the cup?", address="none")
        assert office.replies == []
        await heard(bench, office, "Who won the cup?")
        assert "The cup is on the shelf." in office.last.text

    async def test_is_what_a_higher_bar_asks_for(self, bench: Bench, office: FakePlatform) -> None:
        rules = UNPROMPTED.model_copy(update={"bar": 1.0})
        await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
        await heard(bench, office, ASKED, address="none")
        assert office.replies == []

    async def test_is_kept_towards_who_asked_it_something_in_the_channel_before(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await heard(bench, office, ASKED)
        office.replies.clear()
        await heard(bench, office, "Who won the cup?", address="none")
        assert office.replies == []


class TestQuiet:
    @pytest.fixture(autouse=True)
    async def _takes_part(self, bench: Bench, office: FakePlatform) -> None:
        bench.knows("payday", PAY)
        await heard(bench, office, ASKED, place=THREAD)

    @pytest.mark.parametrize("author", ["ann", "bob"])
    async def test_in_a_thread_anybody_may_ask_for_it(
        self, bench: Bench, office: FakePlatform, author: str
    ) -> None:
        of = {"place": THREAD, "address": "thread"}
        await heard(bench, office, "please be quiet", author=author, **of)
        assert "quiet here" in office.last.text
        assert not await heard(bench, office, ASKED, **of)

    async def test_ends_with_a_word(self, bench: Bench, office: FakePlatform) -> None:
        of = {"place": THREAD, "address": "thread"}
        await heard(bench, office, "quiet", **of)
        await heard(bench, office, "resume", **of)
        assert office.last.text == "I am back."
        assert await heard(bench, office, ASKED, **of)

    async def test_still_answers_a_mention(self, bench: Bench, office: FakePlatform) -> None:
        await heard(bench, office, "quiet", place=THREAD, address="thread")
        await heard(bench, office, ASKED, place=THREAD)
        assert "25th" in office.last.text

    async def test_of_one_thread_is_not_that_of_another(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        other = replace(THREAD, thread="t2")
        await heard(bench, office, ASKED, place=other)
        await heard(bench, office, "quiet", place=THREAD, address="thread")
        assert await heard(bench, office, ASKED, place=other, address="thread")

    async def test_of_a_channel_holds_in_its_threads(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await heard(bench, office, "quiet")
        assert not await heard(bench, office, ASKED, place=THREAD, address="thread")
        await heard(bench, office, "resume", address="none")
        assert await heard(bench, office, ASKED, place=THREAD, address="thread")

    async def test_of_a_channel_is_not_ended_by_one_of_its_threads_and_it_says_so(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await heard(bench, office, "quiet")
        await heard(bench, office, "resume", place=THREAD, address="thread")
        assert office.last.text == (
            "This whole channel wants me quiet: `/quiet off` in the channel ends that."
        )
        assert not await heard(bench, office, ASKED, place=THREAD, address="thread")

    async def test_costs_nobody_a_question(self, bench: Bench, office: FakePlatform) -> None:
        before = await bench.rows("usage")
        await heard(bench, office, "quiet", place=THREAD, address="thread")
        assert await bench.rows("usage") == before


async def heard(bench: Bench, office: FakePlatform, text: str, **of: Any) -> bool:
    """Say something and wait for the answer; whether it was meant for the bot."""
    meant = await bench.dispatcher.hear(office, utterance(text, **of))
    await bench.settled()
    return meant


@pytest.mark.parametrize("place", [CHANNEL, THREAD, DIRECT])
async def test_a_mention_a_command_and_a_direct_message_are_always_for_the_bot(
    bench: Bench, office: FakePlatform, place: Place
) -> None:
    for address in ("mention", "command", "direct"):
        assert await heard(bench, office, "lunch is here", place=place, address=address)
    assert len(office.answers) == 3
