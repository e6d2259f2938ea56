"""The arguments of one call: query, form or JSON, which Slack takes as one and the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.stand_ins.slack_server.errors import with_messages


class Args:
    """Arguments by name. Complex ones may come as JSON or as a string that holds JSON.

    https://docs.slack.dev/apis/web-api/#basics
    """

    def __init__(self, values: Mapping[str, Any]):
        self.values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def require(self, names: Iterable[str]) -> None:
        """Refuse when one of them is missing or empty."""
        missing = [name for name in names if self.values.get(name) in (None, "")]
        if missing:
            raise with_messages(
                "invalid_arguments", [f"missing required field: {name}" for name in missing]
            )

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers are taken as their digits."""
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong(name, "must be a string")
        return str(value)

    def optional(self, name: str) -> str | None:
        """A string, or None when it is absent or empty."""
        return self.text(name) or None

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean: JSON's, or the words and digits that forms use."""
        value = self.values.get(name, default)
        if isinstance(value, bool):
            return value
        match str(value).lower():
            case "1" | "true":
                return True
            case "0" | "false" | "":
                return False
        raise self._wrong(name, "must be a boolean")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            raise self._wrong(name, "must be a number") from None

    def names(self, name: str) -> list[str]:
        """A list of ids: JSON's, or a string with commas."""
        value = self.values.get(name, [])
        if isinstance(value, str):
            return [each.strip() for each in value.split(",") if each.strip()]
        return [str(each) for each in value]

    def json(self, name: str) -> Any:
        """An object or list, parsed where it came as a string; None when absent."""
        value = self.values.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                raise self._wrong(name, "must be valid JSON") from None
        return value

    @staticmethod
    def _wrong(name: str, what: str) -> Exception:
        return with_messages("invalid_arguments", [f"{what} [json-pointer:/{name}]"])
