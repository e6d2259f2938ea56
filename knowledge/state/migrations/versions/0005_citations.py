"""Answers as typed records: citations in a table of their own, the tier with its number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BATCH = 500
_FORMER, _VERSION = 1, 2
_trace = sa.table(
    "trace",
    sa.column("id", sa.String),
    sa.column("version", sa.Integer),
    sa.column("message_id", sa.String),
    sa.column("tier", sa.String),
    sa.column("confidence", sa.Float),
    sa.column("body", sa.JSON),
)
_citation = sa.table(
    "citation",
    *(sa.column(name, sa.String) for name in ("trace_id", "source", "document", "passage")),
    *(sa.column(name, sa.String) for name in ("digest", "title", "url", "quote")),
    sa.column("n", sa.Integer),
)
_LEAD_INS = ("heading", "chosen", "none")
_RESTATEMENTS = ("none", "kept", "replaced")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "citation",
        sa.Column("trace_id", sa.String(32), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("passage", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("quote", sa.Text, nullable=False),
    )
    op.create_index("ix_citation_passage", "citation", ["passage"])
    op.create_index("ix_citation_document", "citation", ["source", "document"])
    # What an older process still writes while it is replaced counts as a record of before.
    version = sa.Column("version", sa.Integer, nullable=False, server_default=str(_FORMER))
    op.add_column("trace", version)
    op.add_column("trace", sa.Column("message_id", sa.String(200)))
    op.add_column("trace", sa.Column("tier", sa.String(8)))
    op.add_column("trace", sa.Column("confidence", sa.Float))
    db = op.get_bind()
    for rows in _batches(db):
        readable = [row for row in rows if isinstance(row.body, dict)]
        _change(db, [_record(row.id, row.body) for row in readable])
        if cited := [each for row in readable for each in _citations(row.id, row.body)]:
            db.execute(sa.insert(_citation), cited)


def downgrade() -> None:
    """Take back."""
    db = op.get_bind()
    for rows in _batches(db):
        readable = [row for row in rows if row.version == _VERSION]
        cited = db.execute(
            sa.select(_citation)
            .where(_citation.c.trace_id.in_([row.id for row in readable]))
            .order_by(_citation.c.n)
        ).mappings()
        by_trace: dict[str, list[dict[str, Any]]] = {}
        for each in cited:
            known = ("n", "title", "document", "url", "quote", "passage")
            by_trace.setdefault(each["trace_id"], []).append({name: each[name] for name in known})
        _change(db, [_former(row, by_trace.get(row.id, [])) for row in readable])
    for column in ("confidence", "tier", "message_id", "version"):
        op.drop_column("trace", column)
    op.drop_table("citation")


def _batches(db: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    last = ""
    while rows := db.execute(
        sa.select(_trace).where(_trace.c.id > last).order_by(_trace.c.id).limit(_BATCH)
    ).all():
        yield rows
        last = rows[-1].id


def _change(db: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        changed = {each.name: sa.bindparam(f"new_{each.name}", type_=each.type) for each in _NEW}
        db.execute(
            sa.update(_trace).where(_trace.c.id == sa.bindparam("new_id")).values(changed),
            [{f"new_{name}": value for name, value in row.items()} for row in rows],
        )


_NEW = [each for each in _trace.c if each.name != "id"]


def _record(id: str, body: dict[str, Any]) -> dict[str, Any]:
    """The row of a body that was the JSON of ``ask``; the first ones had no tiers."""
    before = "none" if body.get("abstained") else "sure" if body.get("citations") else None
    checks = dict(body.get("checks") or {})
    if checks.get("lead_in") not in _LEAD_INS:  # it meant something else before
        checks.pop("lead_in", None)
    if checks.get("restatement") not in _RESTATEMENTS:
        checks.pop("restatement", None)
    return {
        "id": id,
        "version": _VERSION,
        "message_id": body.get("id"),
        "tier": body.get("tier", before),
        "confidence": checks.pop("confidence", None),
        "body": {
            "question": body.get("question", ""),
            "answer": body.get("answer", ""),
            "voice": body.get("voice", ""),
            "voice_version": body.get("voice_version", ""),
            "passages": [{"answers": None, "url": "", **each} for each in _passages(body)],
            "checks": checks,
            "timings_ms": body.get("timings_ms") or {},
            "error_id": body.get("error_id"),
        },
    }


def _citations(id: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    read = {each.get("id"): each for each in _passages(body)}
    found: dict[int, dict[str, Any]] = {}
    for each in body.get("citations") or []:
        if "n" not in each:  # the first ones may lack anything; none may end the upgrade
            continue
        passage = read.get(each.get("passage"), {})
        text = passage.get("text")
        found.setdefault(
            each["n"],
            {
                "trace_id": id,
                "n": each["n"],
                "source": passage.get("source", ""),
                "document": each.get("document", ""),
                "passage": each.get("passage", ""),
                "digest": "" if text is None else _digest(text),
                "title": each.get("title", ""),
                "url": each.get("url", ""),
                "quote": each.get("quote", ""),
            },
        )
    return list(found.values())


def _passages(body: dict[str, Any]) -> list[dict[str, Any]]:
    return list(body.get("passages") or [])


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _former(row: sa.Row[Any], citations: list[dict[str, Any]]) -> dict[str, Any]:
    checks = {name: value for name, value in row.body["checks"].items() if value not in (None, {})}
    if row.confidence is not None:
        checks["confidence"] = row.confidence
    body = {name: value for name, value in row.body.items() if value is not None}
    return {
        "id": row.id,
        "version": _FORMER,
        "message_id": row.message_id,
        "tier": row.tier,
        "confidence": row.confidence,
        "body": {
            **body,
            "id": row.message_id,
            "abstained": row.tier == "none",
            "tier": row.tier,
            "citations": citations,
            "checks": checks,
            "trace_id": row.id,
        },
    }
