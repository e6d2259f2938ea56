"""Weaviate in a cluster, and shared by installations that must not see each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from knowledge.errors import StoreError
from knowledge.stores.weaviate.place import WeaviatePlace
from knowledge.stores.weaviate.schema import Cluster
from knowledge.stores.weaviate.store import DEFAULT_ALIAS, WeaviateStore
from tests.kit.store_toys import EVERYBODY, passage, texts, toward
from tests.stand_ins.weaviate import StandIn

pytestmark = pytest.mark.asyncio

SHARED = f"{DEFAULT_ALIAS}_shared_v1"
PAY = passage("Salaries arrive on the 25th.", toward(pay=1))


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.nodes = 3
        yield stand_in


async def open_store(server: StandIn, cluster: Cluster) -> WeaviateStore:
    return await WeaviateStore.open(server.url, grpc_port=server.grpc_port, cluster=cluster)


def place(server: StandIn, cluster: Cluster) -> WeaviatePlace:
    return WeaviatePlace(server.url, grpc_port=server.grpc_port, cluster=cluster)


class TestACluster:
    async def test_is_made_with_its_replicas_and_shards(self, server: StandIn) -> None:
        store = await open_store(server, Cluster(replicas=3, shards=2))
        schema = server.collections[f"{DEFAULT_ALIAS}_v1"].schema
        assert schema["replicationConfig"]["factor"] == 3
        assert schema["replicationConfig"]["asyncEnabled"]
        assert schema["shardingConfig"]["desiredCount"] == 2
        await store.close()

    async def test_without_enough_nodes_says_which_setting(self, server: StandIn) -> None:
        with pytest.raises(StoreError, match="fewer nodes than HOUSEVOICE_WEAVIATE_REPLICAS"):
            await open_store(server, Cluster(replicas=5))

    @pytest.mark.parametrize("reads", ["ONE", "QUORUM"])
    async def test_is_written_to_by_a_quorum_and_read_as_set(
        self, server: StandIn, reads: str
    ) -> None:
        store = await open_store(server, Cluster(replicas=3, reads=reads))  # type: ignore[arg-type]
        server.consistency.clear()
        await store.replace("handbook", "guide.md", [PAY])
        await store.delete("handbook", "none.md")
        await store.search("salaries", toward(pay=1), EVERYBODY, 3, alpha=0.5)
        await store.readable([PAY.passage.id], EVERYBODY)
        asked = set(server.consistency)
        assert asked == {("BatchObjects", "QUORUM"), ("BatchDelete", "QUORUM"), ("Search", reads)}
        await store.close()

    async def test_another_spread_is_another_layout(self, server: StandIn) -> None:
        layouts = {
            place(server, cluster).layout
            for cluster in (Cluster(), Cluster(3), Cluster(1, 2), Cluster(3, 2))
        }
        assert len(layouts) == 4
        assert place(server, Cluster(reads="ALL")).layout in layouts
        store = await open_store(server, Cluster(3, 2))
        assert await place(server, Cluster()).found(1) == place(server, Cluster(3, 2)).layout
        await store.close()


class TestSharing:
    async def test_nobody_finds_counts_or_deletes_what_is_anothers(self, server: StandIn) -> None:
        ours = await open_store(server, Cluster(tenant="ours"))
        theirs = await open_store(server, Cluster(tenant="theirs"))
        secret = passage("Redundancies in June.", toward(pay=1), document="secret.md")
        await theirs.replace("handbook", "guide.md", [PAY])
        await theirs.replace("handbook", "secret.md", [secret])
        await ours.replace("handbook", "guide.md", [PAY])

        found = await ours.search("redundancies", toward(pay=1), EVERYBODY, 9, alpha=0.5)
        assert texts(found) == [PAY.passage.text]
        assert await ours.count() == 1
        assert await ours.readable([secret.passage.id], EVERYBODY) == frozenset()
        assert await ours.similar_words("redundancie", EVERYBODY) == {}
        assert await ours.held("handbook", "secret.md") == []
        assert set(await ours.listing()) == {("handbook", "guide.md")}
        assert await ours.delete("handbook") == 1
        assert await theirs.count() == 2
        assert (await theirs.search("june", toward(pay=1), EVERYBODY, 9, alpha=0))[0].passage
        for each in (ours, theirs):
            await each.close()

    async def test_a_query_without_a_tenant_is_refused(self, server: StandIn) -> None:
        await (await open_store(server, Cluster(tenant="ours"))).close()
        server.aliases["Bare"] = SHARED
        with pytest.raises(StoreError, match="without tenant"):
            await WeaviateStore.open(server.url, alias="Bare", grpc_port=server.grpc_port)

    async def test_dropping_takes_ones_own_part_and_the_last_takes_all(
        self, server: StandIn
    ) -> None:
        for tenant in ("ours", "theirs"):
            await (await place(server, Cluster(tenant=tenant)).open(1)).close()
        await place(server, Cluster(tenant="ours")).drop(1)
        assert set(server.collections[SHARED].tenants) == {"theirs"}
        assert await place(server, Cluster(tenant="ours")).found(1) is None
        assert await place(server, Cluster(tenant="theirs")).found(1) is not None
        await place(server, Cluster(tenant="theirs")).drop(1)
        assert SHARED not in server.collections
        assert server.aliases == {}
