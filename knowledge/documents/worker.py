"""The other side of :mod:`knowledge.documents.pool`: a process that reads one file after another.

It is started as ``python -m knowledge.documents.worker SECONDS BYTES``. Each message is its length
in eight bytes and its content: first the pickled token counter and recogniser, answered by
``ready`` or by what is wrong with them, then pickled files, each answered in JSON. Pickle goes only
in this direction: what came of a hostile file is not unpickled.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from knowledge.documents.reading import CountTokens, RawFile, ReadFile, read_file
from knowledge.errors import DocumentSkipped, KnowledgeError, StandIn
from knowledge.parsing.recognition import Recogniser

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

LENGTH_BYTES = 8
READY = b"ready"
PATIENCE = 4
"""How many times its seconds a file may take on a machine that is busy with other things."""
_GRACE = 5
"""Seconds after which the process ends itself if whoever started it is no longer there to."""
_LEAVE_AT = 1 / 3
"""Share of the memory that, still taken after a file, has the process replaced for the next one."""


def receive(stream: BinaryIO) -> bytes | None:
    """The next message; None when the other side is gone."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head)
    content = stream.read(length)
    return content if len(content) == length else None


def send(stream: BinaryIO, content: bytes) -> None:
    """Raises OSError when the other side is gone."""
    stream.write(len(content).to_bytes(LENGTH_BYTES))
    stream.write(content)
    stream.flush()


def answer(
    file: RawFile, count_tokens: CountTokens, recogniser: Recogniser | None, memory: int
) -> dict[str, Any]:
    """A file's content, or why it is skipped; ready for JSON."""
    try:
        return _as_json(read_file(file, count_tokens, recogniser))
    except DocumentSkipped as skipped:
        stands_in = isinstance(skipped, StandIn)
        return {"skipped": skipped.reason, "kind": skipped.kind, "stands_in": stands_in}
    except MemoryError:
        reason = (
            f"Reading it takes more than {memory / 2**30:.2g} GB of memory. "
            "Split it, or save it in a simpler format, and add it again."
        )
        return {"skipped": reason, "is_spent": True}
    except RecursionError:
        return {"skipped": "It is nested too deeply to be read. Simplify it, or save it as text."}
    except Exception as error:  # whatever a parser raises: no document may stop the others
        return {
            "skipped": f"It cannot be read ({type(error).__name__}): it is damaged, or of a kind "
            "that is not understood. Save it anew in its program, or exclude it."
        }


def _as_json(read: ReadFile) -> dict[str, Any]:
    return {
        "title": read.title,
        "access": None if read.access is None else sorted(read.access),
        "valid_until": read.valid_until and read.valid_until.isoformat(),
        "language": read.language,
        "pieces": [(each.headings, each.anchor, each.text) for each in read.pieces],
        "embedded": read.embedded,
        "left_out": [(each.kind, each.count, each.where) for each in read.left_out],
    }


def _bound(memory: int) -> None:
    if resource is not None:
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory if most == resource.RLIM_INFINITY else min(memory, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash would dump the document


def _is_spent(memory: int) -> bool:
    try:  # not getrusage: its peak begins with that of the process that started this one
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:  # no Linux
        return False
    return pages * os.sysconf("SC_PAGE_SIZE") > memory * _LEAVE_AT


def main() -> None:
    """Serve until the other side closes the pipe."""
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    # What libraries print must not get between the messages.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests = sys.stdin.buffer
    _bound(memory)
    first = receive(requests)
    if first is None:
        return
    count_tokens: CountTokens
    recogniser: Recogniser | None
    count_tokens, recogniser = pickle.loads(first)  # noqa: S301 - from who started us
    try:
        count_tokens("")
    except KnowledgeError as error:
        send(replies, str(error).encode())
        return
    send(replies, READY)
    while (message := receive(requests)) is not None:
        file: RawFile = pickle.loads(message)  # noqa: S301 - as above
        _bound_time(seconds, file.recognise_seconds)
        told = answer(file, count_tokens, recogniser, memory)
        told["is_spent"] = told.get("is_spent", False) or _is_spent(memory)
        send(replies, json.dumps(told).encode())
        _bound_time(0.0, 0.0)


def _bound_time(seconds: float, recognising: float) -> None:
    """By default these signals end the process, whatever that is doing; 0: no more.

    Counted is the processor's time, for what others take is none of the file's. Recognising has a
    clock of its own.
    """
    if not hasattr(signal, "setitimer"):  # Windows
        return
    signal.setitimer(signal.ITIMER_PROF, 0.0 if recognising else seconds)
    whole = seconds * PATIENCE + recognising
    signal.alarm(math.ceil(whole) + _GRACE if whole else 0)


if __name__ == "__main__":
    main()
