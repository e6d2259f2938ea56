"""Parity of releases: what waits is shown or kept back, earlier versions come back, golden ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.stages.library import Scene
from tests.adapters.stages.playing import form, needs, shown

NEEDS = ("commands",)

FRUIT = ("apples", "pears", "plums", "figs", "dates")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "fruit"
    place.mkdir()
    for name in FRUIT:
        (place / f"{name}.md").write_text(f"# {name}\n\nAll about {name}.")
    return place


async def half_gone(real: Scene, folder: Path) -> str:
    """A source of which more is gone than goes without an admin's word; its id."""
    spec, _ = await real.library.add(str(folder))
    for name in FRUIT[:3]:
        (folder / f"{name}.md").unlink()
    assert "Waits for an admin" in await real.says(f"/kb refresh {spec.id}")
    return spec.id


async def test_what_waits_is_shown_by_a_button(real: Scene, folder: Path) -> None:
    id = await half_gone(real, folder)
    assert "waits for an admin" in await real.says("/kb list")
    told = shown(await real.stage.command("ida", "general", f"/kb show {id}"))
    assert "3 documents not as at the source" in told.text
    assert await real.store.count(id) == 5
    approved = shown(await real.stage.press("ida", told, "approve"))
    assert "3 removed" in approved.text and await real.store.count(id) == 2
    assert "waits for an admin" not in await real.says("/kb list")
    assert f"Nothing of {folder} waits." in await real.says(f"/kb approve {id}")
    assert (await real.stage.bench.audit.newest(1))[0].outcome == "refused"


async def test_what_waits_is_kept_back_by_a_command(real: Scene, folder: Path) -> None:
    id = await half_gone(real, folder)
    assert "3 documents as before" in await real.says(f"/kb reject {id}")
    assert "An admin kept the earlier version" in await real.says(f"/kb refresh {id}")
    assert await real.store.count(id) == 5
    assert f"Nothing of {folder} waits." in await real.says(f"/kb reject {id}")
    assert "not as at the source" not in await real.says(f"/kb show {id}")


async def test_an_earlier_version_comes_back_by_button_and_by_number(
    real: Scene, folder: Path
) -> None:
    spec, _ = await real.library.add(str(folder))
    assert "Going back" not in await real.says(f"/kb runs {spec.id}")
    (folder / "figs.md").write_text("# figs\n\nAll about wasps.")
    await real.says(f"/kb refresh {spec.id}")
    listed = shown(await real.stage.command("ida", "general", f"/kb runs {spec.id}"))
    assert "1 changed, 4 unchanged" in listed.text and "5 added" in listed.text
    told = await real.says(f"/kb show {spec.id}")
    assert "Its data: last changed" in told and "0 documents could not be used" in told
    assert "documents 5 to 5, passages 5 to 5, at most 20% changed at once" in told
    back = shown(await real.stage.press("ida", listed, "restore"))
    assert "is as it was: 1 changed" in back.text
    assert "That is reading 3" in back.text
    assert "1 changed" in await real.says(f"/kb restore {spec.id} 2")
    assert "shows the numbers of readings" in await real.says(f"/kb restore {spec.id} yesterday")
    assert "has no run 99" in await real.says(f"/kb restore {spec.id} 99")


async def test_golden_questions_are_added_listed_and_removed(real: Scene, folder: Path) -> None:
    spec, _ = await real.library.add(str(folder))
    none = shown(await real.stage.command("ida", "general", "/kb golden"))
    assert "No golden questions yet" in none.text
    writing = form(await real.stage.press("ida", none, "golden"))
    asked = {"question": "What are figs?", "source": spec.id, "document": "wasps.md"}
    refused = await real.stage.fill_in("ida", writing, asked)
    assert "has no document 'wasps.md'" in refused.text
    again = await real.stage.correct("ida", writing, asked, refused)
    kept = await real.stage.fill_in("ida", again, {**asked, "document": "figs.md"})
    assert "Kept. A change of" in kept.text and "not answered there now" not in kept.text
    listed = shown(await real.stage.command("ida", "general", f"/kb golden {spec.id}"))
    assert "What are figs?" in listed.text and "figs.md" in listed.text
    gone = shown(await real.stage.press("ida", listed, "drop"))
    assert 'need not leave "What are figs?" answered' in gone.text
    assert await real.library.golden.all() == []
    lines = await real.stage.bench.audit.newest(5)
    assert [each.what for each in lines] == ["golden removed", "golden", "golden"]
    assert "figs?" not in str(lines)


async def test_a_golden_question_that_is_not_answered_is_told_to_be_so(
    real: Scene, folder: Path
) -> None:
    spec, _ = await real.library.add(str(folder))
    none = shown(await real.stage.command("ida", "general", "/kb golden"))
    writing = form(await real.stage.press("ida", none, "golden"))
    asked = {"question": "What are bicycles?", "source": spec.id}
    kept = await real.stage.fill_in("ida", writing, asked)
    assert "It is not answered there now, so no change can break it yet" in kept.text


@needs("others")
async def test_that_is_for_admins(real: Scene, folder: Path) -> None:
    id = await half_gone(real, folder)
    for line in ("approve", "reject", "restore", "runs"):
        assert (
            "is for admins"
            in shown(await real.stage.command("bob", "general", f"/kb {line} {id}")).text
        )
    assert await real.store.count(id) == 5
