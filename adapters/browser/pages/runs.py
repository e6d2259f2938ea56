"""Runs: what the readings of sources did, what waits for a word, and taking one back."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from adapters.browser.visit import Handler, Visit
from bot.desk.console.rights import Role
from bot.desk.kb import words
from bot.errors import UsageError

_OF_ONE, _OF_EACH = 20, 5


async def listed(visit: Visit) -> Response:
    """The newest, of one source or of all; what waits stands first."""
    sources = visit.console.knowledge.sources
    known = list(await sources.all())
    wanted = visit.query("source")
    chosen = [each for each in known if each.id == wanted] or known
    most = _OF_ONE if len(chosen) == 1 else _OF_EACH
    releases = visit.console.knowledge.releases
    runs = [
        (each, run, run.number in back)
        for each in chosen
        for back in [await releases.restorable(each.id)]
        for run in (await releases.runs(each.id))[1][:most]
    ]
    runs.sort(key=lambda each: (each[1].state != "waiting", -each[1].started_at.timestamp()))
    return visit.page(
        "runs.html",
        sources=known,
        wanted=wanted,
        runs=[(source, run, words.done(run), is_way_back) for source, run, is_way_back in runs],
    )


async def decide(visit: Visit) -> Response:
    """Show what waits, leave it, or take a reading back."""
    releases, source = visit.console.releases, visit.text("source")
    by = visit.console.by(visit.guest)
    match visit.path("what"):
        case "approve":
            card = await releases.approve(source, by)
        case "reject":
            card = await releases.reject(source, by)
        case "restore":
            if not visit.text("run").isdecimal():
                raise UsageError("That is not the number of a reading.")
            card = await releases.restore(f"{source}-{visit.text('run')}", by)
        case _:
            raise UsageError("That cannot be done with a reading.")
    return visit.outcome(card, f"/runs?source={source}")


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (
    ("GET", "/runs", "admin", listed),
    ("POST", "/runs/{what}", "admin", decide),
)
