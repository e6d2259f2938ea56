"""Parity of setting sources up: forms of what kinds declare, tried before they are kept."""

from __future__ import annotations

import pytest

from tests.adapters.stages.library import Scene
from tests.adapters.stages.playing import form, needs, shown
from tests.adapters.stages.stage import OpenForm, Shown

NEEDS = ("commands",)

LINKS = "<html><title>Home</title><h1>Home</h1><p>Come in.</p><a href='/a/deep'>more</a></html>"
DEEP = "<html><title>Deep</title><h1>Deep</h1><p>The shed is behind the mill.</p></html>"


def with_a_site(real: Scene) -> str:
    """Two pages, one linked from the other; the first's address."""
    real.site.serve("/", LINKS, Content_Type="text/html")
    real.site.serve("/a/deep", DEEP, Content_Type="text/html")
    return real.site.url("/")


async def set_up(real: Scene, kind: str) -> OpenForm:
    """What opens when the button beside a kind is pressed."""
    offered = shown(await real.stage.command("ida", "general", "/kb add"))
    names = [each.name for each in await real.stage.bench.knowledge.sources.kinds()]
    assert all(f"{name}" in offered.text for name in names)
    return form(await real.stage.press("ida", offered, "setup", names.index(kind)))


async def kept(real: Scene, tried: Shown) -> str:
    return shown(await real.stage.press("ida", tried, "keep")).text.replace("`", "")


async def test_a_kind_is_set_up_by_its_form_tried_and_kept(real: Scene) -> None:
    url = with_a_site(real)
    opened = await set_up(real, "website")
    assert opened.values["readers"] == "public"
    assert str(opened.values["further"]).startswith("depth=20")
    filled = {"address": url, "exclude": "secret/**", "further": "depth=1; max-pages=1"}
    tried = await real.stage.fill_in("ida", opened, filled)
    assert "1 document" in tried.text
    told = tried.text.replace("`", "")
    assert "Its kind is website, with exclude=secret/**, depth=1, max-pages=1." in told
    assert await real.library.sources() == []
    assert "is a source now" in await kept(real, tried)
    (spec,) = await real.library.sources()
    assert spec.kind == "website"
    assert spec.options == {"exclude": ["secret/**"], "depth": 1, "max_pages": 1}


async def test_how_it_is_read_is_changed_after_a_look(real: Scene) -> None:
    url = with_a_site(real)
    tried = shown(await real.stage.command("ida", "general", f"/kb add kind=website {url}"))
    assert "2 documents" in tried.text
    opened = form(await real.stage.press("ida", tried, "options"))
    assert opened.values["depth"] == "20"
    again = await real.stage.fill_in("ida", opened, {"depth": "0"})
    assert "1 document " in again.text and "depth=0" in again.text
    if real.stage.name != "console":  # there the newest answer is what is acted on
        assert "decided already" in await kept(real, tried)
    await kept(real, again)
    (spec,) = await real.library.sources()
    assert spec.options == {"depth": 0}
    # Once it is there, it is tried as it is read, and a new look can change that.
    tried = shown(await real.stage.command("ida", "general", f"/kb add kind=website {url}"))
    assert "1 document " in tried.text and "It is a source already" in tried.text
    opened = form(await real.stage.press("ida", tried, "options"))
    assert opened.values["depth"] == "0"
    await kept(real, await real.stage.fill_in("ida", opened, {"depth": "3"}))
    (spec,) = await real.library.sources()
    assert spec.options == {"depth": 3}


async def test_what_is_wrong_stands_beside_its_field(real: Scene) -> None:
    url = with_a_site(real)
    tried = shown(await real.stage.command("ida", "general", f"/kb add kind=website {url}"))
    opened = form(await real.stage.press("ida", tried, "options"))
    wrong = {"depth": "deep", "max_pages": "0"}
    told = await real.stage.fill_in("ida", opened, wrong)
    assert "Write a whole number for depth." in told.text
    wrong = {"depth": "1", "max_pages": "0"}
    opened = await real.stage.correct("ida", opened, wrong, told)
    told = await real.stage.fill_in("ida", opened, wrong)
    assert "The option max-pages must be at least 1." in told.text


async def test_further_options_are_lines_and_a_slip_in_one_is_told(real: Scene) -> None:
    opened = await set_up(real, "website")
    filled = {"address": with_a_site(real), "further": "colour=red"}
    told = await real.stage.fill_in("ida", opened, filled)
    assert "is not written as name=value with one of depth, max-pages, pause" in told.text
    filled |= {"further": "pause=x"}
    opened = await real.stage.correct("ida", opened, filled, told)
    told = await real.stage.fill_in("ida", opened, filled)
    assert "Write a whole number for pause." in told.text


async def test_an_address_that_cannot_be_read_is_told_in_the_form(real: Scene) -> None:
    opened = await set_up(real, "feed")
    filled = {"address": real.site.url("/nowhere.rss")}
    assert "There is no feed" in (await real.stage.fill_in("ida", opened, filled)).text
    assert await real.library.sources() == []


async def test_a_secret_of_the_machine_stays_and_is_not_shown(
    real: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = with_a_site(real)
    monkeypatch.setenv("WIKI_TOKEN", "open-sesame")
    await real.library.add(url, kind="website", options={"token": "env:WIKI_TOKEN", "depth": 1})
    tried = shown(await real.stage.command("ida", "general", f"/kb add kind=website {url}"))
    opened = form(await real.stage.press("ida", tried, "options"))
    again = await real.stage.fill_in("ida", opened, {"depth": "2"})
    told = tried.text + again.text + str(opened.values) + await kept(real, again)
    assert "WIKI_TOKEN" not in told and "sesame" not in told
    (changed,) = await real.library.sources()
    assert changed.options == {"token": "env:WIKI_TOKEN", "depth": 2}


async def test_kinds_of_the_machine_are_set_up_there_only(real: Scene) -> None:
    for kind in ("folder", "sql", "loader"):
        assert "added on the machine" in await real.says(f"/kb add kind={kind}")
        assert "on the machine" in await real.says(f"/kb add kind={kind} /srv/handbook")
    assert "There is no kind of source 'palimpsest'" in await real.says("/kb add kind=palimpsest")


@needs("suggestions")
async def test_kinds_are_suggested(real: Scene) -> None:
    found = await real.stage.suggestions("ida", "general", "/kb add", "kind", "web")
    assert found == ["web", "website"]
