"""Which loaders there are, and what each says of a document."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loader:
    """One loader of LangChain's community."""

    module: str
    name: str
    """Of its class."""
    id: tuple[str, ...]
    """Where a document's metadata has what names it for good; the first that is there."""
    title: tuple[str, ...] = ("title",)
    url: tuple[str, ...] = ("source",)
    page: str = ""
    """Where readers open it, with ``{id}``, if its metadata does not say."""
    secrets: frozenset[str] = frozenset()
    """The arguments that sign it in, which are never kept as they are."""


_ALL = "langchain_community.document_loaders."

LOADERS = {
    "confluence": Loader(
        f"{_ALL}confluence",
        "ConfluenceLoader",
        ("id", "source"),
        secrets=frozenset({"api_key", "token", "oauth2", "cookies"}),
    ),
    "notion": Loader(
        f"{_ALL}notiondb",
        "NotionDBLoader",
        ("id",),
        ("name", "title", "page"),
        (),
        "https://www.notion.so/{id}",
        frozenset({"integration_token"}),
    ),
    "google-drive": Loader(f"{_ALL}googledrive", "GoogleDriveLoader", ("source", "id")),
}
"""Those that reach their service through a proxy and start no program."""
