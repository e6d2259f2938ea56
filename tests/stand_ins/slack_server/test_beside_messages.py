"""People, files, views, faults: the rest of the Web API, asked by the real client."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.kit.fakes import FixedClock
from tests.stand_ins.slack_server import Channel, Json, SlackServer, User
from tests.stand_ins.slack_server.building import (
    error_of,
    modal,
    section,
    text_input,
)

# --- people and files -------------------------------------------------------------------------


async def test_people_groups_and_memberships_can_be_looked_up(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    guest = slack.user("gus", is_ultra_restricted=True)
    stranger = slack.user("sam", is_stranger=True)
    people = slack.usergroup("people", [ada])
    hidden = slack.channel("board", private=True, members=[ada], with_bot=False)
    shared = slack.channel("partners", shared=True, members=[ada, stranger])
    assert (await client.users_info(user=guest.id))["user"]["is_ultra_restricted"]
    seen = (await client.users_info(user=stranger.id))["user"]
    assert seen["is_stranger"] and seen["team_id"] != slack.team_id
    assert (await client.users_info(user=ada.id))["user"]["profile"]["email"] == "ada@example.com"
    groups = await client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["users"] == [ada.id]
    assert (await client.usergroups_users_list(usergroup=people.id))["users"] == [ada.id]
    mine = await client.users_conversations(user=ada.id, types="public_channel,private_channel")
    assert {channel["id"] for channel in mine["channels"]} == {general.id, shared.id}
    assert hidden.id not in str(mine.data)
    info = await client.conversations_info(channel=shared.id)
    assert info["channel"]["is_ext_shared"]
    members = await client.conversations_members(channel=shared.id)
    assert members["members"] == [ada.id, stranger.id, slack.bot.id]
    assert (await error_of(client.users_info(user="U0NOBODY")))["error"] == "user_not_found"
    assert (await client.team_info())["team"]["id"] == slack.team_id
    assert (await client.bots_info(bot=slack.workspace.bot_id))["bot"]["user_id"] == slack.bot.id


async def test_a_file_is_given_to_the_token_only(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    await slack.say(ada, general, "see this", files=[("leave.txt", b"25 days")])
    (event,) = [delivery.event for delivery in slack.deliveries.history]
    assert event["subtype"] == "file_share"
    url = event["files"][0]["url_private_download"]
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            assert response.status == 200
            assert response.content_type == "text/html"
        bearer = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(url, headers=bearer) as response:
            assert await response.read() == b"25 days"


async def test_in_a_shared_channel_a_file_has_to_be_asked_for(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    partners = slack.channel("partners", shared=True, members=[ada])
    await slack.say(ada, partners, "see this", files=[("leave.txt", b"25 days")])
    (delivery,) = slack.deliveries.history
    assert delivery.payload["is_ext_shared_channel"]
    (file,) = delivery.event["files"]
    assert file["file_access"] == "check_file_info"
    assert "url_private" not in file
    assert (await client.files_info(file=file["id"]))["file"]["name"] == "leave.txt"


async def test_a_file_can_be_uploaded(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "the transcript?")
    await client.files_upload_v2(
        channel=general.id,
        thread_ts=ts,
        filename="transcript.txt",
        content="hello",
        initial_comment="Here",
    )
    (reply,) = slack.replies(general, ts)
    assert slack.visible(reply) == "Here\n\n📎 transcript.txt"
    refused = await error_of(client.files_completeUploadExternal(files=[{"id": "F0", "title": ""}]))
    assert refused["error"] == "file_not_found"


# --- views and statuses ---


async def test_a_trigger_is_good_once_and_for_three_seconds(
    slack: SlackServer, client: AsyncWebClient, ada: User, clock: FixedClock
) -> None:
    used, late = (slack.workspace.new_trigger(ada.id) for _ in range(2))
    await client.views_open(trigger_id=used, view=modal(section("a")))
    refused = await error_of(client.views_open(trigger_id=used, view=modal(section("a"))))
    assert refused["error"] == "exchanged_trigger_id"
    clock.tick(3.1)
    refused = await error_of(client.views_open(trigger_id=late, view=modal(section("a"))))
    assert refused["error"] == "expired_trigger_id"
    refused = await error_of(client.views_open(trigger_id="1.2.a", view=modal(section("a"))))
    assert refused["error"] == "invalid_trigger_id"


@pytest.mark.parametrize(
    "view",
    [
        modal(section("a"), title={"type": "plain_text", "text": "x" * 25}),
        modal(section("a"), private_metadata="x" * 3001),
        modal(*[section("a")] * 101),
        modal({"type": "markdown", "text": "a"}),
        modal(text_input("a", max_length=3001)),
        modal(text_input("a"), submit=None),
    ],
)
async def test_an_invalid_modal_is_refused(
    slack: SlackServer, client: AsyncWebClient, ada: User, view: Json
) -> None:
    trigger = slack.workspace.new_trigger(ada.id)
    refused = await error_of(client.views_open(trigger_id=trigger, view=view))
    assert refused["error"] == "invalid_arguments"
    assert "[json-pointer:/view" in refused["response_metadata"]["messages"][0]


async def test_a_stack_holds_three_modals_and_a_stale_update_is_refused(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    async def push(method: Any) -> Any:
        trigger = slack.workspace.new_trigger(ada.id)
        return await method(trigger_id=trigger, view=modal(section("a")))

    first = await push(client.views_open)
    await push(client.views_push)
    await push(client.views_push)
    assert (await error_of(push(client.views_push)))["error"] == "push_limit_reached"
    id, hash = first["view"]["id"], first["view"]["hash"]
    await client.views_update(view_id=id, hash=hash, view=modal(section("b")))
    refused = await error_of(client.views_update(view_id=id, hash=hash, view=modal(section("c"))))
    assert refused["error"] == "hash_conflict"
    assert (await error_of(client.views_update(view_id="V0", view=modal())))["error"] == "not_found"


async def test_a_status_goes_with_an_answer_or_after_two_minutes(
    slack: SlackServer, client: AsyncWebClient, ada: User, clock: FixedClock
) -> None:
    direct = slack.dm(ada)
    ts = await slack.say(ada, direct, "hello")
    place: Json = {"channel_id": direct.id, "thread_ts": ts}
    await client.assistant_threads_setStatus(**place, status="is thinking…")
    assert slack.status(direct, ts)
    await client.chat_postMessage(channel=direct.id, thread_ts=ts, text="hi")
    assert not slack.status(direct, ts)
    await client.assistant_threads_setStatus(**place, status="is thinking…")
    clock.tick(121)
    assert not slack.status(direct, ts)
    refused = await error_of(
        client.assistant_threads_setStatus(
            channel_id=direct.id, thread_ts="1.000001", status="is thinking…"
        )
    )
    assert refused["error"] == "invalid_thread_ts"


async def test_prompts_of_an_agent_stand_above_the_conversation_and_never_in_a_thread(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    direct = slack.dm(ada)
    ts = await slack.say(ada, direct, "hello")
    prompts = [{"title": "Leave", "message": "How many days of leave?"}]
    ask = client.assistant_threads_setSuggestedPrompts
    await ask(channel_id=direct.id, thread_ts=ts, prompts=prompts)
    assert slack.prompts(direct) == slack.prompts(direct, ts) == []
    await ask(channel_id=direct.id, prompts=prompts)
    assert slack.prompts(direct) == prompts
    slack.workspace.view = "assistant"
    await ask(channel_id=direct.id, thread_ts=ts, prompts=prompts)
    assert slack.prompts(direct, ts) == prompts


# --- faults -----------------------------------------------------------------------------------


async def test_a_rate_limit_says_how_long_to_wait_and_passes(
    slack: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    slack.fail("chat.postMessage", status=429, retry_after=1)
    refused = await error_of(client.chat_postMessage(channel=general.id, text="hi"))
    assert refused["error"] == "ratelimited"
    slack.fail("chat.postMessage", status=429, retry_after=1)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    await client.chat_postMessage(channel=general.id, text="hi")
    assert [call.status for call in slack.called("chat.postMessage")] == [429, 429, 200]


async def test_a_limit_counts_by_the_clock(
    slack: SlackServer, client: AsyncWebClient, clock: FixedClock
) -> None:
    slack.faults.limit("users.list", 2, 60)
    await client.users_list()
    await client.users_list()
    assert (await error_of(client.users_list()))["error"] == "ratelimited"
    clock.tick(60)
    await client.users_list()


async def test_calls_can_fail_after_some_that_go_well(
    slack: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    slack.fail("chat.postMessage", error="internal_error", after=1, times=2)
    results = []
    for _ in range(4):
        try:
            await client.chat_postMessage(channel=general.id, text="hi")
            results.append("ok")
        except SlackApiError as refused:
            results.append(refused.response["error"])
    assert results == ["ok", "internal_error", "internal_error", "ok"]


async def test_an_answer_can_be_lost_after_the_deed(
    slack: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    slack.fail("chat.postMessage", lose=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=general.id, text="hi")
    assert len(slack.messages(general)) == 1
