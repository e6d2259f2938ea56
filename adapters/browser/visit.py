"""One request of somebody who is signed in, and how a page answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from adapters.browser.guard import CSRF_FIELD, is_of_own_page, is_safe
from adapters.browser.rendering import rendered
from bot.cards import Card, Form
from bot.desk.console.console import Console
from bot.desk.console.passes import Guest
from bot.desk.console.rights import Role, may
from bot.errors import ConfigurationError, PlatformError, UsageError
from bot.failures import log_failure

if TYPE_CHECKING:
    from adapters.browser.adapter import BrowserAdapter
    from adapters.browser.site import Site

PAGES: Final[tuple[tuple[str, str, Role], ...]] = (
    ("ask", "Ask", "reader"),
    ("sources", "Sources", "admin"),
    ("runs", "Runs", "admin"),
    ("gaps", "Gaps", "lead"),
    ("answers", "Answers", "lead"),
    ("voices", "Voices", "lead"),
    ("health", "Health", "admin"),
)
"""Path, name, and who may see it, in the order in which they stand."""
_FAILED = "Something went wrong on my side. If it stays so, tell whoever runs me: error {error_id}."


@dataclass(frozen=True, slots=True)
class Visit:
    """The request with all that is known of whoever sent it."""

    site: Site
    request: Request
    guest: Guest
    role: Role
    token: str
    form: FormData = field(default_factory=FormData)
    """What was sent along with a change."""
    waiting: int = 0
    """How many wordings wait for a second person, who may be this one."""

    @property
    def adapter(self) -> BrowserAdapter:
        """The platform of the console."""
        return self.site.adapter

    @property
    def console(self) -> Console:
        """What the pages rest on."""
        return self.site.adapter.console

    @property
    def wants_part(self) -> bool:
        """Whether only a part of a page is to be replaced."""
        return self.request.headers.get("hx-request") == "true"

    def text(self, name: str) -> str:
        """A field of the form, without blanks around it; empty if it is not there."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        """What stands behind the question mark."""
        return self.request.query_params.get(name, "").strip()

    def file(self, name: str) -> UploadFile | None:
        """A file that was sent along."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def page(self, name: str, status: int = 200, /, **values: Any) -> Response:
        """A whole page."""
        return HTMLResponse(self.render(name, **values), status)

    def render(self, name: str, /, **values: Any) -> str:
        """A template with what all of them use."""
        common = {
            "role": self.role,
            "who": self.adapter.mention(self.guest.user),
            "pages": [(path, title) for path, title, least in PAGES if may(self.role, least)],
            "here": self.request.url.path.split("/")[1],
            "csrf": self.site.cookies.csrf(self.token),
            "now": self.console.knowledge.clock(),
            "is_admin": self.role == "admin",
            "waiting": {"voices": self.waiting},
        }
        return rendered(self.site.templates, name, common | values)

    def back(self, usual: str = "/") -> str:
        """The page that it was done on."""
        return own_path(self.text("back"), usual)

    def outcome(
        self,
        card: Card | Form,
        back: str,
        status: int = 200,
        faults: Mapping[str, str] | None = None,
    ) -> Response:
        """What came of something that was done, in its place or as a page of its own.

        ``faults``: what is wrong with a form that was sent, by field.
        """
        values: dict[str, Any] = {"faults": faults or {}}
        name = "card"
        if isinstance(card, Form):
            name = "form"
            values["opened"] = self.adapter.forms.keep(card, self.guest.principal)
        values[name] = card
        if self.wants_part:
            return HTMLResponse(self.render(f"part_{name}.html", **values))
        return self.page(f"{name}.html", status, **values, back=back)


def own_path(path: str, usual: str) -> str:
    """A path of ours; what leads elsewhere is none. Browsers take a backslash for a slash."""
    is_own = path.startswith("/") and path.isprintable() and path[1:2] not in ("/", "\\")
    return path if is_own else usual


Handler = Callable[[Visit], Awaitable[Response]]


def to(path: str) -> Response:
    """Go on there; after a change by looking, so that it is not made again."""
    return RedirectResponse(path, 303)


def guarded(site: Site, least: Role, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for those who are signed in and have at least this role."""

    async def endpoint(request: Request) -> Response:
        token = site.cookies.token(request)
        console = site.adapter.console
        guest = await console.passes.guest(token) if token else None
        if token is None or guest is None:
            return site.entrance(request)
        try:
            role = await console.rights.role(guest)
        except PlatformError as error:
            return site.refusal(503, str(error))
        if not may(role, least):
            return site.refusal(403, f"This page is not for you: it needs the role {least}.")
        form = FormData()
        if not is_safe(request):
            form = await request.form(max_files=1, max_fields=200)
            own = site.cookies.is_own(form.get(CSRF_FIELD), token)
            if not (own and is_of_own_page(request, site.adapter.config.address)):
                return site.refusal(403, "This form is too old, or not of this page. Load it anew.")
        visit = Visit(site, request, guest, role, token, form)
        try:
            if is_safe(request) and may(role, "lead") and not visit.wants_part:
                waits = await console.versions.wording.for_second(console.by(guest))
                visit = replace(visit, waiting=len(waits))
            return await handler(visit)
        except (UsageError, ConfigurationError, PlatformError) as error:
            section = request.url.path.split("/")[1]
            is_page = section in [path for path, *_ in PAGES]
            back = visit.back(f"/{section}" if is_page else "/")
            return visit.outcome(Card(str(error)), back, 400)
        except Exception as error:  # a person gets an id, and the log the place
            told = _FAILED.format(error_id=log_failure("page_failed", error))
            return visit.outcome(Card(told), "/", 500)
        finally:
            await form.close()

    return endpoint
