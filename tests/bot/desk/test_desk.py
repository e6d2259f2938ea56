"""What an adapter hands buttons and forms to, and how failures there are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.cards import LABELS, Action, Card, Form
from bot.conversation.channels import WorkspaceRules
from bot.desk.commands import Outcome
from bot.desk.forms import FieldFaults
from bot.errors import ConfigurationError, ModelError, PlatformError, UsageError
from bot.failures import log_failure
from knowledge.errors import StoreUnavailable
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform, utterance
from tests.kit.fakes import evidence

SECRET = "zebra-pyjamas"


async def answered(bench: Bench, office: FakePlatform) -> str:
    bench.knows("payday", evidence("Salaries are paid on the 25th of each month.\n"))
    said = utterance("When is payday?", address="command", private=True)
    await bench.dispatcher.hear(office, said)
    await bench.settled()
    return office.last.subject


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("helpful", "Thank you, noted."),
        ("unhelpful", "ask a person"),
        ("why", "What I read"),
        ("person", "I have asked the people there"),
        ("share", "Shared."),
    ],
)
async def test_a_button_under_an_answer_does_what_it_says(
    bench: Bench, office: FakePlatform, action: Action, outcome: str
) -> None:
    rules = WorkspaceRules(help_channel="C9")
    await bench.channels.set_workspace(CHANNEL, rules, "x", bench.clock())
    trace = await answered(bench, office)
    card = await bench.desk.press(action, trace, office.by("ann"))
    assert isinstance(card, Card)
    assert outcome in card.text


class TestADraft:
    async def press(self, bench: Bench, office: FakePlatform, action: Action) -> Outcome:
        return await bench.desk.press(action, self.id, office.by("ann"))

    @pytest.fixture(autouse=True)
    async def _drafted(self, bench: Bench) -> None:
        card = await bench.drafting.rewrite("Run ```x``` on 3 May.", CHANNEL, "ann")
        self.id = card.subject

    async def test_can_be_sent(self, bench: Bench, office: FakePlatform) -> None:
        card = await self.press(bench, office, "send")
        assert isinstance(card, Card)
        assert card.text.startswith("Sent: [see it there](")
        with pytest.raises(UsageError):
            await self.press(bench, office, "send")

    async def test_can_be_copied_whole_whatever_it_holds(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        card = await self.press(bench, office, "copy")
        kept = await bench.drafting.get(self.id, CHANNEL, "ann")
        assert isinstance(card, Card)
        assert card.text == f"````\n{kept.text}\n````"

    async def test_can_be_edited_in_a_form_and_kept(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        form = await self.press(bench, office, "edit")
        assert isinstance(form, Form)
        kept = await bench.drafting.get(self.id, CHANNEL, "ann")
        assert form.fields[0].value == kept.text
        values = {form.fields[0].name: "Mine."}
        card = await bench.desk.submit(form.id, form.context, office.by("ann"), values)
        assert (card.text, card.subject) == ("Mine.", self.id)

    async def test_of_somebody_else_cannot_be_edited_by_a_forged_form(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        with pytest.raises(UsageError):
            await bench.desk.submit("draft", {"draft": self.id}, office.by("bob"), {"text": "x"})


@pytest.mark.parametrize("action", list(LABELS))
async def test_a_button_of_something_gone_says_so(
    bench: Bench, office: FakePlatform, action: Action
) -> None:
    with pytest.raises(UsageError):
        await bench.desk.press(action, "gone", office.by("ann"))


class TestSafely:
    async def test_lets_through_what_went_well(self, bench: Bench) -> None:
        async def doing() -> int:
            return 7

        assert await bench.desk.safely(doing()) == 7

    @pytest.mark.parametrize("kind", [UsageError, ConfigurationError])
    async def test_tells_people_what_they_can_mend(
        self, bench: Bench, kind: Callable[[str], Exception]
    ) -> None:
        assert await bench.desk.safely(raising(kind("Try so."))) == Card("Try so.")

    @pytest.mark.parametrize(
        "error", [ValueError(SECRET), ModelError(SECRET), PlatformError(SECRET), KeyError(SECRET)]
    )
    async def test_tells_of_all_else_by_an_id_that_is_in_the_log(
        self, bench: Bench, error: Exception
    ) -> None:
        with capture_logs() as logged:
            card = await bench.desk.safely(raising(error))
        assert isinstance(card, Card)
        assert logged[0]["error_id"] in card.text
        assert SECRET not in card.text
        assert SECRET not in str(logged)

    async def test_leaves_faults_of_fields_to_the_form(self, bench: Bench) -> None:
        with pytest.raises(FieldFaults):
            await bench.desk.safely(raising(FieldFaults({"bar": "No."})))


async def raising(error: Exception) -> Any:
    raise error


class TestTheLogOfAFailure:
    def test_has_types_and_places_of_the_error_and_its_causes(self) -> None:
        with capture_logs() as logged:
            try:
                try:
                    raise KeyError(SECRET)
                except KeyError as cause:
                    raise ValueError(SECRET) from cause
            except ValueError as error:
                id = log_failure("it_broke", error, message_id="m1")
        [event] = logged
        assert (event["event"], event["error_id"], event["message_id"]) == ("it_broke", id, "m1")
        assert [each["type"] for each in event["errors"]] == ["ValueError", "KeyError"]
        assert __file__ in event["errors"][0]["at"][-1]
        assert SECRET not in str(event)

    def test_says_what_to_do_about_a_store_whose_server_is_away(self) -> None:
        with capture_logs() as logged:
            log_failure("it_broke", StoreUnavailable("Weaviate is starting."))
        assert logged[0]["errors"][0]["reason"] == "Weaviate is starting."

    def test_is_bounded(self) -> None:
        error: Exception = ValueError("0")
        for n in range(100):
            try:
                raise ValueError(str(n)) from error
            except ValueError as raised:
                error = raised
        with capture_logs() as logged:
            log_failure("it_broke", error)
        assert len(logged[0]["errors"]) == 5

    def test_has_another_id_each_time(self) -> None:
        with capture_logs():
            assert len({log_failure("it_broke", ValueError()) for _ in range(50)}) == 50
