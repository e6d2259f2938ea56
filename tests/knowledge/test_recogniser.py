"""The engine that recognises text in pictures: pictures of print in, the print's words out."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from knowledge.documents.pool import ReaderPool
from knowledge.documents.reading import RawFile
from knowledge.documents.recogniser import RapidRecogniser, is_installed
from tests.kit.pictures import blank, drawn, file_of
from tests.kit.word_embedder import count_words

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="needs the extra: pip install -e '.[ocr]'"
)
RULES = ("The canteen opens at 07:30.", "Guests pay 6.80 euros for lunch.")


@pytest.fixture(scope="module")
def engine() -> RapidRecogniser:
    return RapidRecogniser()


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    opened = ReaderPool(count_words, RapidRecogniser())
    yield opened
    opened.close()


def test_print_is_read_to_the_letter_and_surely(engine: RapidRecogniser) -> None:
    lines = sorted(engine(drawn(*RULES)), key=lambda line: line.top)
    assert tuple(line.text for line in lines) == RULES
    assert min(line.confidence for line in lines) > 0.9


def test_lines_are_placed_where_they_stand(engine: RapidRecogniser) -> None:
    first, second = sorted(engine(drawn(*RULES, size=28)), key=lambda line: line.top)
    assert 30 < first.top < first.bottom < second.top + 5 < second.bottom < 180
    assert 10 < first.x0 < 40


def test_light_print_on_dark_is_read(engine: RapidRecogniser) -> None:
    dark = drawn("Your session ends after 9 hours.", ink=(220, 220, 220), ground=(30, 30, 30))
    assert [line.text for line in engine(dark)] == ["Your session ends after 9 hours."]


def test_a_picture_without_text_has_no_lines(engine: RapidRecogniser) -> None:
    assert list(engine(blank())) == []
    assert list(engine(blank(5, 5))) == []


def test_it_travels_without_its_models(engine: RapidRecogniser) -> None:
    engine(blank())
    assert len(pickle.dumps(engine)) < 500


async def test_a_picture_is_read_in_the_bounds_of_the_process_for_it(pool: ReaderPool) -> None:
    content = file_of(drawn(*RULES, *RULES, *RULES, wide=1_200))
    read = await pool.read(RawFile("rules.png", content, recognise_seconds=300))
    (piece,) = read.pieces
    assert piece.text.count("Guests pay 6.80 euros for lunch.") == 3
    assert piece.headings[0].startswith("Recognised text, 9")
