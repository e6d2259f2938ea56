"""What the processes of an installation tell of their indexes."""

from __future__ import annotations

from typing import Any

from tests.kit.index import Process


async def status(process: Process) -> Any:
    return (await process.rebuilding.status())[0]
