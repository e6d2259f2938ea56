"""Parity of files, progress and the digest: handed over, told in place, posted where admins are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cards import Card, Picture
from bot.types import Place
from knowledge.types import Attachment
from tests.adapters.stages.library import Scene
from tests.adapters.stages.playing import PLATFORMS, form, needs, played, shown
from tests.adapters.stages.stage import Stage

NEEDS = ("commands",)

PNG = Picture("trend.png", "documents 1 to 2", b"\x89PNG of a kind")


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        yield stage


def laid_aside(location: str) -> bool:
    return Path(location).exists()


@needs("message_menu")
async def test_a_file_in_a_message_is_tried_and_added_by_its_menu(stage: Stage) -> None:
    said = await stage.say("bob", "general", "Here it is", mention=False, files={"p.csv": b"a,1"})
    tried = shown(await stage.menu("ida", said, "Add as a source"))
    assert "I tried" in tried.text and "upload://p.csv" in tried.text
    kept = shown(await stage.press("ida", tried, "keep"))
    assert "is a source now" in kept.text
    assert stage.bench.world.sources.done == [("upload", "p.csv"), ("add", "p.csv")]


@needs("message_menu", "others")
async def test_that_is_for_admins(stage: Stage) -> None:
    said = await stage.say("bob", "general", "Here it is", mention=False, files={"p.csv": b"a,1"})
    told = shown(await stage.menu("bob", said, "Add as a source"))
    assert "is for admins" in told.text and stage.bench.world.sources.done == []


async def test_an_upload_is_read_and_leaves_nothing_behind(real: Scene, tmp_path: Path) -> None:
    files = real.stage.bench.knowledge.sources
    path = await files.upload(Attachment("prices.md", "", content=b"# Prices\n\nA bike is 900."))
    if real.stage.name == "console":
        (tmp_path / "prices.md").write_text("# Prices\n\nA bike is 900.")
        told = await real.adds(f"/kb add file={tmp_path / 'prices.md'}")
    else:
        told = await real.adds(f"/kb add {path}")
    assert "upload: prices.md is a source now" in told and "1 passage" in told
    (spec,) = await real.library.sources()
    assert await real.store.count(spec.id) == 1 and laid_aside(spec.location)
    removal = form(await real.stage.command("ida", "general", f"/kb remove {spec.id}"))
    gone = await real.stage.fill_in("ida", removal, {"decision": "remove"})
    assert "I looked: nothing of it is left." in gone.text
    assert await real.store.count() == 0 and not laid_aside(spec.location)
    assert await real.library.left_of(spec.id) == 0


async def test_the_list_is_written_out_and_tells_nothing_of_the_machine(
    real: Scene, tmp_path: Path
) -> None:
    await real.adds(f"/kb add {real.site.url('/help')}")
    files = real.stage.bench.knowledge.sources
    await files.add(await files.upload(Attachment("p.md", "", content=b"# Prices\n\nA bike.")))
    told = await real.says("/kb export")
    assert f"location: {real.site.url('/help')}" in told and "kind: web" in told
    assert "location: upload:" in told and "/p.md" in told and str(tmp_path) not in told


async def choose(stage: Stage) -> Place:
    opened = form(await stage.command("ida", "general", "/kb digest"))
    channel = "help" if stage.name != "console" else "board"
    told = await stage.fill_in("ida", opened, {"channel": channel})
    assert "is posted to the channel that you chose" in told.text
    (place,) = await stage.bench.channels.digest_places()
    return place


async def test_the_digest_is_posted_where_admins_chose_with_its_picture(stage: Stage) -> None:
    place = await choose(stage)
    card = Card("**What I know**\nAll is well.", picture=PNG)
    assert await stage.bench.errands.outbox.enter("digest:1", place, card)
    assert not await stage.bench.errands.outbox.enter("digest:1", place, card)
    await stage.bench.errands.run(stage.adapter)
    await stage.bench.errands.run(stage.adapter)
    await stage.settled()
    if stage.name == "console":
        (told,) = [each for each in stage.everyone_sees("general") if "All is well" in each.text]
        assert "documents 1 to 2" in told.text
        return
    seen = stage.everyone_sees("help")
    assert sum("All is well" in each.text for each in seen) == 1
    if stage.name == "discord":
        assert list(seen[-1].files) == ["trend.png"]
    else:
        files = [file for each in seen for file in each.raw[1].get("files", ())]
        assert [file["name"] for file in files] == ["trend.png"]


@needs("outages")
async def test_without_the_right_to_share_files_the_text_is_there(stage: Stage) -> None:
    if stage.name == "slack":
        stage.server.fail(  # type: ignore[attr-defined]
            "files.getUploadURLExternal", error="missing_scope", times=None
        )
    place = await choose(stage)
    await stage.bench.errands.outbox.enter("digest:1", place, Card("All is well.", picture=PNG))
    await stage.bench.errands.run(stage.adapter)
    await stage.settled()
    assert ["All is well" in each.text for each in stage.everyone_sees("help")][:1] == [True]
