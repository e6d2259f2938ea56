"""Record a conversation of the real bot about the sample handbook, as a picture and as text.

``python docs/record_conversation.py`` writes ``docs/images/conversation.svg`` and the same words
between the markers in README.md. It reads the handbook into a folder of its own and leaves your
data alone.
"""

from __future__ import annotations

import asyncio
import io
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))  # the bot need not be installed

from rich.console import Console  # noqa: E402
from rich.text import Text  # noqa: E402

from adapters.console import source_line  # noqa: E402
from bot.app import App, open_app  # noqa: E402
from bot.settings import Settings  # noqa: E402
from bot.types import Asker, Message, Reply  # noqa: E402
from knowledge.sources import spec_for  # noqa: E402

PICTURE = PROJECT / "docs" / "images" / "conversation.svg"
README = PROJECT / "README.md"
QUESTIONS = (
    "hi there",
    "How many days of annual leave may I carry over?",
    "What do I do if I have forgotten my password?",
    "What is the daily allowance for Paris?",
    "and for Copenhagen?",
    "What is the pay band of a senior mechanic?",
    "thanks!",
)
_COLUMNS = 96
_BLOCK = re.compile(r"(<!-- conversation -->\n).*?(<!-- /conversation -->)", re.S)
# rich links a web font; a picture in a README must not fetch anything.
_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.S)


async def conversation(questions: tuple[str, ...]) -> list[Reply]:
    """What the bot says to each question in turn, in one thread."""
    with TemporaryDirectory() as folder:
        async with open_app(_settings(Path(folder))) as app:
            handbook = spec_for(str(PROJECT / "samples" / "handbook"))
            await app.ingester.run(handbook, app.open_source(handbook))
            return [await _reply(app, n, question) for n, question in enumerate(questions)]


def _settings(folder: Path) -> Settings:
    """Yours, but with state and passages in ``folder``; converted weights are shared."""
    settings = Settings()
    weights = settings.data.absolute() / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    (folder / "weights").symlink_to(weights)
    return settings.model_copy(update={"data": folder, "database_url": None, "weaviate_url": None})


async def _reply(app: App, n: int, question: str) -> Reply:
    message = Message(f"recording:{n}", "recording", "recording", Asker("user:reader"), question)
    pieces = [piece async for piece in app.assistant.answer(message)]
    reply = pieces[-1]
    assert isinstance(reply, Reply)  # noqa: S101 - every answer ends in its reply
    return reply


def draw(replies: list[Reply]) -> Console:
    """The conversation in a terminal that records what it shows."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    for n, reply in enumerate(replies):
        if n:
            console.print()
        console.print(Text(f"> {reply.question}", style="bold cyan"))
        console.print(Text(reply.answer))
        for citation in reply.citations:
            console.print(Text(source_line(citation), style="dim"))
    return console


def main() -> None:
    """Write the picture and the text."""
    console = draw(asyncio.run(conversation(QUESTIONS)))
    lines = (line.rstrip() for line in console.export_text(clear=False).splitlines())
    text = "\n".join(lines).strip("\n")
    svg = console.export_svg(title="Housevoice", unique_id="conversation")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(_WEB_FONT.sub("", svg), "utf-8")
    page, found = _BLOCK.subn(
        lambda block: f"{block[1]}\n```text\n{text}\n```\n\n{block[2]}", README.read_text("utf-8")
    )
    if found != 1:
        sys.exit("README.md has no place for the conversation: <!-- conversation --> is missing.")
    README.write_text(page, "utf-8")
    print(f"{PICTURE.relative_to(PROJECT)} and README.md rewritten")


if __name__ == "__main__":
    main()
