"""A database query as a source: each row a document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.errors import SourceError
from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import Kind, Means, SourceSpec
from knowledge.sources.records.record import FORMAT, ID, TEXT, TITLE, UPDATED, URL, Fields
from knowledge.sources.records.rest import MOST
from knowledge.sources.site.website import refuse_below

if TYPE_CHECKING:
    from knowledge.sources.records.query import Query


@dataclass(frozen=True)
class SqlOptions:
    """What an admin may set."""

    database: SecretReference | None = option(
        None, "Where the database's URL (as SQLAlchemy writes it) is: env:NAME or file:PATH."
    )
    query: str = option("", "The SELECT that gives the rows.")
    id_field: str = option("id", ID)
    title_field: str = option("title", TITLE)
    text_field: tuple[str, ...] = option(("text",), TEXT)
    url_field: str = option("url", URL)
    updated_field: str = option("", UPDATED)
    format: str = option("markdown", FORMAT)
    max_records: int = option(10_000, MOST)
    minutes: int = option(10, "Minutes that fetching it may take.")


def _accept(typed: str) -> str | None:
    return typed if re.fullmatch(r"[\w][\w .-]{0,59}", typed) else None


def _open(spec: SourceSpec, means: Means) -> Query:
    from knowledge.sources.records.query import Query

    options: SqlOptions = read_options(SqlOptions, spec.options)
    refuse_below(1, max_records=options.max_records, minutes=options.minutes)
    if options.database is None:
        raise SourceError("Say where the database's URL is: --database env:NAME.")
    fields = Fields(
        options.id_field,
        options.title_field,
        options.text_field,
        options.url_field,
        options.updated_field,
        options.format,
    )
    return Query(
        means.secret(options.database),
        options.query,
        fields,
        options.max_records,
        seconds=60 * options.minutes,
    )


KIND = Kind(
    "a name for the query's rows, of letters, digits, dots and dashes",
    lambda _typed: None,  # a name shows nothing: the kind has to be named
    _open,
    SqlOptions,
    frozenset({"unchanged", "vanished"}),
    accept=_accept,
)
