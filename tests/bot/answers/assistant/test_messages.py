"""From a message to its answer: questions, files, follow-ups, small talk."""

from __future__ import annotations

import json

import pytest

from bot.shell.watching.log import configure_log
from knowledge.types import Evidence
from tests.bot.answers.assistant.talk import ANN, PAYDAY, SECRET, Bot
from tests.kit.fakes import (
    evidence,
    far_evidence,
)


class TestAQuestion:
    async def test_is_answered_in_pieces_and_then_as_a_whole(self, bot: Bot) -> None:
        bot.finds([evidence(PAYDAY)])
        reply = await bot.hear("When is payday?")
        assert "25th" in reply.answer
        assert reply.error_id is None

    async def test_is_looked_up_as_its_asker_may_see(self, bot: Bot) -> None:
        await bot.hear("When is payday?")
        assert bot.retriever.asked == [("When is payday?", ANN.principals)]

    async def test_is_read_without_its_line_ends(self, bot: Bot) -> None:
        reply = await bot.hear("  When\nis \t payday? ")
        assert reply.question == "When is payday?"

    async def test_leaves_a_trace_of_what_it_was_answered_from(self, bot: Bot) -> None:
        bot.finds([evidence(PAYDAY)])
        reply = await bot.hear("When is payday?", id="m-7")
        [row] = await bot.rows("trace")
        assert (row["id"], row["asker"]) == (reply.trace_id, "U1")
        assert (row["conversation"], row["message_id"]) == ("thread-1", "m-7")
        assert row["answered_at"].startswith("2026-03-02 09:00")
        trace = await bot.history.trace(reply.trace_id)
        assert trace is not None and trace.reply == reply
        assert reply.voice_version == bot.voice.version
        [passage] = reply.passages
        assert passage.source == "handbook"
        assert passage.url == "https://intra.example/handbook"
        assert [each.passage for each in reply.citations] == [passage.id]
        assert passage.text == PAYDAY

    async def test_without_an_answer_is_kept_as_a_gap(self, bot: Bot) -> None:
        bot.finds([far_evidence("Other.\n")], [evidence(PAYDAY)])
        assert (await bot.hear("Who feeds the cat?")).abstained
        await bot.hear("When is payday?")
        assert await bot.history.gaps() == ["Who feeds the cat?"]

    async def test_says_in_the_log_how_it_went_and_never_what_it_was(
        self, bot: Bot, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_log("INFO")
        bot.finds([evidence(PAYDAY)])
        reply = await bot.hear(f"When is payday, {SECRET}?")
        [line] = capsys.readouterr().err.splitlines()
        event = json.loads(line)
        assert event["event"] == "message_answered"
        assert event["trace_id"] == reply.trace_id
        assert (event["passages"], event["citations"]) == (1, 1)
        assert SECRET not in line
        assert "25th" not in line


class TestAQuestionThatNobodyAskedTheBot:
    async def test_is_answered_where_it_is_sure_enough(self, bot: Bot) -> None:
        bot.finds([evidence(PAYDAY)])
        reply = await bot.hear("When is payday?", bar=0.1)
        assert "25th" in reply.answer

    @pytest.mark.parametrize("found", [[evidence(PAYDAY)], [far_evidence("Other.\n")], []])
    async def test_is_passed_over_without_a_trace_where_it_is_not(
        self, bot: Bot, found: list[Evidence]
    ) -> None:
        bot.finds(found)
        assert await bot.pieces(bot.message("When is payday?", bar=1.0)) == []
        assert [await bot.rows(table) for table in ("turn", "trace", "gap")] == [[], [], []]

    @pytest.mark.parametrize("text", ["hi", "Thanks!", "", "a" * 81, "🙂"])
    async def test_is_passed_over_where_it_is_none(self, bot: Bot, text: str) -> None:
        assert await bot.pieces(bot.message(text, bar=0.1)) == []
        assert bot.retriever.asked == []

    async def test_is_passed_over_where_something_breaks(
        self, bot: Bot, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_log("INFO")
        bot.finds(RuntimeError("store gone"))
        assert await bot.pieces(bot.message("When is payday?", bar=0.1)) == []
        assert "message_failed" in capsys.readouterr().err


class TestFiles:
    async def test_that_were_not_read_are_named_below_the_answer_with_the_reason(
        self, bot: Bot
    ) -> None:
        bot.finds([evidence(PAYDAY)])
        files = {"attachments": ("a.pdf", "b.png"), "unread": {"b.png": "it is a picture"}}
        reply = await bot.hear("When is payday?", **files)
        assert "25th" in reply.answer
        last = reply.answer.split("\n\n")[-1]
        assert "`b.png (it is a picture)`" in last
        assert "a.pdf" not in last

    async def test_are_named_as_text_whatever_their_names_hold(self, bot: Bot) -> None:
        name = "`[x](https://evil.example)`.png"
        bot.finds([evidence(PAYDAY)])
        reply = await bot.hear("Payday?", attachments=(name,), unread={name: "no"})
        assert "`'[x](https://evil.example)'.png (no)`" in reply.answer

    async def test_read_in_part_are_acknowledged_with_what_was_left_out(self, bot: Bot) -> None:
        told = "but for 1 page without text (2), it was read"
        reply = await bot.hear(
            "", attachments=("a.pdf",), unread={"a.pdf": told}, partly=frozenset({"a.pdf"})
        )
        first, second = reply.answer.split("\n\n")
        assert first == bot.voice.guide.replies.read_files.format(files="`a.pdf`")
        assert f"`a.pdf ({told})`" in second

    async def test_without_a_question_are_acknowledged(self, bot: Bot) -> None:
        reply = await bot.hear("", attachments=("a.pdf", "b.png"), unread={"b.png": "too large"})
        first, second = reply.answer.split("\n\n")
        assert first == bot.voice.guide.replies.read_files.format(files="`a.pdf`")
        assert "`b.png (too large)`" in second
        assert bot.retriever.asked == []


class TestWhatPeopleSaidBefore:
    async def test_is_what_a_first_question_leans_on(self, bot: Bot) -> None:
        await bot.hear("And in May?", earlier=("When is payday?",))
        assert bot.retriever.asked[0][0] == "When is payday? And in May?"

    async def test_comes_before_what_the_bot_was_asked(self, bot: Bot) -> None:
        await bot.hear("Who feeds the cat?", earlier=("When is payday?",))
        await bot.hear("And the dog?", earlier=("When is payday?", "Who feeds the cat?"))
        assert bot.retriever.asked[1][0] == "Who feeds the cat? And the dog?"


class TestAFollowUp:
    async def test_is_looked_up_with_the_questions_before_it(self, bot: Bot) -> None:
        bot.finds([evidence(PAYDAY)], [])
        await bot.hear("When is payday?")
        await bot.hear("And in May?")
        assert bot.retriever.asked[1][0] == "When is payday? And in May?"

    async def test_never_leans_on_small_talk(self, bot: Bot) -> None:
        await bot.hear("When is payday?")
        await bot.hear("Thanks!")
        await bot.hear("And in May?")
        assert bot.retriever.asked[1][0] == "When is payday? And in May?"

    async def test_may_lean_on_what_was_not_answered(self, bot: Bot) -> None:
        await bot.hear("Who feeds the cat?")
        await bot.hear("And the dog?")
        assert bot.retriever.asked[1][0] == "Who feeds the cat? And the dog?"

    async def test_never_leans_on_another_conversation(self, bot: Bot) -> None:
        await bot.hear("When is payday?", conversation="thread-2")
        await bot.hear("And in May?")
        assert bot.retriever.asked[1][0] == "And in May?"


class TestTheFrame:
    @pytest.fixture(autouse=True)
    def _finds(self, bot: Bot) -> None:
        bot.finds([evidence(PAYDAY)], [evidence(PAYDAY)])

    async def test_greets_once_in_a_conversation(self, bot: Bot) -> None:
        first, second = [await bot.hear("When is payday?") for _ in range(2)]
        assert first.answer.startswith(bot.voice.guide.greetings)
        assert second.answer.startswith(bot.voice.guide.leads)

    async def test_greets_nobody_in_a_thread_that_has_begun(self, bot: Bot) -> None:
        reply = await bot.hear("When is payday?", earlier=("Morning all.",))
        assert reply.answer.startswith(bot.voice.guide.leads)

    async def test_is_that_of_the_channel_if_it_has_one(self, bot: Bot) -> None:
        reply = await bot.hear("When is payday?", frame="none")
        assert reply.answer == f"{PAYDAY.strip()} [1]"


class TestWhatNeedsNoLookingUp:
    @pytest.mark.parametrize(
        "text", ["hi", "thanks a lot", "never mind", "What can you do?", "👍", ":+1:"]
    )
    async def test_is_answered_with_a_fixed_line(self, bot: Bot, text: str) -> None:
        replies = bot.voice.guide.replies
        reply = await bot.hear(text)
        assert reply.answer in (
            *replies.hello,
            *replies.thanks,
            *replies.never_mind,
            replies.capabilities,
        )
        assert not reply.abstained
        assert bot.retriever.asked == []

    async def test_gets_different_lines_on_different_days(self, bot: Bot) -> None:
        answers = {(await bot.hear("hi")).answer for _ in range(20)}
        assert answers == set(bot.voice.guide.replies.hello)

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("", "empty_question"),
            (" \n\t", "empty_question"),
            ("?", "empty_question"),
            ("… ?!", "empty_question"),
            (":party_parrot:", "empty_question"),
            ("<:party:123456789012345678>", "empty_question"),
            ("<@U024BE7LH> <https://intra.example/leave>", "empty_question"),
            ("🚲🦓", "not_text"),
        ],
    )
    async def test_is_no_question_at_all(self, bot: Bot, text: str, line: str) -> None:
        reply = await bot.hear(text)
        assert reply.answer == getattr(bot.voice.guide.replies, line)
        assert bot.retriever.asked == []

    async def test_is_a_file_without_words_that_could_not_be_read(self, bot: Bot) -> None:
        reply = await bot.hear("", attachments=("scan.png",), unread={"scan.png": "a picture"})
        first, why = reply.answer.split("\n\n")
        assert first == bot.voice.guide.replies.not_text
        assert "`scan.png (a picture)`" in why

    async def test_is_a_question_too_long_to_look_up(self, bot: Bot) -> None:
        assert (await bot.hear("a" * 80)).abstained
        reply = await bot.hear("a" * 81)
        assert reply.answer == bot.voice.guide.replies.too_long.format(limit=80)
        assert len(bot.retriever.asked) == 1

    async def test_is_not_what_only_begins_politely(self, bot: Bot) -> None:
        await bot.hear("Thanks, and when is payday?")
        assert [asked for asked, _ in bot.retriever.asked] == ["Thanks, and when is payday?"]

    async def test_leaves_a_trace_but_no_gap(self, bot: Bot) -> None:
        await bot.hear("hi")
        assert len(await bot.rows("trace")) == 1
        assert await bot.history.gaps() == []

    async def test_with_a_question_in_another_script_is_looked_up(self, bot: Bot) -> None:
        await bot.hear("給料日はいつですか")
        assert len(bot.retriever.asked) == 1
