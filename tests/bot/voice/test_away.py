"""A writing model on another machine that fails: left alone for a while, with another instead."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.errors import ModelError
from bot.voice.away.circuit import FAILURES, PAUSE_SECONDS, Circuit
from bot.voice.away.guarded import GuardedWriter
from bot.voice.template import Prompt, answer_request, prompt
from bot.voice.voice import Voice
from bot.voice.writer import Choose, Say, Step, Writer
from tests.kit.fakes import FakeWriter

SCRIPT: list[Step] = [Choose(("Hello.",)), Say("Payday is the 25th.")]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Far(FakeWriter):
    """Away or not, as a test says; ``tries``: how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = True
        self.tries = 0

    async def write(self, prompt: Prompt, max_tokens: int):  # type: ignore[no-untyped-def]
        self.tries += 1
        if self.is_away:
            raise ModelError("The writing endpoint failed (APIConnectionError).")
        yield "from "
        if self.tries < 0:
            raise ModelError("cut off")
        yield "afar"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
def asked(fernhill: Voice) -> Prompt:
    return prompt(fernhill, answer_request("When is payday?", "The 25th."), tuned=True)


def guarded(far: FakeWriter, near: FakeWriter | None, clock: Clock) -> GuardedWriter:
    return GuardedWriter(far, (lambda: near) if near else None, "fernhill", Circuit(clock=clock))


async def said(writer: Writer, asked: Prompt) -> str:
    return "".join([piece async for piece in writer.write(asked, 20)])


async def test_another_speaks_while_it_is_away(far: Far, clock: Clock, asked: Prompt) -> None:
    writer = guarded(far, FakeWriter("from near", "from near"), clock)
    assert await said(writer, asked) == "from near"
    far.is_away = False
    assert await said(writer, asked) == "from afar"


async def test_a_script_is_spoken_by_the_other_as_well(clock: Clock, asked: Prompt) -> None:
    class Silent(FakeWriter):
        async def compose(self, prompt, script):  # type: ignore[no-untyped-def]
            raise ModelError("away")
            yield ""

    writer = guarded(Silent(), FakeWriter(), clock)
    told = [text async for text in writer.compose(asked, SCRIPT)]
    assert told == ["Hello.", "Payday is the 25th."]


async def test_where_there_is_no_other_the_failure_comes_through(
    far: Far, clock: Clock, asked: Prompt
) -> None:
    with pytest.raises(ModelError, match="APIConnectionError"):
        await said(guarded(far, None, clock), asked)


async def test_after_some_failures_it_is_left_alone_for_a_while_and_then_tried_once(
    far: Far, clock: Clock, asked: Prompt
) -> None:
    writer = guarded(far, FakeWriter(*["near"] * 20), clock)
    with capture_logs() as logged:
        for _ in range(FAILURES + 4):
            assert await said(writer, asked) == "near"
        assert far.tries == FAILURES
        assert writer.is_away
        clock.now += PAUSE_SECONDS
        assert [await said(writer, asked) for _ in range(3)] == ["near"] * 3
        assert far.tries == FAILURES + 1
        clock.now += PAUSE_SECONDS
        far.is_away = False
        assert [await said(writer, asked) for _ in range(3)] == ["from afar"] * 3
    assert not writer.is_away
    assert [(each["event"], each["voice"]) for each in logged] == [
        ("writer_away", "fernhill"),
        ("writer_back", "fernhill"),
    ]


async def test_left_alone_without_another_it_fails_at_once(
    far: Far, clock: Clock, asked: Prompt
) -> None:
    writer = guarded(far, None, clock)
    for _ in range(FAILURES):
        with pytest.raises(ModelError):
            await said(writer, asked)
    with pytest.raises(ModelError, match="is away, and is tried again in a while"):
        await said(writer, asked)
    assert far.tries == FAILURES


async def test_what_was_begun_is_not_begun_anew_by_another(
    far: Far, clock: Clock, asked: Prompt
) -> None:
    far.is_away, far.tries = False, -10
    writer = guarded(far, FakeWriter("near"), clock)
    written = writer.write(asked, 20)
    assert await anext(written) == "from "
    with pytest.raises(ModelError, match="cut off"):
        await anext(written)


async def test_single_failures_between_successes_do_not_add_up(
    far: Far, clock: Clock, asked: Prompt
) -> None:
    writer = guarded(far, FakeWriter(*["near"] * 9), clock)
    for _ in range(2 * FAILURES):
        far.is_away = not far.is_away
        await said(writer, asked)
    assert not writer.is_away


async def test_closing_it_closes_both(far: Far, clock: Clock, asked: Prompt) -> None:
    near = FakeWriter("near")
    writer = guarded(far, near, clock)
    await said(writer, asked)
    writer.close()
    assert far.is_closed
    assert near.is_closed
