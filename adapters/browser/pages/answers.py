"""Answers: looking through what was said in the open, marking what is wrong, better wordings."""

from __future__ import annotations

from typing import Final, get_args

from starlette.responses import Response

from adapters.browser.visit import Handler, Visit
from bot.cards import Card, answer_card, confidence_in_words
from bot.desk.console.answers import Opinion, Told, Wanted
from bot.desk.console.rights import Role
from bot.types import Tier

_TIERS: Final[dict[str, Tier]] = {each: each for each in get_args(Tier)}
_OPINIONS: Final[dict[str, Opinion]] = {each: each for each in get_args(Opinion)}


async def listed(visit: Visit) -> Response:
    """Those that match."""
    words, tier, opinion = (visit.query(name) for name in ("words", "tier", "opinion"))
    wanted = Wanted(words, _TIERS.get(tier), _OPINIONS.get(opinion))
    viewer = await visit.console.viewer(visit.guest)
    found, hidden = await visit.console.answers.find(wanted, viewer)
    return visit.page(
        "answers.html",
        found=[(each, _sure(each)) for each in found],
        hidden=hidden,
        wanted=wanted,
    )


async def show(visit: Visit) -> Response:
    """One, with what it rests on."""
    told = await _told(visit)
    return visit.page(
        "answer.html",
        told=told,
        card=answer_card(told.trace.reply),
        confidence=_sure(told),
        quoted="\n\n".join(each.quote for each in told.trace.reply.citations),
    )


async def mark_wrong(visit: Visit) -> Response:
    """Its question is one without an answer from now on."""
    told = await _told(visit)
    await visit.console.answers.mark_wrong(told, visit.guest.principal)
    card = Card("Marked as wrong: its question stands among the gaps now.")
    return visit.outcome(card, f"/answers/{told.trace.id}")


async def correct(visit: Visit) -> Response:
    """A better wording, from which the voice learns."""
    told = await _told(visit)
    wording = visit.text("wording").replace("\r\n", "\n")
    card = await visit.console.versions.correct(
        told, wording, visit.console.by(visit.guest), agreed=visit.text("consent") == "yes"
    )
    return visit.outcome(card, f"/answers/{told.trace.id}")


async def _told(visit: Visit) -> Told:
    viewer = await visit.console.viewer(visit.guest)
    return await visit.console.answers.one(visit.path("id"), viewer)


def _sure(told: Told) -> str:
    reply = told.trace.reply
    return told.confidence or confidence_in_words(reply.tier, reply.confidence) or "○ Not known"


ROUTES: Final[tuple[tuple[str, str, Role, Handler], ...]] = (
    ("GET", "/answers", "lead", listed),
    ("GET", "/answers/{id}", "lead", show),
    ("POST", "/answers/{id}/wrong", "lead", mark_wrong),
    ("POST", "/answers/{id}/wording", "lead", correct),
)
