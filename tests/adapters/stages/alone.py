"""What a stage has not where nobody but one person and the bot is there."""

from __future__ import annotations

from typing import Any

from adapters.base import Adapter
from tests.adapters.stages.stage import OpenForm, Person, Said, Shown, Stage, Where


class AloneStage(Stage):
    """No server between, nobody else's messages; :mod:`tests.adapters.stages.lacks` says why."""

    def with_wrong_token(self) -> Adapter:
        raise NotImplementedError

    async def edit(self, said: Said, text: str) -> None:
        raise NotImplementedError

    async def delete(self, said: Said) -> None:
        raise NotImplementedError

    async def suggestions(
        self, who: Person, where: Where, command: str, parameter: str, typed: str
    ) -> list[str]:
        raise NotImplementedError

    async def menu(self, who: Person, said: Said, entry: str) -> Shown | OpenForm | None:
        raise NotImplementedError

    def is_solved(self, answer: Shown) -> bool:
        raise NotImplementedError

    def everything_comes_twice(self) -> Any:
        raise NotImplementedError

    def outage(self) -> None:
        raise NotImplementedError

    def outage_ends(self) -> None:
        raise NotImplementedError

    def lookups_fail(self) -> None:
        raise NotImplementedError

    def is_link_to(self, text: str, where: Where) -> bool:
        raise NotImplementedError
