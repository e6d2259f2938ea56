"""The console in a real browser: with the keyboard, without scripts, on a phone and in the dark."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.browser.visit import PAGES
from bot.ports import KnownSource, SourceReading
from bot.source_ports import Undecided
from tests.adapters.browser.conftest import ANSWER, QUESTION
from tests.adapters.browser.house import A_DAY, House, Who, said
from tests.adapters.browser.test_scripts import PAYLOADS
from tests.adapters.fake_platform import utterance
from tests.kit.fakes import evidence

pytestmark = pytest.mark.chromium
SHOTS = os.environ.get("CONSOLE_SCREENSHOTS")
"""A folder for pictures of all pages, for people to look at."""
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
_WAIT_MS = 30_000


class Window:
    """A browser window of one person, with everything that went wrong in it."""

    def __init__(self, house: House, page: Any):
        self.house = house
        self.page = page
        self.faults: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: self.faults.append(f"a dialog: {dialog.message}"))
        page.set_default_timeout(_WAIT_MS)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.house.adapter.port}"

    async def enter(self, who: Who) -> None:
        """Come in by a link, as people do."""
        await self.page.goto(f"{self.address}/enter?pass={await self.house.link(who)}")
        await self.page.locator("button:focus").wait_for()
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url("**/ask/*")

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.address}{path}")

    async def ask(self, question: str) -> None:
        """Ask by the keyboard alone, and wait for the answer."""
        before = await self.page.locator("article").count()
        await self.page.get_by_label("Your question").fill(question)
        await self.page.keyboard.press("Enter")
        await self.page.locator("article").nth(before).wait_for()
        await self.page.locator(".growing").wait_for(state="detached")

    async def text(self) -> str:
        return str(await self.page.inner_text("main"))

    def assert_quiet(self) -> None:
        """Nothing went wrong, and nothing was asked of anybody else."""
        assert self.faults == []
        assert [each for each in self.asked if not each.startswith(self.address)] == []

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)


@asynccontextmanager
async def window(house: House, chromium: Any, **of: Any) -> AsyncIterator[Window]:
    context = await chromium.new_context(**{"viewport": DESK, **of})
    try:
        yield Window(house, await context.new_page())
    finally:
        await context.close()


async def furnish(house: House) -> None:
    """Something to see on every page."""
    sources = house.bench.world.sources
    await sources.add("https://a.example/help")
    (source,) = sources.known
    sources.past[source.id] = house.bench.world.releases.readings[source.id] = [
        SourceReading(A_DAY, A_DAY, removed=9, waits=("9 of 10 went.",), number=2, state="waiting"),
        SourceReading(A_DAY, A_DAY, added=10, skipped={"b.pdf": "It is empty."}, number=1),
    ]
    sources.known.append(
        KnownSource("s2", f"https://a.example/{'long-' * 40}", 3, False, "Not found (404).")
    )
    await said(house, QUESTION)
    await said(house, "Who repairs bicycles?")
    await house.bench.knowledge.curated.add(
        "Who repairs cars?", "| Who | When |\n|---|---|\n| Kim | Noon |",
        access=frozenset({"public"}), owner="office:user:ida",
    )  # fmt: skip


async def test_a_question_is_asked_and_judged_by_the_keyboard_alone(
    served: House, chromium: Any
) -> None:
    async with window(served, chromium) as w:
        await w.enter("ann")
        await w.ask(QUESTION)
        assert ANSWER in await w.text()
        assert await w.page.evaluate("document.activeElement.id") == "question", "one goes on"
        await w.page.keyboard.press("Shift+Tab")
        for _ in range(12):
            if await w.page.evaluate("document.activeElement.textContent") == "Why this answer?":
                break
            await w.page.keyboard.press("Shift+Tab")
        await w.page.keyboard.press("Enter")
        await w.page.locator(".outcome [role=status]").wait_for()
        assert "What I read" in await w.text()
        await w.page.get_by_role("button", name="Helpful", exact=True).press("Space")
        await w.page.get_by_text("Thank you, noted.").wait_for()
        w.assert_quiet()


async def test_the_first_tab_leads_past_the_menu(served: House, chromium: Any) -> None:
    async with window(served, chromium) as w:
        await w.enter("ida")
        await w.open("/sources")
        await w.page.keyboard.press("Tab")
        assert await w.page.evaluate("document.activeElement.textContent") == "Skip to the page"
        await w.page.keyboard.press("Enter")
        assert await w.page.evaluate("document.activeElement.id") == "main"


async def test_all_pages_are_reached_and_used_by_the_keyboard(served: House, chromium: Any) -> None:
    await furnish(served)
    async with window(served, chromium) as w:
        await w.enter("ida")
        for path, title, _ in PAGES:
            link = w.page.get_by_role("link", name=title, exact=True)
            await link.focus()
            await w.page.keyboard.press("Enter")
            await w.page.wait_for_url(f"**/{path}**")
            assert await w.page.get_by_role("heading", level=1).inner_text() == title
            for each in await w.page.locator("main :is(a, button, input, select, textarea)").all():
                if not await each.is_visible():
                    continue
                await each.focus()
                assert await each.evaluate("each => each === document.activeElement")
        w.assert_quiet()


async def test_a_source_is_added_changed_and_removed(served: House, chromium: Any) -> None:
    sources = served.bench.world.sources
    async with window(served, chromium) as w:
        await w.enter("ida")
        await w.open("/sources/new")
        await w.page.get_by_role("textbox", name="Address").fill("https://a.example/help")
        await w.page.keyboard.press("Enter")
        await w.page.get_by_text("Nothing is kept yet.").wait_for()
        await w.page.get_by_role("button", name="Add it").click()
        await w.page.get_by_text("is a source now").wait_for()
        await w.open("/sources")
        await w.page.get_by_role("link", name="https://a.example/help").click()
        await w.page.get_by_label("Schedule").fill("hourly")
        await w.page.get_by_label("Schedule").press("Enter")
        await w.page.get_by_text("every hour").wait_for()
        await w.page.get_by_role("link", name="Back").click()
        await w.page.get_by_role("button", name="Remove …").click()
        await w.page.get_by_label("Remove this source?").select_option("remove")
        await w.page.get_by_role("button", name="Go on").click()
        await w.page.get_by_text("is removed").wait_for()
        assert sources.known == []
        w.assert_quiet()


async def test_a_gap_is_answered_and_a_reading_approved(served: House, chromium: Any) -> None:
    await furnish(served)
    releases = served.bench.world.releases
    releases.waiting["a.example/help"] = Undecided(9)
    async with window(served, chromium) as w:
        await w.enter("ida")
        await w.open("/gaps")
        await w.page.get_by_role("button", name="Answer it").click()
        await w.page.get_by_label("Your answer").fill("Kim does.")
        await w.page.get_by_role("button", name="Save").click()
        await w.page.get_by_text("Saved, for everyone").wait_for()
        await w.open("/runs")
        await w.page.get_by_role("button", name="Show it").first.click()
        await w.page.get_by_text("9 changed").wait_for()
        assert releases.done == [("approve", "a.example/help")]
        w.assert_quiet()


async def test_everything_can_be_read_and_asked_without_scripts(
    served: House, chromium: Any
) -> None:
    await furnish(served)
    async with window(served, chromium, java_script_enabled=False) as w:
        await w.enter("ida")
        await w.page.get_by_label("Your question").fill(QUESTION)
        await w.page.get_by_role("button", name="Ask", exact=True).click()
        await w.page.get_by_text(ANSWER).wait_for()  # the page asks again by itself
        await w.page.get_by_role("button", name="Why this answer?").click()
        await w.page.get_by_text("What I read").wait_for()
        for path, title, _ in PAGES:
            await w.open(f"/{path}")
            assert await w.page.get_by_role("heading", level=1).inner_text() == title
        await w.open("/sources")
        await w.page.get_by_role("button", name="Read all again").click()
        await w.page.get_by_text("1 added").first.wait_for()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_can_be_read(
    served: House, chromium: Any, size: dict[str, int], scheme: str
) -> None:
    await furnish(served)
    async with window(served, chromium, viewport=size, color_scheme=scheme) as w:
        await w.enter("ida")
        await w.ask(QUESTION)
        id = (await served.bench.rows("trace"))[0]["id"]
        paths = [f"/{path}" for path, *_ in PAGES if path != "ask"]
        paths += ["/sources/new?kind=web", "/sources/a.example/help", f"/answers/{id}", ""]
        for path in paths:
            if path:
                await w.open(path)
            else:
                await w.page.goto(f"{w.address}/ask")
                await w.ask(QUESTION)
            wide = await w.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size["width"], f"{path} is {wide} wide"
            assert await _faint(w) == [], path
            if SHOTS:
                name = (path.strip("/").split("?")[0] or "ask").replace("/", "-")[:20]
                picture = Path(SHOTS) / f"{name}-{size['width']}-{scheme}.png"
                await w.page.screenshot(path=picture, full_page=True)
        w.assert_quiet()


async def _faint(w: Window) -> list[str]:
    """Texts with less contrast than 4.5 to 1, as WCAG 2.2 has it (1.4.3)."""
    found: list[str] = await w.page.evaluate(
        """() => {
          const light = (c) => c.map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
          const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
          const behind = (e) => {
            for (; e; e = e.parentElement) {
              const c = rgb(getComputedStyle(e).backgroundColor);
              if (c.length < 4 || c[3] > 0) return c.slice(0, 3);
            }
            return [255, 255, 255];
          };
          const faint = [];
          for (const e of document.querySelectorAll("body *")) {
            const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!own || !e.checkVisibility()) continue;
            const [a, b] = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(behind(e))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) faint.push(`${e.tagName} ${e.textContent.slice(0, 30)} ${ratio}`);
          }
          return faint;
        }"""
    )
    return found


async def test_no_stored_script_runs(served: House, chromium: Any) -> None:
    for n, payload in enumerate(PAYLOADS):
        found = evidence(
            f"Subject {n} is known.\n\n{payload}", title=payload, headings=(payload,), url=payload
        )
        served.bench.knows(f"subject{n}x", found)
    async with window(served, chromium) as w:
        await w.enter("ida")
        conversation = w.page.url
        tab = await served.signed_in("ida")
        for n, payload in enumerate(PAYLOADS):
            path = conversation.removeprefix(w.address)
            await tab.post(path, {"question": f"What of subject{n}x? {payload}"})
            told = utterance(f"Is nobody there? {n} {payload}")
            await served.bench.dispatcher.hear(served.office, told)
            await served.bench.settled()
        for path in (conversation.removeprefix(w.address), "/gaps", "/answers", "/health"):
            await w.open(path)
            await w.page.wait_for_timeout(200)
        assert await w.page.evaluate("typeof window.htmx") == "object", "scripts of ours run"
        w.assert_quiet()


async def test_signing_out_leaves_nothing_to_go_back_to(served: House, chromium: Any) -> None:
    async with window(served, chromium) as w:
        await w.enter("ann")
        await w.ask(QUESTION)
        await w.page.get_by_role("button", name="Sign out").click()
        await w.page.wait_for_url("**/enter")
        await w.page.go_back()
        assert ANSWER not in await w.page.inner_text("body")
