"""Building the index anew where it is no longer what the settings want."""

from __future__ import annotations

import structlog

from bot.failures import log_failure
from knowledge.errors import KnowledgeError, SourceBusy
from knowledge.library.index.index import Index
from knowledge.library.index.rebuild import Rebuilding

_log = structlog.get_logger()


class Reindex:
    """Does it once after a start, and again while it fails; afterwards never.

    Never, because two that serve one database by different settings would take turns for good:
    whoever was started last has its way.
    """

    def __init__(self, index: Index, rebuilding: Rebuilding) -> None:
        self._index = index
        self._rebuilding = rebuilding
        self._is_done = False

    async def __call__(self) -> None:
        """Raises nothing that is a matter of the index: the old one goes on answering."""
        if self._is_done:
            return
        try:
            reason = await self._index.reason()
            if reason is not None:
                _log.warning("index_rebuild_begun", reason=reason)
                built = await self._rebuilding.rebuild()
                _log.warning("index_rebuilt", number=built.number)
        except SourceBusy:
            _log.info("index_busy")
        except KnowledgeError as error:
            log_failure("index_not_rebuilt", error)
        else:
            self._is_done = True
