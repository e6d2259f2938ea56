"""What holds for every kind of source, whatever it reads from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from knowledge.sources.options import as_json, options_of, read_options
from knowledge.sources.port import Means, RawDocument, Source, SourceSpec
from knowledge.sources.registry import KINDS, Kinds
from knowledge.types import Validators
from knowledge.web.client import GuardedClient
from tests.kit.web_site import Answer, Request, Site, running_site


class Place(Protocol):
    """Where a kind's documents are, for a test to write in."""

    typed: str

    def write(self, text: str) -> None: ...

    def delete(self) -> None: ...


@dataclass
class Disk:
    """A file, alone or in a folder."""

    typed: str
    path: Path

    def write(self, text: str) -> None:
        self.path.write_text(text)

    def delete(self) -> None:
        self.path.unlink()


class Page:
    """A page on a site of its own, with ETags."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.typed = site.url("/page")

    def write(self, text: str) -> None:
        tag = f'"{hash(text)}"'

        def page(request: Request) -> Answer:
            if request.headers.get("if-none-match") == tag:
                return Answer(status=304)
            return Answer(text.encode(), headers={"Content-Type": "text/html", "ETag": tag})

        self._site.pages["/page"] = page

    def delete(self) -> None:
        del self._site.pages["/page"]


@asynccontextmanager
async def place_for(kind: str, folder: Path) -> AsyncIterator[Place]:
    if kind == "web":
        async with running_site() as site:
            yield Page(site)
    else:
        path = folder / "pay.md"
        yield Disk(str(path if kind == "file" else folder), path)


async def listed(
    source: Source, known: dict[str, Validators] | None = None
) -> dict[str, RawDocument]:
    found = [each async for each in source.documents(known or {})]
    assert all(isinstance(each, RawDocument) for each in found)
    return {each.document: each for each in found if isinstance(each, RawDocument)}


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "docs"
        folder.mkdir()
        return folder

    async def test_recognises_what_was_typed_and_what_it_made_of_it(
        self, kind: str, folder: Path
    ) -> None:
        async with place_for(kind, folder) as place:
            place.write("Salaries.")
            spec = Kinds().describe(place.typed)
            assert spec.kind == kind
            assert Kinds().describe(spec.location) == spec

    async def test_gives_a_document_that_is_there_until_it_is_not(
        self, kind: str, folder: Path
    ) -> None:
        async with place_for(kind, folder) as place, GuardedClient(allow=["127.0.0.1"]) as client:
            place.write("Salaries.")
            spec = Kinds().describe(place.typed)
            source = Kinds().open(spec, Means(client, 10**6))
            await source.check()
            (first,) = (await listed(source)).values()
            assert first.content == b"Salaries."
            assert first.url
            place.write("More salaries.")
            (second,) = (await listed(source, {first.document: first.validators})).values()
            assert (second.document, second.content) == (first.document, b"More salaries.")
            place.delete()
            assert await listed(source) == {}

    async def test_tells_an_unchanged_document_if_it_says_that_it_can(
        self, kind: str, folder: Path
    ) -> None:
        async with place_for(kind, folder) as place, GuardedClient(allow=["127.0.0.1"]) as client:
            place.write("Salaries.")
            spec = Kinds().describe(place.typed)
            source = Kinds().open(spec, Means(client, 10**6))
            (first,) = (await listed(source)).values()
            (again,) = (await listed(source, {first.document: first.validators})).values()
            assert (again.content is None) == ("unchanged" in Kinds().named(kind).tells)

    def test_explains_each_option_and_reads_back_what_is_kept_of_it(
        self, kind: str, folder: Path
    ) -> None:
        declared = Kinds().named(kind).options
        assert all(each.help.endswith(".") for each in options_of(declared))
        assert as_json(read_options(declared, {})) == {}
        values = {
            each.name: "env:X" if each.name == "token" else "x"
            for each in options_of(declared)
            if not each.is_list
        } | {each.name: ["x", "y"] for each in options_of(declared) if each.is_list}
        assert as_json(read_options(declared, values)) == values

    def test_can_be_opened_without_anything_being_there(self, kind: str, folder: Path) -> None:
        spec = SourceSpec("a" * 12, kind, "https://x.example/" if kind == "web" else str(folder))
        Kinds().open(spec, Means(GuardedClient(), 10**6))
