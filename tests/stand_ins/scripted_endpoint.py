"""An OpenAI-compatible server on 127.0.0.1 that gives what was queued."""

from __future__ import annotations

import json
import threading
from collections import deque
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Endpoint:
    """Gives what was queued, one reply a request; ``asked``: path, headers and body of each.

    A text is a reply, a number an error that repeats the request, bytes are a raw body, and None
    is no reply before the end of the test.
    """

    def __init__(self) -> None:
        self.replies: deque[str | int | bytes | None] = deque()
        self.asked: list[tuple[str, Headers, dict[str, Any]]] = []
        self.version = "m"
        """What the server says it is."""
        self._over = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.asked.append((self.path, self.headers, json.loads(body)))
                endpoint._reply(self, body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _reply(self, handler: BaseHTTPRequestHandler, asked: bytes) -> None:
        # A client that tries again gets the last reply again.
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        if reply is None:
            self._over.wait()
            return
        status, body = 200, reply
        if isinstance(reply, int):
            status, body = reply, json.dumps({"error": {"message": asked.decode()}}).encode()
        elif isinstance(reply, str):
            message = {"role": "assistant", "content": reply}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            head = {"id": "1", "object": "chat.completion", "created": 1, "model": self.version}
            body = json.dumps(head | {"choices": [choice]}).encode()
        assert isinstance(body, bytes)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
