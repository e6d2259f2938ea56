"""Private never leaks, and public still answers: both directions, for every place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.conversation.channels import ChannelRules
from bot.types import Place
from knowledge.types import Attachment
from tests.adapters.desk_bench import Bench, open_bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, THREAD, FakePlatform, utterance
from tests.kit.fakes import evidence

PAY = "Salaries are paid on the 25th of each month.\n"
BONUS = "The bonus for managers is 4000 euros.\n"
MANAGERS = frozenset({"office:group:managers"})
BOSSES = Place("office", "W1", "C-bosses")
SECRET = evidence(BONUS, document="bonus.md", title="Bonus", source="board", access=MANAGERS)
KNOWN = evidence(PAY, document="pay.md", title="Pay")

PRIVATELY: dict[str, Any] = {"address": "command", "private": True}
DIRECTLY: dict[str, Any] = {"address": "direct", "place": DIRECT}
ALOUD: dict[str, Any] = {"address": "mention"}
IN_THREAD: dict[str, Any] = {"address": "mention", "place": THREAD}
AMONG_BOSSES: dict[str, Any] = {"address": "mention", "place": BOSSES}


@pytest.fixture(autouse=True)
def _knows(bench: Bench, office: FakePlatform) -> None:
    bench.knows("payday", KNOWN)
    bench.knows("bonus", SECRET)
    office.held = {"ann": MANAGERS}
    office.audiences = {BOSSES.channel: MANAGERS}


async def answer(bench: Bench, office: FakePlatform, text: str, **of: Any) -> str:
    await bench.dispatcher.hear(office, utterance(text, **of))
    await bench.settled()
    return office.last.text


@pytest.mark.parametrize(
    ("of", "tells"),
    [
        (PRIVATELY, True),
        (DIRECTLY, True),
        (AMONG_BOSSES, True),
        (ALOUD, False),
        (IN_THREAD, False),
        ({"address": "command"}, False),
        (PRIVATELY | {"author": "bob"}, False),
        (DIRECTLY | {"author": "bob"}, False),
        (AMONG_BOSSES | {"author": "bob"}, True),
    ],
)
async def test_what_only_some_may_read_is_told_where_only_they_see_it(
    bench: Bench, office: FakePlatform, of: dict[str, Any], tells: bool
) -> None:
    told = await answer(bench, office, "How high is the bonus?", **of)
    assert ("4000" in told) is tells
    shown = str([office.messages, [reply.grown for reply in office.replies]])
    assert ("4000" in shown or "Bonus" in shown) is tells


@pytest.mark.parametrize("of", [PRIVATELY, DIRECTLY, ALOUD, IN_THREAD, AMONG_BOSSES])
async def test_what_everybody_may_read_is_told_everywhere(
    bench: Bench, office: FakePlatform, of: dict[str, Any]
) -> None:
    assert "25th" in await answer(bench, office, "When is payday?", **of)


async def test_names_for_roles_open_what_their_members_may_read(
    office: FakePlatform, tmp_path: Any
) -> None:
    secret = replace(SECRET, passage=replace(SECRET.passage, access=frozenset({"role:managers"})))
    async with open_bench(
        tmp_path, url=f"sqlite:///{tmp_path}/roles.db", roles={"role:managers": MANAGERS}
    ) as bench:
        bench.knows("bonus", secret)
        assert "4000" in await answer(bench, office, "The bonus?", **PRIVATELY)
        assert "4000" in await answer(bench, office, "The bonus?", **AMONG_BOSSES)
        assert "4000" not in await answer(bench, office, "The bonus?", **ALOUD)
        assert "4000" not in await answer(
            bench, office, "The bonus?", **PRIVATELY | {"author": "bob"}
        )


class TestAPrivateConversation:
    @pytest.mark.parametrize("private", [PRIVATELY, DIRECTLY])
    @pytest.mark.parametrize("aloud", [ALOUD, IN_THREAD])
    async def test_is_nothing_that_a_public_one_leans_on(
        self, bench: Bench, office: FakePlatform, private: dict[str, Any], aloud: dict[str, Any]
    ) -> None:
        await answer(bench, office, "How high is the bonus?", **private)
        await answer(bench, office, "And for interns?", **aloud)
        assert bench.passages.searches[-1].question == "And for interns?"

    async def test_in_a_thread_is_nothing_that_the_thread_leans_on(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await answer(bench, office, "How high is the bonus?", **IN_THREAD | PRIVATELY)
        await answer(bench, office, "And for interns?", **IN_THREAD)
        assert bench.passages.searches[-1].question == "And for interns?"

    async def test_goes_on_by_itself(self, bench: Bench, office: FakePlatform) -> None:
        await answer(bench, office, "How high is the bonus?", **PRIVATELY)
        await answer(bench, office, "And for interns?", **PRIVATELY)
        assert bench.passages.searches[-1].question == "How high is the bonus? And for interns?"

    async def test_is_not_that_of_somebody_else(self, bench: Bench, office: FakePlatform) -> None:
        await answer(bench, office, "How high is the bonus?", **PRIVATELY)
        await answer(bench, office, "And for interns?", **PRIVATELY | {"author": "bob"})
        assert bench.passages.searches[-1].question == "And for interns?"

    async def test_in_a_channel_is_not_that_of_another_channel(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await answer(bench, office, "How high is the bonus?", **PRIVATELY)
        elsewhere = PRIVATELY | {"place": replace(CHANNEL, channel="C2")}
        await answer(bench, office, "And for interns?", **elsewhere)
        assert bench.passages.searches[-1].question == "And for interns?"

    async def test_outside_of_threads_is_not_mixed_with_anybodys(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await answer(bench, office, "Who feeds the cat?", **ALOUD)
        await answer(bench, office, "And the dog?", **ALOUD | {"author": "bob"})
        assert bench.passages.searches[-1].question == "And the dog?"


class TestAFile:
    """Sent with a question: for those who take part in its conversation alone."""

    FILE = Attachment("offer.pdf", "https://files.example/offer")

    @pytest.fixture(autouse=True)
    def _readable(self, bench: Bench) -> None:
        bench.attachments.contents["offer.pdf"] = ("offer", "The offer is 7000 euros.\n")
        bench.attachments.unreadable["scan.png"] = "it is a picture"

    @pytest.mark.parametrize("sent", [PRIVATELY, DIRECTLY, IN_THREAD])
    async def test_answers_where_it_was_sent(
        self, bench: Bench, office: FakePlatform, sent: dict[str, Any]
    ) -> None:
        told = await answer(bench, office, "How high is the offer?", files=(self.FILE,), **sent)
        assert "7000" in told
        assert "7000" in await answer(bench, office, "How high was that offer?", **sent)

    @pytest.mark.parametrize("sent", [PRIVATELY, DIRECTLY, IN_THREAD])
    @pytest.mark.parametrize(
        "elsewhere",
        [
            ALOUD,
            AMONG_BOSSES,
            IN_THREAD | {"place": replace(THREAD, thread="t2")},
            PRIVATELY | {"author": "bob"},
            DIRECTLY | {"author": "bob", "place": replace(DIRECT, channel="D-bob")},
        ],
    )
    async def test_answers_nowhere_else(
        self,
        bench: Bench,
        office: FakePlatform,
        sent: dict[str, Any],
        elsewhere: dict[str, Any],
    ) -> None:
        await answer(bench, office, "How high is the offer?", files=(self.FILE,), **sent)
        told = await answer(bench, office, "How high is the offer?", **elsewhere)
        assert "7000" not in told
        assert "offer.pdf" not in told

    async def test_sent_privately_in_a_thread_does_not_answer_in_the_thread(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        sent = IN_THREAD | PRIVATELY
        await answer(bench, office, "How high is the offer?", files=(self.FILE,), **sent)
        assert "7000" not in await answer(bench, office, "How high is the offer?", **IN_THREAD)

    async def test_answers_although_the_channel_allows_few_sources(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        rules = ChannelRules(sources=frozenset({"handbook"}))
        await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
        sent = {"files": (self.FILE,), **IN_THREAD}
        assert "7000" in await answer(bench, office, "How high is the offer?", **sent)

    async def test_that_could_not_be_read_is_named_with_the_reason(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        file = Attachment("scan.png", "https://files.example/scan")
        told = await answer(bench, office, "When is payday?", files=(file,))
        assert "25th" in told
        assert "`scan.png (it is a picture)`" in told

    async def test_is_fetched_with_credentials_that_are_kept_nowhere(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await answer(bench, office, "How high is the offer?", files=(self.FILE,))
        [(_, [given])] = bench.attachments.given
        assert given.headers == {"Authorization": "Bearer sesame"}
        for table in ("inbox", "trace", "turn"):
            assert "sesame" not in str(await bench.rows(table))


async def test_only_the_sources_of_the_channel_are_used_there(
    bench: Bench, office: FakePlatform
) -> None:
    rules = ChannelRules(sources=frozenset({"board"}))
    await bench.channels.set_rules(CHANNEL, rules, "ann", bench.clock())
    assert "25th" not in await answer(bench, office, "When is payday?", **ALOUD)
    assert "4000" in await answer(bench, office, "How high is the bonus?", **PRIVATELY)
    assert "25th" in await answer(bench, office, "When is payday?", **DIRECTLY)
