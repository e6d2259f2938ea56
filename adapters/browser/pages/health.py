"""Health: what waits, how long answers took, the index, an examination, who changed what."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from adapters.browser.visit import Handler, Visit
from bot.desk.console.rights import Role
from bot.desk.kb import words
from bot.desk.kb.index import IndexDesk
from bot.findings import Finding

_CHANGES_SHOWN = 50


async def show(visit: Visit) -> Response:
    """What there is to see at once."""
    return await _page(visit, None)


async def examine(visit: Visit) -> Response:
    """What doctor says; that takes some seconds."""
    return await _page(visit, list(await visit.console.health.examine()))


async def _page(visit: Visit, findings: list[Finding] | None) -> Response:
    by = visit.console.by(visit.guest)
    changes = await visit.console.knowledge.audit.newest(_CHANGES_SHOWN)
    sources = await visit.console.knowledge.sources.all()
    return visit.page(
        "health.html",
        vitals=await visit.console.health.vitals(),
        index=await IndexDesk(visit.console.knowledge).show(),
        findings=findings,
        locations={each.id: each.location for each in sources},
        present=sorted(visit.console.rights.present),
        changes=[(each.source, words.changed(each, by).removeprefix("- ")) for each in changes],
    )


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (
    ("GET", "/health", "admin", show),
    ("POST", "/health", "admin", examine),
)
