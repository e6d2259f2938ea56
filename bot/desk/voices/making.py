"""Making a voice where one talks: its guide, its examples, what becomes of them, and training."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from bot.cards import Card, Field, Form, Values
from bot.conversation.channels import Channels
from bot.desk.audit import Audit
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.forms import FieldFaults, FormKind, must_be_admin
from bot.errors import ConfigurationError, UsageError
from bot.types import person
from knowledge.types import Attachment

CREATE: Final = "voice_create"
ADD: Final = "voice_add"
"""The forms in which a voice is described, and examples are pasted."""
_SHOWN = 8
"""Dropped rows that are told; all of them are in the report."""
_LONGEST = 3000
_SHORTEST = 5
"""Words that the longest sentence may be limited to at the least."""
_AROUND = {
    "greeting": "greetings",
    "lead-in": "leads",
    "closing": "closings",
    "sober greeting": "sober_greetings",
    "sober closing": "sober_closings",
}
_HOW_EXAMPLES = "JSON lines, CSV, Before: and After: lines, or quotations (>)."


class Making(Protocol):
    """What is done with a voice's files. Raises :class:`ConfigurationError` with what to do."""

    async def create(
        self, name: str, fields: Mapping[str, Any], style_guide: str, examples: str
    ) -> tuple[int, int]:
        """Make the voice; how many words its guide swaps, and how many it forbids.

        ``fields``: those of :class:`jobs.training.voice.creating.NewVoice` that were given.
        """
        ...

    async def add_text(self, name: str, text: str) -> str:
        """Keep pasted examples with the voice; the file's name that they got."""
        ...

    async def add_file(self, name: str, file: Attachment) -> None:
        """Keep a file of examples with the voice."""
        ...

    async def prepare(self, name: str) -> Mapping[str, Any]:
        """Make pairs of what was brought in and of approved wordings; the report."""
        ...

    def questions(self, name: str) -> str:
        """The questions that a voice is judged by, as JSON lines; empty: there are none yet."""
        ...

    async def keep_questions(self, name: str, text: str) -> int:
        """Judge it by these from now on; how many there are."""
        ...

    async def keep_question_file(self, name: str, file: Attachment) -> int:
        """The same with a file of them."""
        ...


What = Literal["train", "evaluate"]
Ended = Callable[[bool], Awaitable[None]]
"""Is told whether it went well."""


class Work(Protocol):
    """What takes minutes, done in a process of its own."""

    @property
    def is_busy(self) -> bool:
        """Whether one is at work."""
        ...

    def begin(
        self, what: What, name: str, *options: str, ended: Ended | None = None
    ) -> Awaitable[bool]:
        """Begin the command with these options; what is returned tells whether it went well.

        Raises :class:`UsageError` while another is at work.
        """
        ...

    def progress(self, name: str) -> str:
        """What the last that was begun here for a voice has said; empty if none was."""
        ...


