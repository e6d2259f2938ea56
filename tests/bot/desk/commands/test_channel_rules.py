"""What an admin lays down for a channel by command."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cards import Form, Values
from bot.conversation.channels import ChannelRules
from bot.desk.forms import FieldFaults
from bot.errors import UsageError
from bot.ports import KnownSource
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, THREAD, FakePlatform
from tests.bot.desk.commands.giving import ADMIN, given_line, told


class TestTheRulesOfAChannel:
    FILLED: Values = {  # noqa: RUF012 - never changed
        "answers": "unprompted",
        "bar": "0,9",
        "voice": "harbour",
        "daily_limit": "20",
        "sources": ("hb",),
    }

    async def save(self, bench: Bench, office: FakePlatform, user: str = ADMIN, **of: Any) -> str:
        by = office.by(user)
        return (await bench.desk.submit("channel", {}, by, {**self.FILLED, **of})).text

    async def test_are_shown_in_a_form_as_they_are(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        bench.world.sources.known.append(KnownSource("hb", "/srv/handbook", 12, is_public=True))
        rules = ChannelRules(answers="never", bar=0.7, daily_limit=5, sources=frozenset({"hb"}))
        await bench.channels.set_rules(CHANNEL, rules, "x", bench.clock())
        form = await given_line(bench, office, "/kb channel")
        assert isinstance(form, Form)
        assert {each.name: each.value for each in form.fields} == {
            "answers": "never",
            "bar": "0.7",
            "voice": "default",
            "daily_limit": "5",
            "sources": ("hb",),
        }

    async def test_are_shown_within_what_platforms_can_show(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        bench.world.sources.known = [
            KnownSource(f"s{n}", f"/srv/{'x' * 99}{n}", 1, is_public=True) for n in range(40)
        ]
        await bench.channels.set_rules(
            CHANNEL,
            ChannelRules(voice="gone", sources=frozenset({"s1", "s39", "gone"})),
            "x",
            bench.clock(),
        )
        for line in ("/kb channel", "/kb workspace"):
            form = await given_line(bench, office, line)
            assert isinstance(form, Form)
            assert len(form.fields) <= 5
            assert len(form.title) <= 24
            for each in form.fields:
                assert len(each.choices) <= 25
                assert all(len(choice.label) <= 75 for choice in each.choices)
                if each.choices:
                    chosen = [each.value] if isinstance(each.value, str) else list(each.value)
                    assert set(chosen) <= {choice.value for choice in each.choices}

    async def test_are_saved_and_told_in_words(self, bench: Bench, office: FakePlatform) -> None:
        assert await self.save(bench, office) == (
            "Saved. I answer any question that I am sure about (0.9 and more) in this channel, "
            "in the voice harbour, at most 20 times a day, from 1 chosen sources."
        )
        assert await bench.channels.rules(THREAD) == ChannelRules(
            answers="unprompted",
            bar=0.9,
            voice="harbour",
            daily_limit=20,
            sources=frozenset({"hb"}),
        )

    async def test_can_be_taken_back_to_the_usual(self, bench: Bench, office: FakePlatform) -> None:
        await self.save(bench, office)
        usual = {"answers": "mention", "bar": "0.8", "voice": "default"}
        told = await self.save(bench, office, **usual, daily_limit="", sources=())
        assert told == "Saved. I answer when I am mentioned in this channel, in the usual voice."
        assert await bench.channels.rules(CHANNEL) == ChannelRules()

    async def test_are_saved_by_admins_only_even_if_they_were_when_it_was_opened(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        with pytest.raises(UsageError, match="admins"):
            await self.save(bench, office, "ann")
        with pytest.raises(UsageError, match="admins"):
            await bench.desk.submit("workspace", {}, office.by("ann"), {"help_channel": "C9"})
        assert await bench.rows("channel") == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("bar", "sure"),
            ("bar", "1.1"),
            ("bar", "-0.1"),
            ("bar", "nan"),
            ("bar", ""),
            ("daily_limit", "many"),
            ("daily_limit", "0"),
            ("daily_limit", "-1"),
            ("daily_limit", "1.5"),
            ("daily_limit", "inf"),
            ("answers", "always"),
            ("answers", ""),
            ("voice", "nobody"),
        ],
    )
    async def test_that_cannot_be_are_told_beside_their_field(
        self, bench: Bench, office: FakePlatform, field: str, value: str
    ) -> None:
        with pytest.raises(FieldFaults) as refused:
            await self.save(bench, office, **{field: value})
        assert list(refused.value.faults) == [field]
        assert await bench.rows("channel") == []

    async def test_that_the_form_does_not_ask_for_stay(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        assert "not in threads" in await told(bench, office, "/kb threads off")
        assert "New forum posts" in await told(bench, office, "/kb forum")
        await self.save(bench, office)
        rules = await bench.channels.rules(CHANNEL)
        assert (rules.threads, rules.forum) == (False, True)
        await told(bench, office, "/kb threads")
        await told(bench, office, "/kb forum off")
        rules = await bench.channels.rules(CHANNEL)
        assert (rules.threads, rules.forum) == (True, False)

    @pytest.mark.parametrize("line", ["/kb channel", "/kb threads", "/kb forum"])
    async def test_are_none_in_a_direct_conversation(
        self, bench: Bench, office: FakePlatform, line: str
    ) -> None:
        with pytest.raises(UsageError, match="direct conversation"):
            await given_line(bench, office, line, place=DIRECT)
