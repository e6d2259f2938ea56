"""Which rows become pairs, and why others are dropped."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigurationError
from bot.voice.voice import Voice
from jobs.training.voice.data import TrainingSettings, split
from jobs.training.voice.preparing.prepare import add_files, prepare
from tests.jobs.voice.acme import ROWS, THINGS, Bring, again


def dropped(report: dict[str, Any]) -> list[tuple[int, str]]:
    return [(note["line"], note["step"]) for note in report["dropped"]]


class TestGoodPairs:
    def test_become_examples_that_can_be_trained_on(self, acme: Voice, bring: Bring) -> None:
        report = bring()
        assert report["usable"]
        assert report["dropped"] == []
        assert [pair.model_dump() for pair in again(acme).examples] == [
            {"kind": "rewrite", "question": "", **each} for each in ROWS
        ]

    def test_are_split_so_that_no_topic_is_used_twice(self, acme: Voice, bring: Bring) -> None:
        told = bring(seed=4)["split"]
        topics = [topic for part in told.values() for topic in part["topics"]]
        assert sorted(topics) == sorted(THINGS)
        parts = split(again(acme).examples, TrainingSettings(seed=4))
        assert told["test"]["topics"] == sorted({pair.topic for pair in parts.test})

    def test_give_the_same_files_however_often_it_is_done(self, acme: Voice, bring: Bring) -> None:
        bring({"voiced": "Right then! Hi."})
        names = ("examples.jsonl", "preparation.json", "preparation.md")
        first = [(acme.folder / name).read_bytes() for name in names]
        prepare(again(acme))
        assert [(acme.folder / name).read_bytes() for name in names] == first

    def test_that_the_voice_had_before_are_not_lost(self, acme: Voice, tmp_path: Path) -> None:
        lines = [json.dumps({"kind": "rewrite", "question": "", **each}) for each in ROWS]
        (acme.folder / "examples.jsonl").write_text("\n".join(lines), "utf-8")
        more = tmp_path / "more.jsonl"
        more.write_text(json.dumps({"plain": "Tea is cold.", "voiced": "Right then! Tea is cold."}))
        add_files(acme.folder, [more])
        assert prepare(again(acme))["pairs"] == len(ROWS) + 1

    def test_of_a_csv_file_may_span_lines_and_are_named_by_the_first(
        self, acme: Voice, tmp_path: Path
    ) -> None:
        file = tmp_path / "pairs.csv"
        with file.open("w", newline="") as opened:
            writer = csv.writer(opened, delimiter=";")
            writer.writerow(["Before", "After", "Category"])
            for each in ROWS[:2]:
                writer.writerow([each["plain"], each["voiced"].replace("! ", "!\n"), "x"])
            writer.writerow(["only one"])
        add_files(acme.folder, [file])
        report = prepare(acme)
        assert report["pairs"] == 2
        assert [(n["file"], n["line"], n["step"]) for n in report["dropped"]] == [
            ("pairs.csv", 6, "schema")
        ]

    def test_stand_in_a_style_guide_as_before_and_after_tables_and_quotations(
        self, acme: Voice, tmp_path: Path
    ) -> None:
        file = tmp_path / "guide.md"
        file.write_text(
            "# Returns\n\nBefore: Please purchase a lamp.\nAfter: Please buy a lamp.\n\n"
            "| Plain | Voiced |\n|---|---|\n| purchase | buy |\n"
            "| The work will commence on Monday. | The work will start on Monday. |\n\n"
            "> Right then! We open at nine.\n> Shout if you are stuck.\n"
        )
        add_files(acme.folder, [file])
        lines = [note["line"] for note in prepare(acme)["changed"]]
        assert lines == [11]
        assert (acme.folder / "preparation.json").is_file()
        told = json.loads((acme.folder / "preparation.json").read_text())
        assert (told["pairs"], told["topics"]) == (3, 1)


class TestABadRow:
    @pytest.mark.parametrize(
        ("bad", "step", "why"),
        [
            (b'{"plain": "caf\xe9"}', "encoding", "UTF-8"),
            (b'{"plain": ', "schema", "JSON"),
            (b"[1]", "schema", "object"),
            ({"plain": "A b c.", "voiced": 4}, "schema", "no text"),
            ({"plain": "A b c."}, "schema", "'voiced' is missing"),
            ({"plain": "a", "voiced": "b", "kind": "poem"}, "schema", "kind"),
            ({"plain": "Itâ€™s four.", "voiced": "Right then! Four."}, "encoding", "mangled"),
            ({"plain": "It is.", "voiced": "It\x07 is so."}, "encoding", "control"),
            ({"plain": "It is so.", "voiced": "It is  so."}, "plain side", "the same"),
            ({"voiced": "Tea is at four."}, "plain side", "none of the guide"),
            ({"plain": "Yes.", "voiced": "Yes!"}, "length", "1 words"),
            (
                {"plain": "Tea.", "voiced": "Right then! " + "Tea is good. " * 60},
                "length",
                "far from",
            ),
            (
                {"plain": "Die Teeküche ist montags zu.", "voiced": "Los! Die Teeküche ist zu."},
                "language",
                "'de'",
            ),
            ({"plain": "Please sit.", "voiced": "Kindly sit down."}, "voice", "kindly"),
            (
                {"plain": "You may keep it 5 days.", "voiced": "Right then! Keep it 6 days."},
                "facts",
                "numbers",
            ),
            (
                {"plain": "You may keep it.", "voiced": "You may not keep it."},
                "facts",
                "negations",
            ),
            ({**ROWS[5], "topic": "another"}, "duplicate", "line 6"),
            (
                {"kind": "answer", "question": "When?", "plain": "At 4.", "voiced": "It is at 4."},
                "voice",
                "word for word",
            ),
        ],
    )
    def test_is_dropped_with_its_line_and_the_reason_and_its_neighbours_stay(
        self, bring: Bring, bad: object, step: str, why: str
    ) -> None:
        report = bring(bad)
        assert dropped(report) == [(len(ROWS) + 1, step)]
        assert why in report["dropped"][0]["reason"]
        assert report["pairs"] == len(ROWS)

    def test_stands_in_the_page_that_people_read(self, acme: Voice, bring: Bring) -> None:
        bring(b"{")
        page = (acme.folder / "preparation.md").read_text("utf-8")
        assert f"| replies.jsonl | {len(ROWS) + 1} | schema | it is no JSON" in page


class TestTooLittle:
    def test_is_refused_with_what_is_missing_and_the_old_pairs_stay(
        self, acme: Voice, bring: Bring
    ) -> None:
        bring()
        old = (acme.folder / "examples.jsonl").read_bytes()
        report = bring(rows=ROWS[:28])
        assert not report["usable"]
        assert report["missing"][0].startswith("2 more usable pairs (28 are usable")
        assert (acme.folder / "examples.jsonl").read_bytes() == old

    def test_of_topics_is_refused_too(self, bring: Bring) -> None:
        report = bring(rows=[{**each, "topic": "one"} for each in ROWS])
        assert report["missing"] == [
            "examples on 2 more topics: training, validation and test each need their own"
        ]

    def test_is_nothing_at_all(self, acme: Voice) -> None:
        with pytest.raises(ConfigurationError, match="voice add acme"):
            prepare(acme)


class TestAFileThatCannotBeRead:
    @pytest.mark.parametrize(
        ("name", "content", "why"),
        [
            ("pairs.xlsx", b"PK", r"\.jsonl, \.csv"),
            ("pairs.csv", b"a,b\n1,2\n", "must name the columns"),
            ("pairs.csv", b"\xff\xfea", "UTF-16"),
        ],
    )
    def test_is_told_and_nothing_is_kept(
        self, acme: Voice, tmp_path: Path, name: str, content: bytes, why: str
    ) -> None:
        good, bad = tmp_path / "good.jsonl", tmp_path / name
        good.write_text(json.dumps(ROWS[0]))
        bad.write_bytes(content)
        with pytest.raises(ConfigurationError, match=why):
            add_files(acme.folder, [good, bad])
        assert [each.name for each in acme.folder.iterdir()] == ["guide.toml"]
