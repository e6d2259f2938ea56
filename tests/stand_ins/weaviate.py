"""A small Weaviate for the tests: the REST and gRPC calls that the passage store's client makes.

It keeps to what the client's messages and the public documentation say: aliases, tokenization and
index settings taken from the schema that the client sends, stop words, BM25F, cosine, relative
score fusion, batches whose objects fail one by one, deletes that stop at a limit. What it is not:
an approximate index, or a check of anything that the store does not use (that is an error here).
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
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

Reply = tuple[int, Any]
Operator = base_pb2.Filters.Operator

LEG = 100
HNSW_DEFAULTS = {
    "cleanupIntervalSeconds": 300,
    "distance": "cosine",
    "dynamicEfMin": 100,
    "dynamicEfMax": 500,
    "dynamicEfFactor": 8,
    "ef": -1,
    "efConstruction": 128,
    "flatSearchCutoff": 40000,
    "maxConnections": 32,
    "skip": False,
    "vectorCacheMaxObjects": 10**12,
}
"""A schema that is asked for says all that its maker left out."""
REPLICATION_DEFAULTS = {
    "factor": 1,
    "asyncEnabled": False,
    "deletionStrategy": "NoAutomatedResolution",
}
SHARDING_DEFAULTS = {
    "virtualPerPhysical": 128,
    "desiredCount": 0,
    "actualCount": 0,
    "desiredVirtualCount": 128,
    "actualVirtualCount": 128,
    "key": "_id",
    "strategy": "hash",
    "function": "murmur3",
}
MULTI_TENANCY_DEFAULTS = {
    "enabled": False,
    "autoTenantCreation": False,
    "autoTenantActivation": False,
}


class Refused(Exception):
    """The server's error for one request."""


@dataclass
class Stored:
    """One object: its id, property values and named vectors."""

    uuid: str
    properties: dict[str, Any]
    vectors: dict[str, np.ndarray]


@dataclass
class Collection:
    """A class of the schema with its objects."""

    schema: dict[str, Any]
    objects: dict[str, Stored] = field(default_factory=dict)
    tenants: dict[str, dict[str, Stored]] = field(default_factory=dict)

    def of_tenant(self, name: str) -> Collection:
        """The same with the objects of one tenant; the real server's errors where that is wrong."""
        shared = self.schema.get("multiTenancyConfig", {}).get("enabled", False)
        known = self.schema["class"]
        if shared and not name:
            raise Refused(
                f"class {known} has multi-tenancy enabled, but request was without tenant"
            )
        if name and not shared:
            raise Refused(f"class {known} has multi-tenancy disabled, but request was with tenant")
        if not shared:
            return self
        if name not in self.tenants:
            raise Refused(f'tenant not found: "{name}"')
        return Collection(self.schema, self.tenants[name])

    def prop(self, name: str) -> dict[str, Any]:
        for prop in self.schema["properties"]:
            if prop["name"] == name:
                return dict(prop)
        raise Refused(f"no such prop with name '{name}' found in class")

    def bm25(self) -> tuple[float, float]:
        settings = self.schema.get("invertedIndexConfig", {}).get("bm25", {})
        return settings.get("k1", 1.2), settings.get("b", 0.75)

    def stop_words(self) -> set[str]:
        settings = self.schema.get("invertedIndexConfig", {}).get("stopwords", {})
        if settings.get("preset") != "none":
            raise Refused("the stand-in has only the preset 'none'")
        return set(settings.get("additions") or ())


def tokens(tokenization: str, text: str) -> list[str]:
    """The tokens that Weaviate makes of a text: one for FIELD, lower-case words for WORD."""
    if tokenization == "field":
        return [text.strip()]
    if tokenization == "word":
        return re.findall(r"[^\W_]+", text.lower())
    if tokenization == "whitespace":
        return text.split()
    raise Refused(f"the stand-in has no tokenization {tokenization!r}")


