"""What can be made on the server and what people do there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import discord
from simcord import ChannelHandle, GuildHandle, MemberActor, RoleHandle, UserHandle, WebhookHandle
from simcord.actors import _dispatch_actor_interaction, _resolve_visible_command
from simcord.backend import Backend, serializers
from simcord.backend.models import AllowedMentions, Overwrite
from simcord.enums import AppCommandType, ChannelType, InteractionType, MessageType, OverwriteType

from tests.stand_ins.discord_server.rest import show_starter
from tests.stand_ins.discord_server.world import Interaction, Posted, World

Kind = Literal["text", "forum", "voice", "news", "dm"]
File = tuple[str, bytes]
ACKNOWLEDGE = 3.0
"""Seconds that a bot has for its first response."""


class People:
    """The part of the server that users act through."""

    world: World
    guild: GuildHandle
    """The server that everything belongs to unless another is named."""
    interactions: list[Interaction]

    @property
    def backend(self) -> Backend:
        """The state that simcord holds, for what has no verb here."""
        return self.world.backend

    async def until_acknowledged(self, interaction: Interaction) -> None:
        """Wait for the first response, as long as Discord would."""
        raise NotImplementedError

    # --- making -------------------------------------------------------------------------------

    def add_guild(
        self,
        name: str,
        *,
        permissions: discord.Permissions | None = None,
        shard: tuple[int, int] | None = None,
    ) -> GuildHandle:
        """A server the bot has been invited to, with these permissions and no others.

        ``shard``: (shard, number of shards) that it shall belong to.
        """
        index, shards = shard or (None, 1)
        # The bot's permissions stand in the event already, so that goes out when all is in place.
        with self.world.unannounced():
            made = self.backend.create_guild(name, shard_id=index, shard_count=shards)
            if permissions is not None:
                role = next(each for each in made.roles.values() if each.managed)
                role.permissions = permissions.value
        guild = GuildHandle(self.world, made)
        self.world._guilds.append(guild)
        self.backend.emit("GUILD_CREATE", serializers.guild_create_payload(self.backend, made))
        return guild

    def role(
        self,
        name: str,
        *permissions: str,
        mentionable: bool = False,
        guild: GuildHandle | None = None,
    ) -> RoleHandle:
        """A role with permissions by discord.py's names, e.g. ``manage_guild``."""
        held = discord.Permissions(**dict.fromkeys(permissions, True))
        guild = guild or self.guild
        return guild.create_role(name, permissions=held, mentionable=mentionable)

    def user(
        self,
        name: str,
        roles: Sequence[RoleHandle] = (),
        admin: bool = False,
        bot: bool = False,
        guild: GuildHandle | None = None,
    ) -> MemberActor:
        """A member. ``admin``: may manage the server. ``bot``: another app's bot."""
        guild = guild or self.guild
        if admin:
            held = guild.roles.get("Admin") or self.role("Admin", "manage_guild", guild=guild)
            roles = [*roles, held]
        return guild.add_member(self.world.create_user(name, bot=bot), roles=roles)

    def webhook(self, channel: ChannelHandle, name: str) -> WebhookHandle:
        """Something that posts by webhook; it can be the author in :meth:`say`."""
        assert channel.guild
        return channel.guild.create_webhook(channel, name)

    def grant(self, user: MemberActor, role: RoleHandle) -> None:
        self.backend.add_member_role(role.guild.id, user.id, role.id)

    def revoke(self, user: MemberActor, role: RoleHandle) -> None:
        self.backend.remove_member_role(role.guild.id, user.id, role.id)

    def channel(
        self,
        name: str,
        private_to: Sequence[RoleHandle | MemberActor] | None = None,
        kind: Kind = "text",
        *,
        bot: bool = True,
        guild: GuildHandle | None = None,
    ) -> ChannelHandle:
        """A channel. ``bot``: whether the bot may look into it although it is private."""
        if kind == "dm":
            (user,) = (each for each in private_to or () if isinstance(each, MemberActor))
            return self.dm(user)
        guild = guild or self.guild
        type = {
            "text": ChannelType.TEXT,
            "forum": ChannelType.FORUM,
            "voice": ChannelType.VOICE,
            "news": ChannelType.NEWS,
        }[kind]
        # Made and closed in one step: the bot must not hear of it as an open channel first.
        with self.world.unannounced():
            made = self.backend.create_channel(guild.id, name, type=type)
            channel = ChannelHandle(self.world, guild, made)
            if private_to is not None:
                self.forbid(channel, "view_channel", to=[guild.default_role])
                self.allow(channel, "view_channel", to=private_to)
                (self.allow if bot else self.forbid)(channel, "view_channel")
        self.backend.emit("CHANNEL_CREATE", serializers.channel_payload(self.backend, made))
        return channel

    def dm(self, user: MemberActor | UserHandle) -> ChannelHandle:
        """The direct conversation of a user with the bot."""
        return (user.user if isinstance(user, MemberActor) else user).dm_channel

    def allow(
        self,
        channel: ChannelHandle,
        *permissions: str,
        to: Iterable[RoleHandle | MemberActor] | None = None,
    ) -> None:
        """Allow something in a channel; ``to`` None: to the bot."""
        self._overwrite(channel, permissions, to, allowed=True)

    def forbid(
        self,
        channel: ChannelHandle,
        *permissions: str,
        to: Iterable[RoleHandle | MemberActor] | None = None,
    ) -> None:
        """Deny something in a channel; ``to`` None: to the bot."""
        self._overwrite(channel, permissions, to, allowed=False)

    def _overwrite(
        self,
        channel: ChannelHandle,
        permissions: Sequence[str],
        to: Iterable[RoleHandle | MemberActor] | None,
        *,
        allowed: bool,
    ) -> None:
        bits = discord.Permissions(**dict.fromkeys(permissions, True)).value
        targets = [(self.backend.bot_user.id, OverwriteType.MEMBER)]
        if to is not None:
            targets = [
                (
                    each.id,
                    OverwriteType.ROLE if isinstance(each, RoleHandle) else OverwriteType.MEMBER,
                )
                for each in to
            ]
        for target, type in targets:
            known = next(
                (each for each in channel._channel.overwrites if each.target_id == target), None
            )
            allow, deny = (known.allow, known.deny) if known else (0, 0)
            allow, deny = (allow | bits, deny & ~bits) if allowed else (allow & ~bits, deny | bits)
            self.backend.set_overwrite(channel.id, Overwrite(target, type, allow, deny))

    def thread(
        self,
        channel: ChannelHandle,
        name: str,
        *,
        by: MemberActor | None = None,
        starter: Posted | None = None,
        text: str = "",
        files: Sequence[File] = (),
        private: bool = False,
    ) -> ChannelHandle:
        """A thread that a user starts; in a forum a post, with ``text`` as its first message."""
        assert channel.guild
        owner = by.id if by else channel.guild.owner.id
        forum = channel._channel.type == ChannelType.FORUM
        made = self.backend.create_thread(
            channel.id,
            name,
            owner,
            type=ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD,
            message_id=starter.id if starter else None,
            broadcast=False,
        )
        self.backend.announce_thread_create(made)
        if starter:
            show_starter(self.world, made.id)
        elif forum:
            attachments = self.backend.store_attachments(made.id, files)
            first = self.backend.prepare_message(made.id, owner, text, attachments=attachments)
            first.id = made.id  # a post and its first message share the id
            self.backend.commit_message(first)
        else:
            self.backend.create_system_message(
                channel.id, MessageType.THREAD_CREATED, owner, target_channel_id=made.id
            )
        return ChannelHandle(self.world, channel.guild, made)

    # --- doing --------------------------------------------------------------------------------

    async def say(
        self,
        user: MemberActor | WebhookHandle,
        channel: ChannelHandle,
        text: str = "",
        reply_to: Posted | None = None,
        files: Sequence[File] = (),
        *,
        ping: bool = True,
    ) -> Posted:
        """Post a message and return at once. ``ping``: whether a reply rings its author."""
        attachments = self.backend.store_attachments(channel.id, files)
        identity: dict[str, Any] = {}
        if isinstance(user, WebhookHandle):
            author = user._webhook.webhook_user_id
            identity = {"webhook_id": user.id, "author_name": user.name}
        else:
            author = user.id
            spoken = "send_messages_in_threads" if channel.is_thread else "send_messages"
            guild = channel.guild.id if channel.guild else None
            self.backend.require_permissions(guild, author, channel.id, spoken)
        reference = {"message_id": str(reply_to.id)} if reply_to else None
        message = self.backend.create_message(
            channel.id,
            author,
            text,
            reference=reference,
            attachments=attachments,
            allowed_mentions=AllowedMentions(replied_user=ping),
            **identity,
        )
        await asyncio.sleep(0)
        return Posted(self.world, message)

    async def edit(self, user: MemberActor, message: Posted, text: str) -> None:
        await self._as(user, message.channel).edit(message, text)

    async def delete(self, user: MemberActor, message: Posted) -> None:
        await self._as(user, message.channel).delete(message)

    async def react(self, user: MemberActor, message: Posted, emoji: str, on: bool = True) -> None:
        await self._as(user, message.channel).set_reaction(message, emoji, reacted=on)

    async def command(
        self,
        user: MemberActor,
        channel: ChannelHandle,
        name: str,
        *,
        sub: str | None = None,
        wait: bool = True,
        **options: Any,
    ) -> Interaction:
        """Use a slash command that the bot has synced. Files are (name, bytes).

        ``sub``: the subcommand, after its group if it has one. ``wait``: for the first response.
        """
        path = f"{name} {sub}" if sub else name
        if channel.guild:
            used = await user.slash(channel, path, **options)
        else:
            used = await user.user.slash(path, **options)
        return await self._used(used, wait)

    async def autocomplete(
        self,
        user: MemberActor,
        channel: ChannelHandle,
        name: str,
        option: str,
        typed: str,
        *,
        sub: str | None = None,
        **filled: Any,
    ) -> list[dict[str, Any]]:
        """Type into an option; the choices that the bot offers."""
        seen = len(self.backend.interactions)
        path = f"{name} {sub}" if sub else name
        if channel.guild:
            await user.autocomplete(channel, path, option, typed, **filled)
        else:
            await user.user.autocomplete(path, option, typed, **filled)
        record = list(self.backend.interactions.values())[seen]
        used = await self._used(Interaction(self.world, record), True)
        return used.autocomplete_choices or []

    async def context_menu(
        self,
        user: MemberActor,
        name: str,
        target: Posted | MemberActor,
        *,
        channel: ChannelHandle | None = None,
        wait: bool = True,
    ) -> Interaction:
        """Use an app's entry in the menu of a message, or of a member as seen in ``channel``."""
        if isinstance(target, MemberActor):
            assert channel
            return await self._used(await user.context_menu(channel, name, target), wait)
        channel = target.channel
        actor = self._as(user, channel)
        root = _resolve_visible_command(actor, channel.id, name, AppCommandType.MESSAGE)
        message = serializers.message_payload(self.backend, target._message)
        data = {
            "id": root["id"],
            "name": root["name"],
            "type": AppCommandType.MESSAGE,
            "target_id": str(target.id),
            "resolved": {"messages": {str(target.id): dict(message)}},
        }
        type = InteractionType.APPLICATION_COMMAND
        return await self._used(await _dispatch_actor_interaction(actor, type, channel, data), wait)

    async def click(
        self,
        user: MemberActor,
        message: Posted,
        custom_id: str | None = None,
        *,
        label: str | None = None,
        wait: bool = True,
    ) -> Interaction:
        """Press a button of a message that the user can see."""
        actor = self._as(user, message.channel)
        return await self._used(await actor.click(message, custom_id=custom_id, label=label), wait)

    async def select(
        self,
        user: MemberActor,
        message: Posted,
        values: Sequence[Any],
        custom_id: str | None = None,
        *,
        wait: bool = True,
    ) -> Interaction:
        """Choose in a select: strings, or handles of users, roles and channels."""
        actor = self._as(user, message.channel)
        return await self._used(await actor.select(message, values, custom_id=custom_id), wait)

    async def submit(
        self, modal: Interaction, values: Mapping[str, Any], *, wait: bool = True
    ) -> Interaction:
        """Fill in and send the modal that an interaction has opened, values by custom id."""
        opened = modal._interaction
        user = self.world.backend.get_user(opened.user_id)
        handle = UserHandle(self.world, user)
        guild = self.world.channel_handle(opened.channel_id).guild
        actor = MemberActor(self.world, guild, handle) if guild else handle
        return await self._used(await actor.submit_modal(modal, dict(values)), wait)

    def _as(self, user: MemberActor, channel: ChannelHandle) -> MemberActor | UserHandle:
        """In simcord a member acts on servers, the user behind it in direct conversations."""
        return user if channel.guild else user.user

    async def _used(self, result: Any, wait: bool) -> Interaction:
        interaction = Interaction(self.world, result._interaction)
        self.interactions.append(interaction)
        if wait:
            await self.until_acknowledged(interaction)
        return interaction
