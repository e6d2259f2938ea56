"""What a closed app leaves in its process: no thread of its own, and no model."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path

import torch

from bot.shell.app import open_app
from bot.shell.settings import Settings

PATIENCE = 30.0
"""Seconds for threads that are at the end of their work."""


def threads() -> set[threading.Thread]:
    """But for those of the event loop, which stay with it."""
    return {each for each in threading.enumerate() if not each.name.startswith("asyncio")}


def models() -> set[int]:
    gc.collect()
    return {id(each) for each in gc.get_objects() if issubclass(type(each), torch.nn.Module)}


async def test_a_closed_app_leaves_no_thread_and_no_model(
    weights: Path, tiny_writer: Path, tmp_path: Path
) -> None:
    (tmp_path / "weights").symlink_to(weights, target_is_directory=True)
    threads_before, models_before = threads(), models()
    settings = Settings(data=tmp_path, writer_model=str(tiny_writer), writer_int8=False)
    async with open_app(settings) as app:
        await app.warm_up()
        own = {each.name.partition("_")[0] for each in threads() - threads_before}
        assert own >= {"embedder", "reader", "reading"}
        assert models() - models_before
    del app
    for thread in threads() - threads_before:
        await asyncio.to_thread(thread.join, PATIENCE)
    assert threads() - threads_before == set()
    assert models() - models_before == set()
