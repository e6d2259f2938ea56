"""Parity of what people decide: rules of channels, their own texts and files, second thoughts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cards import LABELS
from bot.ports import KnownSource
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.playing import (
    ANSWER,
    PLATFORMS,
    QUESTION,
    bench,
    form,
    needs,
    played,
    shown,
)
from tests.adapters.stages.stage import Shown, Stage
from tests.kit.fakes import evidence


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        yield stage


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
    stage.bench.knows("canteen", evidence("Soup, perhaps.", answers=0.6))
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
    stage.bench.world.sources.known.extend(
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


@needs("commands")
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


@needs("commands")
async def test_a_draft_can_be_edited_before_it_is_sent(stage: Stage) -> None:
    opened = form(await stage.press("ann", await draft(stage), "edit"))
    assert "ready for pickup on Monday" in str(opened.values["text"])
    edited = await stage.fill_in("ann", opened, {"text": "It is ready. See you!"})
    assert "It is ready." in edited.text
    assert LABELS["send"] in edited.buttons
    await stage.press("ann", edited, "send")
    if "others" not in LACKS[stage.name]:
        assert "It is ready." in (await stage.last("general")).text


@needs("lines", "commands")
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


@needs("commands")
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
