"""How a failure is told: to the log with its place, to people by an id alone."""

from __future__ import annotations

import traceback
from uuid import uuid4

import structlog

from knowledge.errors import StoreUnavailable

_MOST_CAUSES, _MOST_FRAMES = 5, 12
_log = structlog.get_logger("housevoice")


def log_failure(event: str, error: BaseException, **ids: object) -> str:
    """Log an error as types and places; returns the error id that people are told.

    Not the errors' words: they may hold what somebody said. Only a store whose server is away says
    in them what to do.
    """
    error_id = uuid4().hex[:8]
    _log.error(event, error_id=error_id, errors=_causes(error), **ids)
    return error_id


def _causes(error: BaseException) -> list[dict[str, object]]:
    """The error and what caused it."""
    causes: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(causes) < _MOST_CAUSES:
        frames = traceback.extract_tb(current.__traceback__)[-_MOST_FRAMES:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        cause: dict[str, object] = {"type": type(current).__name__, "at": places}
        if isinstance(current, StoreUnavailable):
            cause["reason"] = str(current)
        causes.append(cause)
        current = current.__cause__ or current.__context__
    return causes
