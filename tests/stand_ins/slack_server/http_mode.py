"""HTTP mode: signed requests to the app's request URL, and requests that only look signed.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.stand_ins.slack_server.delivery import Attempt, Delivery
from tests.stand_ins.slack_server.state import Json

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class SignedRequest:
    """A request as it goes out; send the same one again to replay it."""

    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class HttpAnswer:
    """What came back."""

    status: int
    body: str
    headers: Mapping[str, str]


def signature(secret: str, timestamp: str, body: str) -> str:
    """``v0=`` and the HMAC-SHA256 of ``v0:timestamp:body``."""
    base = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode(kind: str, payload: Json) -> tuple[str, str]:
    """The body and its content type: JSON for events, forms for what users do.

    https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling
    """
    if kind == "events_api":
        return json.dumps(payload), "application/json"
    if kind == "slash_commands":
        return urlencode(payload), FORM
    return urlencode({"payload": json.dumps(payload)}), FORM


class HttpMode:
    """The app's request URL as a transport."""

    def __init__(self, signing_secret: str, ack_seconds: float):
        self._secret = signing_secret
        self._ack_seconds = ack_seconds
        self._session: ClientSession | None = None
        self.request_url: str | None = None

    async def close(self) -> None:
        """Close the connections to the app."""
        if self._session is not None:
            await self._session.close()

    def sign(
        self,
        payload: Json,
        kind: str = "events_api",
        *,
        age_seconds: float = 0,
        secret: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> SignedRequest:
        """Sign a payload. ``age_seconds``: a stale one; ``secret``: one that somebody forged.

        By the real clock, whatever the server's own says: the app compares with its own time.
        """
        body, content_type = encode(kind, payload)
        timestamp = str(int(time.time() - age_seconds))
        signed = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(secret or self._secret, timestamp, body),
        }
        return SignedRequest(body, signed | dict(headers or {}))

    async def send(self, request: SignedRequest, seconds: float = 60) -> HttpAnswer:
        """Send a request, however it is signed."""
        if self.request_url is None:
            raise RuntimeError("the app's request_url is not set")
        if self._session is None:
            self._session = ClientSession()
        async with self._session.post(
            self.request_url,
            data=request.body.encode(),
            headers=request.headers,
            timeout=ClientTimeout(total=seconds),
        ) as response:
            return HttpAnswer(response.status, await response.text(), dict(response.headers))

    async def attempt(self, delivery: Delivery, attempt: Attempt, reason: str) -> None:
        """Send it and wait for a 2xx."""
        number = attempt.number + bool(delivery.copy_of)
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        request = self.sign(delivery.payload, delivery.kind, headers=retry if number else None)
        attempt.sent_at = perf_counter()
        try:
            answer = await self.send(request, self._ack_seconds)
        except TimeoutError:
            attempt.failure = "http_timeout"
            return
        except ClientError:
            attempt.failure = "connection_failed"
            return
        attempt.status = answer.status
        attempt.no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
        if 200 <= answer.status < 300:
            attempt.acked_at = perf_counter()
            attempt.answer = _parsed(answer)
        else:
            attempt.failure = "http_error"


def _parsed(answer: HttpAnswer) -> Json:
    """The app's answer; a plain text is a message's text, as Slack takes it."""
    if not answer.body:
        return {}
    try:
        parsed = json.loads(answer.body)
    except ValueError:
        return {"text": answer.body}
    return parsed if isinstance(parsed, dict) else {"text": answer.body}
