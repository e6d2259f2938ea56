"""What is judged of a pair: tone, plain side, what is personal, likeness to others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import ConfigurationError
from bot.voice.grounding import same_facts
from bot.voice.voice import Voice
from bot.voice.wording import no_names
from jobs.training.voice.creating import NewVoice, create
from jobs.training.voice.preparing.likeness import duplicates, grouped
from jobs.training.voice.preparing.neutral import plain_side
from jobs.training.voice.preparing.personal import masked
from jobs.training.voice.preparing.prepare import add_files, prepare
from jobs.training.voice.preparing.style_guide import word_rules
from jobs.training.voice.preparing.tone import TELLS
from tests.jobs.voice.acme import ACME, ROWS, Bring, again

VOICES = Path(__file__).resolve().parents[3] / "voices"
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


class TestThePlainSideThatIsMade:
    def test_has_neither_the_frame_nor_the_words_of_the_voice(self, acme: Voice) -> None:
        voiced = "Right then! You can buy it, but it won't start! Shout if you are stuck."
        assert plain_side(voiced, acme.guide) == "You can purchase it, but it will not commence."

    def test_is_what_stands_in_the_pairs(self, acme: Voice, bring: Bring) -> None:
        report = bring({"voiced": "Right then! You can buy it. Shout if you are stuck."})
        assert again(acme).examples[-1].plain == "You can purchase it."
        assert report["changed_by_step"] == {"plain side": 1}

    @example(["Priya", "😀", "Priya"])
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