@dataclass(frozen=True, slots=True)
class VoiceMaking:
    """All of it, put together by the shell."""

    making: Making
    work: Work
    channels: Channels
    audit: Audit
    usual: Callable[[], str]
    """The voice that speaks where no other was chosen."""

    async def describe(self, by: Invocation) -> Form:
        """The form for a new voice."""
        return Form(
            CREATE,
            "A new voice",
            (
                Field("about", "How it sounds", "text", help="One or two sentences, for people."),
                Field(
                    "lines",
                    "What stands around an answer",
                    "long_text",
                    help='One a line: "Greeting: …", "Lead-in: …", "Closing: …"; for bad news '
                    '"Sober greeting: …", "Sober closing: …". May be empty.',
                ),
                Field(
                    "words",
                    "Words",
                    "long_text",
                    help='As in a style guide, one a line: "Say help, not assist", "Never say: …".',
                    max_chars=_LONGEST,
                ),
                Field("sentence", "The longest sentence, in words", "number", "24", required=True),
                Field("examples", "Examples", "long_text", help=_HOW_EXAMPLES, max_chars=_LONGEST),
            ),
            "Make it",
            {"voice": by.values["voice"]},
        )

    async def create(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        """Make it."""
        await must_be_admin(by)
        name, sentence = context["voice"], _text(values, "sentence")
        faults = {}
        if not sentence.isdecimal() or int(sentence) < _SHORTEST:
            faults["sentence"] = f"Give a whole number from {_SHORTEST} on."
        lines, unknown = _around(_text(values, "lines"))
        if unknown:
            faults["lines"] = (
                "Begin each line with Greeting:, Lead-in:, Closing:, Sober greeting: or Sober "
                f'closing:, not "{unknown}".'
            )
        if faults:
            raise FieldFaults(faults)
        fields = {"about": _text(values, "about"), "max_sentence_words": int(sentence), **lines}
        async with self.audit.of(person(by.place, by.user), "made voice", f"voice:{name}"):
            swaps, forbidden = await self.making.create(
                name, fields, _text(values, "words"), _text(values, "examples")
            )
        return Card(
            f"Made {name}: {swaps} words swapped, {forbidden} never said. `/voice add {name}` "
            f"takes more examples, `/voice prepare voice={name}` makes pairs of them, and "
            f"`/voice train voice={name}` trains it. It can speak at once: `/kb channel`."
        )

    async def paste(self, by: Invocation, _: str = "") -> Form:
        """The form for more examples."""
        await must_be_admin(by)
        examples = Field(
            "examples",
            "Examples",
            "long_text",
            help=_HOW_EXAMPLES,
            required=True,
            max_chars=_LONGEST,
        )
        return Form(ADD, "Examples", (examples,), "Add", {"voice": by.values["voice"]})

    async def pasted(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        """Keep them."""
        await must_be_admin(by)
        name, text = context["voice"], _text(values, "examples")
        if not text:
            raise FieldFaults({"examples": "Paste at least one example."})
        async with self.audit.of(
            person(by.place, by.user), "added examples", f"voice:{name}"
        ) as entry:
            try:
                entry.detail = await self.making.add_text(name, text)
            except ConfigurationError as error:
                raise FieldFaults({"examples": str(error)}) from error
        return Card(f"Added. `/voice prepare voice={name}` makes pairs of them.")

    async def upload(self, by: Invocation) -> Outcome:
        """Keep the file that came along."""
        if len(by.files) != 1:
            raise UsageError("Give one file: JSONL, CSV or Markdown.")
        name, file = await self._name(by), by.files[0]
        async with self.audit.of(
            person(by.place, by.user), "added examples", f"voice:{name}", file.name
        ):
            await self.making.add_file(name, by.platform.with_credentials(file))
        return Card(f"Added. `/voice prepare voice={name}` makes pairs of it.")

    async def prepare(self, by: Invocation) -> Outcome:
        """Check the examples; what was dropped and why."""
        name = await self._name(by)
        async with self.audit.of(person(by.place, by.user), "prepared voice", f"voice:{name}"):
            told = await self.making.prepare(name)
        lines = [
            f"{told['rows']} rows, {len(told['dropped'])} dropped, {told['pairs']} pairs on "
            f"{told['topics']} topics."
        ]
        lines += [
            f"- {each['file']}, line {each['line']}, {each['step']}: {each['reason']}"
            for each in told["dropped"][:_SHOWN]
        ]
        if (more := len(told["dropped"]) - _SHOWN) > 0:
            lines.append(f"… and {more} more, all in preparation.md beside the voice.")
        lines += [f"Missing: {each}." for each in told["missing"]]
        if told["usable"]:
            lines.append(f"`/voice train voice={name}` learns them.")
        return Card("\n".join(lines))

    async def train(self, by: Invocation) -> Outcome:
        """Begin to train."""
        name = await self._name(by)
        async with self.audit.of(person(by.place, by.user), "trained voice", f"voice:{name}"):
            self.making.questions(name)  # raises for a voice that there is not
            self.work.begin("train", name)
        return Card(
            f"{name} is being trained, which takes minutes. `/voice status` tells how far it is. "
            f"What it makes is a candidate: `/voice evaluate {name}` judges it."
        )

    async def _name(self, by: Invocation) -> str:
        asked = by.values.get("voice") or by.voice or (await self.channels.rules(by.place)).voice
        return asked or self.usual()


def making_commands(desk: VoiceMaking, suggest_voice: Suggest) -> Sequence[Command]:
    """The commands."""
    voice = Parameter("voice", "Of this voice.", "word", required=False, suggest=suggest_voice)
    known = Parameter("voice", "The voice.", "first", suggest=suggest_voice)
    new = Parameter("voice", "Its name: lower-case letters, digits, - and _.", "first")
    file = Parameter("file", "JSONL, CSV or Markdown.", "file")

    def command(does: str, run: Any, action: str, *of: Parameter, form: bool = False) -> Command:
        return Command("voice", does, run, action, of, admin=True, opens_form=form)

    return [
        command("Make a voice.", desk.describe, "create", new, form=True),
        command("Paste examples for a voice.", desk.paste, "add", known, form=True),
        command("Add a file of examples to a voice.", desk.upload, "upload", file, voice),
        command(
            "Make pairs of the examples; tells what is dropped.", desk.prepare, "prepare", voice
        ),
        command("Train a voice on its pairs.", desk.train, "train", voice),
    ]


def making_forms(desk: VoiceMaking) -> Mapping[str, FormKind]:
    """The forms."""

    async def describe(by: Invocation, _: str) -> Form:
        return await desk.describe(by)

    return {CREATE: FormKind(describe, desk.create), ADD: FormKind(desk.paste, desk.pasted)}


def _text(values: Values, name: str) -> str:
    value = values.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _around(text: str) -> tuple[dict[str, list[str]], str]:
    """Greetings, lead-ins and closings, by the fields of a new voice; and a line that is none."""
    found: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        kind, _, rest = line.partition(":")
        field = _AROUND.get(kind.strip().lower())
        if field is None or not rest.strip():
            return {}, line
        found.setdefault(field, []).append(rest.strip())
    return found, ""
