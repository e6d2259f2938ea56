"""The stand-in's gRPC half: batches, deletes, counts and searches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import grpc
import numpy as np
from weaviate.proto.v1 import (
    aggregate_pb2,
    base_pb2,
    base_search_pb2,
    batch_delete_pb2,
    batch_pb2,
    properties_pb2,
    search_get_pb2,
    tenants_pb2,
    weaviate_pb2_grpc,
)

from tests.stand_ins.weaviate.searching import best, bm25, by_id, cosine, fused, matches
from tests.stand_ins.weaviate.state import Collection, Refused, Stored

if TYPE_CHECKING:
    from tests.stand_ins.weaviate.server import StandIn

LEG = 100


class Service(weaviate_pb2_grpc.WeaviateServicer):
    """The gRPC half."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in

    def _answer(self, name: str, context: Any, work: Callable[[], Any]) -> Any:
        if not self.stand_in.may(dict(context.invocation_metadata()).get("authorization")):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "anonymous access not enabled")
        with self.stand_in.lock:
            self.stand_in.requests.append(name)
            if self.stand_in.is_starting():
                said = "tried to browse non-existing index for Housevoice_passages_v1"
                context.abort(grpc.StatusCode.UNKNOWN, said)
            try:
                return work()
            except Refused as error:
                context.abort(grpc.StatusCode.UNKNOWN, str(error))

    def BatchObjects(self, request: Any, context: Any) -> Any:
        self._note("BatchObjects", request)
        return self._answer("BatchObjects", context, lambda: self._store(request))

    def BatchDelete(self, request: Any, context: Any) -> Any:
        self._note("BatchDelete", request)
        return self._answer("BatchDelete", context, lambda: self._delete(request))

    def TenantsGet(self, request: Any, context: Any) -> Any:
        return self._answer("TenantsGet", context, lambda: self._tenants(request))

    def _note(self, name: str, request: Any) -> None:
        level = base_pb2.ConsistencyLevel.Name(request.consistency_level)
        self.stand_in.consistency.append((name, level.removeprefix("CONSISTENCY_LEVEL_")))

    def _tenants(self, request: Any) -> Any:
        names = self.stand_in.collection(request.collection).tenants
        active = tenants_pb2.TENANT_ACTIVITY_STATUS_HOT
        told = [tenants_pb2.Tenant(name=name, activity_status=active) for name in names]
        return tenants_pb2.TenantsGetReply(tenants=told)

    def Aggregate(self, request: Any, context: Any) -> Any:
        return self._answer("Aggregate", context, lambda: self._count(request))

    def Search(self, request: Any, context: Any) -> Any:
        self._note("Search", request)
        return self._answer("Search", context, lambda: self._search(request))

    def _store(self, request: batch_pb2.BatchObjectsRequest) -> batch_pb2.BatchObjectsReply:
        errors = []
        for index, one in enumerate(request.objects):
            try:
                self._store_one(one)
            except Refused as error:
                errors.append(batch_pb2.BatchObjectsReply.BatchError(index=index, error=str(error)))
        return batch_pb2.BatchObjectsReply(errors=errors)

    def _store_one(self, one: batch_pb2.BatchObject) -> None:
        collection = self.stand_in.collection(one.collection).of_tenant(one.tenant)
        properties: dict[str, Any] = dict(one.properties.non_ref_properties)
        for array in one.properties.text_array_properties:
            properties[array.prop_name] = list(array.values)
        properties.update({name: [] for name in one.properties.empty_list_props})
        for name in properties:
            collection.prop(name)
        vectors = {}
        for vector in one.vectors:
            if vector.name not in collection.schema["vectorConfig"]:
                raise Refused(f"collection does not have named vector {vector.name}")
            vectors[vector.name] = new = np.frombuffer(vector.vector_bytes, dtype="<f4")
            for other in collection.objects.values():
                if other.vectors[vector.name].size != new.size:
                    raise Refused(
                        f"new node has a vector with length {new.size}. Existing nodes have "
                        f"vectors with length {other.vectors[vector.name].size}"
                    )
        if reason := self.stand_in.refuse(str(properties.get("text"))):
            raise Refused(reason)
        uuid = str(UUID(one.uuid))
        collection.objects[uuid] = Stored(uuid, properties, vectors)

    def _matching(self, request: Any) -> tuple[Collection, list[Stored]]:
        collection = self.stand_in.collection(request.collection).of_tenant(request.tenant)
        found = list(collection.objects.values())
        if request.HasField("filters"):
            found = [one for one in found if matches(collection, one, request.filters)]
        return collection, found

    def _delete(self, request: batch_delete_pb2.BatchDeleteRequest) -> Any:
        collection, found = self._matching(request)
        for one in found[: self.stand_in.delete_limit]:
            del collection.objects[one.uuid]
        gone = min(len(found), self.stand_in.delete_limit)
        return batch_delete_pb2.BatchDeleteReply(matches=gone, successful=gone)

    def _count(self, request: aggregate_pb2.AggregateRequest) -> Any:
        single = aggregate_pb2.AggregateReply.Single(objects_count=len(self._matching(request)[1]))
        return aggregate_pb2.AggregateReply(single_result=single)

    def _search(self, request: search_get_pb2.SearchRequest) -> search_get_pb2.SearchReply:
        collection, found = self._matching(request)
        if not request.HasField("hybrid_search"):
            if request.HasField("near_vector") or request.HasField("bm25_search"):
                raise Refused("the stand-in searches by hybrid search only")
            if request.offset + request.limit > 10_000:
                raise Refused("query maximum results exceeded")
            if request.after or not request.HasField("filters"):
                if request.HasField("filters"):
                    raise Refused("where and cursor api are not compatible")
                found = sorted((one for one in found if one.uuid > request.after), key=by_id)
            page = found[request.offset :][: request.limit or 10]
            return search_get_pb2.SearchReply(
                results=[_result(collection, one, 0, request) for one in page]
            )
        hybrid = request.hybrid_search
        if hybrid.fusion_type != base_search_pb2.Hybrid.FUSION_TYPE_RELATIVE_SCORE:
            raise Refused("the stand-in has only relative score fusion")
        alpha = hybrid.alpha_param if hybrid.use_alpha_param else hybrid.alpha
        (target,) = hybrid.targets.target_vectors
        query = np.frombuffer(hybrid.vector_bytes or hybrid.vectors[0].vector_bytes, dtype="<f4")
        leg = max(LEG, request.limit)
        legs = []
        if alpha < 1 and hybrid.query:
            keyword = bm25(collection, found, hybrid.query, hybrid.properties)
            legs.append((1 - alpha, best(keyword, leg)))
        if alpha > 0:
            for one in found:
                if one.vectors[target].size != query.size:
                    raise Refused(
                        f"vector lengths don't match: {one.vectors[target].size} vs {query.size}"
                    )
            near = {one.uuid: cosine(one.vectors[target], query) for one in found}
            legs.append((alpha, best(near, leg)))
        ranked = best(fused(legs), request.limit)
        return search_get_pb2.SearchReply(
            results=[
                _result(collection, collection.objects[uuid], score, request)
                for uuid, score in ranked.items()
            ]
        )


