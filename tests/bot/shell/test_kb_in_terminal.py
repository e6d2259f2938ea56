"""``housevoice kb``: the chat's commands about knowledge, one at a time from a shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.shell.cli import cli

Kb = Callable[..., Any]


@pytest.fixture
def kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kb:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUSEVOICE_DATA", str(tmp_path / "data"))
    return lambda *words: CliRunner().invoke(cli, ["kb", *words])


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("gaps", "Every question so far found an answer."),
        ("curated", "Nobody has written an answer yet."),
        ("list", "There are no sources yet."),
    ],
)
def test_what_is_to_be_seen_in_chat_is_printed(kb: Kb, command: str, said: str) -> None:
    shown = kb(command)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert said in shown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "nosuch"), "There is no source 'nosuch'"),
        (("sing",), "`/kb gaps`"),
        ((), "`/kb gaps`"),
        (("add", "file:///etc/passwd"), "not an address on the web"),
        (("search", "--whom=nobody", "pay"), "nobody"),
    ],
)
def test_what_is_refused_ends_with_status_1_on_standard_error(
    kb: Kb, words: tuple[str, ...], said: str
) -> None:
    refused = kb(*words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: ")
    assert said in refused.stderr


def test_a_form_is_shown_and_filled_in_by_words_that_the_shell_took_the_quotes_off(kb: Kb) -> None:
    fields = kb("workspace")
    assert fields.exit_code == 0
    assert fields.stdout.startswith("help_channel: ")
    saved = kb("workspace", "help_channel=the help desk")
    assert (saved.exit_code, saved.stderr) == (0, "")
    assert "[the help desk]" in kb("workspace").stdout
