"""What machines ask: whether the process lives, whether it can answer, and its figures."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.browser.config import BrowserConfig, is_loopback
from bot.failures import log_failure

if TYPE_CHECKING:
    from adapters.browser.adapter import BrowserAdapter

_OF_PROXIES = frozenset({"forwarded", "via", "x-real-ip"})


def probes(adapter: BrowserAdapter) -> list[Route]:
    """The routes. They tell nothing of anybody, and need no session."""
    console = adapter.console

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(_: Request) -> Response:
        if adapter.is_stopping:
            return PlainTextResponse("stopping", 503)
        try:
            await console.health.waiting()
        except Exception as error:  # whatever keeps the database from answering
            error_id = log_failure("not_ready", error)
            return PlainTextResponse(f"the database does not answer: error {error_id}", 503)
        return PlainTextResponse("ok")

    async def figures(request: Request) -> Response:
        if not _may_read(request, adapter.config):
            return PlainTextResponse("Set HOUSEVOICE_METRICS_TOKEN and send it.", 401)
        return Response(await console.figures(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", figures)]


def _may_read(request: Request, config: BrowserConfig) -> bool:
    """Who shows the token; without one, who is on this machine and comes through no proxy."""
    if config.metrics_token is not None:
        given = request.headers.get("authorization", "").encode("utf-8", "surrogatepass")
        return hmac.compare_digest(given, f"Bearer {config.metrics_token}".encode())
    is_forwarded = any(
        name.startswith("x-forwarded-") or name in _OF_PROXIES for name in request.headers
    )
    return request.client is not None and is_loopback(request.client.host) and not is_forwarded
