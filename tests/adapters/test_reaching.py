"""What stands between the bot and a platform is told apart, each with what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapters.discord import checkup as discord
from adapters.discord.config import DiscordConfig
from adapters.slack import checkup as slack
from adapters.slack.config import SlackConfig
from bot.errors import HousevoiceError
from bot.findings import Finding

Answer = Callable[[], web.Response]
Look = Callable[[str], Awaitable[list[Finding]]]

PAGE = "<html><title>Sign in to the network</title>"
IN_ITS_PLACE: dict[str, tuple[Answer, str]] = {
    "a wrong path": (lambda: page(404), "API is not there (404)"),
    "another API's wrong path": (
        lambda: web.json_response({"error": "not found"}, status=404),
        "API is not there (404)",
    ),
    "a page to sign in": (lambda: page(200), "Something else than"),
    "another API": (lambda: web.json_response({"hello": "world"}), "Something else than"),
    "a list": (lambda: web.json_response([1]), "Something else than"),
    "nothing": (lambda: web.json_response(None), "Something else than"),
    "a filter": (lambda: page(403), "Something else than"),
    "a proxy with a password": (lambda: page(407), "wants a password (407)"),
}


def page(status: int) -> web.Response:
    return web.Response(status=status, text=PAGE, content_type="text/html")


async def at_once(_: float) -> None:
    return


def slack_at(url: str) -> SlackConfig:
    return SlackConfig("xoxb-1", app_token="xapp-1", api_url=url)


async def look_at_slack(url: str) -> list[Finding]:
    return await slack.examine(slack_at(url), sleep=at_once)


async def look_at_discord(url: str) -> list[Finding]:
    return await discord.examine(DiscordConfig("a.b.c", api_url=url.rstrip("/")))


LOOKS = [
    pytest.param(look_at_slack, "SLACK_API_URL", id="slack"),
    pytest.param(look_at_discord, "DISCORD_API_URL", id="discord"),
]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """A base URL below which everything is answered alike."""

    async def handle(_: web.Request) -> web.Response:
        return answer()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("look", "setting"), LOOKS)
@pytest.mark.parametrize("answers", IN_ITS_PLACE)
async def test_what_answers_in_a_platforms_place_is_no_fault_of_the_token(
    look: Look, setting: str, answers: str
) -> None:
    answer, told = IN_ITS_PLACE[answers]
    async with answering(answer) as url:
        findings = await look(url)
    for each in findings:
        assert not each.good and told in each.detail, each
        assert "oken" not in each.detail and PAGE not in each.detail, each
        assert setting in each.detail or "HTTPS_PROXY" in each.detail, each


@pytest.mark.parametrize(("look", "setting"), LOOKS)
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:9/api/", "127.0.0.1 refuses the connection"),
        ("slack", "its address is none"),
    ],
)
async def test_what_cannot_be_reached_says_why(
    look: Look, setting: str, url: str, told: str
) -> None:
    findings = await look(url)
    assert findings
    for each in findings:
        assert not each.good and "cannot be reached" in each.detail and told in each.detail
        assert setting in each.detail


@pytest.mark.parametrize(("look", "setting"), LOOKS)
async def test_an_address_without_tls_is_told_as_that(look: Look, setting: str) -> None:
    async with answering(lambda: page(200)) as url:
        findings = await look(url.replace("http:", "https:"))
    assert findings
    for each in findings:
        assert not each.good and "no connection that is secure" in each.detail
        assert setting in each.detail


async def test_a_wrong_address_ends_the_start_and_a_refused_connection_is_waited_out() -> None:
    async with answering(lambda: page(404)) as url:
        wrong = await slack.refusal(slack_at(url), sleep=at_once)
    away = await slack.refusal(slack_at("http://127.0.0.1:9/api/"), sleep=at_once)
    assert isinstance(wrong, HousevoiceError) and "SLACK_API_URL" in str(wrong)
    assert [getattr(each, "passing", False) for each in (wrong, away)] == [False, True]
