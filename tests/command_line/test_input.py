"""What the command line takes and refuses, and what the help says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def refused(result: Any, *said: str) -> None:
    """It ended with exit code 1 and one line that says what is wrong; nothing was printed."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    for words in said:
        assert words in line


class TestAddingAgain:
    def test_does_not_open_what_was_limited(self, run: Callable[..., Any], tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("# Pay\n\nThe top of band D is 65,700 euros.\n")
        run("source", "add", str(page), "--access", "role:managers")
        run("source", "add", str(page))
        (source,) = (
            json.loads(line)
            for line in run("source", "list", "--json").output.split("\n")
            if line.startswith("{")
        )
        assert source["access"] == ["role:managers"]
        run("source", "add", str(page), "--access", "public")
        assert "(public)" in run("source", "list").output


class TestBadInput:
    def test_a_secret_in_an_address_is_refused_and_kept_nowhere(
        self, run: Callable[..., Any]
    ) -> None:
        for address in ("https://ida:hunter2@a.example/x", "https://a.example/?api_key=hunter2"):
            told = run("source", "add", address)
            refused(told, "has a secret in it")
            audit = run("source", "audit")
            assert "added https://a.example/" in audit.stdout and ": refused" in audit.stdout
            assert "hunter2" not in told.output + audit.output

    @pytest.mark.parametrize("words", ["", "   ", "?!"])
    def test_a_search_for_nothing_says_so(self, run: Callable[..., Any], words: str) -> None:
        done = run("search", words)
        assert done.exit_code == 1
        assert "give some words" in done.output

    @pytest.mark.parametrize("command", ["ask", "search"])
    def test_either_a_question_or_a_batch(self, run: Callable[..., Any], command: str) -> None:
        refused(run(command, "why?", "--batch", "-"), "either a question or --batch")
        refused(run(command), "either a question or --batch")

    def test_a_batch_that_cannot_be_read(self, run: Callable[..., Any], tmp_path: Path) -> None:
        refused(run("ask", "--batch", "missing.jsonl"), "missing.jsonl", "No such file")
        refused(run("ask", "--batch", str(tmp_path)), str(tmp_path))

    @pytest.mark.parametrize(
        "line",
        [
            b"not json",
            b'{"id": 1}',
            b'["question"]',
            b'"question"',
            b'{"id": 1, "question": null}',
            b'{"id": 1, "question": ["a", "b"]}',
            b'{"id": 1, "question": "caf\xe9"}',
        ],
    )
    def test_a_batch_line_that_is_no_question_is_named(
        self, run: Callable[..., Any], tmp_path: Path, line: bytes
    ) -> None:
        (tmp_path / "batch.jsonl").write_bytes(b"\n" + line + b"\n")
        refused(run("search", "--json", "--batch", "batch.jsonl"), "Line 2")

    @pytest.mark.parametrize(("name", "said"), [("nobody", "fernhill"), ("../x", "lower-case")])
    def test_an_unknown_voice(self, run: Callable[..., Any], name: str, said: str) -> None:
        refused(run("ask", "why?", "--voice", name), f"'{name}'", said)

    @pytest.mark.parametrize("command", ["show", "refresh", "pause", "resume", "remove"])
    def test_an_unknown_source(self, run: Callable[..., Any], command: str) -> None:
        refused(run("source", command, "nowhere"), "no source 'nowhere'", "source list")

    @pytest.mark.parametrize(
        ("location", "said"),
        [("nowhere", "does not exist"), ("ftp://x.example/", "ftp"), ("", "Give the URL")],
    )
    def test_a_source_that_is_none(self, run: Callable[..., Any], location: str, said: str) -> None:
        refused(run("source", "add", location), said)
        assert run("source", "list").stdout == ""

    def test_a_page_that_cannot_be_reached_is_kept_for_the_next_time(
        self, run: Callable[..., Any]
    ) -> None:
        result = run("source", "add", "http://127.0.0.1:9/page")
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code == 1
        assert "127.0.0.1" in result.stderr
        assert result.stderr.splitlines()[-1].startswith("Error: The source is kept")
        assert "127.0.0.1" in run("source", "list").stdout


class TestAPausedSource:
    def test_is_left_out_of_a_refresh_and_says_so(self, run: Callable[..., Any]) -> None:
        run("source", "add", "http://127.0.0.1:9/page")
        shown = json.loads(run("source", "show", "http://127.0.0.1:9/page", "--json").stdout)
        assert shown["paused"] is False
        assert "127.0.0.1" in shown["runs"][0]["error"]
        assert "is paused" in run("source", "pause", shown["id"]).stdout
        assert run("source", "refresh").exit_code == 0
        assert "  paused" in run("source", "show", shown["id"]).stdout
        assert "resume it first" in run("source", "refresh", shown["id"]).stderr
        run("source", "resume", shown["id"])
        assert run("source", "refresh").exit_code == 1

    def test_options_of_every_kind_can_be_given(self, run: Callable[..., Any]) -> None:
        run("source", "add", "http://127.0.0.1:9/page", "--token", "env:HOME")
        assert "token: env:HOME" in run("source", "show", "http://127.0.0.1:9/page").stdout
        refused(run("source", "add", ".", "--token", "env:HOME"), "no option 'token'", "include")


class TestBadSettings:
    @pytest.mark.parametrize(
        ("setting", "value", "said"),
        [
            ("HOUSEVOICE_SURE", "7", "HOUSEVOICE_SURE"),
            ("HOUSEVOICE_LOG_LEVEL", "loud", "HOUSEVOICE_LOG_LEVEL"),
            ("HOUSEVOICE_MAX_DOCUMENT_MB", "many", "HOUSEVOICE_MAX_DOCUMENT_MB"),
            ("HOUSEVOICE_HTTP_ALLOW", "wiki.example", "HOUSEVOICE_HTTP_ALLOW"),
            ("HOUSEVOICE_EMBEDDER", "/nowhere", "'/nowhere'"),
            ("DATABASE_URL", "mysql://x/y", "mysql"),
            ("DATABASE_URL", "nonsense", "DATABASE_URL"),
            ("WEAVIATE_URL", "http://127.0.0.1:9", "127.0.0.1:9"),
        ],
    )
    def test_a_wrong_setting_is_named(
        self, run: Callable[..., Any], setting: str, value: str, said: str
    ) -> None:
        refused(run("source", "list", **{setting: value}), said)

    def test_the_value_of_a_secret_is_not_repeated(self, run: Callable[..., Any]) -> None:
        url = "postgresql://bot:hunter2@127.0.0.1:9/x"
        result = run("source", "list", DATABASE_URL=url)
        refused(result, "127.0.0.1")
        assert "hunter2" not in result.output

    def test_a_data_folder_that_is_a_file(self, run: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "data").write_text("I am a file.")
        refused(run("source", "list"), str(tmp_path / "data"), "HOUSEVOICE_DATA")

    @pytest.mark.parametrize("name", ["state.db", "passages.db"])
    def test_a_damaged_file_in_the_data_folder(
        self, run: Callable[..., Any], tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / name).write_text("This is a note, not a database. " * 50)
        refused(run("source", "list"), name)


class TestHelp:
    @pytest.mark.parametrize(
        ("words", "named"),
        [
            ([], ["ask", "search", "chat", "serve", "doctor", "source", "voice", "discord"]),
            (["source"], ["add", "list", "refresh", "remove"]),
            (["ask"], ["--json", "--batch", "--voice", "--as"]),
            (["search"], ["-k", "--json", "--batch", "--as"]),
        ],
    )
    def test_every_command_is_listed(
        self, run: Callable[..., Any], words: list[str], named: list[str]
    ) -> None:
        shown = run(*words, "--help")
        assert shown.exit_code == 0
        assert [name for name in named if name not in shown.stdout] == []

    def test_the_voices_are_listed(self, run: Callable[..., Any]) -> None:
        listed = run("voice", "list")
        assert listed.exit_code == 0
        assert listed.stdout.startswith("fernhill  ")
