"""OpenAI-compatible servers on 127.0.0.1: one gives what was queued, one streams what it writes."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class _ThreadingServer(ThreadingHTTPServer):
    """Leaves no thread behind; the connections that clients keep alive are ended for that."""

    daemon_threads = False

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._connections: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for each in [*self._connections]:
            with suppress(OSError):  # its client was quicker
                each.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Server:
    """Serves in a thread of its own from ``with`` on."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = _ThreadingServer(handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _completion(text: str, model: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    head = {"id": "1", "object": "chat.completion", "created": 1, "model": model}
    return json.dumps(head | {"choices": [choice]}).encode()


class Endpoint(_Server):
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

        class Handler(_Handler):
            def do_POST(self) -> None:
                body = self.body()
                endpoint.asked.append((self.path, self.headers, json.loads(body)))
                endpoint._reply(self, body)

        super().__init__(Handler)

    def __exit__(self, *of: object) -> None:
        self._over.set()
        super().__exit__(*of)

    def _reply(self, handler: _Handler, asked: bytes) -> None:
        # A client that tries again gets the last reply again.
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        match reply:
            case None:
                self._over.wait()
            case int():
                told = {"error": {"message": asked.decode()}}
                handler.reply(reply, json.dumps(told).encode())
            case str():
                handler.reply(200, _completion(reply, self.version))
            case bytes():
                handler.reply(200, reply)


class StreamingEndpoint(_Server):
    """Streams what ``write`` gives for a request; ``cut``: the stream breaks off at its end."""

    def __init__(self, write: Callable[[dict[str, Any]], Iterator[str]], *, cut: bool = False):
        self.asked: list[dict[str, Any]] = []
        endpoint = self

        class Handler(_Handler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.body())
                endpoint.asked.append(asked)
                if not asked.get("stream"):
                    self.reply(200, _completion("".join(write(asked)), "m"))
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.send_header("Connection", "close")
                self.end_headers()
                for text in write(asked):
                    self._event({"delta": {"role": "assistant", "content": text}})
                self.close_connection = True
                if cut:
                    return
                self._event({"delta": {}, "finish_reason": "stop"})
                self._chunk(b"data: [DONE]\n\n")
                self._chunk(b"")

            def _event(self, choice: dict[str, Any]) -> None:
                event = {
                    "id": "1",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": "m",
                    "choices": [{"index": 0, "finish_reason": None} | choice],
                }
                self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

            def _chunk(self, data: bytes) -> None:
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

        super().__init__(Handler)
