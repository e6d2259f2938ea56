"""The web application: which address leads to which page, and getting in and out."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from adapters.browser.guard import Attempts, Cookies, Outermost, is_of_own_page
from adapters.browser.pages import acting, answers, ask, gaps, health, runs, sources, voices
from adapters.browser.probes import probes
from adapters.browser.rendering import rendered, templates
from adapters.browser.visit import Handler, Visit, guarded, to
from bot.desk.console.command import ENTRANCE
from bot.desk.console.rights import Role

if TYPE_CHECKING:
    from adapters.browser.adapter import BrowserAdapter

_STATIC = Path(__file__).parent / "static"
_MOST_BYTES: Final = 50 * 1024 * 1024
"""Of a request: a file that is added; how much may be added is the library's to say."""
_NOT_VALID = "This link was used already, or is older than ten minutes. Ask for a new one."
_TOO_OFTEN = "That was tried too often from here. Wait ten minutes."
_COMES_FROM_ELSEWHERE = "This did not come from the console's own page."


class Site:
    """All that endpoints share."""

    def __init__(self, adapter: BrowserAdapter):
        self.adapter = adapter
        self.cookies = Cookies(adapter.config)
        self.attempts = Attempts()
        self.templates = templates()

    def routes(self) -> list[Route | Mount]:
        """Every address."""
        pages: list[tuple[str, str, Role, Handler]] = [
            ("GET", "/", "reader", _home),
            ("POST", "/leave", "reader", self._leave),
            *ask.ROUTES,
            *acting.ROUTES,
            *sources.ROUTES,
            *runs.ROUTES,
            *gaps.ROUTES,
            *answers.ROUTES,
            *voices.ROUTES,
            *health.ROUTES,
        ]
        return [
            Route(ENTRANCE, self._door, methods=["GET"]),
            Route(ENTRANCE, self._enter, methods=["POST"]),
            *probes(self.adapter),
            Mount("/static", StaticFiles(directory=_STATIC)),
            *(
                Route(path, guarded(self, least, handler), methods=[method])
                for method, path, least, handler in pages
            ),
        ]

    def entrance(self, request: Request) -> Response:
        """For whoever is not signed in: where to get in, and whatever they wanted is not done."""
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": ENTRANCE})
        return to(ENTRANCE) if request.method == "GET" else self.refusal(401, "Sign in first.")

    def refusal(self, status: int, message: str) -> Response:
        """A page that says why not."""
        values = {"title": HTTPStatus(status).phrase, "message": message}
        return HTMLResponse(rendered(self.templates, "refusal.html", values), status)

    async def _door(self, request: Request) -> Response:
        """The link leads here, and is used up by the button only: what looks at links does not."""
        values = {"token": request.query_params.get("pass", "")}
        return HTMLResponse(rendered(self.templates, "enter.html", values))

    async def _enter(self, request: Request) -> Response:
        if not is_of_own_page(request, self.adapter.config.address):
            return self.refusal(403, _COMES_FROM_ELSEWHERE)
        if not self.attempts.spend(request):
            return self.refusal(429, _TOO_OFTEN)
        async with request.form(max_files=0, max_fields=5) as form:
            token = form.get("pass")
        passes = self.adapter.console.passes
        entered = await passes.enter(token) if isinstance(token, str) else None
        if entered is None:
            return self.refusal(403, _NOT_VALID)
        self.attempts.worked(request)
        session, guest = entered
        if (old := self.cookies.token(request)) is not None:
            await passes.leave(old)
        async with self.adapter.console.knowledge.audit.of(guest.principal, "signed in", "console"):
            response = to("/")
            self.cookies.enter(response, session)
        return response

    async def _leave(self, visit: Visit) -> Response:
        await self.adapter.console.passes.leave(visit.token)
        response = to(ENTRANCE)
        self.cookies.leave(response)
        return response


async def _home(_: Visit) -> Response:
    return to("/ask")


def site(adapter: BrowserAdapter) -> ASGIApp:
    """The application of one console."""
    own = Site(adapter)

    async def not_there(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return own.refusal(status, "There is no such page.")

    app = Starlette(routes=own.routes(), exception_handlers={HTTPException: not_there})
    return Outermost(app, adapter.config, _MOST_BYTES)
