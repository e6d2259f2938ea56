"""Cursors: one page of a list, and the way to the next.

https://docs.slack.dev/apis/web-api/pagination
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.core import Core
from tests.stand_ins.slack_server.errors import SlackError
from tests.stand_ins.slack_server.state import Json

Item = TypeVar("Item")
MOST_ITEMS = 1000


def page(
    core: Core, args: Args, items: Sequence[Item], default: int, most: int = MOST_ITEMS
) -> tuple[list[Item], Json]:
    """One page, and the fields that lead to the next.

    https://docs.slack.dev/apis/web-api/pagination
    """
    limit = args.number("limit", default) or default
    if not 1 <= limit <= most:
        raise SlackError("invalid_limit")
    if core.most_per_page is not None:
        limit = min(limit, core.most_per_page)
    start = _position(args.text("cursor"))
    following = start + limit if start + limit < len(items) else None
    cursor = "" if following is None else base64.b64encode(f"next:{following}".encode()).decode()
    return list(items[start : start + limit]), {"response_metadata": {"next_cursor": cursor}}


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, position = base64.b64decode(cursor, validate=True).decode().split(":")
        if word == "next":
            return int(position)
    except (binascii.Error, ValueError):
        pass
    raise SlackError("invalid_cursor")