def values(value: Any) -> list[str]:
    """A text or text-array property as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def matches(collection: Collection, stored: Stored, where: base_pb2.Filters) -> bool:
    """Whether an object passes a filter."""
    operator = where.operator
    if operator == Operator.OPERATOR_AND:
        return all(matches(collection, stored, one) for one in where.filters)
    if operator == Operator.OPERATOR_OR:
        return any(matches(collection, stored, one) for one in where.filters)
    name = where.target.property
    if name == "_id":
        held = [[stored.uuid]]
        asked = [[one] for one in where.value_text_array.values] or [[where.value_text]]
    else:
        prop = collection.prop(name)
        if not prop.get("indexFilterable", True):
            raise Refused(f"Filtering by property '{name}' requires inverted index. ")
        held = [tokens(prop["tokenization"], one) for one in values(stored.properties.get(name))]
        if operator == Operator.OPERATOR_LIKE:
            return any(fnmatchcase(each, where.value_text) for one in held for each in one)
        texts = list(where.value_text_array.values) or [where.value_text]
        asked = [tokens(prop["tokenization"], one) for one in texts]
        if prop["tokenization"] == "word":
            asked = [[word for word in one if word not in collection.stop_words()] for one in asked]
        if not all(asked):
            raise Refused("invalid search term, only stopwords provided")
    # Every token of an asked value has to be there, from whichever of the object's values.
    pool = {token for one in held for token in one}
    hits = [set(one) <= pool for one in asked]
    if operator in (Operator.OPERATOR_EQUAL, Operator.OPERATOR_CONTAINS_ANY):
        return any(hits)
    if operator == Operator.OPERATOR_CONTAINS_NONE:
        return not any(hits)
    raise Refused(f"the stand-in has no filter operator {operator}")


def bm25(
    collection: Collection, candidates: Iterable[Stored], query: str, boosted: Iterable[str]
) -> dict[str, float]:
    """BM25F over the boosted properties; only objects with a hit are in the result.

    A boost that is no whole number counts as 0, as with the real server.
    """
    k1, b = collection.bm25()
    weights = {}
    for one in boosted:
        name, _, boost = one.partition("^")
        prop = collection.prop(name)
        if not prop.get("indexSearchable", True):
            raise Refused(f"property {name} is not indexed for BM25")
        weights[name] = (int(boost) if boost.isdigit() else 0 if boost else 1, prop["tokenization"])
    words = set()
    for _, tokenization in weights.values():
        asked = set(tokens(tokenization, query))
        words |= asked - collection.stop_words() if tokenization == "word" else asked

    def words_of(stored: Stored, name: str) -> list[str]:
        found = values(stored.properties.get(name))
        return [token for text in found for token in tokens(weights[name][1], text)]

    index = {
        uuid: {name: words_of(stored, name) for name in weights}
        for uuid, stored in collection.objects.items()
    }
    total = max(len(index), 1)
    mean = {
        name: max(sum(len(found[name]) for found in index.values()) / total, 1) for name in weights
    }
    scores: dict[str, float] = {}
    for word in words:
        having = sum(any(word in found for found in by_prop.values()) for by_prop in index.values())
        rarity = math.log(1 + (total - having + 0.5) / (having + 0.5))
        for stored in candidates:
            weighed = 0.0
            for name, found in index[stored.uuid].items():
                length = 1 - b + b * len(found) / mean[name]
                weighed += weights[name][0] * found.count(word) / length
            if weighed:
                part = rarity * weighed * (k1 + 1) / (k1 + weighed)
                scores[stored.uuid] = scores.get(stored.uuid, 0) + part
    return scores


def best(scores: dict[str, float], n: int) -> dict[str, float]:
    """The ``n`` highest."""
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:n])


def fused(legs: list[tuple[float, dict[str, float]]]) -> dict[str, float]:
    """Relative score fusion of (weight, scores)."""
    total: dict[str, float] = {}
    for weight, leg in legs:
        low, high = min(leg.values(), default=0), max(leg.values(), default=0)
        for uuid, score in leg.items():
            part = (score - low) / (high - low) if high != low else 1.0
            total[uuid] = total.get(uuid, 0) + weight * part
    return total


def by_id(one: Stored) -> str:
    """The order in which a cursor goes through a collection."""
    return one.uuid


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """The similarity by which the vector leg ranks."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


