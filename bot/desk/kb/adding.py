"""Adding a source where one talks: it is tried out, what was found is shown, then it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from bot.answers.judge import judge
from bot.cards import Action, Card
from bot.desk.commands import Invocation
from bot.desk.kb import words
from bot.desk.kb.parts import Knowledge
from bot.desk.kb.progress import telling_reading
from bot.desk.kb.proposals import Proposal
from bot.desk.kb.setup.options import told
from bot.errors import UsageError
from bot.ports import KnownSource, Options, Trial
from bot.types import person
from knowledge.types import PUBLIC, Principals


@dataclass(frozen=True, slots=True)
class Adding:
    """From an address or a file to a source."""

    knowledge: Knowledge

    async def propose(
        self,
        by: Invocation,
        address: str,
        readers: Principals | None = None,
        gap: str = "",
        kind: str = "",
        options: Options | None = None,
    ) -> Card:
        """Try it, show what was found, and let it be kept or left. Nothing is saved yet."""
        sources = self.knowledge.sources
        trial = await sources.try_out(address, kind, options)
        named = None if readers is None else tuple(sorted(readers))
        proposal = Proposal(address, named, gap, trial.kind, trial.options)
        id = await self.knowledge.proposals.save(proposal, person(by.place, by.user))
        buttons: tuple[Action, ...] = ("keep", "leave")
        if trial.kind and (await sources.kind(trial.kind)).options:
            buttons = ("keep", "options", "leave")
        return Card("\n".join(_found(trial, readers, by)), buttons=buttons, subject=id)

    async def upload(self, by: Invocation, readers: Principals | None = None) -> Card:
        """The same for the file that came along."""
        if len(by.files) != 1:
            raise UsageError("Give one file at a time.")
        address = await self.knowledge.sources.upload(by.platform.with_credentials(by.files[0]))
        return await self.propose(by, address, readers)

    async def keep(self, id: str, by: Invocation) -> Card:
        """Make it a source and read all of it."""
        who = person(by.place, by.user)
        proposal = await self.knowledge.proposals.take(id, who)
        readers = None if proposal.readers is None else frozenset(proposal.readers)
        sources = self.knowledge.sources
        try:
            async with (
                self.knowledge.audit.of(who, "added", proposal.address) as entry,
                telling_reading(by, proposal.address, self.knowledge.sleep) as progress,
            ):
                source, reading = await sources.add(
                    proposal.address,
                    readers,
                    progress,
                    who,
                    proposal.kind,
                    proposal.options if proposal.kind else None,
                )
                entry.source = source.id
        except UsageError as error:  # somebody reads it just now: it can be tried again
            again = await self.knowledge.proposals.save(proposal, who)
            return Card(str(error), buttons=("keep", "leave"), subject=again)
        whom = words.readers(source.readers, by.place)
        found = f"{source.location} is a source now (`{source.id}`), {whom}"
        outcome = (
            f"{found}, but it {words.done(reading)} Every refresh tries again."
            if reading.fault
            else f"{found}: {words.held(source)}."
        )
        lines = [outcome, *words.skipped(reading), *words.left_out(reading)]
        if proposal.gap:
            lines.append(await self._answered(proposal.gap, source))
        return Card("\n".join(lines))

    async def leave(self, id: str, by: Invocation) -> Card:
        """Forget about it."""
        proposal = await self.knowledge.proposals.take(id, person(by.place, by.user))
        await self.knowledge.sources.tidy_uploads(await self.knowledge.proposals.waiting())
        return Card(f"{proposal.address} is left as it is: nothing was kept.")

    async def _answered(self, gap: str, source: KnownSource) -> str:
        """Whether the source answers the question that it was added for."""
        asked = next(
            (each for each in await self.knowledge.gaps.open(10**4) if each.id == gap), None
        )
        if asked is None:
            return ""
        found = await self.knowledge.retriever.search(
            asked.question,
            source.readers or frozenset({PUBLIC}),
            3,
            sources=frozenset({source.id}),
        )
        if judge(asked.question, found, self.knowledge.thresholds).tier != "sure":
            return "It does not answer that question for sure, so the question stays open."
        await self.knowledge.gaps.close([gap], "found", self.knowledge.clock())
        await self.knowledge.askers.tell([asked], source.readers or frozenset({PUBLIC}))
        return "It answers that question."


def _found(trial: Trial, readers: Principals | None, by: Invocation) -> list[str]:
    more = " and more" if trial.more else ""
    counts = f"{words.counted(trial.documents, 'document')}{more}"
    passages = words.counted(trial.passages, "passage")
    lines = [f"I tried {trial.location}: {counts} with {passages}."]
    if trial.fault:
        lines = [f"I tried {trial.location}, but could not read it: {trial.fault}"]
    if trial.kind:
        how = f", with {told(trial.options)}" if trial.options else ""
        lines.append(f"Its kind is `{trial.kind}`{how}.")
    if trial.is_known:
        lines.append("It is a source already. Adding it again reads it again.")
    if readers is not None:
        lines.append(f"It would be {words.readers(readers, by.place)}.")
    elif not trial.is_known:
        lines.append("It would be for everyone.")
    for title, text in trial.samples:
        lines += ["", f"**{title}**", f"> {text}"]
    if trial.warnings:
        lines += ["", "Look at this first:", *(f"- {each}" for each in trial.warnings)]
    if trial.skipped:
        lines += ["", "Not used:", *words.listed(trial.skipped)]
    lines += ["", "Nothing is kept yet."]
    return lines
