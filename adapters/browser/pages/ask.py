"""Ask: a conversation with the bot, whose answers grow while they are written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import HTMLResponse, Response

from adapters.browser.visit import Handler, Visit, to
from adapters.browser.works import Work
from bot.cards import Card, answer_card
from bot.conversation.recalling import outdated_card
from bot.desk.console.answers import Told
from bot.desk.console.console import LOCAL, asking_as
from bot.desk.console.rights import Role
from bot.errors import UsageError
from bot.types import person

_WAITED_SECONDS: Final = 10.0
"""How long a page waits for more of an answer, before it asks again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer, as far as there is one."""

    id: str
    question: str
    card: Card
    conversation: str
    is_growing: bool = False
    version: int = 0
    note: str = ""


async def begin(visit: Visit) -> Response:
    """A conversation of its own for everyone who comes."""
    return to(f"/ask/{visit.adapter.new_conversation(visit.guest)}")


async def show(visit: Visit) -> Response:
    """The conversation so far."""
    conversation = _own(visit)
    place = visit.adapter.place(conversation)
    told = await visit.console.answers.conversation(
        place.conversation, person(LOCAL.place, asking_as(visit.guest))
    )
    support = visit.console.rights.roles.has_support
    kept = {each.trace.id: _turn(each, conversation, support) for each in told}
    works = visit.adapter.works.of(conversation, asking_as(visit.guest))
    here = [
        kept.pop(each.card.subject) if each.card and each.card.subject in kept else _growing(each)
        for each in works
        if each.card is None or each.card.text
    ]
    turns = [*kept.values(), *here]  # what no work is of was said before this process began
    return visit.page(
        "ask.html",
        turns=turns,
        conversation=conversation,
        is_growing=any(each.is_growing for each in turns),
        voices=list(visit.console.versions.voice_names()),
        prompts=visit.console.desk.prompts,
    )


async def ask(visit: Visit) -> Response:
    """Take a question in."""
    conversation = _own(visit)
    text = visit.text("question")
    if not text:
        raise UsageError("Write a question.")
    voice = visit.text("voice") or None
    if voice is not None and voice not in visit.console.versions.voice_names():
        raise UsageError(f"There is no voice '{voice}'.")
    work = await visit.adapter.ask(visit.guest, conversation, text, voice)
    if visit.wants_part:
        return HTMLResponse(visit.render("part_turn.html", turn=_growing(work)))
    return to(f"/ask/{conversation}#end")


async def grown(visit: Visit) -> Response:
    """The answer as it is, as soon as it is more than was seen."""
    _own(visit)
    work = visit.adapter.works.get(visit.path("id"), asking_as(visit.guest))
    if work is None:  # of another process, or long ago: the page has what there is
        return Response(headers={"HX-Refresh": "true"})
    seen = visit.query("seen")
    if work.card is None and seen.isdecimal():
        await work.changed_since(int(seen), _WAITED_SECONDS)
    return HTMLResponse(visit.render("part_turn.html", turn=_growing(work)))


def _own(visit: Visit) -> str:
    conversation = visit.path("conversation")
    if not visit.adapter.owns(visit.guest, conversation):
        raise UsageError("That conversation is somebody else's. Begin one of your own.")
    return conversation


def _turn(told: Told, conversation: str, support: bool) -> Turn:
    if told.is_outdated:
        card = outdated_card(told.trace)
    else:
        card = answer_card(told.trace.reply, support=support)
        if told.is_answered:  # it did not know, and would now
            card = replace(card, confidence=told.confidence, buttons=("again",))
    return Turn(told.trace.id, told.trace.reply.question, card, conversation)


def _growing(work: Work) -> Turn:
    card = work.card or Card(work.text)
    is_growing = work.card is None
    return Turn(work.id, work.subject, card, work.conversation, is_growing, work.version, work.note)


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (
    ("GET", "/ask", "reader", begin),
    ("GET", "/ask/{conversation}", "reader", show),
    ("POST", "/ask/{conversation}", "reader", ask),
    ("GET", "/ask/{conversation}/grown/{id}", "reader", grown),
)
