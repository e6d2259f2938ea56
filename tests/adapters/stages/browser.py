"""The console as a person meets it: pages are opened, buttons pressed and forms sent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import httpx
from lxml import html

from adapters.base import Adapter
from adapters.browser.adapter import BrowserAdapter
from adapters.browser.config import BrowserConfig
from adapters.browser.pages import acting
from bot.cards import Action, Values
from bot.desk.console.console import NAME, asking_as
from bot.desk.console.passes import Guest
from bot.types import Place
from tests.adapters import fake_platform
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform
from tests.adapters.stages.alone import AloneStage
from tests.adapters.stages.desk import EVERY_FIELD
from tests.adapters.stages.stage import OpenForm, Person, Said, Shown, Where

_ADDRESS = "http://127.0.0.1:8080"
_PAGES = {"/kb gaps": "/gaps"}
"""Where a page shows what a command does elsewhere."""
_KEPT = "\0"
"""A blank that is not folded with those beside it."""
_LINES = {"p", "div", "li", "tr", "br", "pre", "blockquote", "h1", "h2", "h3", "label", "form"}


class BrowserStage(AloneStage):
    """Everyone has one conversation with the bot, which nobody else sees.

    People come from an office of no make, which says what they may read. The pages are read and
    sent as a browser without scripts does it; test_chromium.py has one with scripts.
    """

    name = NAME

    def __init__(self, bench: Bench):
        super().__init__(bench)
        self._http: dict[Person, httpx.AsyncClient] = {}
        self._conversations: dict[Person, str] = {}
        self._seen: dict[Person, list[Shown]] = {}
        """What stands in everyone's conversation, as they last looked."""
        tried = {("try", name) for name in EVERY_FIELD}
        self._usual, acting.COMMANDS = acting.COMMANDS, acting.COMMANDS | tried  # type: ignore[misc]

    def make_adapter(self) -> Adapter:
        office = fake_platform.NAME
        held = {"ann": frozenset({self.principal("managers"), self.principal("board")})}
        there = FakePlatform(admins={"ida"}, held=held)
        console = replace(self.bench.console, desk=self.desk)
        adapter = BrowserAdapter(BrowserConfig("127.0.0.1", 0, _ADDRESS, b"k" * 32), console)
        self.bench.present.update({office: there, NAME: adapter})
        for who in ("ann", "bob", "ida"):
            self._conversations.setdefault(who, adapter.new_conversation(_guest(who)))
        return adapter

    async def start(self) -> None:
        await super().start()
        await self._browser("ann")

    async def __aexit__(self, *error: object) -> None:
        acting.COMMANDS = self._usual  # type: ignore[misc]
        for each in self._http.values():
            await each.aclose()
        await super().__aexit__(*error)

    # --- who and where ------------------------------------------------------------------------

    def place(self, where: Where, who: Person = "ann") -> Place:
        if where in ("help", "board"):  # it knows other places by name only
            return Place(NAME, "", where)
        assert isinstance(self.adapter, BrowserAdapter)
        return self.adapter.place(self._conversations[who])

    def user(self, who: Person) -> str:
        return asking_as(_guest(who))

    def principal(self, of: Person | Where | Literal["managers"]) -> str:
        kind = "group" if of == "managers" else "channel" if of == "board" else "user"
        return f"{fake_platform.NAME}:{kind}:{of}"

    # --- doing --------------------------------------------------------------------------------

    async def _browser(self, who: Person) -> httpx.AsyncClient:
        """Their browser, signed in."""
        if who not in self._http:
            self._http[who] = httpx.AsyncClient(follow_redirects=True, timeout=60)
            link = await self.bench.console.passes.link(_guest(who))
            await self._http[who].post(self._at("/enter"), data={"pass": link})
        return self._http[who]

    def _at(self, path: str) -> str:
        assert isinstance(self.adapter, BrowserAdapter)
        return f"http://127.0.0.1:{self.adapter.port}{path}"

    async def _open(self, who: Person, path: str) -> Any:
        answer = await (await self._browser(who)).get(self._at(path))
        assert answer.status_code == 200, (path, answer.status_code)
        return html.fromstring(answer.text)

    async def _send(self, who: Person, form: Any, **values: Any) -> Shown | OpenForm | None:
        """Send a form of a page, and see where that leads."""
        sent: dict[str, Any] = {}
        for name, value in form.form_values():
            sent.setdefault(name, []).append(value)
        answer = await (await self._browser(who)).post(self._at(form.action), data=sent | values)
        page = html.fromstring(answer.text)
        if page.xpath("//div[@id='thread']"):
            return None
        (main,) = page.xpath("//main")
        forms = main.xpath(".//form[starts-with(@action, '/form/')]")
        if forms and not main.xpath(".//*[@role='alert']"):
            return _form(forms[0], main.xpath("string(.//h1)"))
        return _shown(main)

    async def say(
        self,
        who: Person,
        where: Where,
        text: str,
        *,
        mention: bool = True,
        files: Mapping[str, bytes] | None = None,
        to: Person | None = None,
    ) -> Said:
        page = await self._open(who, f"/ask/{self._conversations[who]}")
        (form,) = page.xpath("//form[@class='question']")
        await self._send(who, form, question=text)
        return Said(who, where)

    async def follow_up(
        self, who: Person, answer: Shown, text: str, *, to: Person | None = None
    ) -> Said:
        return await self.say(who, answer.where, text)

    async def command(self, who: Person, where: Where, line: str) -> Shown | OpenForm | None:
        if line in _PAGES:
            return _shown((await self._open(who, _PAGES[line])).xpath("//main")[0])
        assert line.startswith("/try "), "the pages do not have that command"
        page = await self._open(who, f"/ask/{self._conversations[who]}")
        (form,) = page.xpath("//form[@class='question']")
        form.action = line.replace("/try", "/do/try").replace(" ", "/")
        return await self._send(who, form)

    async def press(
        self, who: Person, shown: Shown, action: Action, row: int = 0
    ) -> Shown | OpenForm | None:
        buttons = shown.raw.xpath(f".//form[input[@name='action' and @value='{action}']]")
        return await self._send(who, buttons[row])

    async def fill_in(self, who: Person, form: OpenForm, values: Values) -> Shown:
        fields = {
            f"f-{name}" if isinstance(value, str) else f"m-{name}": value
            for name, value in values.items()
        }
        told = await self._send(who, form.raw, **fields)
        assert isinstance(told, Shown)
        return told

    async def correct(self, who: Person, form: OpenForm, values: Values, told: Shown) -> OpenForm:
        (again,) = told.raw.xpath(".//form[starts-with(@action, '/form/')]")
        return _form(again, form.title)

    # --- looking ------------------------------------------------------------------------------

    def everyone_sees(self, where: Where) -> list[Shown]:
        return [] if where in ("help", "board") else self.only("ann")

    def only(self, who: Person) -> list[Shown]:
        return list(self._seen.get(who, ()))

    async def look(self) -> None:
        for who in self._http:
            with suppress(httpx.TransportError):  # nobody is there to show a page
                page = await self._open(who, f"/ask/{self._conversations[who]}")
                self._seen[who] = [_shown(each) for each in page.xpath("//article")]

    async def settled(self) -> None:
        await self.bench.settled()
        await self.look()


