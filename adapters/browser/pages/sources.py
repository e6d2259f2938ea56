"""Sources: what there is and how fresh it is; adding after a try, and all that is done with one."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from adapters.browser.pages.acting import Telling, start
from adapters.browser.visit import Handler, Visit, to
from bot.cards import Card
from bot.desk.console.rights import Role
from bot.desk.forms import must_be_admin
from bot.desk.kb import words
from bot.errors import UsageError
from bot.ports import KindOption, Options, OptionValue, SourceKind
from knowledge.types import Attachment

_CHANGES_SHOWN = 20


async def listed(visit: Visit) -> Response:
    """All of them."""
    return visit.page("sources.html", sources=await visit.console.knowledge.sources.all())


async def new(visit: Visit) -> Response:
    """The form for one: of the kind that was chosen, or of whichever the address is."""
    kinds = await visit.console.knowledge.sources.kinds()
    chosen = next((each for each in kinds if each.name == visit.query("kind")), None)
    return visit.page("source_new.html", kinds=kinds, chosen=chosen)


async def try_out(visit: Visit) -> Response:
    """Read the beginning of it; what was found can be kept then."""
    by = visit.console.by(visit.guest)
    await must_be_admin(by)
    readers = words.readers_in(visit.text("readers") or "public", by.place)
    file = visit.file("file")
    if file is not None:
        content = await file.read()
        sent = Attachment(file.filename or "file", "", len(content), content=content)
        address = await visit.console.knowledge.sources.upload(sent)
        kind, options = None, None
    elif not (address := visit.text("address")):
        raise UsageError("Give an address or a file.")
    else:
        kinds = await visit.console.knowledge.sources.kinds()
        kind = next((each for each in kinds if each.name == visit.text("kind")), None)
        options = _options(visit, kind) if kind else None

    async def doing(tell: Telling) -> Card:
        await tell("Reading its beginning …")
        return await visit.console.adding.propose(
            by, address, readers, kind=kind.name if kind else "", options=options
        )

    return to(start(visit, "try-out", "/sources", doing))


async def show(visit: Visit) -> Response:
    """One of them."""
    knowledge = visit.console.knowledge
    source, readings = await knowledge.sources.show(visit.path("id"))
    by = visit.console.by(visit.guest)
    changes = await knowledge.audit.newest(_CHANGES_SHOWN, source.id)
    return visit.page(
        "source.html",
        source=source,
        readings=[(each, words.done(each), _reasons(each.skipped)) for each in readings],
        held=words.held(source),
        readers=words.readers(source.readers, by.place),
        named=" ".join(sorted(source.readers)) or "public",
        schedule=words.schedule(source),
        changes=[words.changed(each, by).removeprefix("- ") for each in changes],
    )


def _options(visit: Visit, kind: SourceKind) -> Options | None:
    """What is not as by default; None if nothing is, so that a known source stays as it is."""
    filled_in = {each.name: _value(each, visit.text(f"o-{each.name}")) for each in kind.options}
    changed = {
        each.name: filled_in[each.name]
        for each in kind.options
        if filled_in[each.name] != each.default
    }
    return changed or None


def _value(option: KindOption, text: str) -> OptionValue:
    """What was filled in; nothing is the default. Raises :class:`UsageError`."""
    if option.kind == "yes_no":  # a box that is not ticked is not sent
        return text == "yes"
    if option.kind == "texts":
        return tuple(each.strip() for each in text.split(",") if each.strip())
    if not text:
        return option.default
    if option.kind == "text":
        return text
    if not text.isdecimal():
        raise UsageError(f"The option {option.name} is a whole number.")
    return int(text)


def _reasons(skipped: object) -> list[tuple[str, str]]:
    return sorted(skipped.items()) if isinstance(skipped, dict) else []


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (
    ("GET", "/sources", "admin", listed),
    ("GET", "/sources/new", "admin", new),
    ("POST", "/sources/new", "admin", try_out),
    ("GET", "/sources/{id:path}", "admin", show),
)
