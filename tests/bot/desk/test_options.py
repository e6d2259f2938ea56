"""Forms of options: what is filled in comes back as it was meant, whatever room there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.forms import FieldFaults
from bot.desk.kb.setup.options import FURTHER, field_of, option_fields, read_options
from bot.ports import KindOption, Options, SourceKind

KIND = SourceKind(
    "site",
    "a site",
    (
        KindOption("include", "texts", (), "Only these."),
        KindOption("depth", "number", 20, "How deep."),
        KindOption("every_page", "yes_no", False, "Ask for all."),
        KindOption("url_field", "text", "url", "Where readers open it."),
        KindOption("text_field", "texts", ("text",), "With the text."),
    ),
)
words = st.text("abcdefgh/*.-_ä ", min_size=1, max_size=12).map(str.strip).filter(bool)
settings = st.fixed_dictionaries(
    {},
    optional={
        "include": st.lists(words, max_size=3).map(tuple),
        "depth": st.integers(0, 10**6),
        "every_page": st.booleans(),
        "url_field": words | st.just(""),
        "text_field": st.lists(words, max_size=3).map(tuple),
    },
)


@given(settings, st.integers(1, 6))
def test_a_form_that_is_sent_in_as_it_was_opened_changes_nothing(
    values: Options, room: int
) -> None:
    fields = option_fields(KIND, values, room)
    assert len(fields) <= room
    usual = {each.name: each.default for each in KIND.options}
    filled = {each.name: each.value for each in fields}
    assert read_options(KIND, filled, room) == {
        name: value for name, value in values.items() if value != usual[name]
    }


def test_what_is_emptied_or_taken_out_is_as_usual_or_empty() -> None:
    emptied = {"include": "", "depth": "", "every_page": "", "url_field": "", "text_field": ""}
    assert read_options(KIND, emptied, 5) == {"url_field": "", "text_field": ()}
    assert read_options(KIND, {"include": "a, b\nc", FURTHER: ""}, 2) == {
        "include": ("a", "b", "c")
    }


@pytest.mark.parametrize(
    ("filled", "field"),
    [
        ({"include": "", FURTHER: "depth=-1"}, FURTHER),
        ({"include": "", FURTHER: "every-page=perhaps"}, FURTHER),
        ({"include": "", FURTHER: "depth"}, FURTHER),
        ({"include": "", FURTHER: "include=a"}, FURTHER),
    ],
)
def test_a_slip_is_told_at_its_field(filled: dict[str, str], field: str) -> None:
    with pytest.raises(FieldFaults) as refused:
        read_options(KIND, filled, 2)
    assert list(refused.value.faults) == [field]


def test_what_the_library_refuses_is_told_at_the_field_that_it_is_about() -> None:
    assert field_of(KIND, 5, "The option every-page cannot be 3. …", "address") == "every_page"
    assert field_of(KIND, 2, "The option every-page cannot be 3. …", "address") == FURTHER
    assert field_of(KIND, 5, "There is no page there.", "address") == "address"
