"""What a platform by its nature has not: nothing else may be missing anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Ability = Literal[
    "others",
    "channels",
    "edits",
    "deletions",
    "redelivery",
    "outages",
    "restarts",
    "strangers",
    "commands",
    "notices",
    "typed_lines",
    "suggestions",
    "message_menu",
    "files",
    "lines",
    "formatting",
    "mentions",
    "links",
    "forums",
]

LACKS: Mapping[str, Mapping[Ability, str]] = {
    "slack": {
        "suggestions": "Slack completes nothing behind a slash command: its words are one text.",
        "forums": "Slack has no channels of posts.",
    },
    "discord": {
        "strangers": "Whoever sees a channel of a server is a member of that server.",
        "typed_lines": "Discord sends commands with typed options only, checked by its client.",
    },
    "console": {
        "others": "One person sits at a terminal.",
        "channels": "A terminal is one direct conversation.",
        "edits": "What was typed stays typed.",
        "deletions": "What was typed stays typed.",
        "redelivery": "Nothing stands between the keyboard and the process that could repeat.",
        "outages": "There is no server that could fail.",
        "restarts": "Who typed a question sees the process end, and types it again.",
        "strangers": "One person sits at a terminal.",
        "suggestions": "Lines are read whole.",
        "message_menu": "Nobody else's messages are there to point at.",
        "files": "Nothing can be handed over with a line.",
        "lines": "A line ends where Enter is pressed.",
        "formatting": "A terminal shows Markdown as it was written.",
        "mentions": "Nobody else is there to be rung.",
        "links": "A terminal has no addresses for what was said.",
        "forums": "A terminal is one conversation.",
    },
    "browser": {
        "others": "Everyone has conversations of their own, which nobody else can open.",
        "channels": "Everything that is asked on a page is asked in a direct conversation.",
        "edits": "What was sent stays as it was sent.",
        "deletions": "What was sent stays as it was sent.",
        "redelivery": "A page sends a question once; no platform stands between and repeats it.",
        "outages": "It is served by the process itself: there is nothing else that could fail.",
        "strangers": "Nobody has a link who is of another company.",
        "commands": "Pages give commands by buttons and forms of their own: "
        "tests/adapters/browser has a file for each page, and test_access.py which there are.",
        "notices": "What is told unasked is told where people talk; pages show what waits.",
        "typed_lines": "No commands are typed.",
        "suggestions": "No commands are typed.",
        "message_menu": "Nobody else's messages are there to point at.",
        "files": "Files are added as sources, not handed over with a question.",
        "mentions": "Nobody can be rung on a page.",
        "links": "Nobody else could open the address of a conversation.",
        "forums": "There are no channels of posts.",
    },
}
"""What a platform by its nature has not, and why. Whatever is not listed it must have."""
