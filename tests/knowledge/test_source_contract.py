"""What holds for every kind of source, whatever it reads from."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.sources.options import SecretReference, as_json, options_of, read_options
from knowledge.sources.port import Means, RawDocument, SkippedDocument, Source, SourceSpec
from knowledge.sources.registry import KINDS, Kinds
from knowledge.types import Validators
from knowledge.web.client import GuardedClient
from tests.kit.source_places import Place, place_for


async def listed(
    source: Source, known: dict[str, Validators] | None = None
) -> dict[str, RawDocument]:
    """The documents; what beside them is only counted may be there as well."""
    found = [each async for each in source.documents(known or {})]
    assert [each for each in found if isinstance(each, SkippedDocument) and not each.kind] == []
    return {each.document: each for each in found if isinstance(each, RawDocument)}


def described(place: Place) -> SourceSpec:
    return Kinds().describe(place.typed, options=place.options)


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
            spec = described(place)
            assert spec.kind == kind
            assert Kinds().describe(spec.location, kind=kind, options=spec.options) == spec

    async def test_gives_a_document_that_is_there_until_it_is_not(
        self, kind: str, folder: Path
    ) -> None:
        async with place_for(kind, folder) as place, GuardedClient(allow=["127.0.0.1"]) as client:
            place.write("Salaries.")
            spec = described(place)
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
            spec = described(place)
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
        values = {each.name: _some_value(each.type) for each in options_of(declared)}
        assert as_json(read_options(declared, values)) == values

    def test_can_be_opened_without_anything_being_there(self, kind: str, folder: Path) -> None:
        places = {"file": str(folder), "folder": str(folder), "loader": "confluence"}
        location = places.get(kind, "https://x.example/")
        (folder / "url").write_text("sqlite:////nowhere.db")
        needed = {
            "sql": {"database": f"file:{folder / 'url'}", "query": "SELECT 1"},
        }.get(kind, {})
        Kinds().open(SourceSpec("a" * 12, kind, location, needed), Means(GuardedClient(), 10**6))


def _some_value(type: object) -> object:
    if type is SecretReference:
        return "env:X"
    return {bool: True, int: 7, str: "x"}.get(type, ["x", "y"])  # type: ignore[call-overload]
