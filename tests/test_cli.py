"""The command line as people and scripts meet it: what is printed where, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.shell.cli import cli

Done = subprocess.CompletedProcess[str]
Environment = Callable[[Path], dict[str, str]]

REPLY_KEYS = {
    "id",
    "question",
    "answer",
    "abstained",
    "tier",
    "citations",
    "passages",
    "checks",
    "voice",
    "voice_version",
    "timings_ms",
    "trace_id",
}
CITATION_KEYS = {"n", "title", "document", "url", "quote", "passage"}
PASSAGE_KEYS = {"id", "source", "document", "url", "title", "score", "answers", "text"}
SOURCE_KEYS = {
    *("id", "kind", "location", "options", "access", "paused", "reading_since"),
    *("documents", "passages", "skipped", "left_out", "not_documents", "error"),
    *("schedule", "quarantined", "waits"),
}

BATCH: list[dict[str, Any]] = [
    {"id": "b", "question": "When is everybody paid in December?"},
    {"id": "a", "question": "Who won the world cup in 2018?"},
    {"id": 7, "question": "What are the core hours?"},
]


# --- in processes of their own ----------------------------------------------------------------


def in_terminal(words: list[str], place: Path, environment: dict[str, str]) -> Done:
    """Run what finds a terminal behind standard error; what it showed there is the ``stderr``."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        cwd=place,
        env=environment,
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # how Linux says that nobody holds the other end any more
            while read := os.read(ours, 4096):
                shown += read
        os.close(ours)
        assert process.stdout is not None
        said = process.stdout.read()
    return Done(words, process.returncode, said, shown.decode())


class Commands:
    """Real processes, two at a time: each takes seconds to load its libraries and models.

    Of those that answer only one does so with the real writing model; its standard error is a
    terminal.
    """

    def __init__(self, samples: Path, tiny: Path, place: Path, environment: Environment):
        self.data = place / "data"
        self._place = place
        self._environment = environment
        with ThreadPoolExecutor(max_workers=2) as pool:

            def later(*words: str, **more: str) -> Future[Done]:
                return pool.submit(self._run, *words, data=samples, **more)

            self.ask = pool.submit(
                in_terminal,
                ["ask", "On which day are people in Lyon paid?", "--json"],
                place,
                environment(samples),
            )
            self.sources = pool.submit(self._sources)
            self.batch = later(
                "ask",
                "--json",
                "--batch",
                "-",
                stdin="\n\n".join(map(json.dumps, BATCH)),
                model=str(tiny),
            )
            self.chat = later(
                "chat",
                stdin="When is everybody paid in December?\n\nand in Lyon?\n/quit\nNever asked\n",
                model=str(tiny),
            )
            self.search = later(
                "search", "top of band D", "-k", "2", "--json", "--as", "role:managers"
            )
            self.doctor = pool.submit(
                self._run, "doctor", data=self._place / "ill", embedder="/nowhere"
            )

    def _run(
        self,
        *words: str,
        data: Path,
        stdin: str = "",
        model: str = "packaged",
        embedder: str = "packaged",
    ) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "bot", *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._place,
            env=self._environment(data)
            | {"HOUSEVOICE_WRITER_MODEL": model, "HOUSEVOICE_EMBEDDER": embedder},
        )

    def _sources(self) -> list[Done]:
        """Add a folder, list it, refresh after a change, and remove it, asked three times."""
        docs = self._place / "docs"
        docs.mkdir()
        (docs / "pay.md").write_text("# Pay\n\nSalaries arrive monthly.")
        (docs / "old.md").write_text("# Old\n\nOld rules.")
        (docs / "empty.md").write_text("")
        (docs / "logo.woff2").write_bytes(b"wOF2")
        (docs / "fees.html").write_text("<main><p>It costs 9 euros.</p><p hidden>More.</p></main>")
        done = [
            self._run("source", "add", "docs", "--access", "role:hr", data=self.data),
            self._run("source", "list", "--json", data=self.data),
        ]
        (docs / "old.md").unlink()
        done.append(self._run("source", "refresh", data=self.data))
        done.append(self._run("source", "remove", "docs", data=self.data))
        done.append(self._run("source", "remove", "docs", data=self.data, stdin="n\n"))
        done.append(self._run("source", "remove", "docs", data=self.data, stdin="y\n"))
        return done


@pytest.fixture(scope="module")
def commands(
    samples_folder: Path,
    tiny_writer: Path,
    tmp_path_factory: pytest.TempPathFactory,
    environment: Environment,
) -> Commands:
    return Commands(samples_folder, tiny_writer, tmp_path_factory.mktemp("cli"), environment)


