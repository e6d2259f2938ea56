"""The log: what of it is written, and how."""

from __future__ import annotations

import logging
import sys

import structlog

from bot.shell.watching.metrics import Counting, Meter


def configure_log(level: str, meter: Meter | None = None) -> None:
    """One JSON line per event on standard error; tracebacks without the values of variables.

    ``meter``: counts all from INFO on, whether they are written or not.
    """
    least = logging.getLevelNamesMapping()[level]
    counting = [] if meter is None else [Counting(meter, level)]
    structlog.configure(
        processors=[
            *counting,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            min(least, logging.INFO) if meter else least
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # Libraries log what they are given; only their warnings are wanted.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
