"""Reading all sources again, as is done every night."""

from __future__ import annotations

import structlog

from bot.failures import log_failure
from knowledge.errors import SourceBusy
from knowledge.library.library import Library, Since

_log = structlog.get_logger()


async def reingest(library: Library, since: Since) -> None:
    """Read every source that was not read since then; paused ones are left as they are.

    ``since``: the time that was set for each, so that a night that was missed is made up for once,
    and of several processes that wake up at the same moment one reads. The failure of one source
    stops no other: it is in the record of its runs, and in the log.
    """
    for spec in await library.due(since):
        try:
            report = await library.refresh(spec.id)
        except SourceBusy:
            _log.info("source_busy", source=spec.id)
        except Exception as error:  # the store is away, or a source was removed in between
            log_failure("source_not_read", error, source=spec.id)
        else:
            tell = _log.info if report.error is None else _log.warning
            tell(
                "source_read",
                source=spec.id,
                added=report.added,
                changed=report.changed,
                removed=report.removed,
                unchanged=report.unchanged,
                skipped=len(report.skipped),
                complete=report.error is None,
            )
