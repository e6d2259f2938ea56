"""An answer is shared with those who may read it, or a person is asked instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.cards import Card
from bot.conversation.channels import WorkspaceRules
from bot.errors import PlatformError, UsageError
from bot.types import Place
from knowledge.types import Attachment
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, THREAD, FakePlatform
from tests.bot.desk.follow_ups.asking import (
    HELP,
    MANAGERS,
    PAY,
    PAY_OF_MANAGERS,
    PRIVATELY,
    UNSURE,
    asked,
)


class TestSharing:
    async def test_posts_the_answer_with_its_question_and_sources_for_everyone(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.held.clear()
        trace = await asked(bench, office, **PRIVATELY)
        await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        [(place, card)] = office.posts
        assert place == CHANNEL
        assert "@ann asked: *When is payday?*" in card.text
        assert "25th" in card.text
        assert [each.document for each in card.sources] == ["pay.md"]
        assert card.buttons == ("helpful", "unhelpful", "why")
        assert card.subject == trace

    async def test_lets_others_rate_it_and_ask_why(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.held.clear()
        trace = await asked(bench, office, **PRIVATELY)
        with pytest.raises(UsageError, match="somebody else"):
            await bench.follow_ups.why(trace, CHANNEL, "bob", office)
        await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        assert "payday" in (await bench.follow_ups.why(trace, CHANNEL, "bob", office)).text
        assert "noted" in await bench.follow_ups.rate(trace, CHANNEL, "bob", helpful=True)

    async def test_happens_once(self, bench: Bench, office: FakePlatform) -> None:
        office.held.clear()
        trace = await asked(bench, office, **PRIVATELY)
        await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        with pytest.raises(UsageError, match="shared already"):
            await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        assert len(office.posts) == 1

    async def test_that_failed_may_be_tried_again(self, bench: Bench, office: FakePlatform) -> None:
        office.held.clear()
        trace = await asked(bench, office, **PRIVATELY)
        office.fail("post", PlatformError("busy", passing=True))
        with pytest.raises(PlatformError):
            await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        assert len(office.posts) == 1

    @pytest.mark.parametrize(
        "change",
        [
            lambda bench, office: None,
            lambda bench, office: bench.passages.forget(PAY, PAY_OF_MANAGERS),
            lambda bench, office: office.held.clear(),
        ],
    )
    async def test_is_refused_where_not_everyone_may_read_all_that_it_cites(
        self, bench: Bench, office: FakePlatform, change: Callable[[Bench, FakePlatform], None]
    ) -> None:
        bench.passages.forget(PAY)
        trace = await asked(bench, office, **PRIVATELY)
        assert "20th" in office.last.text
        change(bench, office)
        with pytest.raises(UsageError, match="not everyone"):
            await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        assert office.posts == []

    async def test_is_refused_although_everyone_may_read_a_part_of_it(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, **PRIVATELY)
        assert {each.title for each in office.last.sources} == {"Pay", "Board"}
        with pytest.raises(UsageError, match="not everyone"):
            await bench.follow_ups.share(trace, CHANNEL, "ann", office)
        office.audiences[CHANNEL.channel] = MANAGERS
        await bench.follow_ups.share(trace, CHANNEL, "ann", office)

    async def test_is_refused_when_a_source_was_closed_since(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.held.clear()
        trace = await asked(bench, office, **PRIVATELY)
        bench.passages.forget(PAY)
        closed = replace(PAY, passage=replace(PAY.passage, access=MANAGERS))
        bench.knows("payday", closed)
        with pytest.raises(UsageError, match="changed since"):
            await bench.follow_ups.share(trace, CHANNEL, "ann", office)

    async def test_of_a_file_of_ones_own_is_refused(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        bench.attachments.contents["offer.pdf"] = ("offer", "The offer is 7000 euros.\n")
        file = Attachment("offer.pdf", "https://files.example/offer")
        trace = await asked(bench, office, "How high is the offer?", files=(file,), **PRIVATELY)
        assert "7000" in office.last.text
        with pytest.raises(UsageError):
            await bench.follow_ups.share(trace, CHANNEL, "ann", office)

    async def test_of_what_was_no_answer_is_refused(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, "Who won the cup?", **PRIVATELY)
        with pytest.raises(UsageError):
            await bench.follow_ups.share(trace, CHANNEL, "ann", office)

    async def test_of_somebody_elses_answer_is_refused(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, **PRIVATELY)
        with pytest.raises(UsageError, match="somebody else"):
            await bench.follow_ups.share(trace, CHANNEL, "bob", office)


class TestAskingAPerson:
    @pytest.fixture(autouse=True)
    async def _has_help(self, bench: Bench) -> None:
        rules = WorkspaceRules(help_channel=HELP)
        await bench.channels.set_workspace(CHANNEL, rules, "ann", bench.clock())

    async def test_posts_question_link_and_what_was_tried_to_the_help_channel(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, place=THREAD)
        told = await bench.follow_ups.ask_person(trace, THREAD, "ann", office)
        [(place, card)] = office.posts
        link = await office.link(THREAD)
        assert place == Place("office", "W1", HELP)
        assert "@ann would like a person's help" in card.text
        assert "> When is payday?" in card.text
        assert "- Pay" in card.text
        assert f"[Open the conversation]({link})" in card.text
        assert card.live_links == {link}
        assert told.text.endswith("people there: [see the message](https://office.example/p1)")
        assert told.live_links == {"https://office.example/p1"}

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("When is payday?", "My answer did not settle it."),
            (UNSURE, "I showed the closest that I have, without being certain."),
            ("Who won the cup?", "I did not know."),
        ],
    )
    async def test_tells_the_helpers_how_far_it_came(
        self, bench: Bench, office: FakePlatform, text: str, told: str
    ) -> None:
        trace = await asked(bench, office, text)
        await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)
        quote, own = office.posts[0][1].text.split("\n\n")[:2]
        assert quote.endswith(f"> {text}") and own == told

    async def test_names_only_what_the_helpers_may_read(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office, **PRIVATELY)
        await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)
        assert "Board" not in office.posts[0][1].text

    async def test_gives_no_link_into_a_private_conversation(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        for of in (PRIVATELY, {"address": "direct", "place": DIRECT}):
            trace = await asked(bench, office, **of)
            await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)
            assert office.posts[-1][1].links == ()

    async def test_happens_once(self, bench: Bench, office: FakePlatform) -> None:
        trace = await asked(bench, office)
        await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)
        with pytest.raises(UsageError, match="already"):
            await bench.follow_ups.ask_person(trace, CHANNEL, "bob", office)
        assert len(office.posts) == 1

    async def test_that_failed_may_be_tried_again(self, bench: Bench, office: FakePlatform) -> None:
        trace = await asked(bench, office)
        office.fail("post", PlatformError("busy", passing=True))
        with pytest.raises(PlatformError):
            await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)
        assert await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)
        assert len(office.posts) == 1

    async def test_without_a_help_channel_says_how_to_get_one(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        trace = await asked(bench, office)
        await bench.channels.set_workspace(CHANNEL, WorkspaceRules(), "ann", bench.clock())
        with pytest.raises(UsageError, match="/kb workspace"):
            await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)

    async def test_works_where_there_are_no_links(self, bench: Bench, office: FakePlatform) -> None:
        office.has_links = False
        trace = await asked(bench, office)
        told = await bench.follow_ups.ask_person(trace, CHANNEL, "ann", office)
        assert told == Card("I have asked a person.")
