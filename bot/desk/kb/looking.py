"""What would be found for a question, and for whom: ``/kb search``."""

from __future__ import annotations

from textwrap import shorten

from bot.answers.excerpt import excerpt
from bot.answers.judge import judge
from bot.cards import Card, CitedSource
from bot.desk.commands import Command, Invocation, Outcome, Parameter
from bot.desk.kb.parts import Knowledge
from bot.desk.kb.words import readers, readers_in
from knowledge.types import CURATED, PUBLIC, Principals

_SHOWN = 5
_QUOTED = 200  # characters of each passage
_TOLD = {
    "sure": "They would get an answer.",
    "unsure": "They would be shown the closest there is, marked as not certain.",
    "none": 'They would be told "I don\'t know".',
}


async def look(knowledge: Knowledge, by: Invocation) -> Outcome:
    """What retrieval gives, with scores; of what the admin may not read only that it is there."""
    question = " ".join(by.values["question"].split())
    whom, principals = await _asked_for(knowledge, by)
    found = await knowledge.retriever.search(question, principals, _SHOWN)
    verdict = judge(question, found, knowledge.thresholds)
    mine = knowledge.roles.widen(await by.platform.principals(by.place, by.user))
    places = {each.id: each.location for each in await knowledge.sources.all()}
    lines = [f"**{shorten(question, 300, placeholder=' …')}**, as {whom} would find it:", ""]
    shown = []
    for n, each in enumerate(found, start=1):
        passage = each.passage
        source = places.get(passage.source, passage.source)
        of = "an answer of an admin" if passage.source == CURATED else f"{source}"
        rated = f"near {each.score:.2f}, answers {each.answers:.0%}"
        whose = readers(passage.access, by.place)
        if passage.access & mine:
            shown.append(CitedSource.of(n, passage.context, passage.document, passage.url))
            lines += [f"{n}. {passage.context} ({rated}; {of}, {whose})"]
            lines += [f"   > {excerpt(passage.text, _QUOTED)}"]
        else:
            lines.append(f"{n}. Not open to you ({rated}; {of}, {whose})")
    if not found:
        lines.append("Nothing.")
    lines += ["", _TOLD[verdict.tier]]
    return Card("\n".join(lines), sources=tuple(shown))


async def _asked_for(knowledge: Knowledge, by: Invocation) -> tuple[str, Principals]:
    """How those are called for whom it is looked up, and as whom they may read."""
    words = by.values.get("whom", "here").strip("`")
    if words.lower() == "me":
        mine = await by.platform.principals(by.place, by.user)
        return "you alone", knowledge.roles.widen(mine)
    if words.lower() == "here":
        whom = "you alone" if by.place.direct else "everyone here"
        return whom, knowledge.roles.widen(await by.platform.audience(by.place))
    named = readers_in(words, by.place)
    who = "everyone" if PUBLIC in named else ", ".join(f"`{each}`" for each in sorted(named))
    return who, knowledge.roles.widen(named | {PUBLIC})


def looking_command(knowledge: Knowledge) -> Command:
    """The command."""

    async def run(by: Invocation) -> Outcome:
        return await look(knowledge, by)

    return Command(
        "kb",
        "What would be found for a question, and for whom.",
        run,
        "search",
        (
            Parameter(
                "whom",
                "here (as usual), me, everyone, or a role, channel or person.",
                "word",
                required=False,
            ),
            Parameter("question", "What would they ask?"),
        ),
        admin=True,
    )
