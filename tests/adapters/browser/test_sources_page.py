"""The console's page of sources, as people use it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lxml import html

from bot.desk.kb.progress import PACE
from bot.ports import KindOption, Options, SourceKind, SourceReading, Trial
from tests.adapters.browser.house import A_DAY, House, Tab, text_of
from tests.adapters.fake_platform import NAME

HELP = "https://a.example/help"
_WEB = SourceKind(
    "web",
    "a web page",
    (
        KindOption("pages", "number", 5, "The most pages."),
        KindOption("include", "texts", (), "Paths."),
        KindOption("all", "yes_no", False, "Everything."),
    ),
)


async def test_a_source_is_tried_shown_and_then_kept(house: House, ida: Tab) -> None:
    tried = await ida.waited(await ida.post("/sources/new", {"address": HELP, "readers": "public"}))
    assert "Nothing is kept yet" in text_of(tried) and "Ring twice." in text_of(tried)
    assert await house.bench.world.sources.all() == []
    (keep,) = html.fromstring(tried.text).xpath("//form[.//button[normalize-space()='Add it']]")
    fields = {each.name: each.value for each in keep.inputs if each.name}
    kept = await ida.waited(await ida.post("/press", fields))
    assert "is a source now" in text_of(kept)
    listed = await ida.get("/sources")
    assert HELP in text_of(listed)
    (line, *_) = await house.bench.audit.newest(1)
    assert (line.who, line.what) == (f"{NAME}:user:ida", "added")


async def test_the_form_is_made_of_what_the_kind_declares(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources

    async def kinds() -> Sequence[SourceKind]:
        return [_WEB]

    sources.kinds = kinds  # type: ignore[method-assign]
    form = (await ida.see("/sources/new?kind=web")).forms[-1]
    names = {each.name: each.get("type", "text") for each in form.inputs if each.name}
    assert names.items() >= {"o-pages": "text", "o-include": "text", "o-all": "checkbox"}.items()
    given: list[tuple[str, str, Options | None]] = []

    async def try_out(address: str, kind: str = "", options: Options | None = None) -> Trial:
        given.append((address, kind, options))
        return await type(sources).try_out(sources, address, kind, options)

    sources.try_out = try_out  # type: ignore[method-assign]
    plain = {"address": HELP, "kind": "web", "readers": "public", "o-pages": "5"}
    await ida.waited(await ida.post("/sources/new", plain))
    changed = {**plain, "o-pages": "9", "o-include": "/a, /b", "o-all": "yes", "o-evil": "x"}
    await ida.waited(await ida.post("/sources/new", changed))
    assert given == [
        (HELP, "web", None),
        (HELP, "web", {"pages": 9, "include": ("/a", "/b"), "all": True}),
    ]
    wrong = await ida.post("/sources/new", {**plain, "o-pages": "many"})
    assert "pages is a whole number" in text_of(wrong)


async def test_a_file_can_be_added(house: House, ida: Tab) -> None:
    sent = await ida.post("/sources/new", {"readers": "public"}, files={"file": ("a.txt", b"x")})
    assert "upload://a.txt" in text_of(await ida.waited(sent))
    assert ("upload", "a.txt") in house.bench.world.sources.done


async def test_what_cannot_be_added_is_told(house: House, ida: Tab) -> None:
    assert "Give an address" in text_of(await ida.post("/sources/new", {"readers": "public"}))
    wrong = await ida.post("/sources/new", {"address": "/etc", "readers": "public"})
    assert "is not an address" in text_of(await ida.waited(wrong))
    nobody = await ida.post("/sources/new", {"address": HELP, "readers": "bob"})
    assert "do not know who" in text_of(nobody)


async def test_a_source_is_looked_after_on_its_page(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources
    await sources.add(HELP)
    (source,) = sources.known
    sources.past[source.id] = [
        SourceReading(A_DAY, A_DAY, added=3, skipped={"b.pdf": "It is empty."})
    ]
    page = text_of(await ida.get(f"/sources/{source.id}"))
    assert "3 added" in page and "b.pdf: It is empty." in page and "every night" in page
    of = {"source": source.id}
    sources.steps = [(7, 40)]
    assert "1 added" in text_of(await ida.waited(await ida.post("/do/kb/refresh", of)))
    await ida.post("/do/kb/pause", of)
    assert "paused" in text_of(await ida.get("/sources"))
    await ida.post("/do/kb/resume", of)
    await ida.post("/do/kb/schedule", {**of, "when": "hourly"})
    await ida.post("/do/kb/access", {**of, "readers": "role:managers"})
    assert sources.known[0].schedule == "hourly"
    assert sources.known[0].readers == {"role:managers"}
    assert "limited" in text_of(await ida.get("/sources"))
    changes = text_of(await ida.get(f"/sources/{source.id}"))
    assert "@ida: access (role:managers)" in changes


async def test_a_source_goes_only_after_a_second_word(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources
    await sources.add(HELP)
    asked = await ida.post("/do/kb/remove", {"source": sources.known[0].id})
    form = html.fromstring(asked.text).forms[-1]
    fields = dict(form.fields)
    assert fields["f-decision"] == "keep" and len(sources.known) == 1
    assert "stays as it is" in text_of(await ida.post(form.action, fields))
    told = await ida.post(form.action, {**fields, "f-decision": "remove"})
    assert "is removed" in text_of(told) and sources.known == []


async def test_progress_is_seen_while_a_source_is_read(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources
    await sources.add(HELP)
    gate = asyncio.Event()
    sources.hold, sources.steps = gate.wait, [(7, 40)]
    begun = await ida.post("/do/kb/refresh", {"source": sources.known[0].id})
    while house.bench.world.hand.next is None:  # noqa: ASYNC110 - nobody tells that they sleep
        await asyncio.sleep(0)
    house.bench.world.hand.move(PACE)
    work = house.adapter.works.known(begun.url.path.removeprefix("/progress/"))
    assert work is not None
    await work.changed_since(0, 5.0)
    assert "7 documents, 40 passages so far" in text_of(await ida.get(str(begun.url)))
    gate.set()
    assert "1 added" in text_of(await ida.waited(begun))
