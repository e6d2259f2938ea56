"""Accepted utterances: once each among all who hear them, and none lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversation.inbox import KEPT, LEASE, Accepted, Inbox
from bot.conversation.utterances import as_json, from_json
from bot.types import Utterance
from knowledge.state.database import open_database
from knowledge.types import Attachment
from tests.adapters.fake_platform import DIRECT, NAME, THREAD, utterance

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + LEASE + timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def inbox(engine: AsyncEngine) -> Inbox:
    return Inbox(engine)


@pytest_asyncio.fixture
async def other(url: str, engine: AsyncEngine) -> AsyncIterator[Inbox]:
    """Another process on the same database."""
    again = await open_database(url)
    yield Inbox(again)
    await again.dispose()


async def accepted(inbox: Inbox, said: Utterance | None = None) -> Accepted:
    taken = await inbox.accept(said or utterance("When is payday?"), NOW)
    assert taken is not None
    return taken


class TestAccepting:
    async def test_succeeds_once_however_often_it_is_delivered(self, inbox: Inbox) -> None:
        said = utterance("When is payday?")
        assert await inbox.accept(said, NOW) == Accepted(said, (), 1)
        assert await inbox.accept(said, NOW) is None
        assert await inbox.accept(replace(said, text="Other words"), LATER) is None

    async def test_succeeds_once_among_many_at_once_in_two_processes(
        self, inbox: Inbox, other: Inbox
    ) -> None:
        said = utterance("When is payday?")
        tried = await asyncio.gather(*(each.accept(said, NOW) for each in [inbox, other] * 10))
        assert len([each for each in tried if each]) == 1

    async def test_of_thousands_each_twice_and_out_of_order_takes_each_once(
        self, inbox: Inbox, other: Inbox
    ) -> None:
        said = [utterance(f"Question {n}?") for n in range(300)]
        first, second = await asyncio.gather(_all(inbox, said), _all(other, list(reversed(said))))
        assert sorted(first + second) == sorted(each.id for each in said)

    async def test_is_remembered_after_the_answer(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.settle(held, "answered", ["p1"])
        assert await inbox.accept(held.utterance, LATER) is None

    async def test_of_many_at_once_is_one_write(self, inbox: Inbox, engine: AsyncEngine) -> None:
        """Not one after the other: a platform waits three seconds for all of them."""
        commits: list[object] = []
        sa.event.listen(engine.sync_engine, "commit", commits.append)
        said = [utterance(f"Question {n}?") for n in range(200)]
        tried = await asyncio.gather(*(inbox.accept(each, NOW) for each in [*said, *said]))
        assert [bool(each) for each in tried] == [True] * 200 + [False] * 200
        assert len(commits) == 1

    async def test_of_one_that_cannot_be_kept_leaves_the_others(self, inbox: Inbox) -> None:
        said = [utterance("First?"), utterance("Second?", author=b"no name"), utterance("Third?")]
        tried = await asyncio.gather(
            *(inbox.accept(each, NOW) for each in said), return_exceptions=True
        )
        assert isinstance(tried[1], Exception)
        assert [each.utterance for each in tried if isinstance(each, Accepted)] == said[::2]

    async def test_takes_ids_as_long_as_the_columns(self, inbox: Inbox) -> None:
        place = replace(THREAD, workspace="W" * 60, channel="C" * 60, thread="t" * 60)
        said = utterance("Long?", id="i" * 200, author="a" * 200, place=place)
        assert len(said.conversation) > 180
        assert await inbox.accept(said, NOW)
        assert await inbox.authors(said.conversation) == {"a" * 200}


async def _all(inbox: Inbox, said: list[Utterance]) -> list[str]:
    return [each.id for each in said if await inbox.accept(each, NOW)]


class TestTakingOver:
    async def test_waits_until_the_lease_has_run_out(self, inbox: Inbox, other: Inbox) -> None:
        held = await accepted(inbox)
        assert await other.take_over(NAME, NOW + LEASE - timedelta(seconds=1)) == []
        [taken] = await other.take_over(NAME, LATER)
        assert taken == Accepted(held.utterance, (), 2)

    async def test_is_done_by_one_of_several(self, inbox: Inbox, other: Inbox) -> None:
        for n in range(10):
            await accepted(inbox, utterance(f"Question {n}?"))
        tried = await asyncio.gather(*(each.take_over(NAME, LATER) for each in [inbox, other] * 3))
        ids = [each.utterance.id for taken in tried for each in taken]
        assert len(ids) == len(set(ids)) == 10

    async def test_tells_which_attempts_failed_by_themselves(
        self, inbox: Inbox, other: Inbox
    ) -> None:
        held = await accepted(inbox)
        await inbox.failed(held)
        await inbox.failed(replace(held, attempts=7))  # another has it
        [taken] = await other.take_over(NAME, LATER)
        assert taken == Accepted(held.utterance, (), 2, failures=1)

    async def test_goes_oldest_first(self, inbox: Inbox) -> None:
        for n in (3, 1, 2):
            await inbox.accept(utterance(f"{n}"), NOW + timedelta(seconds=n))
        taken = await inbox.take_over(NAME, LATER + MINUTE)
        assert [each.utterance.text for each in taken] == ["1", "2", "3"]

    async def test_is_for_ones_own_platform(self, inbox: Inbox) -> None:
        await accepted(inbox)
        assert await inbox.take_over("elsewhere", LATER) == []

    async def test_can_be_done_at_once_of_what_was_handed_back(
        self, inbox: Inbox, other: Inbox
    ) -> None:
        held = await accepted(inbox)
        await inbox.release(held.utterance.id, NOW)
        assert len(await other.take_over(NAME, NOW)) == 1

    async def test_finds_nothing_that_is_held_on_to(self, inbox: Inbox, other: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.renew([held.utterance.id], LATER)
        assert await other.take_over(NAME, LATER + LEASE - timedelta(seconds=1)) == []

    @pytest.mark.parametrize("outcome", ["answered", "ignored", "given_up"])
    async def test_finds_nothing_that_has_ended(self, inbox: Inbox, outcome: str) -> None:
        await inbox.settle(await accepted(inbox), outcome)  # type: ignore[arg-type]
        assert await inbox.take_over(NAME, LATER) == []

    async def test_goes_on_with_what_was_posted(self, inbox: Inbox, other: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.showing(held, ["p1", "p2"])
        [taken] = await other.take_over(NAME, LATER)
        assert taken.shown == ("p1", "p2")

    async def test_leaves_the_old_holder_with_nothing_to_say(
        self, inbox: Inbox, other: Inbox
    ) -> None:
        held = await accepted(inbox)
        [taken] = await other.take_over(NAME, LATER)
        assert not await inbox.holds(held)
        await inbox.showing(held, ["stale"])
        assert not await inbox.settle(held, "answered", ["stale"])
        assert await other.holds(taken)
        assert await other.shown(held.utterance.id) == ()
        assert await other.settle(taken, "answered", ["p2"])


class TestAnEdit:
    async def test_gives_the_new_words_to_a_new_attempt(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.settle(held, "answered", ["p1"])
        newer = replace(held.utterance, text="When is pay day in May?")
        reopened = await inbox.reopen(newer, NOW + MINUTE, MINUTE)
        assert reopened == Accepted(newer, ("p1",), 2)

    async def test_survives_the_process_that_heard_it(self, inbox: Inbox, other: Inbox) -> None:
        held = await accepted(inbox)
        newer = replace(held.utterance, text="Other words?")
        await inbox.reopen(newer, NOW, MINUTE)
        [taken] = await other.take_over(NAME, LATER)
        assert taken.utterance == newer

    async def test_comes_too_late_for_an_old_answer(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.settle(held, "answered", ["p1"])
        late = NOW + MINUTE + timedelta(seconds=1)
        assert await inbox.reopen(held.utterance, late, MINUTE) is None

    async def test_never_comes_too_late_for_what_is_not_answered_yet(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        assert await inbox.reopen(held.utterance, NOW + timedelta(hours=1), MINUTE)

    async def test_of_what_was_never_accepted_is_nothing(self, inbox: Inbox) -> None:
        assert await inbox.reopen(utterance("Unheard"), NOW, MINUTE) is None

    async def test_of_what_was_taken_back_is_nothing(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.withdraw(held.utterance.id, NOW, MINUTE)
        assert await inbox.reopen(held.utterance, NOW, MINUTE) is None

    async def test_leaves_who_answers_the_old_words_with_nothing_to_say(
        self, inbox: Inbox, other: Inbox
    ) -> None:
        held = await accepted(inbox)
        await other.reopen(held.utterance, NOW, MINUTE)
        assert not await inbox.settle(held, "answered", ["p1"])


class TestTakingBack:
    async def test_tells_what_was_posted(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.settle(held, "answered", ["p1", "p2"])
        assert await inbox.withdraw(held.utterance.id, NOW, MINUTE) == ("p1", "p2")
        assert await inbox.is_withdrawn(held.utterance.id)

    async def test_happens_once(self, inbox: Inbox, other: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.settle(held, "answered", ["p1"])
        tried = await asyncio.gather(
            *(each.withdraw(held.utterance.id, NOW, MINUTE) for each in (inbox, other))
        )
        assert sorted(tried, key=str) == [("p1",), None]

    async def test_comes_too_late_for_an_old_answer(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        await inbox.settle(held, "answered", ["p1"])
        late = NOW + MINUTE + timedelta(seconds=1)
        assert await inbox.withdraw(held.utterance.id, late, MINUTE) is None
        assert not await inbox.is_withdrawn(held.utterance.id)

    async def test_never_comes_too_late_for_what_is_not_answered_yet(self, inbox: Inbox) -> None:
        held = await accepted(inbox)
        assert await inbox.withdraw(held.utterance.id, NOW + timedelta(hours=1), MINUTE) == ()

    async def test_of_what_was_never_accepted_is_nothing(self, inbox: Inbox) -> None:
        assert await inbox.withdraw("unheard", NOW, MINUTE) is None

    async def test_leaves_nothing_to_answer(self, inbox: Inbox, other: Inbox) -> None:
        held = await accepted(inbox)
        await other.withdraw(held.utterance.id, NOW, MINUTE)
        assert not await inbox.settle(held, "answered", ["p1"])
        assert await inbox.take_over(NAME, LATER) == []
        assert await inbox.accept(held.utterance, LATER) is None


class TestWhoTookPart:
    async def test_is_everybody_who_was_heard(self, inbox: Inbox) -> None:
        for author in ("ann", "bob", "ann"):
            await accepted(inbox, utterance("?", place=THREAD, author=author))
        await accepted(inbox, utterance("?", author="eve"))
        assert await inbox.authors(THREAD.conversation) == {"ann", "bob"}

    async def test_leaves_out_the_utterance_in_question(self, inbox: Inbox) -> None:
        held = await accepted(inbox, utterance("?", place=THREAD))
        assert await inbox.authors(THREAD.conversation, but=held.utterance.id) == frozenset()

    async def test_leaves_out_what_it_kept_silent_about(self, inbox: Inbox) -> None:
        held = await accepted(inbox, utterance("?", place=THREAD, address="thread"))
        await inbox.settle(held, "ignored", ())
        assert await inbox.authors(THREAD.conversation) == frozenset()


class TestWhatIsKept:
    async def test_has_no_words_once_it_is_answered(
        self, inbox: Inbox, engine: AsyncEngine
    ) -> None:
        await inbox.settle(await accepted(inbox), "answered", ["p1"])
        async with engine.connect() as db:
            assert (await db.execute(sa.text("SELECT body FROM inbox"))).scalar_one() in (
                None,
                "null",
            )

    async def test_has_no_words_once_it_is_taken_back(
        self, inbox: Inbox, engine: AsyncEngine
    ) -> None:
        held = await accepted(inbox, utterance("zebra-pyjamas"))
        await inbox.withdraw(held.utterance.id, NOW, MINUTE)
        async with engine.connect() as db:
            rows = (await db.execute(sa.text("SELECT * FROM inbox"))).all()
        assert "zebra-pyjamas" not in str(rows)

    async def test_never_has_credentials(self, inbox: Inbox, engine: AsyncEngine) -> None:
        file = Attachment("a.pdf", "https://files.example/a", headers={"Authorization": "sesame"})
        held = await accepted(inbox, utterance("Read this", files=(file,)))
        await inbox.reopen(held.utterance, NOW, MINUTE)
        async with engine.connect() as db:
            rows = (await db.execute(sa.text("SELECT * FROM inbox"))).all()
        assert "sesame" not in str(rows)
        assert "a.pdf" in str(rows)

    async def test_is_dropped_long_after_it_ended(self, inbox: Inbox) -> None:
        ended, waiting = await accepted(inbox), await accepted(inbox)
        await inbox.settle(ended, "answered", ["p1"])
        await inbox.forget_old(NOW + KEPT)
        assert await inbox.accept(ended.utterance, NOW) is None
        await inbox.forget_old(NOW + KEPT + timedelta(seconds=1))
        assert await inbox.accept(ended.utterance, NOW)
        assert await inbox.accept(waiting.utterance, NOW) is None

    async def test_that_cannot_be_read_is_given_up_and_holds_nothing_up(
        self, inbox: Inbox, engine: AsyncEngine
    ) -> None:
        broken, good = await accepted(inbox), await accepted(inbox)
        async with engine.begin() as db:
            await db.execute(
                sa.text("""UPDATE inbox SET body = '{"of": "a newer version"}' WHERE id = :id"""),
                {"id": broken.utterance.id},
            )
        taken = await inbox.take_over(NAME, LATER)
        assert [each.utterance for each in taken] == [good.utterance]
        again = await inbox.take_over(NAME, LATER + LEASE + MINUTE)
        assert [each.utterance for each in again] == [good.utterance]


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
files = st.builds(
    Attachment,
    name=words,
    url=words,
    size=st.none() | st.integers(0, 2**40),
    content_type=st.none() | words,
    headers=st.dictionaries(words, words, max_size=2),
)
utterances = st.builds(
    Utterance,
    id=words,
    place=st.sampled_from([THREAD, DIRECT, replace(THREAD, thread=None)]),
    author=words,
    text=words,
    address=st.sampled_from(["mention", "direct", "command", "thread", "none"]),
    private=st.booleans(),
    to_others=st.booleans(),
    files=st.lists(files, max_size=3).map(tuple),
    voice=st.none() | words,
    handle=st.dictionaries(words, words, max_size=3),
)


@given(said=utterances)
def test_an_utterance_comes_back_from_its_json_as_it_was_but_for_credentials(
    said: Utterance,
) -> None:
    bare = replace(said, files=tuple(replace(file, headers={}) for file in said.files))
    assert from_json(json.loads(json.dumps(as_json(said)))) == bare


def test_the_strategy_above_covers_every_field_of_an_utterance() -> None:
    covered = "id place author text address private to_others files voice handle"
    assert [each.name for each in fields(Utterance)] == covered.split()
