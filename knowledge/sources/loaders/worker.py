"""The process that a loader runs in: it reaches the guarded proxy and nothing else.

Started by :mod:`knowledge.sources.loaders.loading`. What it is to do comes as one line of JSON on
standard input; each document goes out as one on standard output.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import sys
from pathlib import Path
from typing import Any, TextIO

_MEMORY = 3 * 2**30
_PROGRAMS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty",
     "os.spawn", "pty.spawn", "ctypes.dlopen"}
)  # fmt: skip


class Refused(OSError):
    """What the loader wanted to do is not for it."""


def guard(host: str, port: int) -> None:
    """From now on, Python code in this process connects to this address only and runs nothing."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            if arguments[1][:2] != (host, port):
                raise Refused("A loader may reach the guarded proxy only.")
        elif event == "socket.getaddrinfo":
            if arguments[0] not in (host, host.encode()):
                raise Refused("A loader may not look up names.")
        elif event in ("socket.gethostbyname", "socket.bind"):
            raise Refused("A loader may reach the guarded proxy only.")
        elif event in _PROGRAMS:
            raise Refused("A loader may not start programs.")

    sys.addaudithook(watch)


def main() -> None:
    """Load what standard input says; errors go out as ``{"error": ...}``."""
    told = json.loads(sys.stdin.readline())
    out, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no document
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        module = importlib.import_module(told["module"])
    except ImportError as error:
        _say(out, {"missing": error.name or "langchain_community"})
        return
    guard(told["host"], told["port"])
    try:
        loader = getattr(module, told["name"])(**told["arguments"])
        for document in loader.lazy_load():
            _say(out, {"text": document.page_content, "metadata": document.metadata})
    except ImportError as error:
        _say(out, {"missing": error.name or str(error)})
    # Of whatever library, wherever in it: it is told to the admin by its kind, and ends here.
    except Exception as error:
        words = str(error)
        for secret in told["secrets"]:
            words = words.replace(secret, "…")
        _say(out, {"error": f"{type(error).__name__}: {' '.join(words.split())[:300]}"})
    else:
        _say(out, {"end": True})


def _say(out: TextIO, what: dict[str, Any]) -> None:
    out.write(json.dumps(what, default=str) + "\n")
    out.flush()


if __name__ == "__main__":
    os.chdir(Path(os.environ["HOME"]))
    main()
