"""The same conversations over Slack, Discord and the terminal: none lacks what another has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest
from structlog.testing import capture_logs

from bot.cards import LABELS
from bot.own_commands import KnownSource
from knowledge.types import Evidence
from tests.adapters.desk_bench import voice_for
from tests.adapters.stages.stage import LACKS, Ability, OpenForm, Shown, Stage, opened
from tests.adapters.stages.stages import STAGES
from tests.fakes import evidence, far_evidence

PAY = evidence(
    "Salaries arrive on the 28th.", title="Pay", document="pay.md", url="https://intra.example/pay"
)
QUESTION = "When do salaries arrive?"
ANSWER = "Salaries arrive on the 28th."

_Test = TypeVar("_Test", bound=Callable[..., Any])


def needs(*abilities: Ability) -> Callable[[_Test], _Test]:
    """The scenario makes no sense where a platform has not these by its nature."""

    def marked(test: _Test) -> _Test:
        test.needs = abilities  # type: ignore[attr-defined]
        return test

    return marked


def bench(**options: Any) -> Callable[[_Test], _Test]:
    """Options of the core that the scenario is played with."""

    def marked(test: _Test) -> _Test:
        test.options = options  # type: ignore[attr-defined]
        return test

    return marked


@pytest.fixture(params=sorted(STAGES))
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    lacks = LACKS[request.param]
    for ability in getattr(request.function, "needs", ()):
        if ability in lacks:
            pytest.skip(lacks[ability])
    options = getattr(request.function, "options", {})
    async with opened(STAGES[request.param], tmp_path, **options) as stage:
        stage.bench.knows("salaries", PAY)
        yield stage


def limited(stage: Stage, to: Any, words: str = "bonus") -> Evidence:
    """Something that only ``to`` may read is known."""
    held = evidence(
        "The bonus is 3%.",
        title="Bonus",
        document="bonus.md",
        source="board",
        url="https://intra.example/bonus",
        access=frozenset({stage.principal(to)}),
    )
    stage.bench.knows(words, held)
    return held


def shown(given: Shown | OpenForm | None) -> Shown:
    assert isinstance(given, Shown), f"no message: {given}"
    return given


def form(given: Shown | OpenForm | None) -> OpenForm:
    assert isinstance(given, OpenForm), f"no form: {given}"
    return given


# --- asking ---------------------------------------------------------------------------------------


async def test_a_mention_is_answered_with_its_source(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    assert ANSWER in answer.text
    assert answer.sources == ("[1] Pay",)
    assert answer.confidence == "Confident"
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
    assert asked[0] == "When do salaries arrive in Ghent?"
    assert "Ghent" in asked[1] and "Lyon" in asked[1]


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


async def test_a_command_asks_in_private(stage: Stage) -> None:
    answer = shown(await stage.command("ann", "general", f"/ask {QUESTION}"))
    assert ANSWER in answer.text
    assert answer.sources == ("[1] Pay",)
    if "others" not in LACKS[stage.name]:
        assert stage.everyone_sees("general") == []
        assert stage.only("bob") == []


@needs("others")
async def test_a_private_answer_can_be_shared(stage: Stage) -> None:
    answer = shown(await stage.command("ann", "general", f"/ask {QUESTION}"))
    assert LABELS["share"] in answer.buttons
    told = shown(await stage.press("ann", answer, "share"))
    assert "Shared." in told.text
    (post,) = stage.everyone_sees("general")
    assert ANSWER in post.text and QUESTION in post.text and "ann" in post.text.lower()
    assert post.sources == ("[1] Pay",)
    assert post.confidence == "Confident"
    assert post.rings == ()


@needs("others")
async def test_a_command_can_ask_for_all_to_see(stage: Stage) -> None:
    await stage.command("ann", "general", f"/ask --public {QUESTION}")
    answer = await stage.last("general")
    assert ANSWER in answer.text
    assert LABELS["share"] not in answer.buttons


@needs("others")
async def test_what_not_everyone_may_read_is_not_shared(stage: Stage) -> None:
    limited(stage, "ann")
    answer = shown(await stage.command("ann", "general", "/ask How high is the bonus?"))
    assert "3%" in answer.text
    told = shown(await stage.press("ann", answer, "share"))
    assert "I cannot share this here" in told.text
    assert stage.everyone_sees("general") == []


async def test_help_lists_every_command(stage: Stage) -> None:
    told = shown(await stage.command("ann", "general", "/help"))
    for command in stage.bench.commands.all:
        assert command.usage in told.text
        assert command.help in told.text


async def test_what_could_not_be_answered_is_listed_for_admins(stage: Stage) -> None:
    stage.bench.world.sources.append(
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
    assert "/kb channel" in told.text and "/voice" not in told.text


@needs("typed_lines")
async def test_a_command_without_what_it_needs_is_told_how_it_is_used(stage: Stage) -> None:
    told = shown(await stage.command("ann", "general", "/ask"))
    assert "Usage: /ask [--public] <question>" in told.text.replace("`", "")


@needs("others")
async def test_commands_for_admins_are_refused_to_others(stage: Stage) -> None:
    for line in ("/kb list", "/kb gaps", "/kb channel", "/kb workspace", "/kb threads off"):
        told = shown(await stage.command("ann", "general", line))
        assert "is for admins" in told.text
    assert shown(await stage.command("ida", "general", "/kb list")).text


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
    assert "What I read" in shown(await stage.press("bob", answer, "why")).text


# --- rules of a channel ---------------------------------------------------------------------------


async def set_rules(stage: Stage, **values: str | tuple[str, ...]) -> Shown:
    return await stage.fill_in(
        "ida", form(await stage.command("ida", "general", "/kb channel")), values
    )


@needs("channels")
async def test_a_channel_speaks_in_the_voice_set_for_it(stage: Stage) -> None:
    told = await set_rules(stage, voice="harbour")
    assert "Saved." in told.text and "in the voice harbour" in told.text
    assert "Ahoy." in (await stage.ask("ann", "general", QUESTION)).text
    assert "Ahoy." not in (await stage.ask("ann", "direct", QUESTION)).text


@needs("channels")
async def test_a_channel_where_it_may_not_answer_is_told_in_private(stage: Stage) -> None:
    await set_rules(stage, answers="never")
    await stage.say("ann", "general", QUESTION)
    await stage.settled()
    assert stage.everyone_sees("general") == []
    assert "I do not answer in this channel." in stage.latest("ann").text


@needs("channels")
async def test_unasked_it_answers_only_what_it_is_sure_about(stage: Stage) -> None:
    told = await set_rules(stage, answers="unprompted", bar="0.8")
    assert "0.8 and more" in told.text
    stage.bench.knows("canteen", evidence("Soup, perhaps.", cosine=0.45, unit_coverage=0.5))
    await stage.say("ann", "general", "What is in the canteen today?", mention=False)
    await stage.say("ann", "general", "Salaries, my favourite topic.", mention=False)
    await stage.settled()
    assert stage.everyone_sees("general") == []
    await stage.say("ann", "general", QUESTION, mention=False)
    assert ANSWER in (await stage.last("general")).text
    asked = await stage.ask("ann", "general", "What is in the canteen today?")
    assert "Soup" in asked.text


@needs("channels")
async def test_a_channel_that_wants_quiet_is_left_alone_until_it_mentions_the_bot(
    stage: Stage,
) -> None:
    await set_rules(stage, answers="unprompted", bar="0.5")
    told = shown(await stage.command("bob", "general", "/quiet"))
    assert "I will be quiet here until I am mentioned." in told.text
    await stage.say("ann", "general", QUESTION, mention=False)
    await stage.settled()
    assert stage.everyone_sees("general") == []
    assert ANSWER in (await stage.ask("ann", "general", QUESTION)).text
    assert "I am back" in shown(await stage.command("bob", "general", "/quiet off")).text
    await stage.say("ann", "general", QUESTION, mention=False)
    await stage.settled()
    assert len(stage.everyone_sees("general")) == 2


@needs("channels")
async def test_a_channel_answers_from_the_sources_chosen_for_it(stage: Stage) -> None:
    stage.bench.world.sources.extend(
        (
            KnownSource("handbook", "https://intra.example/handbook", 3, True),
            KnownSource("shop", "https://shop.example", 5, True),
        )
    )
    stage.bench.knows("bicycles", evidence("The shop repairs bicycles.", source="shop"))
    told = await set_rules(stage, sources=("handbook",))
    assert "from 1 chosen sources" in told.text
    assert ANSWER in (await stage.ask("ann", "general", QUESTION)).text
    assert "The shop" not in (await stage.ask("ann", "general", "Who repairs bicycles?")).text
    assert "The shop" in (await stage.ask("ann", "direct", "Who repairs bicycles?")).text


@needs("channels")
async def test_a_channel_has_so_many_answers_a_day(stage: Stage) -> None:
    assert "at most 1 times a day" in (await set_rules(stage, daily_limit="1")).text
    await stage.ask("ann", "general", QUESTION)
    refused = await stage.ask("bob", "general", QUESTION)
    assert "as much as I may in this channel today" in refused.text
    stage.bench.clock.tick(24 * 3600)
    assert ANSWER in (await stage.ask("bob", "general", QUESTION)).text


@needs("channels")
async def test_what_is_wrong_with_a_form_is_told_and_nothing_saved(stage: Stage) -> None:
    told = await set_rules(stage, bar="7", daily_limit="often", voice="harbour")
    assert "Give a number from 0 to 1, such as 0.8." in told.text
    assert "Give a whole number above 0, or leave it empty." in told.text
    assert await stage.bench.rows("channel") == []
    opened = form(await stage.command("ida", "general", "/kb channel"))
    assert opened.values["bar"] == "0.8"


@needs("channels")
async def test_the_form_shows_what_was_saved_before(stage: Stage) -> None:
    await set_rules(stage, answers="unprompted", bar="0.9", voice="harbour", daily_limit="5")
    opened = form(await stage.command("ida", "general", "/kb channel"))
    assert opened.values == {
        "answers": "unprompted",
        "bar": "0.9",
        "voice": "harbour",
        "daily_limit": "5",
    }


@bench(person_hourly=1)
async def test_a_person_has_so_many_questions_an_hour(stage: Stage) -> None:
    await stage.ask("ann", "general", QUESTION)
    assert "a lot of questions" in (await stage.ask("ann", "general", QUESTION)).text
    if "others" not in LACKS[stage.name]:
        assert ANSWER in (await stage.ask("bob", "general", QUESTION)).text


# --- drafts ---------------------------------------------------------------------------------------

DRAFT = "Hi there, the bike is ready for pickup on Monday. Cheers"


async def draft(stage: Stage) -> Shown:
    card = shown(await stage.command("ann", "general", f"/voice say {DRAFT}"))
    assert "ready for pickup on Monday" in card.text
    assert card.buttons == (LABELS["send"], LABELS["edit"], LABELS["copy"])
    if "others" not in LACKS[stage.name]:
        assert stage.everyone_sees("general") == []
    return card


async def test_a_draft_in_the_voice_can_be_sent_once(stage: Stage) -> None:
    card = await draft(stage)
    before = len(stage.everyone_sees("general"))
    told = shown(await stage.press("ann", card, "send"))
    assert "Sent" in told.text
    if "others" not in LACKS[stage.name]:
        (post,) = stage.everyone_sees("general")[before:]
        assert "ready for pickup on Monday" in post.text and "ann" in post.text.lower()
        assert post.rings == ()
    again = shown(await stage.press("ann", card, "send"))
    assert "That draft" in again.text


async def test_a_draft_can_be_edited_before_it_is_sent(stage: Stage) -> None:
    opened = form(await stage.press("ann", await draft(stage), "edit"))
    assert "ready for pickup on Monday" in str(opened.values["text"])
    edited = await stage.fill_in("ann", opened, {"text": "It is ready. See you!"})
    assert "It is ready." in edited.text
    assert LABELS["send"] in edited.buttons
    await stage.press("ann", edited, "send")
    if "others" not in LACKS[stage.name]:
        assert "It is ready." in (await stage.last("general")).text


@needs("lines")
async def test_a_draft_keeps_its_lines(stage: Stage) -> None:
    await stage.press(
        "ann",
        await stage.fill_in(
            "ann",
            form(await stage.press("ann", await draft(stage), "edit")),
            {"text": "It is ready.\n\n- Monday\n- Tuesday"},
        ),
        "send",
    )
    lines = [line.strip(" •-") for line in (await stage.last("general")).text.splitlines()]
    assert lines.index("It is ready.") < lines.index("Monday") < lines.index("Tuesday")


async def test_a_draft_can_be_copied(stage: Stage) -> None:
    copied = shown(await stage.press("ann", await draft(stage), "copy"))
    assert "ready for pickup on Monday" in copied.text


@needs("others", "message_menu")
async def test_any_message_can_be_said_in_the_voice_from_its_menu(stage: Stage) -> None:
    said = await stage.say("bob", "general", DRAFT, mention=False)
    card = shown(await stage.menu("ann", said, "Say it in our voice"))
    assert "ready for pickup on Monday" in card.text
    assert LABELS["send"] in card.buttons
    assert stage.everyone_sees("general") == []


@needs("others", "message_menu")
async def test_any_message_can_be_answered_from_its_menu(stage: Stage) -> None:
    said = await stage.say("bob", "general", QUESTION, mention=False)
    seen = [*stage.everyone_sees("general"), *stage.only("ann")]
    assert seen == []
    await stage.menu("ann", said, "Answer this")
    await stage.settled()
    seen = [*stage.everyone_sees("general"), *stage.only("ann")]
    assert [each.sources for each in seen if ANSWER in each.text] == [("[1] Pay",)]


# --- files ----------------------------------------------------------------------------------------


@needs("files")
async def test_a_file_is_read_and_answered_from(stage: Stage) -> None:
    stage.bench.attachments.contents["leave.txt"] = ("leave", "You have 25 days of leave.")
    answer = await stage.ask(
        "ann", "general", "How much leave do I have?", files={"leave.txt": b"25 days"}
    )
    assert "25 days of leave" in answer.text
    ((_, files),) = stage.bench.attachments.given
    assert [file.name for file in files] == ["leave.txt"]


@needs("files")
async def test_a_file_belongs_to_its_conversation(stage: Stage) -> None:
    stage.bench.attachments.contents["leave.txt"] = ("leave", "You have 25 days of leave.")
    answer = await stage.ask("ann", "general", "What is this?", files={"leave.txt": b"25 days"})
    await stage.follow_up("ann", answer, "How much leave do I have?")
    assert "25 days of leave" in (await stage.last("general")).text
    if "channels" not in LACKS[stage.name]:
        elsewhere = await stage.ask("ann", "general", "How much leave do I have?")
        assert "25 days" not in elsewhere.text
        assert "25 days" not in (await stage.ask("ann", "direct", "How much leave is there?")).text


@needs("files")
async def test_a_file_that_was_not_read_is_named_with_the_reason(stage: Stage) -> None:
    stage.bench.attachments.unreadable["scan.png"] = "pictures are not read"
    answer = await stage.ask("ann", "general", QUESTION, files={"scan.png": b"\x89PNG"})
    assert ANSWER in answer.text
    assert "scan.png (pictures are not read)" in answer.text


# --- second thoughts ------------------------------------------------------------------------------


@needs("edits")
async def test_an_edited_question_changes_the_answer(stage: Stage) -> None:
    said = await stage.say("ann", "general", "Who repairs bicycles?")
    await stage.settled()
    stage.bench.clock.tick(30)
    await stage.edit(said, QUESTION)
    await stage.settled()
    (answer,) = stage.everyone_sees("general")
    assert ANSWER in answer.text


@needs("edits")
async def test_an_edit_after_a_minute_changes_nothing(stage: Stage) -> None:
    said = await stage.say("ann", "general", QUESTION)
    await stage.settled()
    stage.bench.clock.tick(61)
    await stage.edit(said, "Who repairs bicycles?")
    await stage.settled()
    (answer,) = stage.everyone_sees("general")
    assert ANSWER in answer.text


@needs("deletions")
async def test_a_deleted_question_takes_its_answer_along(stage: Stage) -> None:
    said = await stage.say("ann", "general", QUESTION)
    await stage.settled()
    await stage.delete(said)
    await stage.settled()
    assert stage.everyone_sees("general") == []


# --- reliability ----------------------------------------------------------------------------------


@needs("redelivery")
async def test_what_is_delivered_twice_is_answered_once(stage: Stage) -> None:
    async with stage.everything_comes_twice():
        await stage.say("ann", "general", QUESTION)
        await stage.say("ann", "direct", QUESTION)
    await stage.settled()
    assert len(stage.everyone_sees("general")) == 1
    assert len(stage.everyone_sees("direct")) == 1


@needs("restarts")
async def test_what_was_heard_before_a_crash_is_answered_after_it(stage: Stage) -> None:
    with stage.held() as heard:
        await stage.say("ann", "general", QUESTION)
        await heard()
        await stage.crash()
    assert not any(ANSWER in each.text for each in stage.everyone_sees("general"))
    await stage.start_again()
    await stage.settled()
    (answer,) = stage.everyone_sees("general")
    assert ANSWER in answer.text and answer.sources == ("[1] Pay",)


@needs("outages")
async def test_what_the_platform_refused_is_answered_later_and_once(stage: Stage) -> None:
    stage.outage()
    await stage.say("ann", "general", QUESTION)
    await stage.settled()
    assert not any(ANSWER in each.text for each in stage.everyone_sees("general"))
    stage.outage_ends()
    stage.bench.clock.tick(31)
    await stage.bench.dispatcher.recover(stage.adapter)
    await stage.settled()
    (answer,) = stage.everyone_sees("general")
    assert ANSWER in answer.text and answer.sources == ("[1] Pay",)


async def test_when_it_breaks_it_apologises_with_an_error_id(stage: Stage) -> None:
    stage.bench.passages.fault = RuntimeError("the disk is on fire")
    with capture_logs() as logged:
        answer = await stage.ask("ann", "general", QUESTION)
    (failure,) = [each for each in logged if each["event"] == "message_failed"]
    assert failure["error_id"] in answer.text
    assert "disk" not in answer.text
    assert ANSWER in (await stage.ask("ann", "general", QUESTION)).text


# --- how it looks ---------------------------------------------------------------------------------


async def test_a_long_answer_arrives_whole_and_in_order(stage: Stage) -> None:
    parts = [f"Point {n}: " + "the handbook says so. " * 20 for n in range(90)]
    stage.will_answer("\n\n".join(parts))
    assert sum(map(len, parts)) > 40_000
    await stage.say("ann", "general", QUESTION)
    await stage.settled()
    seen = stage.everyone_sees("general")
    files = "".join("".join(each.files.values()) for each in seen)
    whole = files or "\n".join(each.text for each in seen)
    places = [whole.find(f"Point {n}: ") for n in range(90)]
    assert -1 not in places and places == sorted(places)
    assert all(whole.count(f"Point {n}: ") == 1 for n in range(90))
    assert whole.count("the handbook says so.") == 90 * 20


@needs("formatting")
async def test_a_table_is_aligned(stage: Stage) -> None:
    stage.will_answer(
        "| City | Days |\n|---|---|\n| Ghent | 25 |\n| Lisbon and around | 7 |\n\nThat is all."
    )
    answer = await stage.ask("ann", "general", QUESTION)
    lines = answer.text.splitlines()
    (head,) = (line for line in lines if "City" in line)
    (ghent,) = (line for line in lines if "Ghent" in line)
    (lisbon,) = (line for line in lines if "Lisbon" in line)
    assert head.index("Days") == ghent.index("25") == lisbon.index("7")


@needs("mentions")
async def test_mentions_in_an_answer_ring_nobody(stage: Stage) -> None:
    bob = stage.principal("bob").rpartition(":")[2]
    stage.will_answer(
        f"Ask @everyone, @here, @channel, <!channel>, <!here>, <@{bob}>, <@!{bob}> or "
        f"[them](https://evil.example/@everyone) and `@here`."
    )
    answer = await stage.ask("ann", "general", QUESTION)
    assert answer.rings == ()
    assert "everyone" in answer.text and "here" in answer.text


@needs("formatting")
async def test_only_cited_sources_can_be_clicked(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    assert answer.links == {"https://intra.example/pay"}
    stage.will_answer(
        "See [them](https://evil.example/x), https://evil.example/y and www.evil.example/z."
    )
    answer = await stage.ask("ann", "general", QUESTION)
    assert answer.links == set()
    assert "https://evil.example/y" in answer.text


# --- who may read what ----------------------------------------------------------------------------


@needs("others")
async def test_what_only_the_asker_may_read_is_told_in_private_only(stage: Stage) -> None:
    limited(stage, "ann")
    in_private = shown(await stage.command("ann", "general", "/ask How high is the bonus?"))
    assert "3%" in in_private.text
    assert "3%" in (await stage.ask("ann", "direct", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("ann", "general", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("bob", "direct", "How high is the bonus?")).text
    assert ANSWER in (await stage.ask("ann", "general", QUESTION)).text


@needs("others")
async def test_what_a_group_may_read_is_told_to_its_members(stage: Stage) -> None:
    limited(stage, "managers")
    assert "3%" in (await stage.ask("ann", "direct", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("bob", "direct", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("ann", "general", "How high is the bonus?")).text


@needs("channels")
async def test_what_a_channel_may_read_is_told_in_it(stage: Stage) -> None:
    limited(stage, "board")
    assert "3%" in (await stage.ask("ann", "board", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("ann", "general", "How high is the bonus?")).text
    in_private = shown(await stage.command("ann", "general", "/ask How high is the bonus?"))
    assert "3%" in in_private.text
    outside = shown(await stage.command("bob", "general", "/ask How high is the bonus?"))
    assert "3%" not in outside.text
    assert ANSWER in (await stage.ask("ann", "board", QUESTION)).text


@needs("strangers")
async def test_strangers_read_nothing_of_the_company(stage: Stage) -> None:
    assert ANSWER not in (await stage.ask("ann", "shared", QUESTION)).text
    assert ANSWER not in (await stage.ask("stan", "shared", QUESTION)).text
    in_private = shown(await stage.command("ann", "shared", f"/ask {QUESTION}"))
    assert ANSWER in in_private.text
    told = shown(await stage.press("ann", in_private, "share"))
    assert "I cannot share this here" in told.text


# --- forums ---------------------------------------------------------------------------------------


@needs("forums")
async def test_a_new_post_is_answered_and_can_be_marked_as_solved(stage: Stage) -> None:
    assert "New forum posts get an answer." in (
        shown(await stage.command("ida", "forum", "/kb forum")).text
    )
    answer = await stage.ask("ann", "forum", QUESTION, mention=False)
    assert ANSWER in answer.text
    assert LABELS["solved"] in answer.buttons
    await stage.press("ann", answer, "solved")
    await stage.settled()
    assert stage.is_solved(answer)


# --- parity itself --------------------------------------------------------------------------------


def test_slack_and_discord_lack_nothing_but_what_is_known() -> None:
    """Whoever changes this line has to say why in ``LACKS``."""
    assert set(LACKS["slack"]) == {"suggestions", "forums"}
    assert set(LACKS["discord"]) == {"strangers", "typed_lines"}


def test_every_lack_has_its_reason_and_a_scenario_that_asks_for_it() -> None:
    assert set(LACKS) == set(STAGES)
    asked = {
        ability
        for name, test in globals().items()
        if name.startswith("test_")
        for ability in getattr(test, "needs", ())
    }
    for lacks in LACKS.values():
        assert all(len(reason) > 20 for reason in lacks.values())
        assert set(lacks) <= asked
    assert asked == set(get_args(Ability))


def test_most_scenarios_are_played_on_all_platforms() -> None:
    scenarios = [each for each in globals().values() if "stage" in _arguments(each)]
    played = {
        name: sum(not set(getattr(test, "needs", ())) & set(lacks) for test in scenarios)
        for name, lacks in LACKS.items()
    }
    assert played["slack"] >= len(scenarios) - 3
    assert played["discord"] >= len(scenarios) - 3
    assert played["console"] >= 15


def _arguments(each: object) -> Collection[str]:
    is_test = callable(each) and getattr(each, "__name__", "").startswith("test_")
    return signature(each).parameters if is_test else ()  # type: ignore[arg-type]
