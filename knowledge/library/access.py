"""Who may read what of a source, and changing that in the store at once, without reading again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from knowledge.errors import DocumentSkipped
from knowledge.library.catalog import Catalog
from knowledge.stores.port import PassageStore
from knowledge.types import PUBLIC, EmbeddedPassage, Principals


def narrowed(source: Principals, limits: Iterable[Principals]) -> Principals:
    """Who may read a document: those whom its source names and each of its own lists as well.

    Raises :class:`DocumentSkipped` when nobody would be left.
    """
    allowed = source
    for limit in limits:
        if not limit:
            raise DocumentSkipped("Nobody may read it at its source.")
        if PUBLIC in limit:
            continue
        both = limit if PUBLIC in allowed else allowed & limit
        if not both:
            raise DocumentSkipped(
                f"It is for {', '.join(sorted(limit))}, its source for "
                f"{', '.join(sorted(allowed))}: nobody would see it. Add it as a source of its "
                "own."
            )
        allowed = both
    return allowed


async def apply_access(
    catalog: Catalog,
    store: PassageStore,
    source: str,
    access: Principals,
    *,
    basis: tuple[str, str],
    now: datetime,
) -> int:
    """Give all that is stored of a source this access list; returns how many documents are left.

    Nothing is read or embedded again. A document that nobody may read any more is taken out; one
    whose own lists are not known is never opened to more people than before, and read next time.
    ``basis``: how fingerprints begin before the change and after it
    (:meth:`knowledge.library.ingest.Ingester.basis`). Killed half-way, the next run finds the rest
    by its old fingerprints. Raises :class:`knowledge.errors.StoreError`.
    """
    before, after = basis
    left = 0
    for record in (await catalog.documents(source)).values():
        held = await store.held(source, record.path)
        limits = record.limits
        if limits is None:
            limits = tuple({each.passage.access for each in held})
        try:
            allowed = narrowed(access, limits)
        except DocumentSkipped:
            await catalog.save_documents(source, [replace(record, fingerprint="", passages=0)], now)
            await store.delete(source, record.path)
            await catalog.forget_documents(source, [record.path])
            continue
        if any(each.passage.access != allowed for each in held):
            changed = [
                EmbeddedPassage(replace(each.passage, access=allowed), each.vector) for each in held
            ]
            await store.replace(source, record.path, changed)
        known = record.limits is not None and record.fingerprint.startswith(before)
        fingerprint = after + record.fingerprint.removeprefix(before) if known else ""
        await catalog.save_documents(
            source, [replace(record, fingerprint=fingerprint, access=allowed)], now
        )
        left += 1
    return left
