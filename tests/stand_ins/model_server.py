"""An OpenAI-compatible server on 127.0.0.1 that writes with a real model and a LoRA from a folder.

The part of vLLM's API that the bot uses (``/v1/chat/completions``, streamed or not, the LoRA's name
as ``model``, 404 for one that it does not have), with transformers and peft behind it:
https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Loaded:
    """A base model with one LoRA; slow and plain, one request at a time."""

    def __init__(self, base: str, name: str, lora: Path) -> None:
        import torch
        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.name = name
        self._torch = torch
        self._tokenizer: Any = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(
            base, dtype=torch.float32, trust_remote_code=False
        )
        self._model: Any = PeftModel.from_pretrained(model, str(lora)).eval()
        self._at_once = threading.Lock()

    def write(self, asked: dict[str, Any]) -> str:
        """The likeliest reply to a chat."""
        ids = self._tokenizer.apply_chat_template(
            asked["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        most = int(asked.get("max_completion_tokens") or asked.get("max_tokens") or 64)
        with self._at_once, self._torch.inference_mode():
            found = self._model.generate(**ids, max_new_tokens=most, do_sample=False)
        said = found[0, ids["input_ids"].shape[1] :]
        return str(self._tokenizer.decode(said, skip_special_tokens=True))


class ModelServer:
    """Serves what is loaded, for as long as its context lasts; the same port again if it is given.

    ``asked``: the body of each request.
    """

    def __init__(self, loaded: Loaded, port: int = 0) -> None:
        self.asked: list[dict[str, Any]] = []
        self._loaded = loaded
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                server._answer(self, json.loads(self.rfile.read(length)))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = False
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The base URL that the bot is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        self.asked.append(asked)
        if asked["model"] != self._loaded.name:
            words = f"The model `{asked['model']}` does not exist."
            told = {"message": words, "type": "NotFoundError", "code": 404}
            _send(handler, 404, "application/json", json.dumps({"error": told}))
            return
        text = self._loaded.write(asked)
        head = {"id": "chatcmpl-1", "created": int(time.time()), "model": self._loaded.name}
        if asked.get("stream"):
            _send(handler, 200, "text/event-stream", "".join(_events(head, text)))
            return
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = head | {"object": "chat.completion", "choices": [choice]}
        _send(handler, 200, "application/json", json.dumps(body))


def _events(head: dict[str, Any], text: str) -> Iterator[str]:
    pieces = [f"{word} " for word in text.split(" ")]
    for number, piece in enumerate([*pieces[:-1], pieces[-1].rstrip(" "), None]):
        delta = {} if piece is None else {"role": "assistant", "content": piece}
        end = "stop" if piece is None else None
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        chunk = head | {"object": "chat.completion.chunk", "choices": [choice]}
        yield f"data: {json.dumps(chunk)}\n\n" if number or piece else ""
    yield "data: [DONE]\n\n"


def _send(handler: BaseHTTPRequestHandler, status: int, kind: str, body: str) -> None:
    content = body.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
