"""Files of a question are kept for a while, whatever is killed in between, and forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.stores.port import PassageStore
from tests.kit.chat_files import HERE, THERE, Room, open_room, reasons


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as room:
        yield room


class Died(BaseException):
    """The process would be gone at this point."""


class Between:
    """A store with something that happens right after its first call of a kind."""

    def __init__(
        self, store: PassageStore, after: str, happens: Callable[[], Awaitable[None]]
    ) -> None:
        self._store = store
        self._after = after
        self._happens = happens

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def call(*args: object) -> object:
            result = await getattr(self._store, name)(*args)
            if name == self._after:
                self._after = ""
                await self._happens()
            return result

        return call


async def die() -> None:
    raise Died


class TestForgetting:
    async def test_a_conversation_takes_its_files_and_no_others(self, room: Room) -> None:
        for conversation in (HERE, THERE):
            await room.reader().read(conversation, [room.file("a.txt", "Bees hum.")])
        await room.reader().forget(HERE)

        assert await room.passages(HERE) == []
        assert len(await room.passages(THERE)) == 1
        assert await room.entries() == ["a.txt"]

    async def test_what_is_older_than_kept_goes(self, room: Room) -> None:
        reader = room.reader(keep=timedelta(days=30))
        await reader.read(HERE, [room.file("old.txt", "Bees hum.")])
        room.clock.tick(20 * 86400)
        await reader.read(HERE, [room.file("new.txt", "Dogs bark.")])
        assert await reader.forget_expired() == 0

        room.clock.tick(10 * 86400 + 1)

        assert await reader.forget_expired() == 1
        assert [p.document for p in await room.passages()] == ["new.txt"]
        assert await room.entries() == ["new.txt"]
        assert await reader.forget_expired() == 0

    async def test_what_was_sent_again_is_kept_from_then_on(self, room: Room) -> None:
        reader = room.reader(keep=timedelta(days=30))
        await reader.read(HERE, [room.file("a.txt", "Bees hum.")])
        room.clock.tick(29 * 86400)
        await reader.read(HERE, [room.file("a.txt", "Bees hum.")])
        room.clock.tick(29 * 86400)

        assert await reader.forget_expired() == 0
        assert len(await room.passages()) == 1

    async def test_killed_after_storing_it_is_read_again_and_expires(self, room: Room) -> None:
        file = room.file("a.txt", "Bees hum.")
        with pytest.raises(Died):
            await room.reader(Between(room.store, "replace", die)).read(HERE, [file])
        before = await room.passages()
        assert reasons(await room.reader().read(HERE, [file])) == {}
        assert await room.passages() == before

        with pytest.raises(Died):
            await room.reader(Between(room.store, "replace", die)).read(THERE, [file])
        room.clock.tick(31 * 86400)
        assert await room.reader().forget_expired() == 2
        assert await room.store.count() == 0

    async def test_killed_while_forgetting_it_goes_the_next_time(self, room: Room) -> None:
        files = [room.file(f"{n}.txt", f"Number {n}.", at=f"/{n}") for n in range(3)]
        await room.reader().read(HERE, files)
        room.clock.tick(31 * 86400)
        with pytest.raises(Died):
            await room.reader(Between(room.store, "delete", die)).forget_expired()

        assert await room.reader().forget_expired() == 3
        assert await room.store.count() == 0
        assert await room.entries() == []

    @pytest.mark.parametrize("after", ["replace", "delete"])
    async def test_what_is_forgotten_while_it_is_read_does_not_stay(
        self, room: Room, after: str
    ) -> None:
        file = room.file("a.txt", "Bees hum.")
        if after == "replace":
            store = Between(room.store, "replace", lambda: room.reader().forget(HERE))
            assert reasons(await room.reader(store).read(HERE, [file])) == {
                "a.txt": "It was taken back while it was being read."
            }
        else:

            async def read() -> None:
                await room.reader().read(HERE, [file])

            await room.reader(Between(room.store, "delete", read)).forget(HERE)
        assert await room.store.count() == 0
        assert await room.entries() == []