def _result(
    collection: Collection, stored: Stored, score: float, request: search_get_pb2.SearchRequest
) -> search_get_pb2.SearchResult:
    asked, fields = request.metadata, {}
    # A request that says nothing about properties wants them all.
    wanted = not request.HasField("properties") or request.properties.return_all_nonref_properties
    named = set(request.properties.non_ref_properties)
    for name, value in stored.properties.items():
        if not wanted and name not in named:
            continue
        if isinstance(value, list):
            texts = properties_pb2.TextValues(values=value)
            listed = properties_pb2.ListValue(text_values=texts)
            fields[name] = properties_pb2.Value(list_value=listed)
        elif collection.prop(name)["dataType"] == ["int"]:
            fields[name] = properties_pb2.Value(int_value=int(value))
        else:
            fields[name] = properties_pb2.Value(text_value=value)
    return search_get_pb2.SearchResult(
        properties=search_get_pb2.PropertiesResult(
            target_collection=collection.schema["class"],
            non_ref_props=properties_pb2.Properties(fields=fields),
        ),
        metadata=search_get_pb2.MetadataResult(
            id=stored.uuid,
            id_as_bytes=UUID(stored.uuid).bytes,
            score=score,
            score_present=asked.score,
            vectors=[
                base_pb2.Vectors(
                    name=name,
                    vector_bytes=stored.vectors[name].tobytes(),
                    type=base_pb2.Vectors.VECTOR_TYPE_SINGLE_FP32,
                )
                for name in asked.vectors
            ],
        ),
    )