def lines(done: Done) -> list[dict[str, Any]]:
    """The JSON lines on standard output, where nothing else may be."""
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class TestAsking:
    def test_json_has_the_documented_keys_and_no_others(self, commands: Commands) -> None:
        (reply,) = lines(commands.ask.result())
        assert reply.keys() == REPLY_KEYS
        assert reply["question"] == "On which day are people in Lyon paid?"
        assert reply["tier"] == "sure" and not reply["abstained"]
        assert "27th" in reply["answer"]
        assert reply["voice"] == "fernhill"
        assert reply["citations"]
        assert reply["passages"]
        for citation in reply["citations"]:
            assert citation.keys() == CITATION_KEYS
        for passage in reply["passages"]:
            assert passage.keys() == PASSAGE_KEYS
        cited, *_ = reply["citations"]
        assert cited["document"] == "people/pay-dates.md"
        [source] = [each for each in reply["passages"] if each["id"] == cited["passage"]]
        assert cited["quote"] in source["text"]
        assert cited["url"] == source["url"]
        assert reply["timings_ms"]["total"] > 0

    def test_a_terminal_shows_no_warnings_of_libraries(self, commands: Commands) -> None:
        assert commands.ask.result().stderr == ""

    @pytest.mark.parametrize("name", ["batch", "chat", "search"])
    def test_standard_error_is_left_alone_when_nothing_is_wrong(
        self, commands: Commands, name: str
    ) -> None:
        assert getattr(commands, name).result().stderr == ""

    def test_a_batch_is_answered_in_order_under_its_ids(self, commands: Commands) -> None:
        replies = lines(commands.batch.result())
        assert [reply["id"] for reply in replies] == ["b", "a", "7"]
        assert [reply["question"] for reply in replies] == [row["question"] for row in BATCH]
        assert all(reply.keys() == REPLY_KEYS for reply in replies)
        assert len({reply["trace_id"] for reply in replies}) == len(BATCH)

    def test_a_batch_answers_what_it_knows_and_nothing_else(self, commands: Commands) -> None:
        december, cup, _ = lines(commands.batch.result())
        assert not december["abstained"] and "19th" in december["answer"]
        assert cup["tier"] == "none" and cup["abstained"] and cup["citations"] == []

    def test_search_gives_k_passages_to_those_who_may_read_them(self, commands: Commands) -> None:
        (found,) = lines(commands.search.result())
        assert found.keys() == {"id", "question", "passages"}
        assert len(found["passages"]) == 2
        assert all(passage.keys() == PASSAGE_KEYS for passage in found["passages"])
        assert found["passages"][0]["document"] == "managers/pay-review.md"
        scores = [passage["score"] for passage in found["passages"]]
        assert scores == sorted(scores, reverse=True)

    def test_a_piped_chat_answers_line_by_line_until_told_to_leave(
        self, commands: Commands
    ) -> None:
        done = commands.chat.result()
        assert done.returncode == 0, done.stderr
        asked = [line for line in done.stdout.splitlines() if line.startswith("> ")]
        assert asked == ["> When is everybody paid in December?", "> and in Lyon?"]
        assert "19th" in done.stdout.split("> and in Lyon?")[0]
        assert "[1] When you are paid › Pay day (people/pay-dates.md)" in done.stdout
        assert "\x1b" not in done.stdout


class TestSources:
    def test_adding_tells_what_was_read_and_what_was_not(self, commands: Commands) -> None:
        added = commands.sources.result()[0]
        assert added.returncode == 0, added.stderr
        assert (
            "3 added, 0 changed, 0 removed, 0 unchanged, 1 skipped; not read: 1 hidden part; "
            "not documents: 1 font\n"
        ) in added.stderr
        assert "not read of fees.html: 1 hidden part\n" in added.stderr
        assert "skipped empty.md: The file is empty." in added.stderr

    def test_nothing_else_is_told_by_libraries_either(self, commands: Commands) -> None:
        ours = re.compile(
            r"\S+/docs: [\d a-z,;:]+|  skipped empty\.md: [\w .]+|  not read of fees\.html: [\w ]+"
        )
        for done in commands.sources.result()[:3]:
            assert all(ours.fullmatch(line) for line in done.stderr.splitlines()), done.stderr

    def test_the_list_has_each_source_with_what_is_in_it(self, commands: Commands) -> None:
        (source,) = lines(commands.sources.result()[1])
        assert source.keys() == SOURCE_KEYS
        assert source["kind"] == "folder"
        assert source["location"].endswith("/docs")
        assert source["access"] == ["role:hr"]
        assert (source["documents"], source["passages"]) == (3, 3)
        assert list(source["skipped"]) == ["empty.md"]
        assert source["left_out"] == {"fees.html": {"hidden parts": {"count": 1, "where": ""}}}
        assert source["not_documents"] == {"fonts": 1}
        assert source["error"] is None

    def test_refreshing_takes_out_what_vanished(self, commands: Commands) -> None:
        refreshed = commands.sources.result()[2]
        assert refreshed.returncode == 0, refreshed.stderr
        assert "0 added, 0 changed, 1 removed, 2 unchanged, 1 skipped" in refreshed.stderr

    def test_removing_by_path_leaves_nothing(
        self, commands: Commands, run: Callable[..., Any]
    ) -> None:
        nobody, no, removed = commands.sources.result()[3:]
        assert nobody.returncode == 1 and "Give --yes." in nobody.stderr
        assert no.returncode == 0 and no.stdout.endswith("/docs stays as it is.\n")
        assert removed.returncode == 0, removed.stderr
        assert "/docs with 2 passages? [y/N]" in removed.stderr
        assert "/docs with 2 passages." in removed.stdout
        assert run("source", "list", HOUSEVOICE_DATA=str(commands.data)).output == ""


