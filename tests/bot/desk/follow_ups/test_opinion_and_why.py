"""An answer is rated, and says why it is what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversation.channels import WorkspaceRules
from bot.errors import UsageError
from knowledge.types import Attachment
from tests.adapters.desk_bench import Bench, voice_for
from tests.adapters.fake_platform import CHANNEL, THREAD, FakePlatform
from tests.bot.desk.follow_ups.asking import (
    HELP,
    MANAGERS,
    PAY,
    PAY_OF_MANAGERS,
    PRIVATELY,
    UNSURE,
    asked,
)
from tests.kit.fakes import evidence


class TestAnOpinion:
    async def test_is_kept_one_a_person_the_last_one(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office)
        for user, helpful in (("ann", True), ("bob", False), ("ann", False)):
            assert "noted" in await bench.follow_ups.rate(trace, CHANNEL, user, helpful=helpful)
        assert await bench.history.ratings(trace) == (0, 2)

    async def test_of_an_answer_that_is_not_kept_is_refused(self, bench: Bench) -> None:
        with pytest.raises(UsageError, match="no longer"):
            await bench.follow_ups.rate("gone", CHANNEL, "ann", helpful=True)

    async def test_that_the_closest_was_not_meant_is_a_gap_until_nobody_thinks_so(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, UNSURE)
        for user, helpful, gaps in (
            ("ann", True, []),
            ("ann", False, [UNSURE]),
            ("bob", False, [UNSURE]),
            ("ann", True, [UNSURE]),
            ("bob", True, []),
        ):
            await bench.follow_ups.rate(trace, CHANNEL, user, helpful=helpful)
            assert await bench.history.gaps() == gaps

    async def test_of_a_sure_answer_makes_no_gap(self, bench: Bench, office: FakePlatform) -> None:
        trace = await asked(bench, office)
        await bench.follow_ups.rate(trace, CHANNEL, "ann", helpful=False)
        assert await bench.history.gaps() == []

    async def test_of_the_closest_points_to_a_person_where_there_is_one(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, UNSURE)
        told = await bench.follow_ups.rate(trace, CHANNEL, "ann", helpful=False)
        assert "Ask a person" not in told
        rules = WorkspaceRules(help_channel=HELP)
        await bench.channels.set_workspace(CHANNEL, rules, "ann", bench.clock())
        told = await bench.follow_ups.rate(trace, CHANNEL, "ann", helpful=False)
        assert 'press "Ask a person"' in told


class TestAnAnswerGivenElsewhere:
    async def test_cannot_be_asked_about(self, bench: Bench, office: FakePlatform) -> None:
        trace = await asked(bench, office)
        for elsewhere in (replace(CHANNEL, channel="C"), replace(CHANNEL, workspace="T9")):
            with pytest.raises(UsageError, match="somewhere else"):
                await bench.follow_ups.why(trace, elsewhere, "bob", office)


class TestWhy:
    async def test_tells_passages_scores_checks_ages_and_voice(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        bench.world.read_at["handbook", "pay.md"] = bench.clock() - timedelta(days=3)
        bench.world.read_at["board", "board.md"] = bench.clock() - timedelta(hours=3)
        trace = await asked(bench, office, **PRIVATELY)
        card = await bench.follow_ups.why(trace, CHANNEL, "ann", office)
        assert "**When is payday?**" in card.text
        assert "● Fairly sure: what I quoted answers this, as far as I can tell." in card.text
        assert "1. Pay (quoted, read 3 days ago)" in card.text
        assert "2. Board (quoted, read today)" in card.text
        assert "How likely each of them answers: 1: 78%, 2: 76%." in card.text
        assert "> Salaries are paid on the 25th" in card.text
        assert "Checked against the sources and kept: numbers and dates" in card.text
        assert f"Voice: fernhill, version {voice_for(None).version}." in card.text
        assert trace in card.text
        assert [each.title for each in card.sources] == ["Pay", "Board"]

    async def test_tells_a_passage_in_words_whatever_its_markup(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        table = "## Fees\n\n| Zone | Price |\n|:---|---:|\n| **EU** | 9 |\n\n- `one`\n- two"
        bench.knows("postage", replace(evidence(table, title="Postage"), score=1.6, answers=0.78))
        trace = await asked(bench, office, "How much is postage?")
        text = (await bench.follow_ups.why(trace, CHANNEL, "ann", office)).text
        assert "> Fees; Zone, Price; EU, 9; one; two\n" in text
        assert "|" not in text and "160%" not in text and "1.6" not in text
        assert text.index("What I read") < text.index("In figures") < text.index("78%")

    async def test_hides_what_the_viewer_may_not_read(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.audiences[CHANNEL.channel] = MANAGERS
        trace = await asked(bench, office)
        card = await bench.follow_ups.why(trace, CHANNEL, "bob", office)
        assert "Board" not in card.text
        assert "20th" not in card.text
        assert "1 more that is not open to you" in card.text
        assert [each.title for each in card.sources] == ["Pay"]

    async def test_hides_what_is_gone_from_the_source(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, **PRIVATELY)
        bench.passages.forget(PAY, PAY_OF_MANAGERS)
        card = await bench.follow_ups.why(trace, CHANNEL, "ann", office)
        assert "25th" not in card.text
        assert "2 more that are not open to you" in card.text

    @pytest.mark.parametrize("user", ["ann", "bob"])
    async def test_shows_a_file_to_who_saw_the_answer_from_it(
        self, bench: Bench, office: FakePlatform, user: str
    ) -> None:
        bench.attachments.contents["offer.pdf"] = ("offer", "The offer is 7000 euros.\n")
        file = Attachment("offer.pdf", "https://files.example/offer")
        trace = await asked(bench, office, "How high is the offer?", files=(file,), place=THREAD)
        card = await bench.follow_ups.why(trace, THREAD, user, office)
        assert "1. offer.pdf (quoted, not known when it was read)" in card.text

    async def test_of_somebody_elses_private_answer_is_refused(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, **PRIVATELY)
        with pytest.raises(UsageError, match="somebody else"):
            await bench.follow_ups.why(trace, CHANNEL, "bob", office)
        with pytest.raises(UsageError, match="somebody else"):
            await bench.follow_ups.rate(trace, CHANNEL, "bob", helpful=True)

    async def test_it_is_not_certain_says_so_in_words_before_the_figures(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, UNSURE)
        text = (await bench.follow_ups.why(trace, CHANNEL, "ann", office)).text
        words, read, figures = (
            text.index(each) for each in ("◐ Not certain: I showed", "1. Canteen (quoted", "1: 30%")
        )
        assert words < read < figures

    async def test_of_an_answer_from_before_there_were_tiers_is_told_as_far_as_it_is_known(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office)
        async with bench.engine.begin() as db:
            older = "UPDATE trace SET body = json_set(body, '$.passages[0].answers', NULL)"
            await db.execute(sa.text(older))
        text = (await bench.follow_ups.why(trace, CHANNEL, "ann", office)).text
        assert "● Fairly sure" in text and "%" not in text

    async def test_it_does_not_know_says_what_that_comes_of(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, "Who won the cup?")
        card = await bench.follow_ups.why(trace, CHANNEL, "ann", office)
        assert "Nothing that I found answers this well enough" in card.text
        assert "Nothing that could help was found." in card.text

    async def test_works_for_small_talk_and_apologies(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        for text, told in (("Thanks!", "nothing to look up"), ("When is payday?", "Error: ")):
            bench.passages.fault = OSError("disk")
            trace = await asked(bench, office, text)
            card = await bench.follow_ups.why(trace, CHANNEL, "ann", office)
            assert text in card.text and told in card.text
