"""Parity of wording: answers worded anew, approved by a second person, taken back, and compared."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from bot.voice.versions.withdrawn import read_from_use
from bot.voice.voice import Voice
from jobs.training.voice.preparing.prepare import prepare
from tests.adapters.stages.playing import (
    PAY,
    PLATFORMS,
    QUESTION,
    form,
    limited,
    needs,
    own_voices,
    played_on,
    says,
    shown,
)
from tests.adapters.stages.stage import OpenForm, Person, Stage, opened
from tests.adapters.stages.stages import STAGES

WORDED = "Hello there! Good news: Salaries arrive on the 28th. Worth a note in your diary."
SENT = {"question": "When am I paid?", "text": WORDED, "consent": "yes"}


@pytest_asyncio.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage on which Ann and Ida look after the wording."""
    voices = own_voices(tmp_path, v1=True)
    roles = {"role:support": frozenset({"nobody"})}
    async with opened(STAGES[played_on(request)], tmp_path, voices=voices, roles=roles) as stage:
        held = cast("dict[str, Any]", stage.bench.follow_ups._roles.members)
        held["role:support"] = frozenset({stage.principal("ann"), stage.principal("ida")})
        stage.bench.knows("salaries", PAY)
        yield stage


async def fixing(stage: Stage, who: Person = "ann", question: str = QUESTION) -> OpenForm:
    answer = await stage.ask(who, "general", question)
    return form(await stage.press(who, answer, "wording"))


async def rows(stage: Stage) -> list[dict[str, Any]]:
    return await stage.bench.rows("wording")


async def test_a_wording_is_kept_with_consent_and_with_the_facts(stage: Stage) -> None:
    asked = await fixing(stage)
    assert asked.values["question"] == QUESTION
    assert "Salaries arrive on the 28th." in str(asked.values["text"])
    assert "[1]" not in str(asked.values["text"])
    for wrong, said in (
        ({**SENT, "consent": "no"}, "without your consent nothing is kept"),
        ({**SENT, "text": WORDED.replace("28th", "27th")}, "numbers or dates"),
    ):
        assert said in shown(await stage.fill_in("ann", await fixing(stage), wrong)).text
    again = await fixing(stage)
    same = {**SENT, "text": again.values["text"]}
    assert "reads as before" in shown(await stage.fill_in("ann", again, same)).text
    assert await rows(stage) == []
    told = shown(await stage.fill_in("ann", await fixing(stage), SENT))
    assert "waits for a second person" in told.text
    (kept,) = await rows(stage)
    assert (kept["voiced"], kept["plain"], kept["question"], kept["voice"]) == (
        WORDED,
        "Salaries arrive on the 28th.",
        "When am I paid?",
        "fernhill",
    )
    assert kept["owner"] == stage.principal("ann") and kept["approved_at"] is None


@needs("others")
async def test_a_second_person_approves_and_it_becomes_a_pair(stage: Stage, tmp_path: Path) -> None:
    await stage.fill_in("ann", await fixing(stage), SENT)
    own = await says(stage, "/voice wordings", "ann")
    assert "Take it back" in own.buttons and "Approve" not in own.buttons
    waiting = await says(stage, "/voice wordings", "ida")
    assert "1 waiting" in waiting.text and "Good news" in waiting.text
    assert "Approved" in shown(await stage.press("ida", waiting, "teach")).text
    told = (await says(stage, "/voice prepare")).text
    assert "pairs on" in told
    voice = Voice.load(tmp_path / "voices", "fernhill", "none")
    (pair,) = [each for each in voice.examples if "Good news" in each.voiced]
    assert (pair.kind, pair.question) == ("answer", "When am I paid?")
    assert len(read_from_use(voice.folder)) == 1


@needs("others")
async def test_what_is_left_out_is_not_kept(stage: Stage) -> None:
    await stage.fill_in("ann", await fixing(stage), SENT)
    waiting = await says(stage, "/voice wordings", "ida")
    assert "nothing of it is kept" in shown(await stage.press("ida", waiting, "spare")).text
    assert await rows(stage) == []


