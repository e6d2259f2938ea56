"""A Git repository as a source: the documents of one branch, or of a folder in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from knowledge.sources.disk import PUBLISHED, refuse_unlinked
from knowledge.sources.globs import EXCLUDE, INCLUDE
from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import OCR_HELP, Kind, Means, SourceSpec
from knowledge.sources.site.website import refuse_below
from knowledge.sources.web import SIGNING_IN, web_address

if TYPE_CHECKING:
    from knowledge.sources.git.branch import GitBranch


@dataclass(frozen=True)
class GitOptions:
    """What an admin may set."""

    include: tuple[str, ...] = option((), INCLUDE)
    exclude: tuple[str, ...] = option((), EXCLUDE)
    base_url: str = option("", PUBLISHED)
    branch: str = option("", "The branch to read; default: the one that the host shows.")
    subfolder: str = option("", "Only this folder; documents are named from there.")
    max_mb: int = option(500, "Megabytes that are fetched of it at most.")
    minutes: int = option(10, "Minutes that fetching it may take.")
    ocr: bool = option(False, OCR_HELP)
    token: SecretReference | None = option(None, SIGNING_IN)


def _recognise(typed: str) -> str | None:
    found = web_address(typed)
    return found if found and urlsplit(found).path.endswith(".git") else None


def _open(spec: SourceSpec, means: Means) -> GitBranch:
    from knowledge.sources.git.branch import GitBranch

    options: GitOptions = read_options(GitOptions, spec.options)
    refuse_below(1, max_mb=options.max_mb, minutes=options.minutes)
    refuse_unlinked(options.base_url)
    token = means.secret(options.token) if options.token else None
    return GitBranch(spec.location, options, means.client, means.max_bytes, token=token)


KIND = Kind(
    "a Git repository at an address beginning with https://",
    _recognise,
    _open,
    GitOptions,
    frozenset({"unchanged", "vanished"}),
    reads_disk=False,
    accept=web_address,
)
