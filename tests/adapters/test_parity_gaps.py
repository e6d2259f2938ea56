"""Parity of gaps: what nothing answered, answers that admins write, and looking for others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.stages.playing import PLATFORMS, form, limited, needs, played, shown
from tests.adapters.stages.stage import OpenForm, Shown, Stage
from tests.kit.fakes import evidence

NEEDS = ("commands",)

ASKED = "Who repairs bicycles?"
KIM = "Kim does, in the shed.\n\nBring it before noon."


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        yield stage


async def gaps(stage: Stage) -> Shown:
    return shown(await stage.command("ida", "general", "/kb gaps"))


async def opened(stage: Stage, listed: Shown, action: str, row: int = 0) -> OpenForm:
    return form(await stage.press("ida", listed, action, row))  # type: ignore[arg-type]


async def answered(stage: Stage, readers: str = "public") -> str:
    """An admin writes the answer under the list."""
    writing = await opened(stage, await gaps(stage), "answer")
    assert writing.values == {"question": ASKED, "readers": "public"}
    values = {"answer": KIM, "readers": readers}
    if stage.name == "console":  # its lines end where Enter is pressed
        values["answer"] = KIM.replace("\n\n", " ")
    return (await stage.fill_in("ida", writing, values)).text


async def test_a_gap_is_answered_at_once_and_cited_as_such(stage: Stage) -> None:
    await stage.ask("bob", "general", "Who repairs bicycle?")
    stage.bench.clock.tick(1)
    assert "I don't know" in (await stage.ask("ann", "general", ASKED)).text
    listed = await gaps(stage)
    assert "2 questions without an answer" in listed.text and "(2 times)" in listed.text
    told = await answered(stage)
    assert "Saved, for everyone. I answer so from now on, and 2 open questions with it." in told
    for question in (ASKED, "who repairs bicycles", "WHO repairs bicycle??"):
        answer = await stage.ask("ann", "general", question)
        assert "Kim does, in the shed." in answer.text and "Bring it before noon." in answer.text
        assert "Sure" in answer.confidence
        assert answer.sources == (f"[1] Curated answer › {ASKED}",)
    assert "found an answer" in (await gaps(stage)).text


@needs("channels")
async def test_a_written_answer_is_for_its_readers_only(stage: Stage) -> None:
    await stage.ask("ann", "general", ASKED)
    await answered(stage, stage.principal("board"))
    assert "I don't know" in (await stage.ask("ann", "general", ASKED)).text
    assert "Kim does" in (await stage.ask("ann", "board", ASKED)).text


async def test_written_answers_are_listed_and_removed(stage: Stage) -> None:
    await stage.ask("ann", "general", ASKED)
    await answered(stage)
    listed = shown(await stage.command("ida", "general", "/kb curated"))
    assert ASKED in listed.text and "for everyone, by " in listed.text
    gone = shown(await stage.press("ida", listed, "forget"))
    assert "is not given any more" in gone.text
    assert "Nobody has written" in shown(await stage.command("ida", "general", "/kb curated")).text
    assert "I don't know" in (await stage.ask("ann", "general", ASKED)).text
    lines = await stage.bench.audit.newest(5)
    assert [each.what for each in lines] == ["removed", "answered"]
    assert ASKED not in str(lines) and "Kim" not in str(lines)


async def test_an_answer_can_be_written_unasked(stage: Stage) -> None:
    none = shown(await stage.command("ida", "general", "/kb curated"))
    writing = form(await stage.press("ida", none, "write"))
    values = {"question": "Where is the shed?", "answer": "Behind the mill.", "readers": "public"}
    await stage.fill_in("ida", writing, values)
    assert "Behind the mill." in (await stage.ask("ann", "general", "Where is the shed?")).text


async def test_a_source_is_tried_for_a_gap(stage: Stage) -> None:
    await stage.ask("ann", "general", ASKED)
    naming = await opened(stage, await gaps(stage), "source")
    tried = await stage.fill_in(
        "ida", naming, {"address": "https://a.example/shed", "readers": "public"}
    )
    assert "I tried https://a.example/shed: 1 document" in tried.text.replace("`", "")
    repairs = evidence("Kim repairs bicycles.", title="Shed", source="a.example/shed")
    stage.bench.knows("bicycles", repairs)
    kept = shown(await stage.press("ida", tried, "keep"))
    assert "is a source now" in kept.text and "It answers that question." in kept.text
    assert "found an answer" in (await gaps(stage)).text


async def test_what_is_not_the_bots_business_is_set_aside(stage: Stage) -> None:
    await stage.ask("ann", "general", ASKED)
    await stage.ask("ann", "general", "What will be for lunch tomorrow?")
    listed = await gaps(stage)
    first = listed.text.index("lunch") < listed.text.index("bicycles")
    await stage.press("ida", listed, "dismiss", 0 if first else 1)
    left = (await gaps(stage)).text
    assert "bicycles" in left and "lunch" not in left


async def test_looking_for_others_shows_what_they_would_be_given(stage: Stage) -> None:
    told = shown(await stage.command("ida", "general", "/kb search When do salaries arrive?"))
    assert "Pay (near 0.90, answers 90%" in told.text and "28th" in told.text
    assert "They would get an answer." in told.text
    told = shown(await stage.command("ida", "general", "/kb search Who repairs bicycles?"))
    assert "Nothing." in told.text and "I don't know" in told.text
    told = shown(
        await stage.command("ida", "general", "/kb search --whom=everyone When do salaries arrive?")
    )
    assert "as everyone would find it" in told.text


@needs("channels")
async def test_looking_never_shows_what_the_admin_may_not_read(stage: Stage) -> None:
    limited(stage, "bob")
    principal = stage.principal("bob")
    told = shown(
        await stage.command("ida", "general", f"/kb search --whom={principal} What is the bonus?")
    )
    assert "Not open to you (near 0.90, answers 90%" in told.text
    assert "3%" not in told.text and "Bonus" not in told.text.replace("What is the bonus", "")
    assert "They would get an answer." in told.text


@needs("others")
async def test_only_admins_may(stage: Stage) -> None:
    await stage.ask("ann", "general", ASKED)
    for line in ("/kb gaps", "/kb curated", "/kb search Who?"):
        assert "is for admins" in shown(await stage.command("ann", "general", line)).text
