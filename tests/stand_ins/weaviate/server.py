"""The stand-in as a server, and its REST half: schema, tenants, aliases."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import grpc
from weaviate.proto.v1 import (
    weaviate_pb2_grpc,
)

from tests.stand_ins.weaviate.service import Service
from tests.stand_ins.weaviate.state import Collection, Refused

Reply = tuple[int, Any]
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
