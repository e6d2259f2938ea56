"""Parity of sources: what admins add, look at, read again, pause and remove by command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.ports import KnownSource
from knowledge.types import PUBLIC
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.library import PAGE, Scene, scene
from tests.adapters.stages.playing import PLATFORMS, form, needs, played, shown
from tests.adapters.stages.stage import Stage

NEEDS = ("commands",)


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        stage.bench.world.sources.known = [
            KnownSource("hb", "/srv/handbook", 12, is_public=True, passages=340),
            KnownSource("wiki", "https://wiki.example/", 1, is_public=True, passages=1),
        ]
        yield stage


async def test_a_page_is_added_looked_at_read_again_paused_and_removed(real: Scene) -> None:
    url = real.site.url("/help")
    assert f"{url} is a source now" in (told := await real.adds(f"/kb add {url}"))
    assert "for everyone: 1 document with 1 passage." in told
    (spec,) = await real.library.sources()
    assert f"{url} ({spec.id}): 1 document, for everyone" in await real.says("/kb list")
    real.site.serve("/help", PAGE.replace("twice", "once"), Content_Type="text/html")
    assert f"{url}: 1 changed" in await real.says(f"/kb refresh {spec.id}")
    told = await real.says(f"/kb show {url}")
    assert "1 changed" in told and "1 added" in told and "in UTC" in told
    assert "is paused" in await real.says(f"/kb pause {url}")
    assert "paused; resume it first" in await real.says(f"/kb refresh {url}")
    assert "There is no source to read." in await real.says("/kb refresh")
    assert "for everyone, paused" in await real.says("/kb list")
    assert "from the next refresh on" in await real.says(f"/kb resume {spec.id}")
    assert f"{url}: 1 unchanged" in await real.says("/kb refresh")
    opened_form = form(await real.stage.command("ida", "general", f"/kb remove {spec.id}"))
    assert opened_form.values == {"decision": "keep"}
    kept = await real.stage.fill_in("ida", opened_form, {})
    assert "stays as it is" in kept.text and await real.library.sources() == [spec]
    opened_form = form(await real.stage.command("ida", "general", f"/kb remove {url}"))
    gone = await real.stage.fill_in("ida", opened_form, {"decision": "remove"})
    assert f"{url} is removed, with 1 passage." in gone.text.replace("`", "")
    assert await real.library.sources() == []
    assert "There are no sources yet." in await real.says("/kb list")


@pytest.mark.parametrize("typed", ["/etc", "/etc/passwd", "file:///etc/passwd", "~"])
async def test_what_lies_on_the_machine_is_added_there_only(real: Scene, typed: str) -> None:
    told = await real.says(f"/kb add {typed}")
    assert "add it on the machine with 'housevoice source add'" in told
    assert await real.library.sources() == []


async def test_an_address_is_taken_out_of_its_quotes(real: Scene) -> None:
    url = real.site.url("/help")
    for typed in (f"\u201c{url}\u201d", f"'{url}'"):
        told = await real.says(f"/kb add {typed}")
        assert f"I tried {url}: 1 document" in told


async def test_kinds_of_the_machine_are_told_to_be_so(real: Scene) -> None:
    for typed in ("sql articles", "loader confluence/handbook", "folder /srv"):
        told = await real.says(f"/kb add {typed}")
        kind = typed.partition(" ")[0]
        assert f"of the kind {kind} is none for a chat: add it on the machine" in told


@pytest.mark.parametrize("platform", [each for each in PLATFORMS if "commands" not in LACKS[each]])
async def test_an_address_inside_the_network_is_not_fetched(platform: str, tmp_path: Path) -> None:
    async with scene(platform, tmp_path) as real:
        told = await real.says(f"/kb add {real.site.url('/help')}")
        assert "is an address inside the network, which is not fetched for safety" in told
        assert real.site.requests == []


async def test_a_page_that_is_not_there_is_not_kept(real: Scene) -> None:
    told = await real.says(f"/kb add {real.site.url('/nowhere')}")
    assert "There is no page" in told and await real.library.sources() == []


async def test_a_source_of_the_machine_shows_its_place_and_nothing_it_is_read_with(
    real: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIKI_TOKEN", "open-sesame")
    token = {"token": "env:WIKI_TOKEN"}
    spec, _ = await real.library.add(
        real.site.url("/help"), options=token, access=frozenset({"role:board"})
    )
    told = await real.says(f"/kb show {spec.id}") + await real.says("/kb list")
    assert spec.location in told and "role:board" in told
    told += await real.adds(f"/kb add {spec.location}") + await real.says("/kb refresh")
    assert "WIKI_TOKEN" not in told and "sesame" not in told
    (kept,) = await real.library.sources()
    assert kept == spec, "adding it again keeps who may read it, and its token"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Pay\n\nOn the 28th.")
    folder, _ = await real.library.add(str(tmp_path / "docs"))
    assert "1 unchanged" in await real.says(f"/kb refresh {folder.location}")


@needs("channels")
async def test_here_is_for_the_people_of_the_channel(real: Scene) -> None:
    url = real.site.url("/help")
    told = await real.adds(f"/kb add here {url}", "board")
    assert "for the people of this channel" in told
    (spec,) = await real.library.sources()
    assert spec.access == {real.stage.principal("board")}
    await real.adds(f"/kb add {url}")
    (spec,) = await real.library.sources()
    assert spec.access == {real.stage.principal("board")}, "adding again opened it"


async def test_here_is_refused_in_a_direct_conversation(real: Scene) -> None:
    line = f"/kb add here {real.site.url('/help')}"
    told = shown(await real.stage.command("ida", "direct", line))
    # In a direct conversation nobody is an admin on Discord: there is no server to manage.
    refused = "is for admins" if real.stage.name == "discord" else "whose people may read it"
    assert refused in told.text
    assert await real.library.sources() == []


async def test_without_here_it_is_for_everyone(real: Scene) -> None:
    await real.adds(f"/kb add {real.site.url('/help')}")
    (spec,) = await real.library.sources()
    assert spec.access == {PUBLIC}


@needs("others")
async def test_sources_are_for_admins(stage: Stage) -> None:
    before = list(stage.bench.world.sources.known)
    for line in (
        "/kb add https://a.example/",
        "/kb show hb",
        "/kb refresh",
        "/kb pause hb",
        "/kb resume hb",
        "/kb remove hb",
    ):
        told = shown(await stage.command("ann", "general", line))
        assert "is for admins" in told.text, line
    assert stage.bench.world.sources.known == before
    assert stage.bench.world.sources.done == []


async def test_what_there_is_no_source_of_is_told(stage: Stage) -> None:
    for action in ("show", "refresh", "pause", "resume", "remove"):
        told = shown(await stage.command("ida", "general", f"/kb {action} nowhere"))
        assert "There is no source 'nowhere'" in told.text, action


@needs("suggestions")
async def test_sources_are_suggested_by_where_they_are(stage: Stage) -> None:
    async def offered(action: str, typed: str) -> list[str]:
        return await stage.suggestions("ida", "general", f"/kb {action}", "source", typed)

    assert await offered("show", "wiki") == ["https://wiki.example/"]
    assert await offered("remove", "srv") == ["/srv/handbook"]
    await stage.command("ida", "general", "/kb pause hb")
    assert await offered("resume", "") == ["/srv/handbook"]
    assert await offered("pause", "") == ["https://wiki.example/"]


async def test_who_changed_what_is_in_the_log(stage: Stage) -> None:
    with capture_logs() as logged:
        await stage.command("ida", "general", "/kb pause hb")
        await stage.settled()
    (line,) = [each for each in logged if each["event"] == "source_command"]
    assert line == {
        "event": "source_command",
        "log_level": "info",
        "who": f"{stage.name}:user:{stage.user('ida')}",
        "what": "paused",
        "source": "hb",
    }
