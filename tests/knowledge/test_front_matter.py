"""Front matter: what a file says of itself, and that a slip in it never shows it to more people."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from random import Random

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import DocumentSkipped
from knowledge.parsing import parse
from knowledge.parsing.markdown.front_matter import MAX_FRONT_MATTER
from knowledge.types import PUBLIC, Principals


def access_of(text: str, name: str = "pay.md") -> Principals | None:
    """Who may read it; nobody if it is skipped, None if its source decides."""
    try:
        return parse(name, text.encode("utf-8", "surrogatepass")).access
    except DocumentSkipped:
        return frozenset()


def reason_for(text: str, name: str = "pay.md") -> str:
    with pytest.raises(DocumentSkipped) as skipped:
        parse(name, text.encode())
    return skipped.value.reason


def is_wider(access: Principals | None) -> bool:
    """May people read it for whom a document with an access list was not meant?"""
    return access is None or PUBLIC in access


class TestRead:
    @pytest.mark.parametrize(
        "head",
        [
            "access: role:hr",
            "access: [role:hr]",
            "access:\n- role:hr",
            "access:\n  - 'role:hr'  # only they",
            "{title: Pay, access: [role:hr]}",
            '"access": ["role:hr"]',
            "? access\n: role:hr",
            "team: &team [role:hr]\naccess: *team",
            "title: Getting access\naccess: [role:hr]",
            'title: "Remote access: the basics"\naccess: [role:hr]',
        ],
    )
    def test_an_access_list_in_any_of_yamls_forms(self, head: str) -> None:
        assert access_of(f"---\n{head}\n---\nText.") == frozenset({"role:hr"})

    @pytest.mark.parametrize(
        ("above", "opening", "closing"),
        [
            ("", "---", "..."),
            ("\n \n", "---", "---"),
            ("   ", "---", "---"),
            ("\ufeff", "---", "---"),
            ("<!-- licence -->\n<!-- more -->\n", "---", "---"),
            ("", "--- # what it is", "--- # end"),
            ("", "---   ", "---\t"),
        ],
    )
    def test_what_stands_around_it_as_people_write_it(
        self, above: str, opening: str, closing: str
    ) -> None:
        text = f"{above}{opening}\naccess: [role:hr]\n{closing}\nText."
        assert access_of(text) == frozenset({"role:hr"})
        assert parse("x.md", text.encode()).markdown == "Text."

    def test_toml_between_plus_signs(self) -> None:
        text = '+++\ntitle = "Pay"\naccess = ["role:hr"]\nvalid_until = 2027-01-31\n+++\nText.'
        parsed = parse("x.md", text.encode())
        assert (parsed.title, parsed.access) == ("Pay", frozenset({"role:hr"}))
        assert parsed.valid_until == date(2027, 1, 31)

    @pytest.mark.parametrize(
        ("written", "title"),
        [
            ("2024", "2024"),
            ("0x1f", "0x1f"),
            ("0x" + "f" * 5000, "My page"),
            ("12:30", "12:30"),
            ("yes", "yes"),
            ("2024-13-45", "2024-13-45"),
            ("~", "My page"),
            ("[a, b]", "My page"),
            ('"\\ud800x"', "x"),
        ],
    )
    def test_a_title_is_what_is_written_if_it_is_text(self, written: str, title: str) -> None:
        assert parse("my-page.md", f"---\ntitle: {written}\n---\nText.".encode()).title == title

    @pytest.mark.parametrize("stated", ["soon", "2024-13-45", "[2024]", "0x" + "f" * 5000])
    def test_a_day_that_is_none_is_left_out(self, stated: str) -> None:
        assert parse("x.md", f"---\nvalid_until: {stated}\n---\nText.".encode()).valid_until is None

    def test_merges_that_would_grow_without_end_cost_nothing(self) -> None:
        levels = ["a0: &a0 {x: 1, y: 2}"]
        levels += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 30)]
        text = "---\ntitle: Pay\n" + "\n".join(levels) + "\n---\nText."
        assert parse("x.md", text.encode()).title == "Pay"

    def test_rules_around_prose_are_no_front_matter(self) -> None:
        text = "---\n\nWe ship on Fridays.\n\n---\n\nAccess: come by at the desk or call us.\n"
        assert parse("x.md", text.encode()).markdown == text.strip()

    @pytest.mark.parametrize(
        "prose",
        [
            "Access: ask the front desk for a badge.",
            "**Access:** [the portal](https://wiki.example/access) has it.",
            "## Access",
            "You can\naccess [the portal](https://wiki.example) from home.",
            "Access:\n\n- Ask the front desk first.",
            "How to get access: ask.",
            "accessibility: all pages are read aloud.",
        ],
    )
    def test_prose_about_access_is_read(self, prose: str) -> None:
        assert access_of(f"# Doors\n\n{prose}\n") is None
        assert access_of(f"---\ntitle: Doors\n---\n{prose}\n") is None


MEANT = "title: Pay review\naccess: [role:managers]\nvalid_until: 2030-01-31"
PADDING = "\n".join(f"tag{n}: {'x' * 60}" for n in range(MAX_FRONT_MATTER // 60))

Mutation = Callable[[str], str]
MUTATIONS: dict[str, Mutation] = {
    "blank line above": lambda text: "\n" + text,
    "space above": lambda text: "   " + text,
    "tab above": lambda text: "\t" + text,
    "byte order mark twice": lambda text: "\ufeff\ufeff" + text,
    "HTML comment above": lambda text: "<!-- for managers -->\n" + text,
    "open HTML comment above": lambda text: "<!-- for managers\n" + text,
    "YAML comment above": lambda text: "# for managers\n" + text,
    "prose above": lambda text: "Dear reader,\n\n" + text,
    "heading above": lambda text: "# Pay review\n" + text,
    "code fence around": lambda text: "```yaml\n" + text + "\n```\n",
    "quoted": lambda text: "> " + text.replace("\n", "\n> "),
    "all indented": lambda text: "    " + text.replace("\n", "\n    "),
    "comment after the opening": lambda text: text.replace("---\n", "--- # meta\n", 1),
    "words after the opening": lambda text: text.replace("---\n", "--- meta\n", 1),
    "opening lost": lambda text: text.removeprefix("---\n"),
    "opening of two": lambda text: text.replace("---", "--", 1),
    "opening of four": lambda text: text.replace("---", "----", 1),
    "opening as a dash": lambda text: text.replace("---", "—", 1),
    "opening of TOML": lambda text: text.replace("---", "+++", 1),
    "opening of JSON": lambda text: text.replace("---", ";;;", 1),
    "opening doubled": lambda text: "---\n" + text,
    "closing lost": lambda text: text.replace("\n---\n", "\n", 1),
    "closing indented": lambda text: text.replace("\n---\n", "\n  ---\n", 1),
    "closing of two": lambda text: text.replace("\n---\n", "\n--\n", 1),
    "closing of four": lambda text: text.replace("\n---\n", "\n----\n", 1),
    "closing with a word": lambda text: text.replace("\n---\n", "\n--- end\n", 1),
    "closing of TOML": lambda text: text.replace("\n---\n", "\n+++\n", 1),
    "closed too early": lambda text: text.replace("\naccess", "\n---\naccess", 1),
    "ended too early": lambda text: text.replace("\naccess", "\n...\naccess", 1),
    "written twice": lambda text: "---\ntitle: Pay\n---\n" + text,
    "access indented": lambda text: text.replace("\naccess", "\n  access", 1),
    "access tabbed": lambda text: text.replace("\naccess", "\n\taccess", 1),
    "access after a no-break space": lambda text: text.replace("\naccess", "\n\xa0access", 1),
    "access far to the right": lambda text: text.replace("\naccess", "\n" + " " * 90 + "access", 1),
    "access below a key": lambda text: text.replace("\naccess", "\nmeta:\n  access", 1),
    "access in a list": lambda text: text.replace("\naccess", "\n- access", 1),
    "access in a block text": lambda text: text.replace("\naccess", "\nnote: |\n  access", 1),
    "access in quotes": lambda text: text.replace("\naccess", '\nnote: "\n access', 1) + '"',
    "access in a comment": lambda text: text.replace("\naccess", "\n# access", 1),
    "access after a comment": lambda text: text.replace("\naccess", "\n# next line access", 1),
    "access behind the title": lambda text: text.replace("\naccess", "  # access", 1),
    "access on the title's line": lambda text: text.replace("\naccess", " access", 1),
    "Access": lambda text: text.replace("access", "Access", 1),
    "ACCESS": lambda text: text.replace("access", "ACCESS", 1),
    "acess": lambda text: text.replace("access", "acess", 1),
    "acccess": lambda text: text.replace("access", "acccess", 1),
    "acecss": lambda text: text.replace("access", "acecss", 1),
    "Cyrillic letter": lambda text: text.replace("access", "\u0430ccess", 1),
    "joiner in the word": lambda text: text.replace("access", "acc\u200dess", 1),
    "access list": lambda text: text.replace("access", "access list", 1),
    "access_list": lambda text: text.replace("access", "access_list", 1),
    "bold": lambda text: text.replace("access", "**access**", 1),
    "colon lost": lambda text: text.replace("access:", "access", 1),
    "colon without space": lambda text: text.replace("access: ", "access:", 1),
    "colon of full width": lambda text: text.replace("access:", "access\uff1a", 1),
    "colon on the next line": lambda text: text.replace("access:", "access\n:", 1),
    "equals sign": lambda text: text.replace("access:", "access =", 1),
    "given twice": lambda text: text.replace("\naccess", "\naccess: public\naccess", 1),
    "taken back": lambda text: text.replace("\nvalid", "\naccess: public\nvalid", 1),
    "other value broken": lambda text: text.replace("\naccess", "\nnote: a: b\naccess", 1),
    "other value torn": lambda text: text.replace("\naccess", "\ntags: [a, b\naccess", 1),
    "other quote open": lambda text: text.replace("\naccess", "\nnote: 'a\naccess", 1),
    "bracket lost": lambda text: text.replace("managers]", "managers", 1),
    "bracket not opened": lambda text: text.replace("[role", "role", 1),
    "brace for bracket": lambda text: text.replace("managers]", "managers}", 1),
    "flow map": lambda text: text.replace("\n", "\n{", 1).replace("\n---\n", "}\n---\n", 1),
    "flow map torn": lambda text: text.replace("\n", "\n{", 1),
    "list empty": lambda text: text.replace("[role:managers]", "[]", 1),
    "list null": lambda text: text.replace("[role:managers]", "~", 1),
    "list of numbers": lambda text: text.replace("[role:managers]", "[1, 2]", 1),
    "list commented out": lambda text: text.replace("[role", "# [role", 1),
    "surrogate": lambda text: text.replace("role:managers", '"role:\\ud800"', 1),
    "unknown alias": lambda text: text.replace("[role:managers]", "*managers", 1),
    "too large": lambda text: text.replace("\naccess", f"\n{PADDING}\naccess", 1),
    "much space": lambda text: text.replace("\naccess", "\n" * 70_000 + "access", 1),
    "nested deeply": lambda text: text.replace("\naccess", f"\nnote: {'[' * 9000}\naccess", 1),
    "control characters": lambda text: text.replace("access", "ac\0cess", 1),
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "old Mac line ends": lambda text: text.replace("\n", "\r"),
    "line separators": lambda text: text.replace("\n", "\u2028"),
}
LARGE = {"too large", "much space", "nested deeply"}
IN_THE_LINE = {
    *("access after a comment", "access on the title's line", "access list", "access_list"),
    *("acess", "acccess", "acecss", "Cyrillic letter", "colon lost", "list null"),
    *("list commented out", "unknown alias"),
}
"""Two of these leave nothing to tell an access list by."""
NAMES = ("pay.md", "pay.txt", "pay.rst", "pay.html", "https://wiki.example/raw/pay", "pay.csv")


def document(head: str = MEANT) -> str:
    return f"---\n{head}\n---\n\n# Pay review\n\nSalaries are on page one.\n"


class TestNeverWiderThanMeant:
    def test_the_document_itself_is_for_managers(self) -> None:
        assert access_of(document()) == frozenset({"role:managers"})

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("mutation", MUTATIONS)
    def test_after_one_slip(self, mutation: str, name: str) -> None:
        assert not is_wider(access_of(MUTATIONS[mutation](document()), name))

    def test_after_two_slips(self) -> None:
        pairs = [
            (first, then)
            for first in MUTATIONS.keys() - LARGE
            for then in MUTATIONS.keys() - LARGE
            if not {first, then} <= IN_THE_LINE
        ]
        wider = [
            pair
            for pair in pairs
            if is_wider(access_of(MUTATIONS[pair[1]](MUTATIONS[pair[0]](document()))))
        ]
        assert wider == []
        assert len(pairs) > 5000

    @pytest.mark.parametrize("mutation", MUTATIONS)
    def test_with_the_access_list_as_the_only_line(self, mutation: str) -> None:
        text = document("access: [role:managers]")
        assert not is_wider(access_of(MUTATIONS[mutation](text)))

    def test_a_slip_that_cannot_be_read_has_its_reason(self) -> None:
        assert "closing" in reason_for("---\ntitle: Pay\naccess: [role:hr]\n\nText.")
        assert "cannot be read" in reason_for("---\ntitle: [Pay\n---\nText.")
        assert "wrong place" in reason_for("---\nmeta:\n  access: [role:hr]\n---\nText.")
        assert "access list" in reason_for("access: [role:hr]\n\nText.")
        assert "access list" in reason_for("---\naccess: {}\n---\nText.")

    def test_neither_does_word_lose_a_list(self) -> None:
        word = docx.Document()
        for line in ("access: [role:managers]", "Salaries are on page one."):
            word.add_paragraph(line)
        buffer = io.BytesIO()
        word.save(buffer)
        with pytest.raises(DocumentSkipped, match="access list"):
            parse("pay.docx", buffer.getvalue())

    HEADS = st.lists(
        st.sampled_from(
            [
                "title: Pay review",
                "title: 'Pay: a review'",
                "# for managers only",
                "tags: [pay, hr]",
                "note: |\n  Two\n  lines",
                "",
                "valid_until: 2030-01-31",
            ]
        ),
        max_size=4,
        unique=True,
    )
    LISTS = st.sampled_from(
        [
            "access: [role:managers]",
            "access: role:managers",
            "access:\n  - role:managers\n  - role:hr",
            'access: ["role:managers", "user:U1"]',
            "'access': [ role:managers ]",
        ]
    )

    @settings(max_examples=1500, deadline=None)
    @given(HEADS, LISTS, HEADS, st.data())
    def test_after_a_slip_of_the_key(
        self, above: list[str], listed: str, below: list[str], data: st.DataObject
    ) -> None:
        text = document("\n".join([*above, listed, *below]))
        last = text.index("# Pay review\n\nSalaries")
        at = data.draw(st.integers(0, last - 1))
        typed = data.draw(
            st.sampled_from(["", *"\n\t #-:'\"[]{},&*!|>%@`?=+~x0.\\/<\0\xa0\u200b—é"])
        )
        cut = data.draw(st.integers(0, 2))
        changed = text[:at] + typed + text[at + cut :]
        assert not is_wider(access_of(changed)), changed

    def test_after_a_tab_within_the_key(self) -> None:
        for at in range(1, len("access")):
            for cut in (0, 1):
                key = "access"[:at] + "\t" + "access"[at + cut :]
                changed = document(f"{key}: [role:managers]")
                assert not is_wider(access_of(changed)), changed

    @settings(max_examples=300, deadline=None)
    @given(HEADS, LISTS, st.randoms(use_true_random=False))
    def test_after_lines_changed_places(
        self, above: list[str], listed: str, random: Random
    ) -> None:
        lines = document("\n".join([*above, listed])).split("\n")
        one, other = (random.randrange(len(lines)) for _ in range(2))
        lines[one], lines[other] = lines[other], lines[one]
        changed = "\n".join(lines)
        assert not is_wider(access_of(changed)), changed
