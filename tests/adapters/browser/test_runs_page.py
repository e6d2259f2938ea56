"""The console's page of readings of sources and what waits of them, as people use it."""

from __future__ import annotations

from bot.ports import SourceReading
from bot.source_ports import Undecided
from tests.adapters.browser.house import A_DAY, House, Tab, text_of

HELP = "https://a.example/help"


async def test_what_waits_is_shown_approved_and_taken_back(house: House, ida: Tab) -> None:
    sources, releases = house.bench.world.sources, house.bench.world.releases
    await sources.add(HELP)
    (source,) = sources.known
    releases.readings[source.id] = [
        SourceReading(A_DAY, A_DAY, removed=9, waits=("9 of 10 went.",), number=2, state="waiting"),
        SourceReading(A_DAY, A_DAY, added=10, quarantined={"c.md": "It is odd."}, number=1),
    ]
    page = text_of(await ida.get("/runs"))
    assert "Waits for your word: 9 of 10 went." in page and "c.md: It is odd." in page
    assert page.count("Back to after this run") == 1  # not to where it is already
    releases.waiting[source.id] = Undecided(9)
    told = await ida.post("/runs/approve", {"source": source.id})
    assert "9 changed" in text_of(told)
    releases.waiting[source.id] = Undecided(9)
    await ida.post("/runs/reject", {"source": source.id})
    await ida.post("/runs/restore", {"source": source.id, "run": "1"})
    assert releases.done == [
        ("approve", source.id),
        ("reject", source.id),
        ("restore", f"{source.id} 1"),
    ]
    lines = await house.bench.audit.newest(3)
    assert [each.what for each in lines] == ["restored", "rejected", "approved"]
    assert "not the number" in text_of(
        await ida.post("/runs/restore", {"source": source.id, "run": "x"})
    )
