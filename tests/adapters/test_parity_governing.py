"""Parity of governing: who may read a source, when it is read again, and who changed that."""

from __future__ import annotations

import pytest

from knowledge.retrieval.retriever import Retriever
from knowledge.types import PUBLIC
from tests.adapters.stages.library import Scene
from tests.adapters.stages.playing import needs, shown
from tests.kit.fakes import FakeReader
from tests.kit.word_embedder import WordEmbedder

NEEDS = ("commands",)


async def added(real: Scene) -> str:
    await real.library.add(real.site.url("/help"))
    (spec,) = await real.library.sources()
    return spec.id


async def is_found(real: Scene, *principals: str) -> bool:
    retriever = Retriever(real.store, WordEmbedder(), FakeReader())
    return bool(await retriever.search("ring for the porter", frozenset(principals), 3))


async def test_readers_are_named_and_hold_at_once(real: Scene) -> None:
    id = await added(real)
    assert "is for everyone" in await real.says(f"/kb access {id}")
    told = await real.says(f"/kb access {id} role:board, role:managers")
    assert "is for role:board, role:managers from now on" in told
    assert not await is_found(real, PUBLIC)
    assert await is_found(real, "role:board")
    assert "is for everyone from now on" in await real.says(f"/kb access {id} everyone")
    assert await is_found(real, PUBLIC)


@needs("channels")
async def test_channels_and_people_may_be_mentioned(real: Scene) -> None:
    id = await added(real)
    channel = real.stage.principal("board").rpartition(":")[2]
    user = real.stage.user("ann")
    await real.says(f"/kb access {id} <#{channel}> <@{user}> here")
    (spec,) = await real.library.sources()
    names = {real.stage.principal(each) for each in ("board", "ann", "general")}
    assert spec.access == names


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("the board", "I do not know who the is"),
        ("public role:board", "Everyone is everyone"),
    ],
)
async def test_who_is_not_understood_changes_nothing(real: Scene, words: str, said: str) -> None:
    id = await added(real)
    assert said in await real.says(f"/kb access {id} {words}")
    assert (await real.library.find(id)).access == {PUBLIC}


async def test_a_schedule_is_set_and_told(real: Scene) -> None:
    id = await added(real)
    assert "It is read every night, next at" in await real.says(f"/kb schedule {id}")
    assert "It is read every hour, next at" in await real.says(f"/kb schedule {id} hourly")
    told = await real.says(f"/kb schedule {id} 30 6 * * 1-5 Europe/Berlin")
    assert "It is read at 30 6 * * 1-5 Europe/Berlin, next at" in told
    assert (await real.library.find(id)).schedule == "30 6 * * 1-5 Europe/Berlin"
    assert "is no schedule" in await real.says(f"/kb schedule {id} now and then")
    assert (await real.library.find(id)).schedule == "30 6 * * 1-5 Europe/Berlin"
    assert "every night" in await real.says(f"/kb schedule {id} nightly")


async def test_every_change_is_in_the_audit_and_shown(real: Scene) -> None:
    id = await added(real)
    await real.says(f"/kb access {id} role:board")
    await real.says(f"/kb schedule {id} weekly")
    await real.says(f"/kb schedule {id} never ever")
    await real.says(f"/kb pause {id}")
    await real.says(f"/kb resume {id}")
    await real.says(f"/kb refresh {id}")
    lines = await real.stage.bench.audit.newest(10, id)
    assert [(each.what, each.detail, each.outcome) for each in reversed(lines)] == [
        ("access", "role:board", "done"),
        ("schedule", "weekly", "done"),
        ("schedule", "never ever", "refused"),
        ("paused", "", "done"),
        ("resumed", "", "done"),
        ("refreshed", "", "done"),
    ]
    who = f"{real.stage.name}:user:{real.stage.user('ida')}"
    assert {each.who for each in lines} == {who}
    told = await real.says(f"/kb show {id}")
    assert "Who changed it, in UTC:" in told and "schedule (never ever), refused" in told


@needs("others")
async def test_only_admins_may(real: Scene) -> None:
    id = await added(real)
    for line in (f"/kb access {id} role:board", f"/kb schedule {id} hourly"):
        told = shown(await real.stage.command("ann", "general", line))
        assert "is for admins" in told.text
    spec = await real.library.find(id)
    assert spec.access == {PUBLIC} and spec.schedule == ""
    assert await real.stage.bench.audit.newest(10) == []
