"""The commands, written once for every platform: what each is called, takes and does.

A platform turns them into its own kind (Discord: typed options and autocomplete; Slack and the
terminal: words after the command) and shows what comes back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.cards import Card, Choice, Form
from bot.errors import UsageError
from bot.ports import Feature, Platform
from bot.types import Place
from knowledge.types import Attachment


@dataclass(frozen=True, slots=True)
class Invocation:
    """Who gave a command where, and with what."""

    platform: Platform
    place: Place
    user: str
    values: Mapping[str, str] = field(default_factory=dict)
    """By the names of the command's parameters; only those that were given."""
    voice: str | None = None
    """The voice asked for; None: that of the place."""
    files: tuple[Attachment, ...] = ()
    """What came along."""
    tell: Callable[[str], Awaitable[None]] | None = None
    """Shows them how far it is, in place of what it showed before; None: it cannot be shown.
    Raises :class:`bot.errors.PlatformError`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The command is a question, to be heard as an utterance."""

    text: str
    private: bool


Outcome = Card | Ask | Form
"""A card is shown to who gave the command, a form is opened for them."""

Suggest = Callable[[Invocation, str], Awaitable[Sequence[Choice]]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a command takes."""

    name: str
    help: str
    kind: Literal["text", "name", "word", "yes_no", "first", "file"] = "text"
    """Where commands are typed as a line, the first word is that which comes first, and a text or a
    name takes all the words that are left; a text may begin with any word, so that what comes
    before it has dashes. A file is handed over, where the platform can; it is among
    :attr:`Invocation.files`."""
    required: bool = True
    suggest: Suggest | None = None
    """The choices for what has been typed so far."""


@dataclass(frozen=True, slots=True)
class Command:
    """``/name``, or ``/name action`` where there are several of a name."""

    name: str
    help: str
    run: Callable[[Invocation], Awaitable[Outcome]]
    action: str = ""
    parameters: tuple[Parameter, ...] = ()
    admin: bool = False
    opens_form: bool = False
    """Its outcome is a form, which some platforms must be shown at once."""
    needs: Feature | None = None
    """What a platform must have for it to be of any use there; None: nothing."""

    def usage(self, *, picked: bool = False) -> str:
        """How it is given: as a typed line, or with options that are ``picked`` by their names."""
        parts = [f"/{self.name}", self.action]
        for each in self.parameters:
            name = each.name if picked else self._typed(each)
            parts.append(f"<{name}>" if each.required else f"[{name}]")
        return " ".join(part for part in parts if part)

    def flag(self, parameter: Parameter) -> str:
        """How a parameter that is no text is typed: with dashes where text follows."""
        has_text = any(each.kind == "text" for each in self.parameters)
        return f"--{parameter.name}" if has_text else parameter.name

    def _typed(self, parameter: Parameter) -> str:
        match parameter.kind:
            case "text" | "name" | "first":
                return parameter.name
            case "word" | "file":
                return f"{self.flag(parameter)}=…"
            case "yes_no":
                return self.flag(parameter)


class Commands:
    """The registry. Every method raises :class:`UsageError` with what to tell the person."""

    def __init__(self, commands: Sequence[Command]):
        self._commands = {(each.name, each.action): each for each in commands}

    @property
    def all(self) -> Sequence[Command]:
        """In the order in which help shows them."""
        return list(self._commands.values())

    def where(self, features: Collection[Feature]) -> Commands:
        """Those that are of use on a platform that has these features."""
        useful = [each for each in self.all if each.needs is None or each.needs in features]
        return Commands(useful)

    def named(self, name: str, action: str = "") -> Command:
        """The command of this name; raises :class:`KeyError`."""
        return self._commands[name, action]

    def parse(self, name: str, line: str) -> tuple[Command, dict[str, str]]:
        """The command and values of a typed line, such as ``/voice`` with ``say Dear all …``."""
        word, rest = _first_word(line)
        command = self._commands.get((name, word.lower()))
        if command is None or not command.action:
            command, rest = self._commands.get((name, "")), line
        if command is None:
            raise UsageError(self.help_for(name))
        return command, _values(command, rest.strip())

    async def run(self, command: Command, invocation: Invocation) -> Outcome:
        """Check and do it."""
        await self._check_admin(command, invocation)
        for parameter in command.parameters:
            if parameter.required and not invocation.values.get(parameter.name, "").strip():
                usage = command.usage(picked=invocation.platform.picks_options)
                raise UsageError(f"Usage: `{usage}`. {parameter.help}")
        return await command.run(invocation)

    async def suggest(
        self, command: Command, parameter: str, invocation: Invocation, typed: str
    ) -> Sequence[Choice]:
        """Choices for a parameter; none for those who may not use the command."""
        wanted = next((each for each in command.parameters if each.name == parameter), None)
        if wanted is None or wanted.suggest is None:
            return ()
        if command.admin and not await invocation.platform.is_admin(
            invocation.place, invocation.user
        ):
            return ()
        return await wanted.suggest(invocation, typed)

    def help_for(self, name: str | None = None, *, picked: bool = False) -> str:
        """Markdown: one line a command, of one name or all."""
        lines = [
            f"- `{each.usage(picked=picked)}`: {each.help}{' (admins)' if each.admin else ''}"
            for each in self._commands.values()
            if name is None or each.name == name
        ]
        return "\n".join(lines) or f"There is no command `/{name}`. `/help` shows what there is."

    async def _check_admin(self, command: Command, invocation: Invocation) -> None:
        if command.admin and not await invocation.platform.is_admin(
            invocation.place, invocation.user
        ):
            raise UsageError(
                f"`{command.usage(picked=invocation.platform.picks_options)}` is for admins. "
                "Ask one of them, or an owner of the workspace."
            )


def _first_word(line: str) -> tuple[str, str]:
    """The word, and the rest as it was written: a draft has lines."""
    word, *rest = line.split(None, 1) or [""]
    return word, (rest[0] if rest else "").rstrip()


def _values(command: Command, line: str) -> dict[str, str]:
    """Parameters that are no text come first; the rest of the line is the text."""
    values: dict[str, str] = {}
    first = next((each for each in command.parameters if each.kind == "first"), None)
    if first is not None and line:
        values[first.name], line = _first_word(line)
    text = next((each for each in command.parameters if each.kind in ("text", "name")), None)
    rest_of_them = (each for each in command.parameters if each not in (first, text))
    flags = {command.flag(each): each for each in rest_of_them}
    while line:
        leading, rest = _first_word(line)
        flag, equals, word = leading.partition("=")
        parameter = flags.get(flag.lower())
        if parameter is None or bool(equals) != (parameter.kind in ("word", "file")):
            break
        values[parameter.name], line = word or "yes", rest
        del flags[flag.lower()]  # said again, it is text
    if text is not None and line:
        values[text.name] = line
    elif line and command.parameters:  # a slip of what it takes must not do something else
        raise UsageError(f"Usage: `{command.usage()}`. {command.help}")
    return values