def _guest(who: Person) -> Guest:
    return Guest(CHANNEL, who)


def _form(form: Any, title: str) -> OpenForm:
    values: dict[str, Any] = {}
    for name, value in form.form_values():
        kind, _, field = name.partition("-")
        if kind == "m":
            values[field] = (*values.get(field, ()), value)
        elif kind == "f" and value:
            values[field] = value
    return OpenForm(title, values, form)


def _shown(part: Any) -> Shown:
    """An answer of a conversation, or a page, as it is read."""

    def said(path: str) -> list[str]:
        return [" ".join(each.text_content().split()) for each in part.xpath(path)]

    return Shown(
        _text(part).replace(_KEPT, " "),
        tuple(said(".//ol[@class='cited']/li")),
        "".join(said(".//div[@class='card']/p[@class='small soft']")[:1]),
        tuple(said(".//div[@class='card']//button")),
        links=frozenset(part.xpath(".//article//a/@href | .//*[@class='card']//a/@href")),
        raw=part,
    )


def _text(part: Any) -> str:
    """As a browser lays it out: a line a block, and the cells of a table below each other."""
    if part.tag == "table":
        rows = [[" ".join(c.text_content().split()) for c in row] for row in part.iter("tr")]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [[c.ljust(w) for c, w in zip(row, wide, strict=True)] for row in rows]
        return "\n".join("  ".join(row) for row in lines).replace(" ", _KEPT) + "\n"
    inside = (part.text or "") + "".join(
        (_text(each) if isinstance(each.tag, str) else "") + (each.tail or "") for each in part
    )
    if part.tag not in ("pre", "textarea"):
        inside = "\n".join(" ".join(line.split()) for line in inside.splitlines() if line.strip())
    return f"{inside}\n" if part.tag in _LINES else inside
