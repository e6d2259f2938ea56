"""What is taken for an utterance, from payloads as Discord's gateway delivers them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from adapters.discord.config import DiscordConfig
from adapters.discord.connection.client import FrontClient
from adapters.discord.events import thread_name, utterance_of
from bot.conversation.channels import ChannelRules
from bot.types import Place, Utterance

ME, ANN, BOB, ROLE, GUILD, GENERAL, THREAD, FORUM, POST = (str(10**17 + n) for n in range(9))


def user(id: str, name: str, **of: Any) -> dict[str, Any]:
    return {"id": id, "username": name, "discriminator": "0", "avatar": None, **of}


NAMES = {ME: "Housevoice", ANN: "Ann", BOB: "Bob"}


def server(client: FrontClient) -> discord.Guild:
    """A server with a channel, a thread, and a forum with a post, as the client would hold it."""
    all_but_threads = str(discord.Permissions.all().value)

    def channel(id: str, kind: int, **of: Any) -> dict[str, Any]:
        return {"id": id, "type": kind, "position": 0, "permission_overwrites": [], **of}

    def thread(id: str, parent: str, name: str) -> dict[str, Any]:
        about = {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        }
        return {
            "id": id,
            "parent_id": parent,
            "guild_id": GUILD,
            "name": name,
            "type": 11,
            "owner_id": ANN,
            "message_count": 1,
            "member_count": 1,
            "thread_metadata": about,
        }

    role: dict[str, Any] = {"color": 0, "hoist": False, "mentionable": False, "managed": False}
    data: Any = {
        "id": GUILD,
        "name": "Fernhill",
        "owner_id": ANN,
        "roles": [
            role
            | {"id": GUILD, "name": "@everyone", "permissions": all_but_threads, "position": 0},
            role
            | {
                "id": ROLE,
                "name": "Housevoice",
                "permissions": "0",
                "position": 1,
                "managed": True,
                "tags": {"bot_id": ME},
            },
        ],
        "channels": [
            channel(GENERAL, 0, name="general"),
            channel(FORUM, 15, name="questions", available_tags=[], flags=0),
        ],
        "threads": [thread(THREAD, GENERAL, "old talk"), thread(POST, FORUM, "Days of leave")],
        "members": [{"user": user(ME, "Housevoice", bot=True), "roles": [ROLE], "flags": 0}],
        "emojis": [],
        "stickers": [],
        "features": [],
    }
    guild = discord.Guild(data=data, state=client._connection)
    client._connection._add_guild(guild)
    return guild


@pytest.fixture
async def client() -> FrontClient:
    client = FrontClient(DiscordConfig("token"))
    state: Any = client._connection
    state.user = SimpleNamespace(id=int(ME))
    server(client)
    return client


def heard(client: FrontClient, rules: ChannelRules | None = None, **of: Any) -> Utterance | None:
    """Ann says "hello" in the channel, unless told otherwise."""
    where = of.pop("where", GENERAL)
    payload: Any = {
        "id": "100",
        "channel_id": where,
        "author": user(ANN, "Ann"),
        "content": "hello",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }
    if of.pop("direct", False):
        me: Any = SimpleNamespace(id=int(ME))
        data: Any = {"id": where, "type": 1, "recipients": [user(ANN, "Ann")]}
        channel: Any = discord.DMChannel(me=me, state=client._connection, data=data)
    else:
        payload |= {"guild_id": GUILD, "member": {"roles": [], "flags": 0}}
        channel = client.get_channel(int(where))
    message = discord.Message(state=client._connection, channel=channel, data=payload | of)
    return utterance_of(message, rules or ChannelRules(), int(ME))


def mention(*ids: str) -> dict[str, Any]:
    return {"mentions": [user(id, NAMES[id]) for id in ids]}


def test_a_mention_is_for_the_bot_and_its_own_name_is_taken_out(client: FrontClient) -> None:
    said = heard(client, content=f"<@{ME}> may <@{BOB}> in <#{GENERAL}>?", **mention(ME, BOB))
    assert said is not None
    assert said.address == "mention" and said.text == "may @Bob in #general?"
    assert said.author == ANN and said.id == "discord:100"


def test_a_mention_in_a_channel_is_answered_in_the_thread_that_will_start_from_it(
    client: FrontClient,
) -> None:
    said = heard(client, content=f"<@{ME}> hi", **mention(ME))
    assert said and said.place == Place("discord", GUILD, GENERAL, "100")
    said = heard(client, ChannelRules(threads=False), content=f"<@{ME}> hi", **mention(ME))
    assert said and said.place == Place("discord", GUILD, GENERAL)


def test_the_role_that_only_the_bot_has_counts_as_its_name(client: FrontClient) -> None:
    said = heard(client, content=f"<@&{ROLE}> hi", mention_roles=[ROLE])
    assert said and said.address == "mention" and said.text == "hi" and not said.to_others


def test_what_names_nobody_is_within_earshot(client: FrontClient) -> None:
    said = heard(client)
    assert said and said.address == "none"
    said = heard(client, where=THREAD)
    assert said and said.address == "thread"
    assert said.place == Place("discord", GUILD, GENERAL, THREAD)


@pytest.mark.parametrize(
    "of",
    [
        mention(BOB),
        {"mention_everyone": True},
        {
            "type": 19,
            "message_reference": {"message_id": "5", "channel_id": GENERAL},
            "referenced": BOB,
        },
    ],
)
def test_what_names_somebody_else_is_to_others(client: FrontClient, of: dict[str, Any]) -> None:
    said = heard(client, where=THREAD, **_with_reference(of))
    assert said and said.to_others


def test_a_reply_to_the_bot_counts_as_a_mention(client: FrontClient) -> None:
    reply = {
        "type": 19,
        "message_reference": {"message_id": "5", "channel_id": GENERAL},
        "referenced": ME,
    }
    said = heard(client, **_with_reference(reply))
    assert said and said.address == "mention" and "about" not in said.handle


def test_what_a_mention_replies_to_comes_along(client: FrontClient) -> None:
    reply = {
        "type": 19,
        "message_reference": {"message_id": "5", "channel_id": GENERAL},
        "referenced": BOB,
    }
    said = heard(client, content=f"<@{ME}> is that so?", **_with_reference(reply), **mention(ME))
    assert said and said.handle["about"] == "quoted words"
    bare = heard(client, content=f"<@{ME}>", **_with_reference(reply), **mention(ME))
    assert bare and bare.text == "quoted words" and "about" not in bare.handle


def test_direct_messages_need_no_mention(client: FrontClient) -> None:
    said = heard(client, where="90", direct=True)
    assert (
        said and said.address == "direct" and said.place == Place("discord", "", "90", direct=True)
    )


def test_files_come_along_without_credentials(client: FrontClient) -> None:
    file = {
        "id": "7",
        "filename": "pay.txt",
        "size": 20,
        "url": "https://cdn.example/pay.txt",
        "proxy_url": "https://cdn.example/pay.txt",
        "content_type": "text/plain",
    }
    said = heard(client, content="", attachments=[file])
    assert said is not None
    (given,) = said.files
    assert (given.name, given.size, given.content_type) == ("pay.txt", 20, "text/plain")
    assert given.headers == {}


def test_a_forwarded_message_is_read(client: FrontClient) -> None:
    snapshot = {
        "message": {
            "type": 0,
            "content": "the old rule",
            "embeds": [],
            "attachments": [],
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "flags": 0,
        }
    }
    said = heard(
        client,
        content="",
        message_reference={"type": 1, "message_id": "5", "channel_id": GENERAL},
        message_snapshots=[snapshot],
    )
    assert said and said.text == "the old rule"


@pytest.mark.parametrize(
    "of",
    [
        {"author": user(BOB, "Robo", bot=True)},
        {"author": user(ME, "Housevoice", bot=True)},
        {"webhook_id": "8"},
        {"type": 7},
        {"type": 21},
        {"content": ""},
    ],
)
def test_bots_webhooks_discord_itself_and_the_unreadable_are_nobodys(
    client: FrontClient, of: dict[str, Any]
) -> None:
    assert heard(client, **of) is None


def test_a_bare_mention_is_still_for_the_bot(client: FrontClient) -> None:
    said = heard(client, content=f"<@{ME}>", **mention(ME))
    assert said and said.address == "mention" and said.text == ""


def test_a_new_post_is_answered_where_the_forum_is_switched_on(client: FrontClient) -> None:
    off = heard(client, where=POST, id=POST)
    assert off and off.address == "thread"
    on = heard(client, ChannelRules(forum=True), where=POST, id=POST, content="How many?")
    assert on and on.address == "mention" and on.text == "Days of leave\n\nHow many?"
    assert on.place == Place("discord", GUILD, FORUM, POST)
    later = heard(client, ChannelRules(forum=True), where=POST)
    assert later and later.address == "thread"
    never = heard(client, ChannelRules(forum=True, answers="never"), where=POST, id=POST)
    assert never and never.address == "thread"


def test_a_posts_title_alone_is_a_question_where_its_text_cannot_be_read(
    client: FrontClient,
) -> None:
    said = heard(client, ChannelRules(forum=True), where=POST, id=POST, content="")
    assert said and said.text == "Days of leave"


def test_a_thread_is_named_by_the_question_within_discords_limit() -> None:
    assert thread_name("how\n many  days?") == "how many days?"
    assert thread_name("") == "Question"
    assert len(thread_name("word " * 50)) <= 100


def _with_reference(of: dict[str, Any]) -> dict[str, Any]:
    """``referenced``: who wrote the message that is replied to."""
    author = of.get("referenced")
    if author is None:
        return of
    replied: dict[str, Any] = {
        "id": "5",
        "channel_id": GENERAL,
        "author": user(author, NAMES[author], bot=author == ME),
        "content": "quoted words",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }
    return {key: of[key] for key in of if key != "referenced"} | {"referenced_message": replied}
