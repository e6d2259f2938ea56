"""Forum posts that are marked as solved."""

from __future__ import annotations

import discord

from adapters.discord.connection.client import Interaction
from adapters.discord.connection.errors import translated
from bot.cards import Card
from bot.errors import UsageError

_TAGS = frozenset({"solved", "resolved"})
_MOST_TAGS = 5  # Discord's limit for one post
_NOT_YOURS = "Only who opened this post, or who manages threads here, can mark it as solved."
_NO_POST = "There is no post here that could be solved."
_NOT_ALLOWED = "I may not close this post. I need the permission *Manage Threads and Posts*."


async def close_post(interaction: Interaction) -> Card:
    """Tag the post as solved where there is such a tag, and close it.

    Raises :class:`UsageError` for who may not, and where there is no post.
    """
    post = interaction.channel
    forum = post.parent if isinstance(post, discord.Thread) else None
    if not isinstance(post, discord.Thread) or not isinstance(forum, discord.ForumChannel):
        raise UsageError(_NO_POST)
    if post.owner_id != interaction.user.id and not interaction.permissions.manage_threads:
        raise UsageError(_NOT_YOURS)
    tags = list(post.applied_tags)
    solved = next((tag for tag in forum.available_tags if tag.name.lower() in _TAGS), None)
    if solved is not None and solved not in tags:
        tags = [*tags, solved][-_MOST_TAGS:]
    with translated():
        try:
            await post.edit(archived=True, applied_tags=tags)
        except discord.Forbidden:
            raise UsageError(_NOT_ALLOWED) from None
    return Card("Marked as solved. Whoever writes here opens it again.")
