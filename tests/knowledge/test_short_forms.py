"""What models read of lists: rows without headings in words, short forms spelled out."""

from __future__ import annotations

import pytest

from knowledge.documents.reading import embedded_words
from knowledge.parsing import parse
from knowledge.retrieval.reader import readable_text
from knowledge.text.sentences import split_units
from knowledge.text.short_forms import spelled_out

CONTACTS = parse("contacts.csv", b"Reception,ext 100,Gita\nPayroll,ext. 214,Hugo\n").markdown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Payroll, ext. 214", "Payroll, extension 214"),
        ("Tel: 555-0142", "telephone: 555-0142"),
        ("dept 4, approx. 3 hrs", "department 4, approximately 3 hours"),
        ("on ext4 and at a.ext@example.org", "on ext4 and at a.ext@example.org"),
        ("Ask the dept.", "Ask the department."),
    ],
)
def test_short_forms_that_stand_for_one_thing_are_spelled_out(written: str, read: str) -> None:
    assert spelled_out(written) == read


def test_the_reader_reads_a_row_as_what_its_first_cell_names() -> None:
    units = split_units(CONTACTS)
    said = "Contacts\nReception: extension: 100, Gita.\nPayroll: extension: 214, Hugo."
    assert readable_text("Contacts", units).text == said
    assert units[1].raw == "| Payroll | ext. 214 | Hugo |"


def test_the_embedder_reads_the_same() -> None:
    said = "Contacts\nReception: extension: 100, Gita. Payroll: extension: 214, Hugo."
    assert embedded_words("Contacts", (), CONTACTS) == said
