"""Record a conversation of the real bot about the sample handbook, as a picture and as text.

``python docs/record_conversation.py`` writes ``docs/images/conversation.svg`` and the same words
between the markers in README.md. Everything is real but Slack, for which the tests' stand-in
answers. It reads the handbook into a folder of its own and leaves your data alone.
"""

from __future__ import annotations

import asyncio
import io
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))  # the bot need not be installed

from pydantic import SecretStr  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.text import Text  # noqa: E402

from bot.shell.app import open_app  # noqa: E402
from bot.shell.platforms import platforms  # noqa: E402
from bot.shell.settings import Settings  # noqa: E402
from tests.stand_ins.slack_server import SlackServer  # noqa: E402

PICTURE = PROJECT / "docs" / "images" / "conversation.svg"
README = PROJECT / "README.md"
FIRST = "How many days of annual leave may I carry over?"
THEN = (
    ("Ann", "and what is the daily allowance for Paris?"),
    ("Tom", "Ann, are you coming to lunch?"),
    ("Ann", "What is the pay band of a senior mechanic?"),
    ("Ann", "thanks!"),
)
DRAFT = (
    "Hi Ms Okafor, unfortunately your order FC-20931 will not arrive before 4 May. "
    "We apologise for any inconvenience. Regards, Ann"
)
_COLUMNS = 96
_QUIET = 2.0  # seconds without a call from the bot after which it has said all
_BLOCK = re.compile(r"(<!-- conversation -->\n).*?(<!-- /conversation -->)", re.S)
_TIME = re.compile(r"(?m)^(\S+) \d\d:\d\d:\d\d")
_HEADER = re.compile(r"(?:Ann|Tom|Housevoice)(?: \(.*\))?")
# rich links a web font; a picture in a README must not fetch anything.
_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.S)


async def conversation() -> str:
    """What was said in a channel, and what only one person saw."""
    with TemporaryDirectory() as folder:
        async with SlackServer() as slack, open_app(_settings(Path(folder), slack)) as app:
            await app.library.add(str(PROJECT / "samples" / "handbook"))
            await app.warm_up()
            people = {name: slack.user(name) for name in ("Ann", "Tom")}
            general = slack.channel("general", members=list(people.values()))
            (platform,) = platforms(app.settings, app.desk)
            adapter = platform.open()
            await adapter.connect()
            listening = asyncio.create_task(adapter.listen())
            thread = await slack.say(people["Ann"], general, f"{slack.mention} {FIRST}")
            await slack.settled(quiet=_QUIET, timeout=60)
            for who, words in THEN:
                await slack.say(people[who], general, words, thread_ts=thread)
                await slack.settled(quiet=_QUIET, timeout=60)
            in_the_open = slack.transcript(general, thread)
            await slack.command(people["Ann"], general, "/voice", f"say {DRAFT}")
            await slack.settled(quiet=_QUIET, timeout=60)
            (private,) = slack.ephemerals(people["Ann"])
            await adapter.stop_listening()
            await app.desk.dispatcher.close(10)
            listening.cancel()
            await adapter.close()
    own = "\n".join(f"  {line}".rstrip() for line in slack.visible(private).split("\n"))
    told = in_the_open.replace(f"@{slack.bot.name}", "@Housevoice")
    told = _TIME.sub(lambda who: who[1].replace(slack.bot.name, "Housevoice"), told)
    told = f"{told.strip()}\n\nAnn\n  /voice say {DRAFT}\n\nHousevoice (only Ann sees this)\n{own}"
    return "\n".join(_folded(line) for line in told.splitlines())


def _folded(line: str) -> str:
    """A long line over several, all of them indented alike."""
    indent = line[: len(line) - len(line.lstrip())]
    return fill(line, _COLUMNS, subsequent_indent=indent) if len(line) > _COLUMNS else line


def _settings(folder: Path, slack: SlackServer) -> Settings:
    """Yours, but with state and passages in ``folder``; converted weights are shared."""
    settings = Settings()
    weights = settings.data.absolute() / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    (folder / "weights").symlink_to(weights)
    return settings.model_copy(
        update={
            "data": folder,
            "database_url": None,
            "weaviate_url": None,
            "slack_bot_token": SecretStr(slack.bot_token),
            "slack_app_token": SecretStr(slack.app_token),
            "slack_api_url": slack.api_url,
            "discord_token": None,
        }
    )


def draw(transcript: str) -> Console:
    """The conversation in a terminal that records what it shows."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in transcript.splitlines():
        if _HEADER.fullmatch(line):
            console.print(Text(line, style="bold cyan"))
        else:
            dim = line.lstrip().startswith(("[1] ", "● ", "◐ "))
            console.print(Text(line, style="dim" if dim else "bold" if "]  [" in line else ""))
    return console


def main() -> None:
    """Write the picture and the text."""
    console = draw(asyncio.run(conversation()))
    lines = (line.rstrip() for line in console.export_text(clear=False).splitlines())
    text = "\n".join(lines).strip("\n")
    svg = console.export_svg(title="#general", unique_id="conversation")
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
