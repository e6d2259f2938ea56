"""Tokens, messages, streams: what the Web API does and refuses, asked by the real client."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.kit.fakes import FixedClock
from tests.stand_ins.slack_server import Channel, Json, SlackServer, User
from tests.stand_ins.slack_server.building import (
    FEEDBACK,
    error_of,
    section,
)

# --- tokens and arguments ---------------------------------------------------------------------


async def test_a_token_is_known_by_its_owner_and_scopes(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == slack.bot.id
    assert answer["bot_id"] == slack.workspace.bot_id
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-1", "invalid_auth")])
async def test_a_missing_or_unknown_token_is_refused(
    slack: SlackServer, token: str, error: str
) -> None:
    client = AsyncWebClient(token, base_url=slack.api_url)
    assert (await error_of(client.auth_test()))["error"] == error


async def test_a_method_takes_its_own_kind_of_token(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    refused = await error_of(client.apps_connections_open(app_token=slack.bot_token))
    assert refused["error"] == "not_allowed_token_type"
    answer = await client.apps_connections_open(app_token=slack.app_token)
    assert answer["url"].startswith("ws://127.0.0.1:")


async def test_a_missing_scope_is_named(slack: SlackServer, general: Channel) -> None:
    client = AsyncWebClient(slack.token("users:read"), base_url=slack.api_url)
    refused = await error_of(client.chat_postMessage(channel=general.id, text="hi"))
    assert refused["error"] == "missing_scope"
    assert (refused["needed"], refused["provided"]) == ("chat:write", "users:read")


async def test_reading_a_kind_of_channel_needs_the_scope_of_that_kind(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    private = slack.channel("board", private=True)
    slack.bot_scopes -= {"groups:history"}
    refused = await error_of(client.conversations_history(channel=private.id))
    assert refused["needed"] == "groups:history"


async def test_an_unknown_method_and_a_missing_argument_are_refused(
    client: AsyncWebClient,
) -> None:
    assert (await error_of(client.api_call("chat.shout")))["error"] == "unknown_method"
    refused = await error_of(client.api_call("chat.postMessage", json={"text": "hi"}))
    assert refused["error"] == "invalid_arguments"
    assert "missing required field: channel" in refused["response_metadata"]["messages"][0]


# --- messages ---------------------------------------------------------------------------------


async def test_a_posted_message_is_in_the_thread_and_counted_at_its_parent(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "How many days of leave?")
    answer = await client.chat_postMessage(channel=general.id, text="25 days.", thread_ts=ts)
    replies = await client.conversations_replies(channel=general.id, ts=ts)
    assert [message["text"] for message in replies["messages"]] == [
        "How many days of leave?",
        "25 days.",
    ]
    assert replies["messages"][0]["reply_count"] == 1
    assert replies["messages"][1]["ts"] == answer["ts"]
    assert [message["text"] for message in slack.replies(general, ts)] == ["25 days."]


async def test_where_the_bot_is_not_it_cannot_write(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    public = slack.channel("random", with_bot=False)
    private = slack.channel("board", private=True, with_bot=False)
    old = slack.channel("old", archived=True)
    for channel, error in (
        (public.id, "not_in_channel"),
        (private.id, "channel_not_found"),
        ("C0NOWHERE", "channel_not_found"),
        (old.id, "is_archived"),
    ):
        refused = await error_of(client.chat_postMessage(channel=channel, text="hi"))
        assert refused["error"] == error
    await client.conversations_join(channel=public.id)
    await client.chat_postMessage(channel=public.id, text="hi")


async def test_a_user_id_leads_to_the_direct_conversation(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    answer = await client.chat_postMessage(channel=ada.id, text="hi")
    assert answer["channel"] == slack.dm(ada).id
    opened = await client.conversations_open(users=[ada.id])
    assert opened["channel"]["id"] == slack.dm(ada).id


async def test_only_own_messages_that_exist_can_be_changed(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    theirs = await slack.say(ada, general, "hello")
    for ts, error in ((theirs, "cant_update_message"), ("1.000001", "message_not_found")):
        refused = await error_of(client.chat_update(channel=general.id, ts=ts, text="x"))
        assert refused["error"] == error
    refused = await error_of(client.chat_delete(channel=general.id, ts=theirs))
    assert refused["error"] == "cant_delete_message"


async def test_a_new_text_replaces_the_old_blocks(
    client: AsyncWebClient, slack: SlackServer, general: Channel
) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="a", blocks=[section("old")])
    await client.chat_update(channel=general.id, ts=posted["ts"], text="new")
    assert slack.visible(slack.messages(general)[0]) == "new"
    assert slack.messages(general)[0]["edited"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": ""}, "no_text"),
        ({"text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
        ({"text": "a", "thread_ts": "12.000001"}, "thread_not_found"),
        ({"text": "a", "blocks": "{"}, "invalid_blocks_format"),
        ({"text": "a", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "a", "username": "boss"}, "missing_scope"),
    ],
)
async def test_what_cannot_be_posted_gets_the_error_of_slack(
    client: AsyncWebClient, general: Channel, content: Json, error: str
) -> None:
    call = client.api_call("chat.postMessage", json={"channel": general.id, **content})
    assert (await error_of(call))["error"] == error


async def test_an_update_takes_4000_characters(client: AsyncWebClient, general: Channel) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="x" * 40_000)
    refused = await error_of(
        client.chat_update(channel=general.id, ts=posted["ts"], text="x" * 4_001)
    )
    assert refused["error"] == "msg_too_long"
    await client.chat_update(channel=general.id, ts=posted["ts"], text="x" * 4_000)


async def test_an_ephemeral_message_is_for_one_who_is_there(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    bob = slack.user("bob")
    await client.chat_postEphemeral(channel=general.id, user=ada.id, text="psst")
    refused = await error_of(
        client.chat_postEphemeral(channel=general.id, user=bob.id, text="psst")
    )
    assert refused["error"] == "user_not_in_channel"
    assert [message["text"] for message in slack.ephemerals(ada)] == ["psst"]
    assert slack.messages(general) == slack.ephemerals(bob) == []


async def test_history_comes_in_pages_newest_first(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    said = [await slack.say(ada, general, f"message {number}") for number in range(7)]
    slack.most_per_page = 3
    got: list[str] = []
    cursor = ""
    while True:
        answer = await client.conversations_history(channel=general.id, cursor=cursor)
        got += [message["ts"] for message in answer["messages"]]
        if not answer["has_more"]:
            break
        cursor = answer["response_metadata"]["next_cursor"]
    assert got == said[::-1]
    refused = await error_of(client.conversations_history(channel=general.id, cursor="nonsense"))
    assert refused["error"] == "invalid_cursor"


async def test_a_reaction_is_there_once(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "hello")
    await client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    refused = await error_of(client.reactions_add(channel=general.id, timestamp=ts, name="eyes"))
    assert refused["error"] == "already_reacted"
    assert slack.reactions(general, ts) == {"eyes": [slack.bot.id]}
    await client.reactions_remove(channel=general.id, timestamp=ts, name="eyes")
    assert slack.reactions(general, ts) == {}
    refused = await error_of(client.reactions_remove(channel=general.id, timestamp=ts, name="eyes"))
    assert refused["error"] == "no_reaction"


async def test_a_parent_with_replies_leaves_a_tombstone(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    alone, parent = [await slack.say(ada, general, text) for text in ("a", "b")]
    await client.chat_postMessage(channel=general.id, text="reply", thread_ts=parent)
    await slack.delete(general, alone)
    await slack.delete(general, parent)
    assert [message.get("subtype") for message in slack.messages(general)] == ["tombstone", None]
    subtypes = [delivery.event.get("subtype") for delivery in slack.deliveries.history]
    assert subtypes[-2:] == ["message_deleted", "message_changed"]


async def test_a_permalink_leads_into_the_thread(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "hello")
    reply = await client.chat_postMessage(channel=general.id, text="hi", thread_ts=ts)
    answer = await client.chat_getPermalink(channel=general.id, message_ts=reply["ts"])
    assert f"/p{reply['ts'].replace('.', '')}?thread_ts={ts}" in answer["permalink"]


# --- streams ----------------------------------------------------------------------------------


async def test_a_stream_grows_and_ends_with_its_blocks(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, f"{slack.mention} how many days?")
    stream = await client.chat_stream(
        channel=general.id,
        thread_ts=ts,
        recipient_user_id=ada.id,
        recipient_team_id=slack.team_id,
        buffer_size=1,
    )
    await stream.append(markdown_text="You have **25**")
    assert slack.is_streaming(general, str(stream.ts))
    await stream.append(markdown_text=" days.")
    await stream.stop(blocks=[FEEDBACK])
    (reply,) = slack.replies(general, ts)
    assert slack.visible(reply) == "You have 25 days.\n\n[Good]  [Bad]"
    assert not slack.is_streaming(general, reply["ts"])
    refused = await error_of(
        client.chat_appendStream(channel=general.id, ts=reply["ts"], markdown_text="more")
    )
    assert refused["error"] == "message_not_in_streaming_state"
    await client.chat_update(channel=general.id, ts=reply["ts"], text="26 days.")


async def test_a_stream_in_a_channel_names_who_reads_it(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "hello")
    refused = await error_of(
        client.chat_startStream(channel=general.id, thread_ts=ts, recipient_team_id=slack.team_id)
    )
    assert refused["error"] == "missing_recipient_user_id"
    direct = slack.dm(ada)
    ts = await slack.say(ada, direct, "hello")
    await client.chat_startStream(channel=direct.id, thread_ts=ts)
    refused = await error_of(client.api_call("chat.startStream", json={"channel": direct.id}))
    assert refused["error"] == "invalid_arguments"


async def open_stream(slack: SlackServer, client: AsyncWebClient, user: User) -> tuple[str, str]:
    direct = slack.dm(user)
    ts = await slack.say(user, direct, "hello")
    answer = await client.chat_startStream(channel=direct.id, thread_ts=ts, markdown_text="a")
    return direct.id, str(answer["ts"])


async def test_a_stream_closes_after_a_number_of_appends_or_minutes(
    slack: SlackServer, client: AsyncWebClient, ada: User, clock: FixedClock
) -> None:
    slack.faults.stream_appends = 1
    channel, ts = await open_stream(slack, client, ada)
    await client.chat_appendStream(channel=channel, ts=ts, markdown_text="b")
    refused = await error_of(client.chat_appendStream(channel=channel, ts=ts, markdown_text="c"))
    assert refused["error"] == "message_not_in_streaming_state"
    slack.faults.stream_appends = None
    channel, ts = await open_stream(slack, client, ada)
    clock.tick(300)
    refused = await error_of(client.chat_stopStream(channel=channel, ts=ts))
    assert refused["error"] == "message_not_in_streaming_state"


async def test_a_stream_is_not_edited_and_not_endless(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    channel, ts = await open_stream(slack, client, ada)
    refused = await error_of(client.chat_update(channel=channel, ts=ts, text="x"))
    assert refused["error"] == "streaming_state_conflict"
    await client.chat_appendStream(channel=channel, ts=ts, markdown_text="x" * 10_000)
    refused = await error_of(
        client.chat_appendStream(channel=channel, ts=ts, markdown_text="x" * 2_000)
    )
    assert refused["error"] == "msg_too_long"


async def test_a_reader_can_stop_a_stream(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    channel, ts = await open_stream(slack, client, ada)
    await slack.stop_stream(slack.dm(ada), ts)
    refused = await error_of(client.chat_appendStream(channel=channel, ts=ts, markdown_text="b"))
    assert refused["error"] == "stopped_by_user"
