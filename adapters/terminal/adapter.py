"""The terminal as a platform: a chat at a prompt, or one line at a time from a pipe.

What is typed is said to the bot directly. Lines that begin with ``/`` are commands, the same as on
every platform, and so are the buttons of the last answer: ``/why``, ``/helpful`` and so on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TextIO, get_args
from uuid import uuid4

from adapters.terminal.files import read_file
from adapters.terminal.forms import as_filled_in, current, described, own_line, own_words
from adapters.terminal.sources import printable, source_line
from bot.cards import LABELS, Action, Card, Form, Values, label
from bot.desk.commands import Ask, Invocation, Outcome
from bot.desk.desk import Desk
from bot.desk.forms import FieldFaults
from bot.errors import UsageError
from bot.ports import Feature
from bot.types import Address, Asker, Place, Sent, Utterance, person
from knowledge.types import Attachment, Principals

_LEAVE = frozenset({"/quit", "/exit", "quit", "exit"})
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_ACTIONS: dict[str, Action] = {each: each for each in get_args(Action)}
_UNANSWERED = "I could not answer that. The log says why."
_KEEP = "Enter keeps what is in brackets, - empties it."


class Console:
    """One conversation with one person, who has the shell and so is an admin.

    ``read``: the next line, or None at the end of the input. ``voice``: the one to answer in, by
    default the configured one. ``echo``: the lines come from a pipe; they are repeated before their
    answers, and nothing is asked back.
    """

    name = "console"
    picks_options = False
    features: frozenset[Feature] = frozenset()

    def __init__(
        self,
        desk: Desk,
        asker: Asker,
        out: TextIO,
        read: Callable[[], str | None],
        *,
        voice: str | None = None,
        echo: bool = False,
    ):
        self._desk = desk
        self._principals = asker.principals
        self._user = asker.id.removeprefix("user:")
        self._out = out
        self._read = read
        self._voice = voice
        self._echo = echo
        self._place = Place(self.name, "", uuid4().hex, direct=True)
        self.last = Card("")
        """What ``/why`` and the other buttons belong to."""
        self.listed = Card("")
        """What the buttons with a number belong to."""
        self._reply: _Reply | None = None
        self._stopped = False

    @property
    def offers(self) -> bool:
        """Whether what was shown last has buttons."""
        return bool(self.last.buttons or any(each.buttons for each in self.listed.rows))

    # --- listening ------------------------------------------------------------------------

    async def connect(self) -> None:
        """Nothing to sign in to."""

    async def listen(self) -> None:
        """Answer line by line until the input ends, or a word to leave."""
        while not self._stopped and (line := await asyncio.to_thread(self._read)) is not None:
            text = line.strip()
            if text.lower() in _LEAVE:
                break
            if text and self._echo:
                self.write(f"> {text}\n")
            if text.startswith("/"):
                refused = await self._desk.safely(self.command(text.removeprefix("/")))
                if isinstance(refused, Card):
                    self.show(refused)
            elif text:
                await self._ask(text, "direct")

    async def stop_listening(self) -> None:
        """End after the line that is being read."""
        self._stopped = True

    async def close(self) -> None:
        """Nothing to release."""

    async def _ask(self, text: str, address: Address, *, private: bool = False) -> None:
        id = f"{self.name}:{uuid4().hex}"
        said = Utterance(
            id, self._place, self._user, text, address, private=private, voice=self._voice
        )
        self._reply = None
        dispatcher = self._desk.dispatcher
        try:
            heard = await self._desk.safely(dispatcher.hear(self, said))
            if isinstance(heard, Card):
                self.show(heard)
                return
            await dispatcher.settled()
        except asyncio.CancelledError:  # Ctrl-C: nobody waits for the answer any more
            await dispatcher.deleted(self, self._place, id)
            raise
        if self._reply is None or not self._reply.finished:
            self.show(Card(_UNANSWERED))

    async def command(self, line: str) -> None:
        """Do one command, given without its slash, and show what comes of it.

        Raises :class:`bot.errors.UsageError` for what was typed wrongly or is not to be had.
        """
        name, *rest = line.split(None, 1) or [""]
        words = rest[0] if rest else ""
        name = name.lower()
        if name in _ACTIONS:
            number, words = _leading_number(words)
            outcome = await self._press(_ACTIONS[name], number)
        else:
            outcome = await self._run(name, words)
        match outcome:
            case Card() as card:
                self._outcome(card)
            case Ask(text, private):
                await self._ask(text, "command", private=private)
            case Form() as form:
                if (filled := await self._filled_in(form, name, words)) is not None:
                    self._outcome(filled)

    def _outcome(self, card: Card) -> None:
        self.show(card)
        if card.buttons:  # a draft: what is done next is done with it
            self.last = card
        if card.rows:
            self.listed = card

    async def _run(self, name: str, words: str) -> Outcome:
        offered = self._desk.commands.where(self.features)
        command, values = offered.parse(name, own_line(offered, name, words))
        files = [
            await asyncio.to_thread(read_file, values[each.name])
            for each in command.parameters
            if each.kind == "file" and each.name in values
        ]
        by = replace(self._by(values), files=tuple(files))
        return await offered.run(command, by)

    async def _press(self, action: Action, number: int | None) -> Outcome:
        subject = self.last.subject if action in self.last.buttons else None
        rows = self.listed.rows
        if (number or subject is None) and any(action in each.buttons for each in rows):
            if number is None or not 1 <= number <= len(rows):
                raise UsageError(f"Which one? `/{action} 1` is the first.")
            subject = rows[number - 1].subject
        if subject is None:
            raise UsageError(f"There is no `/{action}` for the last answer.")
        return await self._desk.press(action, subject, self._by({}))

    def _by(self, values: dict[str, str]) -> Invocation:
        return Invocation(self, self._place, self._user, values, voice=self._voice, tell=self._tell)

    async def _tell(self, text: str) -> None:
        self.write(f"{text}\n")

    async def _filled_in(self, form: Form, name: str, words: str) -> Card | None:
        """Take a form in from the words after its command, or by asking back."""
        actions = {each.action: each for each in self._desk.commands.all if each.name == name}
        first, *rest = words.split(None, 1) or [""]
        if first and (command := actions.get(first.lower())):
            words = rest[0] if rest else ""
            if command.parameters:  # what stands before the fields is the command's
                words = words[len(own_words(command, words)) :].strip()
        values: Values | None
        if words:
            values = as_filled_in(form, words)
        elif self._echo:
            return Card(described(form))
        else:
            values = await self._asked_back(form)
        while values is not None:
            try:
                return await self._desk.submit(form.id, form.context, self._by({}), values)
            except FieldFaults as refused:
                if self._echo:
                    raise UsageError(str(refused)) from refused
                self.show(Card(str(refused)))
                wrong = [each for each in form.fields if each.name in refused.faults]
                again = await self._asked_back(replace(form, fields=tuple(wrong)))
                values = None if again is None else {**values, **again}
        return None

    async def _asked_back(self, form: Form) -> Values | None:
        """Ask for each field; None if the input ends before."""
        self.write(f"{form.title}. {_KEEP}\n")
        values: dict[str, str | tuple[str, ...]] = {}
        for field in form.fields:
            self.write(f"{described(replace(form, fields=(field,)))}\n")
            line = await asyncio.to_thread(self._read)
            if line is None:
                return None
            word = line.strip()
            one = replace(form, fields=(field,))
            values |= as_filled_in(one, "" if word == "-" else word) if word else current(one)
        return values

    # --- showing --------------------------------------------------------------------------

    def show(self, card: Card, already: str = "") -> None:
        """Write a card out, but for what stands there ``already``."""
        rest = card.text.removeprefix(already)
        if already and not card.text.startswith(already):
            rest = f"\n{card.text}"
        rows = "".join(
            f"\n{n}. {each.text}\n   {'  '.join(f'/{one} {n}' for one in each.buttons)}"
            for n, each in enumerate(card.rows, start=1)
        )
        below = "".join(f"{source_line(each)}\n" for each in card.sources)
        if self._out.isatty():
            told = [card.confidence, *(_named(each, card) for each in card.buttons)]
            below += f"{'  '.join(filter(None, told))}\n" if any(told) else ""
        below = printable(below)
        if below and self._out.isatty():
            below = f"{_DIM}{below}{_PLAIN}"
        self._out.write(f"{printable(rest)}{printable(rows)}\n{below}\n")
        self._out.flush()

    def write(self, text: str) -> None:
        """Write a piece of text at once."""
        self._out.write(printable(text))
        self._out.flush()

    # --- what the core asks of it ---------------------------------------------------------

    async def principals(self, place: Place, user: str) -> Principals:
        """Those that the console was opened with."""
        return self._principals | {person(place, user)}

    async def audience(self, place: Place) -> Principals:
        """The person at the terminal sees it alone."""
        return await self.principals(place, self._user)

    async def is_admin(self, place: Place, user: str) -> bool:
        """Who has the shell may change everything anyway."""
        return True

    async def earlier(self, utterance: Utterance) -> Sequence[str]:
        """Nobody else speaks here."""
        return ()

    def with_credentials(self, file: Attachment) -> Attachment:
        """The file as it is."""
        return file

    async def open_reply(self, utterance: Utterance, shown: Sequence[str]) -> _Reply:
        """A reply that is written as it grows."""
        self._reply = _Reply(self)
        return self._reply

    async def whisper(self, place: Place, user: str, text: str) -> None:
        """Write it: only this person sees anything."""
        self.show(Card(text))

    async def direct_with(self, user: str) -> Place:
        """There is no other."""
        return self._place

    async def post(self, place: Place, card: Card) -> Sent:
        """Write what goes elsewhere with the name of the place above it."""
        where = "" if place == self._place else f"To {place.channel}:\n"
        seen = f"\n({card.picture.alt})" if card.picture else ""
        self.show(replace(card, text=f"{where}{card.text}{seen}", buttons=()))
        return Sent()

    async def replace(self, place: Place, shown: Sequence[str], card: Card) -> bool:
        """Write it below: what is written cannot be changed. Only of this very conversation."""
        if is_here := place == self._place:
            self.show(card)
            self.last = card
        return is_here

    async def link(self, place: Place) -> str:
        """Nothing to open."""
        return ""

    async def erase(self, place: Place, shown: Sequence[str]) -> None:
        """What is written stays."""

    def mention(self, user: str) -> str:
        """Their name."""
        return user


class _Reply:
    """One reply, written piece by piece. What is written cannot be taken back."""

    shown = ()

    def __init__(self, console: Console):
        self._console = console
        self._written = ""
        self.finished = False

    async def grow(self, text: str) -> None:
        """Write what is new."""
        if text.startswith(self._written):
            self._console.write(text.removeprefix(self._written))
            self._written = text

    async def wait(self, words: str) -> None:
        """Nobody is before the one who sits here."""

    async def finish(self, card: Card) -> None:
        """Write the rest, and the sources below."""
        self.finished = True
        self._console.show(card, self._written)
        self._console.last = card

    async def erase(self) -> None:
        """Too late."""


def _leading_number(words: str) -> tuple[int | None, str]:
    """The number of a row, and what is left of the words."""
    first, _, rest = words.partition(" ")
    return (int(first), rest.strip()) if first.isdecimal() else (None, words)


def _named(action: Action, card: Card) -> str:
    """A button as it is typed, with what it means here where that is not the usual."""
    name = label(action, card.tier)
    return f"/{action}" if name == LABELS[action] else f"/{action} ({name})"
