"""The command line in processes of its own: asking, looking after sources, the doctor."""

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
