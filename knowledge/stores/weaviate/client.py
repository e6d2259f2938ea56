"""The client of a Weaviate server, as the passage store wants it."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import weaviate
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.config import GrpcConfig

from knowledge.errors import StoreError
from knowledge.web.url_secrets import without_secrets

DEFAULT_GRPC_PORT = 50051
"""Weaviate's own default for the port that searches and batches go through."""

_RECONNECT_MS = 1000
"""A channel whose server was away tries again this often; by itself up to two minutes apart."""


def client_for(
    url: str, api_key: str | None, grpc_port: int, timeout: Timeout
) -> weaviate.WeaviateAsyncClient:
    """A client that is not connected yet; :class:`StoreError` for what is no address."""
    # It logs an object that was refused whole, text and all; the reason is raised anyway.
    logging.getLogger("weaviate-client").setLevel(logging.CRITICAL)
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise StoreError(
            f"{without_secrets(url)!r} is no Weaviate address; give one like http://127.0.0.1:8080."
        )
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 80)
    if port == grpc_port:
        raise StoreError(
            f"Port {port} cannot be both that of WEAVIATE_URL and WEAVIATE_GRPC_PORT; a server's "
            f"gRPC port is {DEFAULT_GRPC_PORT} unless it was set otherwise."
        )
    return weaviate.use_async_with_custom(
        http_host=address.hostname,
        http_port=port,
        http_secure=secure,
        grpc_host=address.hostname,
        grpc_port=grpc_port,
        grpc_secure=secure,
        auth_credentials=Auth.api_key(api_key) if api_key else None,
        additional_config=AdditionalConfig(
            timeout=timeout,
            grpc_config=GrpcConfig(
                channel_options=[("grpc.max_reconnect_backoff_ms", _RECONNECT_MS)]
            ),
        ),
        # Its checks would ask pypi.org for the newest client version.
        skip_init_checks=True,
    )
