"""The documentation says what the code does: tables, commands, variables and links are checked."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import pairwise, takewhile
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from tests.docs_tables import (
    ARCHITECTURE,
    COMMAND_LINE,
    PROGRAM,
    PROJECT,
    README,
    REWRITE,
    command_names,
    help_text,
    settings_table,
    variables,
    with_help,
    with_rooms,
    with_settings,
)

PAGES = sorted([README, PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").glob("**/*.md")])
STALE = f"is out of date; rewrite it with: {REWRITE}"

_FENCE = re.compile(
    r"^(?P<fence>```+)(?P<language>[^\n`]*)\n(?P<body>.*?)^(?P=fence)[ ]*$", re.S | re.M
)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(
    r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?P<target>[^()\s]+)\)|<(?:img|a)\s[^>]*?(?:src|href)=\"(?P<html>[^\"]+)\""
)
_OTHER_FORMS = re.compile(
    r"(?<!\.venv/bin/)\bpython3? -m (?:bot|benchmarks|jobs|tests|pytest|pip)\b|python -m bot\b"
    r"|(?:^|[$`] ?)(?:housevoice (?=[a-z-])|pip3? install)",
    re.M,
)
_GENERATED = re.compile(r"<!-- (help: [^>]+) -->.*?<!-- /\1 -->", re.S)
_HEADING = re.compile(r"^#{1,6} +(?P<text>.+?) *#*$", re.M)
_VARIABLE = re.compile(r"^(?:# ?)?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$", re.M)


def _name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def _with_commands() -> Iterator[Path]:
    """Pages, and code whose messages tell people what to type."""
    yield from PAGES
    yield PROJECT / ".env.example"
    yield PROJECT / "compose.yaml"
    yield from (PROJECT / "voices").glob("**/*.md")
    for package in ("bot", "adapters", "knowledge"):
        yield from (PROJECT / package).glob("**/*.py")


each_page = pytest.mark.parametrize("page", PAGES, ids=_name)


# --- generated parts --------------------------------------------------------------------------


def test_the_settings_table_in_the_readme_is_up_to_date() -> None:
    page = README.read_text("utf-8")
    assert with_settings(page) == page, f"The settings table in README.md {STALE}"


def test_the_rooms_on_the_architecture_page_are_up_to_date() -> None:
    page = ARCHITECTURE.read_text("utf-8")
    assert with_rooms(page) == page, f"The rooms in docs/architecture.md {STALE}"


def test_the_help_on_the_command_line_page_is_up_to_date() -> None:
    page = COMMAND_LINE.read_text("utf-8")
    assert with_help(page) == page, f"The help in docs/command-line.md {STALE}"


def test_every_setting_has_a_description() -> None:
    without = [row for row in settings_table().splitlines() if row.endswith("|  |")]
    assert not without


# --- .env.example -----------------------------------------------------------------------------


def test_the_env_example_has_every_setting_with_its_default_and_nothing_else() -> None:
    example = (PROJECT / ".env.example").read_text("utf-8")
    shown = {match["name"]: match["value"].strip() for match in _VARIABLE.finditer(example)}
    assert shown == variables()


def test_the_env_example_sets_nothing_when_it_is_copied() -> None:
    lines = (PROJECT / ".env.example").read_text("utf-8").splitlines()
    assert not [line for line in lines if line.strip() and not line.startswith("#")]


# --- tables -----------------------------------------------------------------------------------


def _rows_without_a_table(markdown: str) -> list[str]:
    """Rows that are shown as text, since a blank line parts them from their header."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    texts = [
        after.content
        for before, after in pairwise(tokens)
        if before.type == "paragraph_open" and after.type == "inline"
    ]
    return [text for text in texts if text.startswith("|")]


@each_page
def test_every_row_is_in_a_table(page: Path) -> None:
    assert _rows_without_a_table(page.read_text("utf-8")) == []


