"""What an employee sees of a message in the Discord client, as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import discord
from simcord.backend import Backend
from simcord.backend.models import Message

_MENTION = re.compile(r"<(@[!&]?|#)(\d+)>")
_NESTED = ("components", "accessory", "component")


def visible_text(backend: Backend, message: Message) -> str:
    """Content, text displays, embeds, controls and file names, one under the other."""
    flags = discord.MessageFlags._from_value(message.flags)
    lines = ["… is thinking"] if flags.loading else []
    lines.append(message.content)
    for component in message.components:
        lines.extend(_component(component))
    if not flags.suppress_embeds:
        for embed in message.embeds:
            lines.extend(_embed(embed))
    shown = "\n".join([*lines, *(f"📎 {each['filename']}" for each in message.attachments)])
    return _MENTION.sub(
        lambda found: _named(backend, found), re.sub(r"\n{3,}", "\n\n", shown).strip()
    )


def _component(component: dict[str, Any]) -> Iterator[str]:
    """A row of controls is one line, all else a line for each."""
    kind = discord.ComponentType(component["type"])
    if kind is discord.ComponentType.action_row:
        yield " ".join(text for each in component["components"] for text in _component(each))
    elif kind is discord.ComponentType.text_display:
        yield component["content"]
    elif kind is discord.ComponentType.button:
        emoji = (component.get("emoji") or {}).get("name") or ""
        label = f"{emoji} {component.get('label') or ''}".strip()
        url = component.get("url")
        dim = " (disabled)" if component.get("disabled") else ""
        yield f"[{label}]({url}){dim}" if url else f"[{label}]{dim}"
    elif "options" in component or kind.name.endswith("select"):
        chosen = [each["label"] for each in component.get("options", []) if each.get("default")]
        yield f"<{', '.join(chosen) or component.get('placeholder') or 'Select'}>"
    elif kind is discord.ComponentType.file:
        yield f"📎 {component.get('name', component['file']['url'])}"
    for key in _NESTED:
        inner = component.get(key)
        if kind is not discord.ComponentType.action_row and inner:
            for each in inner if isinstance(inner, list) else [inner]:
                yield from _component(each)


def _embed(embed: dict[str, Any]) -> Iterator[str]:
    author, footer = embed.get("author") or {}, embed.get("footer") or {}
    yield from filter(None, (author.get("name"), embed.get("title"), embed.get("description")))
    for field in embed.get("fields") or []:
        yield f"{field['name']}\n{field['value']}"
    yield from filter(None, (footer.get("text"),))


def _named(backend: Backend, found: re.Match[str]) -> str:
    """A mention as the client draws it."""
    sign, number = found[1], int(found[2])
    if sign == "#":
        channel = backend.channels.get(number)
        return f"#{channel.name}" if channel else found[0]
    if sign == "@&":
        roles = (guild.roles.get(number) for guild in backend.guilds.values())
        return next((f"@{role.name}" for role in roles if role), found[0])
    user = backend.users.get(number)
    return f"@{user.name}" if user else found[0]
