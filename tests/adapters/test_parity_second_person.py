"""Parity of wordings that wait: who may approve is told where they work, and sees how it ended."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from bot.answers.voices.wordings import Wordings
from bot.conversation.channels import WorkspaceRules
from jobs.admins import Admins
from jobs.wordings import WordingNotices
from tests.adapters.desk_bench import VOICES
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.playing import PAY, PLATFORMS, QUESTION, form, shown
from tests.adapters.stages.stage import Shown, Stage, opened
from tests.adapters.stages.stages import STAGES

WORDED = "Hello there! Good news: Salaries arrive on the 28th. Worth a note in your diary."
SENT = {"question": "When am I paid?", "text": WORDED, "consent": "yes"}


@pytest_asyncio.fixture(params=[each for each in PLATFORMS if "others" not in LACKS[each]])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage on which Ann, Ida and a group look after the wording; Ann has worded an answer."""
    folder = tmp_path / "voices" / "fernhill"
    folder.mkdir(parents=True)
    for name in ("guide.toml", "examples.jsonl"):
        shutil.copy(VOICES / "fernhill" / name, folder)
    roles = {"role:support": frozenset({"nobody"})}
    async with opened(STAGES[request.param], tmp_path, voices=folder.parent, roles=roles) as stage:
        held = cast("dict[str, Any]", stage.bench.follow_ups._roles.members)
        group = stage.principal("managers")
        held["role:support"] = frozenset({stage.principal("ida"), stage.principal("ann"), group})
        place = stage.place("general")
        rules = WorkspaceRules(help_channel=place.channel)
        await stage.bench.channels.set_workspace(place, rules, "test", stage.bench.clock())
        stage.bench.knows("salaries", PAY)
        answer = await stage.ask("ann", "general", QUESTION)
        await stage.fill_in("ann", form(await stage.press("ann", answer, "wording")), SENT)
        yield stage


async def told(stage: Stage) -> list[Shown]:
    """The notices where people take over, once the job has run, and the errand."""
    bench = stage.bench
    admins = Admins(bench.channels, bench.errands.outbox, {stage.name}, ())
    wordings = Wordings(bench.engine, bench.clock)
    await WordingNotices(wordings, admins, bench.follow_ups._roles).deliver()
    await bench.errands.run(stage.adapter)
    await stage.settled()
    plain = [
        replace(each, text=each.text.replace("*", "")) for each in stage.everyone_sees("general")
    ]
    return [each for each in plain if "A wording" in each.text]


async def test_it_is_told_with_its_text_and_approved_there(stage: Stage) -> None:
    (notice,) = await told(stage)
    assert "A wording waits for a second person." in notice.text
    assert "Good news" in notice.text and notice.buttons == ("Approve", "Leave it out")
    assert await told(stage) == [notice], "it is told once"
    assert "your own" in shown(await stage.press("ann", notice, "teach")).text
    assert "look after the voice" in shown(await stage.press("bob", notice, "teach")).text
    assert "Approved" in shown(await stage.press("ida", notice, "teach")).text
    (after,) = await told(stage)
    assert "A wording was approved by" in after.text and "ida" in after.text.lower()
    assert not after.buttons and "Good news" not in after.text


async def test_what_is_left_out_goes_from_the_notices_too(stage: Stage) -> None:
    (notice,) = await told(stage)
    assert "nothing of it is kept" in shown(await stage.press("ida", notice, "spare")).text
    (after,) = await told(stage)
    assert "A wording was left out by" in after.text and not after.buttons
    assert "Good news" not in after.text
    assert "Good news" not in str(await stage.bench.rows("outbox"))


async def test_who_is_named_is_told_alone_and_its_owner_is_not(stage: Stage) -> None:
    await told(stage)
    entries = [each["id"].split(":", 2)[2] for each in await stage.bench.rows("outbox")]
    assert stage.principal("ida") in entries and stage.principal("ann") not in entries


async def test_while_it_waits_no_log_has_its_text(
    stage: Stage, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await told(stage)
    said = capsys.readouterr()
    assert "Good news" not in said.out + said.err + caplog.text
