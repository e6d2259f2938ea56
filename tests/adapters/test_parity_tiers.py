"""Parity of how sure it is: the closest there is looks and works the same everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cards import LABELS, label
from tests.adapters.desk_bench import voice_for
from tests.adapters.stages.playing import (
    ANSWER,
    PLATFORMS,
    QUESTION,
    form,
    needs,
    played,
    shown,
)
from tests.adapters.stages.stage import Shown, Stage
from tests.kit.fakes import evidence

UNSURE = "What is in the canteen today?"
SOUP = evidence("Soup is on Mondays.", title="Canteen", document="canteen.md", answers=0.3)
HELPED, NOT_MEANT = label("helpful", "unsure"), label("unhelpful", "unsure")


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        stage.bench.knows("canteen", SOUP)
        yield stage


async def gaps(stage: Stage) -> str:
    return shown(await stage.command("ida", "general", "/kb gaps")).text


async def set_answers(stage: Stage, **values: str) -> Shown:
    opened = form(await stage.command("ida", "general", "/kb answers"))
    return await stage.fill_in("ida", opened, values)


# --- the closest there is -------------------------------------------------------------------------


async def test_is_shown_with_its_source_and_called_uncertain_in_words(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", UNSURE)
    assert any(line in answer.text for line in voice_for(None).guide.replies.unsure)
    assert "Soup is on Mondays." in answer.text
    assert answer.sources == ("[1] Canteen",)
    assert answer.confidence == "◐ Not certain"
    assert answer.buttons == (HELPED, NOT_MEANT, LABELS["why"])
    assert (await stage.ask("ann", "general", QUESTION)).confidence == "● Sure"


async def test_that_helped_is_an_opinion_and_no_gap(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", UNSURE)
    assert "Thank you" in shown(await stage.press("ann", answer, "helpful")).text
    (row,) = await stage.bench.rows("feedback")
    assert row["helpful"]
    assert UNSURE not in await gaps(stage)


async def test_that_was_not_meant_is_a_gap_until_its_finder_thinks_again(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", UNSURE)
    for _ in range(2):
        told = shown(await stage.press("ann", answer, "unhelpful"))
        assert "I have noted your question as one that I cannot answer yet." in told.text
        assert LABELS["person"] not in told.text
    assert (await gaps(stage)).count(UNSURE) == 1
    (row,) = await stage.bench.rows("feedback")
    assert not row["helpful"]
    await stage.press("ann", answer, "helpful")
    assert UNSURE not in await gaps(stage)


@needs("others")
async def test_that_was_not_meant_by_one_stays_a_gap_although_it_helped_another(
    stage: Stage,
) -> None:
    answer = await stage.ask("ann", "general", UNSURE)
    await stage.press("ann", answer, "unhelpful")
    await stage.press("bob", answer, "helpful")
    assert UNSURE in await gaps(stage)


@needs("channels", "links")
async def test_that_was_not_meant_leads_to_a_person_where_people_take_over(stage: Stage) -> None:
    opened = form(await stage.command("ida", "general", "/kb workspace"))
    await stage.fill_in("ida", opened, {"help_channel": "help"})
    answer = await stage.ask("ann", "general", UNSURE)
    assert LABELS["person"] in answer.buttons
    told = shown(await stage.press("ann", answer, "unhelpful"))
    assert f'press "{LABELS["person"]}"' in told.text
    assert "I have asked the people there" in shown(await stage.press("ann", answer, "person")).text
    (call,) = stage.everyone_sees("help")
    assert UNSURE in call.text
    assert "I showed the closest that I have, without being certain." in call.text


async def test_is_explained_as_such(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", UNSURE)
    told = shown(await stage.press("ann", answer, "why")).text
    assert "◐ Not certain: I showed the closest that I have." in told
    assert "How likely each of them answers: 1: 30%." in told


@needs("others")
async def test_keeps_its_mark_and_its_buttons_when_it_is_shared(stage: Stage) -> None:
    answer = shown(await stage.command("ann", "general", f"/ask {UNSURE}"))
    assert answer.confidence == "◐ Not certain"
    await stage.press("ann", answer, "share")
    (post,) = stage.everyone_sees("general")
    assert post.confidence == "◐ Not certain"
    assert post.buttons == (HELPED, NOT_MEANT, LABELS["why"])


@needs("restarts")
async def test_can_be_called_not_meant_after_a_restart(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", UNSURE)
    await stage.stop()
    await stage.start_again()
    assert "Thank you." in shown(await stage.press("ann", answer, "unhelpful")).text
    assert UNSURE in await gaps(stage)


# --- unasked, and where it is not wanted ----------------------------------------------------------


@needs("channels")
async def test_is_never_said_unasked_however_low_the_bar(stage: Stage) -> None:
    opened = form(await stage.command("ida", "general", "/kb channel"))
    await stage.fill_in("ida", opened, {"answers": "unprompted", "bar": "0"})
    await stage.say("ann", "general", UNSURE, mention=False)
    await stage.settled()
    assert stage.everyone_sees("general") == []
    await stage.say("ann", "general", QUESTION, mention=False)
    assert ANSWER in (await stage.last("general")).text


@needs("channels")
async def test_is_not_shown_in_a_channel_that_wants_sure_answers_only(stage: Stage) -> None:
    told = await set_answers(stage, unsure="unknown")
    assert "Where I am not certain I say that I do not know." in told.text
    answer = await stage.ask("ann", "general", UNSURE)
    assert "Soup" not in answer.text
    assert answer.confidence == ""
    assert answer.buttons == (LABELS["why"],)
    assert UNSURE in await gaps(stage)
    assert ANSWER in (await stage.ask("ann", "general", QUESTION)).text
    assert "Soup" in (await stage.ask("ann", "direct", UNSURE)).text


@needs("channels")
async def test_the_form_shows_what_was_saved_and_leaves_the_other_rules_alone(
    stage: Stage,
) -> None:
    opened = form(await stage.command("ida", "general", "/kb channel"))
    await stage.fill_in("ida", opened, {"voice": "harbour"})
    assert form(await stage.command("ida", "general", "/kb answers")).values == {
        "unsure": "closest",
        "frame": "default",
    }
    told = await set_answers(stage, unsure="unknown", frame="light")
    assert "in the voice harbour" in told.text
    assert "Little of the voice stands around an answer." in told.text
    assert form(await stage.command("ida", "general", "/kb answers")).values == {
        "unsure": "unknown",
        "frame": "light",
    }


@needs("others")
async def test_only_admins_decide_about_it(stage: Stage) -> None:
    told = shown(await stage.command("ann", "general", "/kb answers"))
    assert "is for admins" in told.text
