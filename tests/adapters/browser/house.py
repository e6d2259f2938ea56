"""The console over the whole core, with people of a platform of no make who open it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
from lxml import html

from adapters.browser.adapter import BrowserAdapter
from adapters.browser.config import BrowserConfig
from adapters.browser.site import site
from bot.cards import Card
from bot.desk.console.console import LOCAL
from bot.desk.console.passes import Guest
from bot.types import Place
from tests.adapters.desk_bench import VOICES, Bench, open_bench
from tests.adapters.fake_platform import CHANNEL, NAME, FakePlatform, utterance

ADDRESS = "http://127.0.0.1:8080"
A_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
Who = Literal["ann", "lea", "ida", "local"]
"""A reader, the lead of a support team, an admin, and whoever runs the bot."""
_LEADS = frozenset({f"{NAME}:group:leads"})
ROLES = {"role:support-lead": _LEADS, "role:support": _LEADS}


@dataclass
class Tab:
    """One person's browser, with what it keeps."""

    house: House
    http: httpx.AsyncClient

    async def get(self, path: str, **of: Any) -> httpx.Response:
        """Open a page."""
        return await self.http.get(path, **of)

    async def see(self, path: str) -> Any:
        """A page that is there, as a tree."""
        response = await self.get(path)
        assert response.status_code == 200, (path, response.status_code, text_of(response))
        return html.fromstring(response.text)

    async def csrf(self) -> str:
        """The token of this session, as the pages bring it."""
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.begin()).text)
        assert found
        return found[1]

    async def begin(self) -> httpx.Response:
        """A new conversation."""
        return await self.get("/ask", follow_redirects=True)

    async def post(self, path: str, data: Mapping[str, Any] | None = None, **of: Any) -> Any:
        """Send a form of a page of ours, and follow it to where it leads."""
        filled_in = {"csrf": await self.csrf(), **(data or {})}
        return await self.http.post(path, data=filled_in, follow_redirects=True, **of)

    async def ask(self, question: str, conversation: str = "") -> httpx.Response:
        """Ask something; the page once it is answered."""
        path = conversation or (await self.begin()).url.path
        await self.post(path, {"question": question})
        await self.house.bench.settled()
        return await self.get(path)

    async def waited(self, response: httpx.Response) -> httpx.Response:
        """The page of something that takes long, once it has ended."""
        assert response.url.path.startswith("/progress/"), response.url
        work = self.house.adapter.works.known(response.url.path.removeprefix("/progress/"))
        assert work is not None
        while work.card is None:
            await work.changed_since(work.version, 5.0)
        return await self.get(str(response.url))


@dataclass
class House:
    """The console, and the platform that people come from."""

    bench: Bench
    office: FakePlatform
    adapter: BrowserAdapter
    stack: AsyncExitStack
    tabs: dict[str, Tab] = field(default_factory=dict)

    async def tab(self) -> Tab:
        """A browser of somebody who is not signed in."""
        transport = httpx.ASGITransport(site(self.adapter), client=("127.0.0.1", 50000))
        made = httpx.AsyncClient(transport=transport, base_url=self.adapter.config.address)
        return Tab(self, await self.stack.enter_async_context(made))

    async def link(self, who: Who) -> str:
        """The token of a link for this person."""
        return await self.bench.console.passes.link(guest(who))

    async def signed_in(self, who: Who) -> Tab:
        """A browser of somebody who came in by their link."""
        tab = await self.tab()
        entered = await tab.http.post("/enter", data={"pass": await self.link(who)})
        assert entered.status_code == 303, entered.text
        return tab


def guest(who: Who) -> Guest:
    """Somebody as the console knows them."""
    return LOCAL if who == "local" else Guest(CHANNEL, who)


@asynccontextmanager
async def open_house(
    tmp_path: Path, config: Mapping[str, Any] | None = None, **options: Any
) -> AsyncIterator[House]:
    """``config``: what is otherwise about the console; ``options``: of the bench."""
    plain: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 8080,
        "address": ADDRESS,
        "key": b"k" * 32,
    }
    async with AsyncExitStack() as stack:
        options.setdefault("voices", _voices(tmp_path / "voices"))
        options = {"roles": ROLES, "console": "127.0.0.1:8080", **options}
        bench = await stack.enter_async_context(open_bench(tmp_path, **options))
        office = FakePlatform(admins={"ida"}, held={"lea": frozenset({f"{NAME}:group:leads"})})
        for who in ("ann", "lea", "ida"):
            there = office.held.get(who, frozenset())
            office.held[who] = there | {f"{NAME}:channel:{CHANNEL.channel}"}
        adapter = BrowserAdapter(BrowserConfig(**(plain | dict(config or {}))), bench.console)
        bench.present.update({office.name: office, adapter.name: adapter})
        yield House(bench, office, adapter, stack)


def _voices(folder: Path) -> Path:
    """Two voices of one guide, without a LoRA."""
    for name in ("fernhill", "harbour"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file in ("guide.toml", "examples.jsonl"):
            shutil.copy(VOICES / "fernhill" / file, folder / name)
    return folder


async def said(house: House, text: str, place: Place = CHANNEL, who: str = "ann") -> str:
    """Somebody asks in the office; the trace of the answer."""
    await house.bench.dispatcher.hear(house.office, utterance(text, place=place, author=who))
    await house.bench.settled()
    return str((await house.bench.rows("trace"))[-1]["id"])


def text_of(response: httpx.Response) -> str:
    """What is to be read on a page."""
    return " ".join(" ".join(html.fromstring(response.text or "<p/>").itertext()).split())


def elsewhere(channel: str) -> Place:
    """Another channel of the office."""
    return Place(NAME, "W1", channel)


def shown(card: Card) -> str:
    """A card's text in one line, as pages show it."""
    return " ".join(card.text.split())
