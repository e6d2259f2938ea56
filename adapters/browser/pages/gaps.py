"""Gaps: questions without an answer, what is done about them, and the answers that people wrote."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from adapters.browser.visit import Handler, Visit
from bot.desk.console.rights import Role
from bot.desk.kb import words


async def listed(visit: Visit) -> Response:
    """Those that are alike together."""
    by = visit.console.by(visit.guest)
    written = await visit.console.knowledge.curated.all()
    mine = await visit.console.rights.principals(visit.guest)
    return visit.page(
        "gaps.html",
        clusters=await visit.console.gaps.clusters(),
        written=[
            (each, words.readers(each.access, by.place))
            for each in written
            if visit.role == "admin" or each.access & mine
        ],
    )


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (("GET", "/gaps", "lead", listed),)
