"""How the bot is connected to Slack: by a socket that ends, and by signed requests."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackConfig
from adapters.slack.connection.watchdog import Patience, Watchdog
from bot.errors import ConfigurationError
from tests.adapters.desk_bench import Bench
from tests.adapters.hand import Hand
from tests.adapters.slack_adapter.office import Office, at_work
from tests.adapters.slack_office import ANSWER, LEAVE
from tests.stand_ins.slack_server import SlackServer

# --- connections ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"app_token": None}, "SLACK_SIGNING_SECRET"),
        ({"app_token": "xapp-wrong"}, "connections:write"),
        ({"bot_token": "xoxb-wrong"}, "OAuth & Permissions"),
    ],
)
async def test_a_wrong_setting_is_named_with_what_to_do(
    slack: SlackServer, bench: Bench, given: dict[str, Any], words: str
) -> None:
    settings = {"bot_token": slack.bot_token, "app_token": slack.app_token} | given
    bot = SlackAdapter(SlackConfig(**settings, api_url=slack.api_url), bench.desk)
    with pytest.raises(ConfigurationError, match=words):
        await bot.connect()
    await bot.close()


@pytest.mark.parametrize("how", ["drop", "refresh_requested"])
async def test_a_socket_that_ends_is_opened_anew(office: Office, how: str) -> None:
    if how == "drop":
        office.slack.socket_mode.drop()
    else:
        await office.slack.socket_mode.disconnect("refresh_requested")
    await office.ask()
    assert len(office.replies()) == 1


def test_a_socket_that_only_answers_pings_is_doubted_in_the_end() -> None:
    hand = Hand()
    dog = Watchdog(Patience(silent=30, quiet=600), hand)

    def later() -> str:
        hand.move(10)
        return dog.look()

    for _ in range(60):
        assert later() == "fine"
        dog.alive()
    assert later() == "quiet"
    dog.heard()
    assert [later() for _ in range(4)] == ["fine", "fine", "fine", "silent"]


async def test_answers_still_go_out_after_listening_has_stopped(office: Office) -> None:
    office.slack.fail("chat.startStream", latency=0.3)
    ts = await office.slack.say(office.ada, office.general, f"{office.slack.mention} leave days?")
    await office.slack.until(lambda: bool(office.slack.called("chat.startStream")))
    await office.bot.stop_listening()
    await office.bench.settled()
    assert ANSWER in office.slack.visible(office.slack.replies(office.general, ts)[0])


async def test_no_text_and_no_token_gets_into_the_log(
    office: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    await office.ask("how many days of leave has Mephistopheles?")
    office.slack.send({"type": "event_callback", "event": {"type": "news", "text": "Mephisto"}})
    office.slack.fail("views.publish", error="internal_error")
    await office.slack.open_home(office.ada)
    await office.rest()
    out = capfd.readouterr()
    logged = (
        out.out
        + out.err
        + "".join(record.getMessage() for record in caplog.records if "slack" in record.name)
    )
    for secret in ("Mephisto", office.slack.bot_token, office.slack.app_token, "ticket="):
        assert secret not in logged


# --- HTTP mode --------------------------------------------------------------------------------


@pytest.fixture
async def served(slack: SlackServer, bench: Bench) -> AsyncIterator[Office]:
    ada = slack.user("ada")
    general = slack.channel("general", members=[ada])
    bench.knows("leave", LEAVE)
    secret = slack.signing_secret
    async with at_work(
        slack, bench, app_token=None, signing_secret=secret, port=0, host="127.0.0.1"
    ) as bot:
        slack.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        yield Office(slack, bench, bot, ada, ada, general)


async def test_signed_requests_are_answered(served: Office) -> None:
    assert json.loads((await served.slack.verify_url()).body)["challenge"]
    await served.ask()
    await served.slack.command(served.ada, served.general, "/ask", "a payload of leave & more?")
    await served.rest()
    assert ANSWER in served.replies()[0]
    assert ANSWER in served.private()[-1]


@pytest.mark.parametrize("how", [{"secret": "forged"}, {"age_seconds": 400}])
async def test_forged_and_stale_requests_are_refused(served: Office, how: dict[str, Any]) -> None:
    payload = {"type": "event_callback", "event": {"type": "app_mention"}}
    request = served.slack.http_mode.sign(payload, **how)
    assert (await served.slack.http_mode.send(request)).status == 401


async def test_a_replayed_request_changes_nothing(served: Office) -> None:
    await served.ask()
    delivered = served.slack.deliveries.history[0].payload
    request = served.slack.http_mode.sign(delivered)
    answers = [(await served.slack.http_mode.send(request)).status for _ in range(2)]
    await served.rest()
    assert answers == [200, 200] and len(served.replies()) == 1


async def test_what_is_no_request_of_slacks_is_turned_away(served: Office) -> None:
    url = f"http://127.0.0.1:{served.bot.port}"
    signed = served.slack.http_mode.sign({})
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{url}/health") as health:
            assert (health.status, await health.text()) == (200, "ok")
        async with browser.post(f"{url}/slack/events", data="x") as unsigned:
            assert unsigned.status == 401
        odd = {**signed.headers, "X-Slack-Request-Timestamp": "now"}
        async with browser.post(f"{url}/slack/events", data=signed.body, headers=odd) as dated:
            assert dated.status == 401