# --- in this process --------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command over an empty data folder; settings as keywords."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str, stdin: str = "", **settings: str) -> Any:
        for name, value in ({"HOUSEVOICE_DATA": str(tmp_path / "data")} | settings).items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(cli, words, input=stdin)

    return command


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


class TestDoctor:
    def test_a_good_installation_has_no_faults(
        self, run: Callable[..., Any], samples_folder: Path
    ) -> None:
        result = run("doctor", HOUSEVOICE_DATA=str(samples_folder))
        assert result.exit_code == 0, result.output
        assert len(result.stdout.splitlines()) == 10
        assert all(line.startswith("ok ") for line in result.stdout.splitlines()), result.stdout
        assert result.stderr == ""

    def test_an_ill_one_says_what_to_do_and_fails(self, commands: Commands) -> None:
        done = commands.doctor.result()
        assert done.returncode == 1
        faults = [line for line in done.stdout.splitlines() if line.startswith("FAULT ")]
        assert [line.split(":")[0] for line in faults] == ["FAULT passage store", "FAULT embedder"]
        assert "source add" in faults[0]
        assert "/nowhere" in faults[1]
        assert done.stderr == ""

    def test_it_tells_whether_text_in_pictures_is_recognised(
        self, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def told(**settings: str) -> str:
            ill = run("doctor", HOUSEVOICE_EMBEDDER="/nowhere", HOUSEVOICE_READER="/no", **settings)
            (line,) = (each for each in ill.stdout.splitlines() if "text in pictures" in each)
            return str(line.partition("pictures: ")[2])

        monkeypatch.setattr("bot.shell.doctor.is_installed", lambda: True)
        assert told() == "recognised"
        monkeypatch.setattr("bot.shell.doctor.is_installed", lambda: False)
        assert told() == "not recognised: the extra 'ocr' is not installed"
        monkeypatch.setattr("bot.shell.doctor.is_installed", lambda: True)
        assert told(HOUSEVOICE_OCR="false") == "not recognised: HOUSEVOICE_OCR is false"

    def test_every_fault_is_named_whatever_else_is_wrong(
        self, run: Callable[..., Any], tmp_path: Path
    ) -> None:
        (tmp_path / "data").write_text("I am a file.")
        result = run(
            "doctor",
            HOUSEVOICE_VOICE="nobody",
            HOUSEVOICE_EMBEDDER="/nowhere",
            HOUSEVOICE_WRITER_MODEL="endpoint",
        )
        assert result.exit_code == 1
        findings = dict(
            line.removeprefix("FAULT ").split(": ", 1)
            for line in result.stdout.splitlines()
            if line.startswith("FAULT ")
        )
        assert findings.keys() == {
            "data folder",
            "database",
            "passage store",
            "embedder",
            "voice",
            "reader",
            "writing model",
        }
        assert str(tmp_path / "data") in findings["data folder"]
        assert "fernhill" in findings["voice"]
        assert "/nowhere" in findings["embedder"]
        assert "HOUSEVOICE_WRITER_URL" in findings["writing model"]
        assert all(line.startswith(("ok ", "FAULT ")) for line in result.stdout.splitlines())
        assert result.stderr == ""

    @pytest.mark.parametrize(
        ("setting", "value"),
        [("HOUSEVOICE_SURE", "7"), ("HOUSEVOICE_HTTP_ALLOW", "wiki.example")],
    )
    def test_settings_that_cannot_be_read_are_a_finding(
        self, run: Callable[..., Any], setting: str, value: str
    ) -> None:
        result = run("doctor", **{setting: value})
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code == 1
        assert f"FAULT settings: {setting}:" in result.stdout

    def test_an_embedder_that_does_not_load_is_a_finding(
        self, run: Callable[..., Any], tmp_path: Path
    ) -> None:
        (tmp_path / "tokenizer.json").write_text("{}")
        result = run("doctor", HOUSEVOICE_EMBEDDER=str(tmp_path))
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert "FAULT embedder" in result.stdout


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