def test_a_row_that_is_cut_off_would_be_found() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert _rows_without_a_table(table) == []
    assert _rows_without_a_table(f"{table}\n| 3 | 4 |\n") == ["| 3 | 4 |"]


# --- links ------------------------------------------------------------------------------------


@each_page
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = [target for target in _relative_links(page) if not _leads_somewhere(page, target)]
    assert not broken


def test_a_broken_link_would_be_found() -> None:
    assert not _leads_somewhere(README, "docs/no-such-page.md")
    assert not _leads_somewhere(README, "docs/command-line.md#no-such-heading")


def _relative_links(page: Path) -> Iterator[str]:
    prose = _CODE.sub("", _FENCE.sub("", page.read_text("utf-8")))
    for match in _LINK.finditer(prose):
        target = match["target"] or match["html"]
        if not re.match(r"[a-z][a-z0-9+.-]*:", target, re.I):
            yield target


def _leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / unquote(path)).resolve() if path else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    anchors: set[str] = set()
    for match in _HEADING.finditer(_FENCE.sub("", page.read_text("utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match["text"])
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        number = 0
        while (anchor := f"{slug}-{number}" if number else slug) in anchors:
            number += 1
        anchors.add(anchor)
    return anchors


# --- commands ---------------------------------------------------------------------------------


@each_page
def test_every_command_shown_is_one_that_the_bot_accepts(page: Path) -> None:
    for line in _shown_commands(page):
        help_text(line)


def test_commands_are_found_on_the_pages() -> None:
    assert [line for page in PAGES for line in _shown_commands(page)]


@pytest.mark.parametrize("line", ["sing", "source fetch", "ask Why --loud"])
def test_a_command_that_does_not_exist_would_be_refused(line: str) -> None:
    with pytest.raises(ValueError, match="does not take"):
        help_text(line)


def test_every_command_is_on_the_command_line_page() -> None:
    page = COMMAND_LINE.read_text("utf-8")
    assert [name for name in command_names() if f"<!-- help: {name} -->" not in page] == []


@pytest.mark.parametrize("path", sorted(_with_commands()), ids=_name)
def test_commands_have_the_one_form_that_works_when_it_is_copied(path: Path) -> None:
    """It needs no activated environment, and nothing that ``make setup`` does not make."""
    text = _GENERATED.sub("", path.read_text("utf-8"))
    assert [each[0] for each in _OTHER_FORMS.finditer(text)] == []


@each_page
def test_what_is_copied_from_a_page_is_set_up_first(page: Path) -> None:
    text = page.read_text("utf-8")
    for block in _FENCE.finditer(text):
        if any(line.startswith(("$ .venv", ".venv")) for line in block["body"].splitlines()):
            assert re.search(r"\bmake (setup|test)\b", text[: block.end()])
            return


@pytest.mark.parametrize(
    "text",
    [
        "$ python -m bot serve",
        "`python -m bot doctor`",
        "$ .venv/bin/python -m bot serve",
        "$ housevoice serve",
        "Run `housevoice doctor slack`.",
        "python -m benchmarks.natural",
        "$ pip install x",
    ],
)
def test_another_form_would_be_noticed(text: str) -> None:
    assert _OTHER_FORMS.search(text)


def test_the_program_is_what_the_package_installs() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {PROGRAM: "bot.shell.cli:main"}


def _shown_commands(page: Path) -> Iterator[str]:
    """What stands after ``$ .venv/bin/housevoice`` in the console blocks of a page."""
    for block in _FENCE.finditer(page.read_text("utf-8")):
        if block["language"].strip() == "console":
            for line in block["body"].replace("\\\n", " ").splitlines():
                _, found, rest = line.partition(f".venv/bin/{PROGRAM} ")
                if found:
                    yield _without_redirections(rest)


def _without_redirections(line: str) -> str:
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    return shlex.join(takewhile(lambda word: not set(word) <= set("|<>;&"), words))
