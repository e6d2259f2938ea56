"""What is done on every page: buttons, commands, forms, and waiting for what takes long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, get_args

from starlette.responses import HTMLResponse, Response

from adapters.browser.visit import Handler, Visit, own_path, to
from bot.cards import Action, Card
from bot.desk.commands import Ask, Invocation, Outcome
from bot.desk.console.console import asking_as
from bot.desk.console.rights import Role
from bot.desk.forms import FieldFaults
from bot.errors import UsageError

_ACTIONS: Final[dict[str, Action]] = {each: each for each in get_args(Action)}
_LONG: Final[frozenset[str]] = frozenset({"keep", "refresh", "rebuild", "switch"})
"""Buttons and commands that read a source, or bring passages into another index."""
COMMANDS: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        *(("kb", action) for action in ("refresh", "pause", "resume", "access", "schedule")),
        ("kb", "remove"),
        ("kb", "answer"),
        *(("voice", action) for action in ("promote", "rollback", "canary")),
        *(("voice", action) for action in ("train", "evaluate", "questions")),
    }
)
"""Those that pages give; who may is the commands' own business."""
_WAITED_SECONDS: Final = 10.0
_BACK: Final = {"kb": "/sources", "voice": "/voices"}
Telling = Callable[[str], Awaitable[None]]


async def press(visit: Visit) -> Response:
    """Press a button under an answer, or beside a row."""
    action = _ACTIONS.get(visit.text("action"))
    if action is None:
        raise UsageError("There is no such button.")
    subject, conversation = visit.text("subject"), visit.text("conversation")
    back = visit.back()
    if conversation:
        if not visit.adapter.owns(visit.guest, conversation):
            raise UsageError("That conversation is somebody else's.")
        place = visit.adapter.place(conversation)
        by = Invocation(visit.adapter, place, asking_as(visit.guest))
        pressed = await visit.console.desk.press(action, subject, by)
        if isinstance(pressed, Ask):
            await visit.adapter.ask(visit.guest, conversation, pressed.text, None)
            return _go(visit, f"/ask/{conversation}#end")
        return visit.outcome(pressed, back)

    async def doing(tell: Telling | None = None) -> Outcome:
        by = visit.console.by(visit.guest, tell=tell)
        return await visit.console.desk.press(action, subject, by)

    return await _done(visit, action, action, back, doing)


async def command(visit: Visit) -> Response:
    """Give a command with what was filled in."""
    name, action = visit.path("name"), visit.path("action")
    if (name, action) not in COMMANDS:
        raise UsageError("There is no such command here.")
    known = visit.console.desk.commands.named(name, action)
    values = {each.name: said for each in known.parameters if (said := visit.text(each.name))}

    async def doing(tell: Telling | None = None) -> Outcome:
        by = visit.console.by(visit.guest, values, tell)
        return await visit.console.desk.commands.run(known, by)

    return await _done(visit, action, f"{name} {action}", visit.back(_BACK.get(name, "/")), doing)


async def submit(visit: Visit) -> Response:
    """Send a form in."""
    values: dict[str, str | tuple[str, ...]] = {}
    context: dict[str, str] = {}
    for key, value in visit.form.multi_items():
        kind, _, name = key.partition("-")
        if not isinstance(value, str):
            continue
        if kind == "f":
            values[name] = value.strip()
        elif kind == "m":
            values[name] = (*values.get(name, ()), *filter(None, (value,)))
        elif kind == "c":
            context[name] = value
    by = visit.console.by(visit.guest)
    try:
        card = await visit.console.desk.submit(visit.path("form"), context, by, values)
    except FieldFaults as refused:
        sent = visit.adapter.forms.filled_in(visit.text("opened"), visit.guest.principal, values)
        again = sent or Card(f"{refused} Open the form anew.")
        return visit.outcome(again, visit.back(), 400, refused.faults)
    if visit.wants_part:  # in the form's place no form is left
        return HTMLResponse(visit.render("part_card.html", card=card, faults={}))
    return visit.outcome(card, visit.back())


async def work(visit: Visit) -> Response:
    """Something that takes long, as far as it is."""
    found = visit.adapter.works.get(visit.path("id"), visit.guest.principal)
    if found is None:
        raise UsageError("I no longer know how that ended; the list shows what there is now.")
    values = {"work": found, "back": own_path(visit.query("back"), "/sources")}
    if not visit.wants_part:
        return visit.page("work.html", **values)
    seen = visit.query("seen")
    if found.card is None and seen.isdecimal():
        await found.changed_since(int(seen), _WAITED_SECONDS)
    return HTMLResponse(visit.render("part_work.html", **values))


def start(visit: Visit, what: str, back: str, doing: Callable[[Telling], Awaitable[Card]]) -> str:
    """Begin something that takes long; the address where one sees how far it is."""
    safely = visit.console.desk.safely
    begun = visit.adapter.works.start(visit.guest.principal, what, lambda tell: safely(doing(tell)))
    return f"/progress/{begun.id}?back={back}"


async def _done(
    visit: Visit,
    action: str,
    what: str,
    back: str,
    doing: Callable[[Telling | None], Awaitable[Outcome]],
) -> Response:
    """Do it now, or begin it where it takes long."""
    if action in _LONG:

        async def carded(tell: Telling) -> Card:
            outcome = await doing(tell)
            return outcome if isinstance(outcome, Card) else Card("That opens a form.")

        return _go(visit, start(visit, what, back, carded))
    outcome = await doing(None)
    if isinstance(outcome, Ask):
        raise UsageError("Ask that on the page for it.")
    return visit.outcome(outcome, back)


def _go(visit: Visit, path: str) -> Response:
    return Response(headers={"HX-Redirect": path}) if visit.wants_part else to(path)


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (
    ("POST", "/press", "reader", press),
    ("POST", "/do/{name}/{action}", "reader", command),
    ("POST", "/form/{form}", "reader", submit),
    ("GET", "/progress/{id}", "reader", work),
)
