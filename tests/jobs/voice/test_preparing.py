"""From a company's own writing to pairs: what is read, made, masked, dropped, and told."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigurationError
from bot.voice.grounding import same_facts
from bot.voice.voice import Voice
from bot.voice.wording import no_names
from jobs.training.voice.creating import NewVoice, create
from jobs.training.voice.data import TrainingSettings, split
from jobs.training.voice.preparing.likeness import duplicates, grouped
from jobs.training.voice.preparing.neutral import plain_side
from jobs.training.voice.preparing.personal import masked
from jobs.training.voice.preparing.prepare import add_files, prepare
from jobs.training.voice.preparing.style_guide import word_rules
from jobs.training.voice.preparing.tone import TELLS

VOICES = Path(__file__).resolve().parents[3] / "voices"
ACME = NewVoice(
    "acme",
    greetings=["Right then!"],
    closings=["Shout if you are stuck."],
    forbidden=["kindly"],
    swaps={"purchase": "buy", "commence": "start"},
)
THINGS = "bikes lamps bells tyres locks pumps saddles chains pedals racks wheels helmets".split()
DOINGS = (
    "You may return {0} within {1} days if the box is whole.",
    "A workshop mends {0} on floor {1} while people drink tea.",
    "Orders of {0} leave the warehouse from gate {1} every morning.",
)


def row(thing: int, doing: int) -> dict[str, str]:
    plain = DOINGS[doing].format(THINGS[thing], 10 + thing)
    return {"plain": plain, "voiced": f"Right then! {plain} Shout if you are stuck."} | {
        "topic": THINGS[thing]
    }


ROWS = [row(thing, doing) for thing in range(12) for doing in range(3)]


@pytest.fixture
def acme(tmp_path: Path) -> Voice:
    return create(tmp_path / "voices", ACME)


Bring = Callable[..., dict[str, Any]]


@pytest.fixture
def bring(acme: Voice, tmp_path: Path) -> Bring:
    """Add the good rows and some others to the voice and prepare it; returns the report."""

    def brought(*others: object, rows: Sequence[object] = ROWS, **options: Any) -> dict[str, Any]:
        lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in others]
        good = [json.dumps(each).encode() for each in rows]
        file = tmp_path / "replies.jsonl"
        file.write_bytes(b"\n".join([*good, *lines]) + b"\n")
        add_files(acme.folder, [file])
        return prepare(acme, **options)

    return brought


def dropped(report: dict[str, Any]) -> list[tuple[int, str]]:
    return [(note["line"], note["step"]) for note in report["dropped"]]


def again(voice: Voice) -> Voice:
    return Voice.load(voice.folder.parent, voice.name)


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


OF_FERNHILL = (VOICES / "fernhill" / "examples.jsonl").read_text("utf-8").splitlines()[:60]


class TestTheTone:
    @pytest.fixture
    def fernhill(self, tmp_path: Path) -> Voice:
        (tmp_path / "fernhill").mkdir()
        shutil.copy(VOICES / "fernhill" / "guide.toml", tmp_path / "fernhill")
        return Voice.load(tmp_path, "fernhill")

    def heard(self, voice: Voice, *others: dict[str, str]) -> tuple[dict[str, Any], list[int]]:
        file = voice.folder.parent / "replies.jsonl"
        file.write_text("\n".join([*OF_FERNHILL, *(json.dumps(each) for each in others)]))
        add_files(voice.folder, [file])
        told = prepare(voice)
        return told["tone"], [n["line"] for n in told["dropped"] if n["step"] == "tone"]

    def test_drops_a_formal_text_and_sides_the_wrong_way_round_and_nothing_else(
        self, fernhill: Voice
    ) -> None:
        plain = "Orders are held at the counter for ten days."
        formal = "Please be advised that orders are held at the counter for ten days."
        swapped = {"plain": f"Hello there! Have a look at this. {plain}", "voiced": plain}
        tone, lines = self.heard(
            fernhill, {"plain": plain, "voiced": formal}, {**swapped, "topic": "swapped"}
        )
        assert tone["judged"] and tone["auroc"] > TELLS
        assert lines and set(lines) <= {len(OF_FERNHILL) + 1, len(OF_FERNHILL) + 2}

    def test_drops_nothing_where_it_cannot_be_told_from_plain_text(
        self, acme: Voice, bring: Bring
    ) -> None:
        turns = [("Truly", "Surely"), ("Surely", "Truly")]
        mixed = [
            {**each, "plain": f"{each['plain']} {one}.", "voiced": f"{each['plain']} {other}."}
            for each, (one, other) in zip(ROWS, turns * 18, strict=True)
        ]
        assert not bring(rows=mixed)["tone"]["judged"]
        assert "No classifier listened" in (acme.folder / "preparation.md").read_text("utf-8")


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


class TestThePlainSideThatIsMade:
    def test_has_neither_the_frame_nor_the_words_of_the_voice(self, acme: Voice) -> None:
        voiced = "Right then! You can buy it, but it won't start! Shout if you are stuck."
        assert plain_side(voiced, acme.guide) == "You can purchase it, but it will not commence."

    def test_is_what_stands_in_the_pairs(self, acme: Voice, bring: Bring) -> None:
        report = bring({"voiced": "Right then! You can buy it. Shout if you are stuck."})
        assert again(acme).examples[-1].plain == "You can purchase it."
        assert report["changed_by_step"] == {"plain side": 1}

    @given(st.lists(st.sampled_from(["we", "can't", "buy", "42", "not", "Priya", "start!", "😀"])))
    def test_keeps_the_facts(self, words: list[str]) -> None:
        voice = Voice.load(Path(__file__).resolve().parents[3] / "voices", "fernhill")
        text = " ".join(["we", *words])
        assert all(same_facts(text, plain_side(text, voice.guide), no_names(voice)).values())


class TestPersonalData:
    @pytest.mark.parametrize(
        ("text", "kind", "gone"),
        [
            ("Write to ann.lee@acme.co.uk today.", "mail address", "ann.lee"),
            ("Ring 0161 496 0753 or +49 30 901820.", "phone number", "901820"),
            ("Pay into GB82 WEST 1234 5698 7654 32 now.", "account number", "WEST"),
            ("It was card 4111 1111 1111 1111, was it?", "card number", "4111"),
            ("Dear Ms Okafor, your bike is here. Regards, Priya", "name", "Okafor"),
        ],
    )
    def test_is_found_and_replaced_on_both_sides(
        self, acme: Voice, text: str, kind: str, gone: str
    ) -> None:
        plain, voiced, kinds = masked(text, f"Right then! {text}", acme.guide, "GB")
        assert kind in kinds
        assert gone not in plain + voiced
        assert voiced == f"Right then! {plain}"

    @pytest.mark.parametrize(
        "text",
        [
            "Order FC-20931 has 1234 5678 9012 3456 parts.",  # no card: the check digit is wrong
            "Write to help@example.com or loans@weir.example.",
            "Dear all, we open at 10:30 on 4 May 2026 in room 302. Regards, Support Team",
        ],
    )
    def test_is_not_seen_where_there_is_none(self, acme: Voice, text: str) -> None:
        assert masked(text, text, acme.guide, "GB") == (text, text, [])

    def test_is_masked_once_and_for_all(self, acme: Voice) -> None:
        text = "Hello Priya, ring 0161 496 0753 or write to a.b@acme.co.uk."
        once = masked(text, text, acme.guide, "GB")[0]
        assert masked(once, once, acme.guide, "GB") == (once, once, [])

    def test_is_told_by_its_kind_and_never_by_its_value(self, acme: Voice, bring: Bring) -> None:
        text = "Ring 0161 496 0753 for a spare bell of brass."
        report = bring({"plain": text, "voiced": f"Right then! {text}"})
        assert report["changed"][0]["reason"] == "replaced: phone number"
        written = b"".join(each.read_bytes() for each in acme.folder.glob("*.*"))
        assert b"496 0753" not in written


class TestLikeness:
    def test_sees_what_is_nearly_the_same_and_not_what_is_different(self) -> None:
        text = "You may return any lamp within 14 days if the box is whole and you have the bill."
        other = "Gate 4 opens at nine every morning for those who come by bike."
        assert duplicates([text, other, text.lower().replace(".", "!")]) == {2: 0}

    def test_puts_texts_about_the_same_thing_together(self) -> None:
        groups = grouped(
            [
                "The lamp needs a battery.",
                "Gate four opens at nine.",
                "A battery for the lamp costs two pounds.",
                "At nine the gate opens.",
            ]
        )
        assert groups == [0, 1, 0, 1]


class TestCreating:
    def test_makes_a_guide_that_can_be_answered_with(self, acme: Voice) -> None:
        assert acme.guide.suited(acme.guide.greetings, None) == ("Right then!",)
        assert acme.guide.markers.swaps == {"purchase": "buy", "commence": "start"}

    def test_keeps_its_cheer_from_bad_news(self, acme: Voice) -> None:
        for lines, sober in (
            (acme.guide.greetings, "Hello."),
            (acme.guide.closings, "Ask me if anything is unclear."),
        ):
            assert acme.guide.suited(lines, "bad_news") == (sober,)
            assert acme.guide.suited(lines, "security") == ()
            assert sober not in acme.guide.suited(lines, None)

    def test_takes_sober_lines_of_its_own(self, tmp_path: Path) -> None:
        guide = create(tmp_path, NewVoice("own", sober_greetings=["We are sorry."])).guide
        assert guide.suited(guide.greetings, "money") == ("We are sorry.",)

    def test_keeps_a_greeting_that_would_be_sober_by_default(self, tmp_path: Path) -> None:
        guide = create(tmp_path, NewVoice("own", greetings=["Hello."])).guide
        assert guide.suited(guide.greetings, None) == ("Hello.",)
        assert guide.suited(guide.greetings, "money") == ()

    def test_takes_the_words_of_a_style_guide(self, tmp_path: Path) -> None:
        guide = tmp_path / "style.md"
        guide.write_text(
            '- Say help, not assist\n- Instead of "commence", write "start"\n* utilise → use\n'
            "Never say: synergy, touch base\n\n| Avoid | Use |\n|---|---|\n| prior to | before |\n"
            "| This is a whole sentence. | So is this one, you see. |\n"
        )
        rules = create(tmp_path, NewVoice("two"), style_guides=[guide]).guide.markers
        assert rules.forbidden == ("synergy", "touch base")
        assert rules.swaps == {
            "assist": "help",
            "commence": "start",
            "utilise": "use",
            "prior to": "before",
        }

    @given(st.text(max_size=200))
    def test_reads_any_text_as_a_style_guide(self, text: str) -> None:
        rules = word_rules(text)
        assert all(old and new for old, new in rules.swaps.items())

    @pytest.mark.parametrize(
        ("new", "why"),
        [
            (NewVoice("Acme!"), "not a voice's name"),
            (NewVoice("acme"), "already"),
            (NewVoice("next", exclamations=-1), "exclamations"),
            (NewVoice("next", greetings=["Hi.", " "]), "greetings"),
            (NewVoice("next", sober_closings=[""]), "closings"),
            (NewVoice("next", closings=["Bye."], sober_closings=["Bye."]), "Bye"),
        ],
    )
    def test_that_cannot_be_done_leaves_nothing(self, acme: Voice, new: NewVoice, why: str) -> None:
        root = acme.folder.parent
        before = sorted(root.rglob("*"))
        with pytest.raises(ConfigurationError, match=why):
            create(root, new)
        assert sorted(root.rglob("*")) == before

    def test_with_a_file_that_cannot_be_read_leaves_nothing(self, tmp_path: Path) -> None:
        bad = tmp_path / "a.csv"
        bad.write_text("x,y\n")
        with pytest.raises(ConfigurationError, match="columns"):
            create(tmp_path / "voices", ACME, examples=[bad])
        assert list((tmp_path / "voices").iterdir()) == []