class StandIn:
    """A server on loopback, from ``with`` to its end.

    ``url`` and ``grpc_port`` are where it answers. ``api_key`` is asked for if not None,
    ``delete_limit`` is how many objects one delete takes, ``refuse`` gives the reason for which an
    object with this text is not stored, ``requests`` counts the gRPC calls by name. ``starting``
    is how many more requests are answered as a server does that was just started, ``nodes`` how
    many a cluster has, ``consistency`` which level each gRPC call asked for. :meth:`stop` and
    :meth:`start` are an outage: the ports stay its own.
    """

    def __init__(self, api_key: str | None = None) -> None:
        self.api_key = api_key
        self.delete_limit = 10_000
        self.refuse: Callable[[str], str | None] = lambda text: None
        self.requests: list[str] = []
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.lock = threading.RLock()
        self.starting = 0
        self.nodes = 1
        self.consistency: list[tuple[str, str]] = []
        self.http_port = self.grpc_port = 0

    def __enter__(self) -> StandIn:
        self.start()
        return self

    def start(self) -> None:
        """Listen; again on the same ports after :meth:`stop`."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body in one packet; two would wait for each other's acknowledgement.
            wbufsize = -1

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                if stand_in.may(self.headers.get("Authorization")):
                    try:
                        with stand_in.lock:
                            status, reply = stand_in.rest(self.command, self.path, body)
                    except Refused as error:
                        status, reply = 422, {"error": [{"message": str(error)}]}
                else:
                    status, reply = 401, {"error": [{"message": "anonymous access not enabled"}]}
                bodiless = reply is None or self.command == "HEAD"
                text = b"" if bodiless else json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", self.http_port), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        self.http_port = self._http.server_port
        self.url = f"http://127.0.0.1:{self.http_port}"
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        add = weaviate_pb2_grpc.add_WeaviateServicer_to_server
        add(Service(self), self._grpc)  # type: ignore[no-untyped-call]  # generated
        self.grpc_port = self._grpc.add_insecure_port(f"127.0.0.1:{self.grpc_port}")
        self._grpc.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Listen no more; what is stored stays."""
        self._grpc.stop(grace=None).wait()
        self._http.shutdown()
        self._http.server_close()

    def may(self, authorization: str | None) -> bool:
        return self.api_key is None or authorization == f"Bearer {self.api_key}"

    def is_starting(self) -> bool:
        self.starting -= 1
        return self.starting >= 0

    def collection(self, name: str) -> Collection:
        found = self.collections.get(self.aliases.get(name, name))
        if found is None:
            raise Refused(f"could not find class {name} in schema")
        return found

    def rest(self, method: str, path: str, body: Any) -> Reply:
        """What the server answers to one request: status and JSON."""
        parts = path.partition("?")[0].strip("/").split("/")[1:]
        match method, parts:
            case "GET", ["meta"]:
                return 200, {"version": "1.38.0", "hostname": self.url, "modules": {}}
            case "GET", [".well-known", "ready"]:
                return (503, None) if self.is_starting() else (200, None)
            case "POST", ["schema"]:
                return self._create(body)
            case "GET", ["schema", name]:
                known = self.aliases.get(name, name) in self.collections
                return (200, self.collection(name).schema) if known else (404, None)
            case "PUT", ["schema", name]:
                self.collection(name).schema["invertedIndexConfig"] = body["invertedIndexConfig"]
                return 200, body
            case "POST", ["schema", name, "properties"]:
                self._complete(body)
                self.collection(name).schema["properties"].append(body)
                return 200, body
            case "POST", ["schema", name, "tenants"]:
                return self._add_tenants(self.collection(name), [one["name"] for one in body])
            case "HEAD", ["schema", name, "tenants", tenant]:
                return (200 if tenant in self.collection(name).tenants else 404), None
            case "DELETE", ["schema", name, "tenants"]:
                for tenant in body:
                    self.collection(name).tenants.pop(tenant, None)
                return 200, None
            case "DELETE", ["schema", name]:
                self.collections.pop(name, None)
                return 200, None
            case "POST", ["aliases"]:
                if body["alias"] in {*self.aliases, *self.collections}:
                    return 422, {"error": [{"message": "alias or class exists already"}]}
                self.aliases[body["alias"]] = body["class"]
                return 200, body
            case "GET", ["aliases", name]:
                if name not in self.aliases:
                    return 404, {"error": [{"message": "alias not found"}]}
                return 200, {"alias": name, "class": self.aliases[name]}
            case "PUT", ["aliases", name]:
                if name not in self.aliases:
                    return 404, {"error": [{"message": "alias not found"}]}
                if body["class"] not in self.collections:
                    said = f"create alias: class {body['class']} does not exist"
                    return 422, {"error": [{"message": said}]}
                self.aliases[name] = body["class"]
                return 200, {"alias": name, "class": body["class"]}
            case "DELETE", ["aliases", name]:
                return (204, None) if self.aliases.pop(name, None) else (404, None)
        return 405, {"error": [{"message": f"the stand-in has no {method} {path}"}]}

    def _create(self, body: Any) -> Reply:
        if body["class"] in {*self.aliases, *self.collections}:
            return 422, {"error": [{"message": f"class name {body['class']} already exists"}]}
        for settings in body["vectorConfig"].values():
            if list(settings["vectorizer"]) != ["none"]:
                return 422, {"error": [{"message": "no module with this vectorizer is present"}]}
            if settings["vectorIndexConfig"].get("distance", "cosine") != "cosine":
                return 422, {"error": [{"message": "the stand-in has only cosine"}]}
            settings["vectorIndexConfig"] = HNSW_DEFAULTS | settings["vectorIndexConfig"]
        for prop in body["properties"]:
            self._complete(prop)
        inverted = body["invertedIndexConfig"]
        inverted.setdefault("cleanupIntervalSeconds", 60)
        inverted["stopwords"] = {"additions": None, "removals": None} | inverted["stopwords"]
        tenants = MULTI_TENANCY_DEFAULTS | (body.get("multiTenancyConfig") or {})
        body["multiTenancyConfig"] = tenants
        if body.get("shardingConfig") and tenants["enabled"]:
            said = "cannot have both shardingConfig and multiTenancyConfig"
            return 422, {"error": [{"message": said}]}
        factor = (body.get("replicationConfig") or {}).get("factor", 1)
        if factor > self.nodes:
            said = f"not enough storage replicas: found {self.nodes} want {factor}"
            return 422, {"error": [{"message": said}]}
        replication = REPLICATION_DEFAULTS | (body.get("replicationConfig") or {})
        body["replicationConfig"] = replication
        wanted = (body.get("shardingConfig") or {}).get("desiredCount", self.nodes)
        counts = {"desiredCount": wanted, "actualCount": wanted}
        body["shardingConfig"] = SHARDING_DEFAULTS | ({} if tenants["enabled"] else counts)
        self.collections[body["class"]] = Collection(body)
        return 200, body

    def _add_tenants(self, collection: Collection, names: list[str]) -> Reply:
        for name in names:
            collection.tenants.setdefault(name, {})
        return 200, [{"name": name, "activityStatus": "HOT"} for name in names]

    def _complete(self, prop: dict[str, Any]) -> None:
        text = prop["dataType"] in (["text"], ["text[]"])
        prop.setdefault("indexSearchable", text)
        prop.setdefault("indexFilterable", True)


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
