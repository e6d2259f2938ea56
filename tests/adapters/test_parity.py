"""The same conversations over Slack, Discord and the terminal: none lacks what another has.

Here: asking and talking. Beside it: rules and texts (``test_parity_rules.py``), and what people
rely on (``test_parity_trust.py``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.cards import LABELS
from bot.ports import KnownSource
from tests.adapters.desk_bench import voice_for
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.playing import (
    ANSWER,
    PAY,
    PLATFORMS,
    QUESTION,
    form,
    limited,
    needs,
    played,
    shown,
)
from tests.adapters.stages.stage import Person, Stage
from tests.kit.fakes import evidence, far_evidence


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        yield stage


# --- asking ---------------------------------------------------------------------------------------


async def test_a_mention_is_answered_with_its_source(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    assert ANSWER in answer.text
    assert answer.sources == ("[1] Pay",)
    assert answer.confidence == "● Sure"
    assert set(answer.buttons) >= {"Helpful", "Not helpful", "Why this answer?"}


@needs("channels")
async def test_a_direct_message_needs_no_mention(stage: Stage) -> None:
    answer = await stage.ask("ann", "direct", QUESTION, mention=False)
    assert ANSWER in answer.text
    assert answer.sources == ("[1] Pay",)
    assert stage.everyone_sees("general") == []


@needs("channels")
async def test_what_is_not_said_to_it_is_left_alone(stage: Stage) -> None:
    await stage.say("ann", "general", QUESTION, mention=False)
    await stage.settled()
    assert stage.everyone_sees("general") == []


async def test_what_it_does_not_know_it_says_with_the_nearest_pages(stage: Stage) -> None:
    stage.bench.knows("bicycles", far_evidence("Park in the yard.", document="yard.md"))
    answer = await stage.ask("ann", "general", "Who repairs bicycles?")
    replies = voice_for(None).guide.replies
    assert any(line in answer.text for line in replies.unknown)
    assert "Handbook (yard.md)" in answer.text
    assert answer.sources == ()
    assert answer.confidence == ""
    assert answer.buttons == (LABELS["why"],)


async def test_small_talk_is_answered_without_looking_anything_up(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", "hello")
    assert answer.text
    assert answer.buttons == ()
    assert stage.bench.passages.searches == []


async def test_what_is_said_is_answered_where_it_was_said(stage: Stage) -> None:
    first = await stage.ask("ann", "general", QUESTION)
    second = await stage.ask("ann", "general", QUESTION)
    assert first.where == second.where == "general"
    if "channels" not in LACKS[stage.name]:
        assert first.thread and second.thread and first.thread != second.thread
        assert len(stage.everyone_sees("general")) == 2
        assert stage.everyone_sees("board") == []


# --- threads --------------------------------------------------------------------------------------


async def test_a_follow_up_needs_no_mention(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    stage.bench.knows("bank", evidence("Only banks in the euro area.", title="Banks"))
    await stage.follow_up("ann", answer, "Which bank can I use?")
    again = await stage.last("general")
    assert "Only banks in the euro area." in again.text
    assert again.thread == answer.thread


async def test_a_follow_up_leans_on_the_question_before_it(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", "When do salaries arrive in Ghent?")
    await stage.follow_up("ann", answer, "and in Lyon?")
    await stage.settled()
    asked = [search.question for search in stage.bench.passages.searches]
    assert asked == ["When do salaries arrive in Ghent?", "When do salaries arrive in Lyon?"]


@needs("others")
async def test_people_who_talk_in_the_thread_are_left_alone(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    await stage.follow_up("bob", answer, "The football match was great, by the way.")
    await stage.follow_up("ann", answer, "Salaries, what do you think?", to="ida")
    await stage.follow_up("bob", answer, "Is there a football match tonight as well?")
    await stage.settled()
    assert len(stage.everyone_sees("general")) == 1


async def test_it_is_quiet_when_asked_to_and_comes_back(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    await stage.follow_up("ann", answer, "be quiet")
    assert "I will be quiet here." in (await stage.last("general")).text
    if "channels" not in LACKS[stage.name]:  # in a direct conversation everything is to the bot
        before = len(stage.everyone_sees("general"))
        await stage.follow_up("ann", answer, QUESTION)
        await stage.settled()
        assert len(stage.everyone_sees("general")) == before
    await stage.follow_up("ann", answer, "resume")
    assert "I am back." in (await stage.last("general")).text
    await stage.follow_up("ann", answer, "Do salaries arrive late?")
    assert ANSWER in (await stage.last("general")).text


# --- commands -------------------------------------------------------------------------------------


@needs("commands")
async def test_a_command_asks_in_private(stage: Stage) -> None:
    answer = shown(await stage.command("ann", "general", f"/ask {QUESTION}"))
    assert ANSWER in answer.text
    assert answer.sources == ("[1] Pay",)
    if "others" not in LACKS[stage.name]:
        assert stage.everyone_sees("general") == []
        assert stage.only("bob") == []


@needs("others", "commands")
async def test_a_private_answer_can_be_shared(stage: Stage) -> None:
    answer = shown(await stage.command("ann", "general", f"/ask {QUESTION}"))
    assert LABELS["share"] in answer.buttons
    told = shown(await stage.press("ann", answer, "share"))
    assert "Shared." in told.text
    (post,) = stage.everyone_sees("general")
    assert ANSWER in post.text and QUESTION in post.text and "ann" in post.text.lower()
    assert post.sources == ("[1] Pay",)
    assert post.confidence == "● Sure"
    assert post.rings == ()


@needs("others", "commands")
async def test_a_command_can_ask_for_all_to_see(stage: Stage) -> None:
    await stage.command("ann", "general", f"/ask --public {QUESTION}")
    answer = await stage.last("general")
    assert ANSWER in answer.text
    assert LABELS["share"] not in answer.buttons


@needs("others", "commands")
async def test_what_not_everyone_may_read_is_not_shared(stage: Stage) -> None:
    limited(stage, "ann")
    answer = shown(await stage.command("ann", "general", "/ask How high is the bonus?"))
    assert "3%" in answer.text
    told = shown(await stage.press("ann", answer, "share"))
    assert "I cannot share this here" in told.text
    assert stage.everyone_sees("general") == []


ONLY_ON = {"/kb threads": {"discord"}, "/kb forum": {"discord"}}
ONLY_ON |= {usage: {"slack", "discord"} for usage in ("/kb channel", "/kb answers")}


@needs("commands")
async def test_help_lists_every_command_that_is_of_use_there_and_no_other(stage: Stage) -> None:
    told = shown(await stage.command("ann", "general", "/help"))
    for command in stage.bench.commands.all:
        usage = command.usage(picked=stage.name == "discord")
        of_use = stage.name in ONLY_ON.get(f"/{command.name} {command.action}", {stage.name})
        assert (usage in told.text) is of_use
        assert command.help in told.text or not of_use


@needs("commands")
async def test_what_could_not_be_answered_is_listed_for_admins(stage: Stage) -> None:
    stage.bench.world.sources.known.append(
        KnownSource("handbook", "samples/handbook", 3, True, fault="no answer")
    )
    await stage.ask("ann", "general", "Who repairs bicycles?")
    gaps = shown(await stage.command("ida", "general", "/kb gaps"))
    assert "Who repairs bicycles?" in gaps.text
    listed = shown(await stage.command("ida", "general", "/kb list"))
    for words in ("samples/handbook", "3 documents", "for everyone", "no answer"):
        assert words in listed.text


@needs("typed_lines")
async def test_an_unknown_subcommand_is_told_what_there_is(stage: Stage) -> None:
    told = shown(await stage.command("ida", "general", "/kb sing"))
    assert "/kb gaps" in told.text and "/voice" not in told.text


@needs("typed_lines")
async def test_a_command_without_what_it_needs_is_told_how_it_is_used(stage: Stage) -> None:
    told = shown(await stage.command("ann", "general", "/ask"))
    assert "Usage: /ask [--public] <question>" in told.text.replace("`", "")


@needs("others", "commands")
async def test_commands_for_admins_are_refused_to_others(stage: Stage) -> None:
    for line in ("/kb list", "/kb gaps", "/kb channel", "/kb workspace"):
        told = shown(await stage.command("ann", "general", line))
        assert "is for admins" in told.text
    assert shown(await stage.command("ida", "general", "/kb list")).text


@needs("commands")
async def test_a_command_that_breaks_is_told_by_an_error_id(stage: Stage) -> None:
    with capture_logs() as logged:
        told = shown(await stage.command("ida", "general", "/try fail"))
    (failure,) = [each for each in logged if each["event"] == "action_failed"]
    assert failure["error_id"] in told.text
    assert "disk" not in told.text and "Traceback" not in told.text


@needs("suggestions")
async def test_what_a_parameter_takes_is_suggested(stage: Stage) -> None:
    assert await stage.suggestions("ann", "general", "/try pick", "city", "l") == ["Lyon", "Lisbon"]
    told = shown(await stage.command("ann", "general", "/try pick Lyon"))
    assert told.text == "You chose Lyon."


@needs("commands")
async def test_a_draft_can_be_said_in_a_voice_of_ones_choice(stage: Stage) -> None:
    written = "Hi there, the bike is ready. Cheers"
    usual = shown(await stage.command("ann", "general", f"/voice say {written}"))
    chosen = shown(await stage.command("ann", "general", f"/voice say --voice=harbour {written}"))
    assert "Ahoy." in chosen.text and "Ahoy." not in usual.text


@needs("suggestions")
async def test_the_voices_that_there_are_are_suggested(stage: Stage) -> None:
    assert await stage.suggestions("ann", "general", "/voice say", "voice", "har") == ["harbour"]


# --- buttons --------------------------------------------------------------------------------------


async def test_why_shows_what_was_read(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    stage.bench.world.read_at["handbook", "pay.md"] = stage.bench.clock()
    told = shown(await stage.press("ann", answer, "why"))
    for words in (QUESTION, "What I read", "Pay", ANSWER, "read today", "Voice: fernhill"):
        assert words in told.text
    if "others" not in LACKS[stage.name]:
        assert len(stage.everyone_sees("general")) == 1
        assert "What I read" not in "".join(each.text for each in stage.only("bob"))


@needs("others")
async def test_why_hides_what_its_reader_may_not_read(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    stage.bench.passages.forget(PAY)
    stage.bench.knows(
        "salaries",
        evidence(
            PAY.passage.text,
            title="Pay",
            document="pay.md",
            access=frozenset({stage.principal("managers")}),
        ),
    )
    assert ANSWER in shown(await stage.press("ann", answer, "why")).text
    told = shown(await stage.press("bob", answer, "why"))
    assert "1 more that is not open to you" in told.text
    assert ANSWER not in told.text and "pay" not in "".join(told.sources).lower()


async def test_an_opinion_counts_once_for_each_person(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    assert "Thank you, noted." in shown(await stage.press("ann", answer, "helpful")).text
    await stage.press("ann", answer, "helpful")
    (row,) = await stage.bench.rows("feedback")
    assert row["helpful"]
    if "others" not in LACKS[stage.name]:
        await stage.press("bob", answer, "unhelpful")
        assert await stage.bench.history.ratings(row["trace_id"]) == (1, 1)


async def test_an_opinion_can_change(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    await stage.press("ann", answer, "helpful")
    told = shown(await stage.press("ann", answer, "unhelpful"))
    assert "ask a person" in told.text
    (row,) = await stage.bench.rows("feedback")
    assert not row["helpful"]


async def with_help_channel(stage: Stage) -> None:
    opened = form(await stage.command("ida", "general", "/kb workspace"))
    told = await stage.fill_in("ida", opened, {"help_channel": "help"})
    assert '"Ask a person" posts to the channel that you chose.' in told.text


@needs("channels", "links")
async def test_a_person_is_asked_once_with_the_way_to_the_conversation(stage: Stage) -> None:
    await with_help_channel(stage)
    answer = await stage.ask("ann", "general", QUESTION)
    assert LABELS["person"] in answer.buttons
    told = shown(await stage.press("ann", answer, "person"))
    assert "I have asked the people there" in told.text
    assert stage.is_link_to(told.text, "help")
    again = shown(await stage.press("bob", answer, "person"))
    assert "People have been asked about this already." in again.text
    (call,) = stage.everyone_sees("help")
    assert QUESTION in call.text and "Pay" in call.text
    assert stage.is_link_to(call.text, "general")
    assert call.rings == ()


@needs("channels")
async def test_a_person_is_not_offered_where_none_is_set(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    assert LABELS["person"] not in answer.buttons


@needs("restarts")
async def test_buttons_work_after_a_restart(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    await stage.stop()
    await stage.start_again()
    who: Person = "ann" if "others" in LACKS[stage.name] else "bob"
    assert "What I read" in shown(await stage.press(who, answer, "why")).text
