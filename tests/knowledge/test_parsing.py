"""Parsing: real files of every format become clean Markdown, and what cannot be read says why."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import DocumentSkipped
from knowledge.parsing import SUPPORTED_EXTENSIONS, ParsedDocument, parse
from tests.kit.documents import docx_file, pdf_file, pptx_file, xlsx_file


def markdown_of(name: str, text: str) -> str:
    return parse(name, text.encode()).markdown


def reason_for(name: str, content: bytes, **options: Any) -> str:
    with pytest.raises(DocumentSkipped) as skipped:
        parse(name, content, **options)
    return skipped.value.reason


class TestMarkdown:
    def test_front_matter_is_read_and_taken_off(self) -> None:
        parsed = parse(
            "x.md",
            b"---\ntitle: Leave\naccess: [role:hr, user:U1]\nvalid_until: 2027-01-31\n"
            b"language: de-AT\n---\n\nText.\n",
        )
        assert parsed == ParsedDocument(
            "Leave", "Text.", frozenset({"role:hr", "user:U1"}), date(2027, 1, 31), "de"
        )

    def test_the_title_is_stated_else_the_first_h1_else_the_file_name(self) -> None:
        assert parse("x.md", b"---\ntitle: Stated\n---\n# H1\n\nText.").title == "Stated"
        assert parse("x.md", b"# The *H1* {#id}\n\nText.").title == "The H1"
        assert parse("a/b/travel_policy-2024.md", b"Text.").title == "Travel policy 2024"

    def test_liquid_becomes_readable(self) -> None:
        text = (
            'Ask {% slack_channel "help" %} or {% slack_channel "vets" "Veterans" %}. '
            'See [a]({% page "/a/b" %}), [c]({{site.url}}/c).{% comment %}no{% endcomment %}'
            '{% include "x.html" %} {% image "a b.png" "a cat" %} Dear {{ name }}'
        )
        assert markdown_of("x.md", text) == (
            "Ask #help or Veterans (#vets). See [a](/a/b), [c](/c). ![a cat](a%20b.png) "
            "Dear {{ name }}"
        )

    def test_liquid_in_code_stays_and_raw_is_unwrapped(self) -> None:
        text = "`{% raw %}{% include %}{% endraw %}`\n\n```\n{% if x %}{{ y }}\n```"
        assert markdown_of("x.md", text) == "`{% include %}`\n\n```\n{% if x %}{{ y }}\n```"

    def test_html_inside_becomes_markdown_and_placeholders_stay(self) -> None:
        text = (
            "<div class=x>\n<h2 id='who'>Who <b>pays</b></h2>\n\nUse <name> or "
            "<a href='/p'>this</a>.\n</div>\n\n<table><tr><td>a</td><td>b|c</td></tr></table>\n"
        )
        result = markdown_of("x.md", text)
        assert "## Who **pays** {#who}" in result
        assert "Use <name> or [this](/p)." in result
        assert "| a | b\\|c |" in result
        assert "<div" not in result

    def test_a_break_in_a_table_row_does_not_end_the_row(self) -> None:
        assert "| a b | c |" in markdown_of("x.md", "| h | i |\n|---|---|\n| a<br>b | c |\n")

    def test_tables_lose_their_padding(self) -> None:
        text = "| a      | b |\n|--------|:-----:|\n| 1      | 2 |"
        assert markdown_of("x.md", text) == "| a | b |\n|---|:---:|\n| 1 | 2 |"


class TestHtml:
    PAGE = (
        "<html lang='de-AT'><head><title>Wi-Fi | Acme</title></head><body><nav>Menu</nav>"
        "<h1>Wi-Fi</h1><p>It is on the <a href='notes.html'>board</a>.</p>"
        "<script>x()</script><footer>Imprint</footer></body></html>"
    )

    def test_a_short_page_is_kept_whole_without_its_furniture(self) -> None:
        parsed = parse(
            "https://acme.example/help/wifi", self.PAGE.encode(), content_type="text/html"
        )
        assert parsed.title == "Wi-Fi"
        assert parsed.language == "de"
        assert parsed.markdown == (
            "# Wi-Fi\n\nIt is on the [board](https://acme.example/help/notes.html)."
        )

    @pytest.mark.parametrize("tag", ["main", "div"])
    def test_a_long_page_keeps_headings_links_lists_tables_and_code(self, tag: str) -> None:
        sections = "".join(
            f"<h2>Part {i}</h2><p>{f'We pay part {i} of all travel once approved. ' * 6}</p>"
            for i in range(5)
        )
        page = (
            "<html><head><title>Expenses</title></head><body>"
            f"<div class='top-nav'>{'<a href=/m>menu entry</a> ' * 60}</div><{tag}>"
            f"<h1>Expenses</h1>{sections}<h2>Contacts</h2><ul><li><a href='mailto:a@b.c'>Ann</a>"
            "</li><li>Bob</li></ul><table><tr><th>What</th><th>Most</th></tr><tr><td>Inn</td>"
            f"<td>120</td></tr></table><pre><code>a = 1\nb = 2</code></pre></{tag}></body></html>"
        )
        result = markdown_of("e.html", page)
        assert "menu entry" not in result
        assert [line for line in result.split("\n") if line.startswith("#")] == [
            "# Expenses",
            *(f"## Part {i}" for i in range(5)),
            "## Contacts",
        ]
        for kept in ("- [Ann](mailto:a@b.c)", "- Bob", "| Inn | 120 |", "a = 1\nb = 2"):
            assert kept in result

    def test_the_stated_charset_is_used(self) -> None:
        page = "<html><head><meta charset='iso-8859-2'></head><body><p>Łódź</p></body></html>"
        assert markdown_of("x.html", page) == "Łódź"  # valid UTF-8 wins over a wrong statement
        assert parse("x.html", page.encode("iso-8859-2")).markdown == "Łódź"


class TestPdf:
    def test_pages_have_anchors_and_lose_running_lines(self) -> None:
        text = "Passwords live in the vault and the vault only, never on paper. " * 4
        pages = [f"# Chapter {i}\n{text}Rule {i}." for i in range(1, 5)]
        result = parse("x.pdf", pdf_file(pages, running=True)).markdown
        assert "confidential" not in result
        assert "of 4" not in result
        for number in range(1, 5):
            assert f'<a name="page={number}"></a>\n\n# Chapter {number}\n\nPasswords' in result

    def test_hyphenated_words_and_wrapped_lines_are_whole_again(self) -> None:
        page = "The self-service desk and the depart-\nment of travel use self-\nservice daily."
        assert "the department of travel use self-service daily." in (
            parse("x.pdf", pdf_file([page])).markdown
        )

    def test_a_sentence_that_runs_over_the_page_stays_whole(self) -> None:
        pages = ["The first part of it goes on", "over here. A new sentence."]
        result = parse("x.pdf", pdf_file(pages)).markdown
        assert 'goes on over here.\n\n<a name="page=2"></a>\n\nA new sentence.' in result

    def test_the_title_is_the_largest_print_else_the_stated_one(self) -> None:
        assert parse("x.pdf", pdf_file(["# Big\n" + "small " * 50], title="T")).title == "Big"
        assert parse("x.pdf", pdf_file(["small " * 50], title="Stated")).title == "Stated"
        assert parse("my_file.pdf", pdf_file(["small"], title="draft.docx")).title == "My file"

    def test_an_encrypted_pdf_says_what_to_do(self) -> None:
        from pypdf import PdfWriter

        writer = PdfWriter(io.BytesIO(pdf_file(["secret"])))
        writer.encrypt("pass")
        locked = io.BytesIO()
        writer.write(locked)
        assert "password" in reason_for("x.pdf", locked.getvalue())

    def test_a_pdf_that_is_only_locked_for_printing_is_read(self) -> None:
        from pypdf import PdfWriter

        writer = PdfWriter(io.BytesIO(pdf_file(["readable"])))
        writer.encrypt(user_password="", owner_password="owner")
        locked = io.BytesIO()
        writer.write(locked)
        assert "readable" in parse("x.pdf", locked.getvalue()).markdown

    def test_a_scan_says_what_to_do(self) -> None:
        assert "OCR" in reason_for("x.pdf", pdf_file([""]))


class TestOffice:
    def test_word_keeps_headings_lists_and_tables(self) -> None:
        parsed = parse("x.docx", docx_file())
        assert parsed.title == "Travel policy"
        assert parsed.markdown == (
            "# Travel policy\n\nUse snake_case_names.\n\n# Limits\n\n"
            "| What | Most |\n| --- | --- |\n| Hotel\\|Inn | $120 a night |\n\n"
            "- Ask first\n- Pay later"
        )

    def test_slides_have_headings_bullets_tables_and_notes(self) -> None:
        parsed = parse("x.pptx", pptx_file())
        assert parsed.title == "Kick-off"
        assert parsed.markdown == (
            "## Kick-off\n\n- One\n  - Two\n\nNotes: Say hello\n\n## Numbers\n\n"
            "| Item | Price |\n| --- | --- |\n| Tea | 3 |"
        )

    def test_sheets_are_tables_without_empty_rows_and_columns(self) -> None:
        assert parse("prices.xlsx", xlsx_file()).markdown == (
            "## Prices\n\nBudget of Q3\n\n| Item | Price | Share | When |\n"
            "| --- | --- | --- | --- |\n| Tea | 3 | 25% | 2026-01-02 |\n| a\\|b | 2.5 | | |"
        )

    def test_formulas_that_excel_never_computed_say_what_to_do(self) -> None:
        import openpyxl

        book = openpyxl.Workbook()
        book.active["A1"] = "=1+1"
        buffer = io.BytesIO()
        book.save(buffer)
        assert "formulas" in reason_for("x.xlsx", buffer.getvalue())

    def test_an_encrypted_office_file_says_what_to_do(self) -> None:
        container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
        encrypted = container + "EncryptedPackage".encode("utf-16-le")
        assert "password" in reason_for("x.docx", encrypted)
        assert "old Office format" in reason_for("x.docx", container)

    @pytest.mark.parametrize(
        "part", ["word/document.xml", "ppt/presentation.xml", "xl/workbook.xml"]
    )
    def test_zip_bombs_are_not_unpacked(self, part: str) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bomb:
            bomb.writestr(part, "x")
            with bomb.open("media/zeros", "w") as zeros:
                for _ in range(201):
                    zeros.write(bytes(2**20))
        assert "zip bomb" in reason_for("x.docx", buffer.getvalue())


class TestTextAndCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_charsets_are_told_apart(self, encoding: str) -> None:
        assert parse("x.txt", "Grüße \u2013 5 €".encode(encoding)).markdown == "Grüße \u2013 5 €"

    def test_text_is_cleaned(self) -> None:
        assert markdown_of("x.txt", "Cafe\u0301\x00 so\u00adft\r\nline\x0cpage") == (
            "Café soft\nline\npage"
        )

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_delimiter_is_found(self, delimiter: str) -> None:
        rows = [["Name", "Price"], ["Tea", "3.50"], ["", ""], ['"a, b; c"', "2"]]
        text = "\n".join(delimiter.join(row) for row in rows)
        assert markdown_of("x.csv", text) == (
            "| Name | Price |\n| --- | --- |\n| Tea | 3.50 |\n| a, b; c | 2 |"
        )


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("media_type", "says"),
        [
            ("application/vnd.oasis.opendocument.text", "Save it as .docx"),
            ("application/epub+zip", "Save it as .html or .pdf"),
            ("application/x-else", "Unpack it"),
        ],
    )
    def test_a_packed_file_is_told_what_it_is_to_be_saved_as(
        self, media_type: str, says: str
    ) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("mimetype", media_type)
            archive.writestr("content.xml", "<text>The gate closes at nine.</text>")
        assert says in reason_for("rules", packed.getvalue())

    def test_what_its_server_calls_a_picture_is_not_read_as_text(self) -> None:
        page = b"<!doctype html><p>The gate closes at nine.</p>"
        for name in ("https://a.example/gate", "https://a.example/gate.html"):
            assert "no document (image/png)" in reason_for(name, page, content_type="image/png")

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("x.md", b"", "empty"),
            ("x.md", b" \n\t", "empty"),
            ("x.md", b"---\ntitle: only\n---\n", "No text"),
            ("x.txt", b"\x00\x01\x02binary\x00", "binary"),
            ("x.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "It is a picture."),
            ("x.exe", b"text in fact", ".exe cannot be read"),
            ("x.pdf", b"no pdf at all", "damaged"),
            ("x.pdf", b"%PDF-1.7\nbut nothing else", "damaged"),
            ("x.docx", b"PK\x03\x04 and then nothing", "damaged"),
            ("x.docx", b"plain text", "damaged"),
        ],
    )
    def test_the_reason_says_it(self, name: str, content: bytes, says: str) -> None:
        reason = reason_for(name, content)
        assert says in reason
        assert reason.endswith(".")

    def test_a_wrongly_named_file_is_not_guessed_at(self) -> None:
        assert "named .md but holds a PDF" in reason_for("x.md", pdf_file(["text"]))
        assert "named .xlsx but holds a Word" in reason_for("x.xlsx", docx_file())

    def test_a_zip_of_documents_says_to_unpack_it(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.md", "text")
        assert "Unpack" in reason_for("x.zip", buffer.getvalue())

    def test_too_large_is_told_before_anything_is_read(self) -> None:
        assert "Split it" in reason_for("x.md", b"a" * 101, max_bytes=100)

    def test_what_a_server_says_helps_where_the_name_does_not(self) -> None:
        page = b"<p>Hi there</p>"
        assert parse("https://x/page.aspx", page, content_type="text/html").markdown == "Hi there"
        assert parse("https://x/a.md", b"# Hi", content_type="text/plain").title == "Hi"
        pdf = pdf_file(["served wrongly"])
        assert "served" in parse("https://x/get", pdf, content_type="text/html").markdown


FILES = [
    ("x.pdf", pdf_file(["# Head\nSome text here."] * 3)),
    ("x.docx", docx_file()),
    ("x.pptx", pptx_file()),
    ("x.xlsx", xlsx_file()),
]


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=60, deadline=None)
def test_damage_anywhere_is_skipped_not_an_error(
    file: tuple[str, bytes], data: st.DataObject
) -> None:
    name, content = file
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 12))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(damaged) // 2, len(damaged)))
    try:
        assert parse(name, bytes(damaged[:cut])).markdown
    except DocumentSkipped as skipped:
        assert skipped.reason.endswith(".")


@given(
    st.sampled_from(sorted(SUPPORTED_EXTENSIONS)),
    st.binary(max_size=300) | st.text().map(str.encode),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_document_or_a_reason(extension: str, content: bytes) -> None:
    try:
        parsed = parse(f"x{extension}", content)
    except DocumentSkipped as skipped:
        assert skipped.reason.endswith(".")
    else:
        assert parsed.title
        assert not set(parsed.markdown) & {"\0", "\r", "\x0c"}
