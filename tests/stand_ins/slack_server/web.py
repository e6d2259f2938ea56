"""The HTTP side: the Web API's front desk, files, response URLs and the websocket's door."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter
from typing import Any

from aiohttp import web

from tests.stand_ins.slack_server import (
    methods_app,
    methods_chat,
    methods_conversations,
    methods_people,
)
from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.core import Call, Core, Method
from tests.stand_ins.slack_server.errors import SlackError
from tests.stand_ins.slack_server.faults import Fault
from tests.stand_ins.slack_server.response_urls import RESPONSE_SECONDS, RESPONSE_USES, respond
from tests.stand_ins.slack_server.state import Json, Token

METHODS: dict[str, Method] = {
    **methods_app.METHODS,
    **methods_chat.METHODS,
    **methods_conversations.METHODS,
    **methods_people.METHODS,
}
LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in to your workspace</title></head>"
    '<body><form action="/signin" method="post"></form></body></html>'
)
"""What a file's address shows to whom it does not know, with status 200.
https://docs.slack.dev/reference/objects/file-object#authentication"""


class Desk:
    """Serves one workspace."""

    def __init__(self, core: Core):
        self._core = core

    def app(self) -> web.Application:
        """All addresses."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method:[^/]*}", self._api)
        app.router.add_get("/link/", self._core.socket_mode.connect)
        app.router.add_get("/files-pri/{key}/{tail:.*}", self._file)
        app.router.add_post("/upload/v1/{id}", self._upload)
        for path in ("actions", "commands", "app"):
            app.router.add_post(f"/{path}/{{team}}/{{number}}/{{key}}", self._respond)
        return app

    # --- the Web API --------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.StreamResponse:
        core, name = self._core, request.match_info["method"]
        method = METHODS.get(name)
        args, token_text = await self._read(request, method)
        call = Call(name, args.values, perf_counter(), core.clock())
        core.calls.append(call)
        core.in_flight += 1
        core.notify()
        try:
            fault = core.faults.next(name)
            if fault is not None and fault.latency:
                await asyncio.sleep(fault.latency)
            if fault is not None and (fault.error or fault.status != 200 or fault.drop):
                return self._refused(call, fault, request)
            token = core.workspace.tokens.get(token_text or "")
            call.answer = self._run(name, method, token_text, token, args)
            if fault is not None and fault.lose:
                self._cut(request)
            headers = {"x-slack-req-id": f"req-{len(core.calls)}"}
            if token is not None:
                headers["x-oauth-scopes"] = ",".join(sorted(token.scopes))
                if method is not None and method.scope:
                    headers["x-accepted-oauth-scopes"] = method.scope.replace("|", ",")
            return web.json_response(call.answer, headers=headers)
        finally:
            core.in_flight -= 1
            core.notify()

    def _run(
        self,
        name: str,
        method: Method | None,
        token_text: str | None,
        token: Token | None,
        args: Args,
    ) -> Json:
        """Run a method as this token; whatever it refuses is an answer too."""
        try:
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            self._authorize(method, token_text, token)
            args.require(method.required)
            result = method.run(self._core, args)
        except SlackError as refused:
            return refused.answer
        return json.loads(json.dumps({"ok": True, **result}))  # type: ignore[no-any-return]

    @staticmethod
    def _authorize(method: Method, token_text: str | None, token: Token | None) -> None:
        """As documented: https://docs.slack.dev/authentication/tokens."""
        if not token_text:
            raise SlackError("not_authed")
        if token is None:
            raise SlackError("invalid_auth")
        if token.revoked:
            raise SlackError("token_revoked")
        if token.kind != method.token:
            raise SlackError("not_allowed_token_type")
        if method.scope and not token.scopes & set(method.scope.split("|")):
            needed = method.scope.replace("|", ",")
            provided = ",".join(sorted(token.scopes))
            raise SlackError("missing_scope", needed=needed, provided=provided)

    async def _read(self, request: web.Request, method: Method | None) -> tuple[Args, str | None]:
        """Arguments and token, wherever they stand."""
        values: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            body = await request.text()
            if method is None or method.takes_json:
                try:
                    parsed = json.loads(body or "{}")
                except ValueError:
                    parsed = {}
                values |= parsed if isinstance(parsed, dict) else {}
        else:
            values |= dict(await request.post())
        token = values.pop("token", None)
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and bearer:
            token = bearer.strip()
        return Args(values), token

    def _refused(self, call: Call, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.drop:
            self._cut(request)
        error = fault.error or ("ratelimited" if fault.status == 429 else "internal_error")
        call.status, call.answer = fault.status, {"ok": False, "error": error}
        headers = {}
        if fault.retry_after is not None:
            # whole seconds: https://docs.slack.dev/apis/web-api/rate-limits
            headers["Retry-After"] = str(max(1, round(fault.retry_after)))
        if fault.status >= 500:
            return web.Response(status=fault.status, text="upstream error", headers=headers)
        return web.json_response(call.answer, status=fault.status, headers=headers)

    @staticmethod
    def _cut(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()

    # --- files --------------------------------------------------------------------------------

    async def _file(self, request: web.Request) -> web.StreamResponse:
        _, _, id = request.match_info["key"].rpartition("-")
        _, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = self._core.workspace.tokens.get(bearer)
        file = self._core.workspace.files.get(id)
        if token is None or token.revoked or "files:read" not in token.scopes:
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        if file is None or file.content is None:
            return web.Response(status=404, text="File not found")
        fault = self._core.faults.next("files.download")
        if fault is not None and fault.latency:
            await asyncio.sleep(fault.latency)
        if fault is not None and fault.drop:
            self._cut(request)
        if fault is not None and fault.status != 200:
            return web.Response(status=fault.status)
        disposition = f'attachment; filename="{file.name}"'
        headers = {"Content-Disposition": disposition}
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        file = self._core.workspace.files.get(request.match_info["id"])
        if file is None or file.completed:
            return web.Response(status=404, text="Not found")
        if request.content_type.startswith("multipart/"):
            sent = (await request.post()).values()
            parts = [part for part in sent if isinstance(part, web.FileField)]
            file.content = bytes(parts[0].file.read()) if parts else b""
        else:
            file.content = await request.read()
        self._core.notify()
        return web.Response(text=f"OK - {len(file.content)}")

    # --- response URLs ------------------------------------------------------------------------

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        core, key = self._core, request.match_info["key"]
        target = core.workspace.response_urls.get(key)
        try:
            body = await request.json()
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        call = Call("response_url", dict(body), perf_counter(), core.clock())
        core.calls.append(call)
        try:
            fault = core.faults.next("response_url")
            if fault is not None:
                return self._refused(call, fault, request)
            if target is None:
                raise SlackError("invalid_url")
            if core.workspace.age(target.issued) > RESPONSE_SECONDS:
                raise SlackError("expired_url")
            if target.uses >= RESPONSE_USES:
                raise SlackError("used_url")
            respond(core, target, body)
            target.uses += 1
        except SlackError as refused:
            gone = refused.error in ("invalid_url", "expired_url", "used_url")
            call.status, call.answer = 404 if gone else 400, refused.answer
            return web.json_response(call.answer, status=call.status)
        finally:
            core.notify()
        call.answer = {"ok": True}
        return web.Response(text="ok")
