"""From what Discord's gateway delivers to what was said where, by whom and to whom.

Nothing is asked of Discord here. What is left out is nobody's question: what bots, webhooks and
Discord itself post, and text that the bot may not read.
"""

from __future__ import annotations

from collections.abc import Iterator

import discord

from adapters.discord.config import PLATFORM
from adapters.discord.showing.formatting import from_discord, inert
from bot.conversation.channels import ChannelRules
from bot.types import Address, Place, Utterance
from knowledge.types import Attachment

_SPOKEN = (discord.MessageType.default, discord.MessageType.reply)
_THREAD_NAME = 100  # characters, Discord's limit
_ABOUT = 2_000  # characters of a message that is replied to


def message_id(id: int) -> str:
    """The id under which a message is heard."""
    return f"{PLATFORM}:{id}"


def interaction_id(id: int) -> str:
    """The id under which a command is heard."""
    return f"{PLATFORM}:i{id}"


def place_of(channel: object, guild_id: int | None, channel_id: int) -> Place:
    """Where a channel, thread or direct conversation is."""
    if guild_id is None:
        return Place(PLATFORM, "", str(channel_id), direct=True)
    if isinstance(channel, discord.Thread):
        return Place(PLATFORM, str(guild_id), str(channel.parent_id), str(channel_id))
    return Place(PLATFORM, str(guild_id), str(channel_id))


def place_of_message(message: discord.Message) -> Place:
    """Where a message was posted."""
    guild = message.guild.id if message.guild else None
    return place_of(message.channel, guild, message.channel.id)


def is_said_by_a_person(message: discord.Message) -> bool:
    """Whether somebody said it, rather than a bot, a webhook or Discord."""
    return not message.author.bot and message.webhook_id is None and message.type in _SPOKEN


def post_title(message: discord.Message) -> str:
    """The title of the forum post that it opens: post and first message share their id."""
    channel = message.channel
    if (
        isinstance(channel, discord.Thread)
        and channel.id == message.id
        and isinstance(channel.parent, discord.ForumChannel)
    ):
        return channel.name
    return ""


def utterance_of(message: discord.Message, rules: ChannelRules, me: int) -> Utterance | None:
    """What a person said; None where there is nothing that could be for the bot.

    ``rules``: of the channel. ``me``: the bot's own id.
    """
    if not is_said_by_a_person(message):
        return None
    place = place_of_message(message)
    address = _address(message, rules, me)
    text, about = readable(message, me), _replied_to(message, me)
    if address == "mention" and (title := post_title(message)):
        text = "\n\n".join(part for part in (title, text) if part)
    if not text and about:  # "@bot" under somebody's question: that is the question
        text, about = about, ""
    files = attachments(message)
    if not text and not files and not _names(message, me):
        return None  # nothing was said, or it cannot be read without the intent
    if opens_thread(message, rules):
        # A thread that is started from a message gets the message's id.
        place = Place(place.platform, place.workspace, place.channel, str(message.id))
    handle = {"channel": str(message.channel.id), "message": str(message.id)}
    return Utterance(
        id=message_id(message.id),
        place=place,
        author=str(message.author.id),
        text=text,
        address=address,
        to_others=_to_others(message, me),
        files=files,
        handle=handle | ({"about": about} if about else {}),
    )


def opens_thread(message: discord.Message, rules: ChannelRules) -> bool:
    """Whether the answer goes to a thread of its own: wanted there, possible and permitted."""
    channel = message.channel
    if not rules.threads or not isinstance(channel, discord.TextChannel) or channel.is_news():
        return False
    held = channel.permissions_for(channel.guild.me)
    return held.create_public_threads and held.send_messages_in_threads


def thread_name(question: str) -> str:
    """The question as the name of its thread."""
    line = inert(" ".join(question.split())) or "Question"
    return line if len(line) <= _THREAD_NAME else line[: _THREAD_NAME - 1].rstrip() + "…"


def attachments(message: discord.Message) -> tuple[Attachment, ...]:
    """The files of a message, those of what it forwards included."""
    files = [*message.attachments]
    for forwarded in message.message_snapshots:
        files += forwarded.attachments
    return tuple(map(attachment, files))


def attachment(file: discord.Attachment) -> Attachment:
    """A file as the core knows it."""
    return Attachment(file.filename, file.url, file.size, file.content_type)


def readable(message: discord.Message, me: int) -> str:
    """The text as Markdown, with the names of who and what is mentioned, without the bot's own."""
    names = {user.id: user.display_name for user in message.mentions}
    names |= {role.id: role.name for role in message.role_mentions}
    names |= {channel.id: channel.name for channel in message.channel_mentions}
    texts = [message.content, *(forwarded.content for forwarded in message.message_snapshots)]
    joined = "\n\n".join(text for text in texts if text)
    for role in _own_roles(message, me):
        joined = joined.replace(f"{role.mention} ", "").replace(role.mention, "")
    return from_discord(joined, me, names)


def _address(message: discord.Message, rules: ChannelRules, me: int) -> Address:
    if message.guild is None:
        return "direct"
    if _names(message, me) or _replies_to(message) == me:
        return "mention"
    if post_title(message) and rules.forum and rules.answers != "never":
        return "mention"
    return "thread" if isinstance(message.channel, discord.Thread) else "none"


def _names(message: discord.Message, me: int) -> bool:
    """Whether the bot is mentioned, or the role that only it has, which looks the same."""
    return any(user.id == me for user in message.mentions) or any(_own_roles(message, me))


def _own_roles(message: discord.Message, me: int) -> Iterator[discord.Role]:
    return (role for role in message.role_mentions if role.tags and role.tags.bot_id == me)


def _replies_to(message: discord.Message) -> int | None:
    """The author of the message that this one replies to."""
    replied = message.reference.resolved if message.reference else None
    return replied.author.id if isinstance(replied, discord.Message) else None


def _replied_to(message: discord.Message, me: int) -> str:
    """The text of somebody else's message that this one replies to."""
    replied = message.reference.resolved if message.reference else None
    if not isinstance(replied, discord.Message) or replied.author.id == me:
        return ""
    return readable(replied, me)[:_ABOUT]


def _to_others(message: discord.Message, me: int) -> bool:
    people = {user.id for user in message.mentions} | {_replies_to(message)}
    roles = {role.id for role in message.role_mentions}
    roles -= {role.id for role in _own_roles(message, me)}
    return bool(people - {None, me, message.author.id} or roles) or message.mention_everyone
