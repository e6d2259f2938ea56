"""How a Web API method refuses: Slack's error string and what stands beside it in the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SlackError(Exception):
    """``{"ok": false, "error": …}`` with further fields of the answer."""

    def __init__(self, error: str, **fields: Any):
        super().__init__(error)
        self.error = error
        self.fields = fields

    @property
    def answer(self) -> dict[str, Any]:
        """The body that the caller gets."""
        return {"ok": False, "error": self.error, **self.fields}


def with_messages(error: str, messages: Sequence[str]) -> SlackError:
    """An error that says in ``response_metadata.messages`` what was wrong, as Slack does.

    https://docs.slack.dev/apis/web-api/#responses
    """
    return SlackError(
        error, response_metadata={"messages": [f"[ERROR] {message}" for message in messages]}
    )


def invalid_blocks(messages: Sequence[str]) -> SlackError:
    """``invalid_blocks``: the same list also stands bare in ``errors``."""
    refused = with_messages("invalid_blocks", messages)
    refused.fields["errors"] = list(messages)
    return refused
