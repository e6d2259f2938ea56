"""Voices: their versions and how they do, which one speaks, and a text in two of them."""

from __future__ import annotations

from typing import Final

from starlette.responses import HTMLResponse, Response

from adapters.browser.visit import Handler, Visit
from bot.cards import Card, Row
from bot.desk.console.rights import Role
from bot.desk.voices.wording import told

_REPORT_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""A report has its style in itself, and nothing else."""


async def listed(visit: Visit) -> Response:
    """All of them."""
    return await _page(visit, "", {})


async def say(visit: Visit) -> Response:
    """A text in one voice or two."""
    names = [name for name in (visit.text("one"), visit.text("other")) if name]
    text = visit.text("text").replace("\r\n", "\n")
    return await _page(visit, text, await visit.console.versions.said_by(text, names))


async def report(visit: Visit) -> Response:
    """The evaluation of a version, with its plots."""
    page = await visit.console.versions.report(visit.path("name"), visit.path("version"))
    return HTMLResponse(page, headers={"Content-Security-Policy": _REPORT_POLICY})


async def _page(visit: Visit, text: str, said: dict[str, Card]) -> Response:
    versions = visit.console.versions
    waiting = await versions.wording.for_second(visit.console.by(visit.guest))
    rows = tuple(Row(told(each), ("teach", "spare"), each.id) for each in waiting)
    return visit.page(
        "voices.html",
        voices=await versions.all(),
        text=text,
        said=said,
        wordings=Card("", rows=rows),
    )


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (
    ("GET", "/voices", "lead", listed),
    ("POST", "/voices", "lead", say),
    ("GET", "/voices/{name}/{version}", "lead", report),
)