@needs("others")
async def test_taking_back_takes_the_pair_and_marks_what_learnt_it(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.fill_in("ann", await fixing(stage), SENT)
    await stage.press("ida", await says(stage, "/voice wordings"), "teach")
    await says(stage, "/voice prepare")
    folder = tmp_path / "voices" / "fernhill"
    (id,) = read_from_use(folder)
    manifest = folder / "versions" / "v1" / "version.json"
    known = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**known, "from_use": [id]}), "utf-8")
    assert "v1 from the next answer" in (await says(stage, "/voice promote v1")).text
    own = await says(stage, "/voice wordings", "ann")
    assert "Taken back" in shown(await stage.press("ann", own, "withdraw")).text
    assert await rows(stage) == [] and not read_from_use(folder)
    assert "Good news" not in (folder / "examples.jsonl").read_text("utf-8")
    assert "taken back since" in (await says(stage, "/voice status")).text
    assert "taken back since" in (await says(stage, "/voice show")).text
    told = prepare(Voice.load(folder.parent, "fernhill", "none"))
    assert told["usable"]
    await says(stage, "/voice rollback")
    assert "has to be trained anew" in (await says(stage, "/voice promote v1")).text


@needs("others")
async def test_others_may_not_word_and_askers_keep_their_words(stage: Stage) -> None:
    answer = await stage.ask("bob", "general", QUESTION)
    assert "look after the voice" in shown(await stage.press("bob", answer, "wording")).text
    asked = form(await stage.press("ann", answer, "wording"))
    assert not asked.values.get("question"), "Bob has not agreed to his"
    assert "look after the voice" in (await says(stage, "/voice wordings", "bob")).text


@needs("commands")
async def test_what_only_some_may_read_is_not_learnt(stage: Stage) -> None:
    limited(stage, "ann")
    answer = shown(await stage.command("ann", "general", "/ask What is the bonus?"))
    told = shown(await stage.press("ann", answer, "wording"))
    assert "the voice speaks to everybody" in told.text


@needs("others")
async def test_answers_that_people_disagree_on_are_offered_first(stage: Stage) -> None:
    assert "No answer of this channel stands out" in (await says(stage, "/voice label")).text
    disliked = await stage.ask("bob", "general", QUESTION)
    await stage.press("bob", disliked, "unhelpful")
    disputed = await stage.ask("bob", "general", "And when do salaries arrive in May?")
    await stage.press("bob", disputed, "unhelpful")
    await stage.press("ann", disputed, "helpful")
    offered = await says(stage, "/voice label")
    assert offered.text.index("in May") < offered.text.index("0 found it helpful, 1 not")
    asked = form(await stage.press("ida", offered, "wording"))
    assert "28th" in str(asked.values["text"])
    await stage.fill_in("ida", asked, SENT)
    assert "in May" not in (await says(stage, "/voice label")).text


@needs("commands")
async def test_two_voices_are_compared_without_knowing_whose_it_is(stage: Stage) -> None:
    line = f"/voice compare --one=none --other=v1 {QUESTION}"
    pair = await says(stage, line, "ann")
    assert "The first" in pair.text and "The second" in pair.text
    assert "v1" not in pair.text and "none" not in pair.text
    assert pair.text.count("Salaries arrive on the 28th.") == 2
    told = shown(await stage.press("ann", pair, "second"))
    assert "v1" not in told.text
    assert "have chosen already" in shown(await stage.press("ann", pair, "first")).text
    status = (await says(stage, "/voice status")).text
    assert "fernhill:none against fernhill:v1: chosen in" in status
    assert "name two voices" in (await says(stage, line.replace("v1", "none"), "ann")).text
    nothing = await says(stage, line.replace(QUESTION, "Who won the cup?"), "ann")
    assert "nothing can be compared" in nothing.text


@needs("commands")
async def test_an_edited_draft_may_be_learnt_from(stage: Stage) -> None:
    draft = await says(stage, "/voice say We will assist you with the order.", "ann")
    asked = form(await stage.press("ann", draft, "edit"))
    values = {"text": "We help you with the order, of course.", "learn": "yes"}
    told = shown(await stage.fill_in("ann", asked, values))
    assert "once a second person has approved it" in told.text
    (kept,) = await rows(stage)
    assert kept["plain"] == "We will assist you with the order."
    assert kept["voiced"] == "We help you with the order, of course."
