"""A JSON endpoint as a source: each item of its answer a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.errors import SourceError
from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import Kind, Means, SourceSpec
from knowledge.sources.records.record import FORMAT, ID, TEXT, TITLE, UPDATED, URL, Fields
from knowledge.sources.site.website import refuse_below
from knowledge.sources.web import SIGNING_IN, web_address

if TYPE_CHECKING:
    from knowledge.sources.records.endpoint import Endpoint

MOST = "So many records at most; if there are more, nothing is changed."


@dataclass(frozen=True)
class RestOptions:
    """What an admin may set."""

    items: str = option("", "Where the list of items is in the answer, such as data.articles.")
    id_field: str = option("id", ID)
    title_field: str = option("title", TITLE)
    text_field: tuple[str, ...] = option(("text",), TEXT)
    url_field: str = option("url", URL)
    updated_field: str = option("", UPDATED)
    format: str = option("markdown", FORMAT)
    page_parameter: str = option("", "Parameter that takes a page's number, such as page.")
    first_page: int = option(1, "The number of the first page.")
    cursor_parameter: str = option("", "Parameter that takes the cursor of the next page.")
    next: str = option("", "Where the next page's cursor, or its whole address, is in the answer.")
    without: str = option("", "Items that have something in this field are left out.")
    comments: str = option(
        "", "Where an item has the address of its comments; they are put below its text."
    )
    header: str = option("Authorization", "The header that the token goes into.")
    max_records: int = option(10_000, MOST)
    token: SecretReference | None = option(None, SIGNING_IN)


def _open(spec: SourceSpec, means: Means) -> Endpoint:
    from knowledge.sources.records.endpoint import Endpoint

    options: RestOptions = read_options(RestOptions, spec.options)
    refuse_below(1, max_records=options.max_records)
    if options.comments and not options.updated_field:
        raise SourceError("With --comments, name the --updated-field that changes with them.")
    fields = Fields(
        options.id_field,
        options.title_field,
        options.text_field,
        options.url_field,
        options.updated_field,
        options.format,
    )
    token = means.secret(options.token) if options.token else None
    return Endpoint(spec.location, options, fields, means.client, token=token)


KIND = Kind(
    "a JSON endpoint",
    lambda _typed: None,  # an address does not show it: the kind has to be named
    _open,
    RestOptions,
    frozenset({"unchanged", "vanished"}),
    reads_disk=False,
    accept=web_address,
)
