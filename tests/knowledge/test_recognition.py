"""Text recognised in pictures: where it is looked for, how it is marked, and what bounds it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import docx
import pytest
from docx.shared import Inches as WordInches
from fpdf import FPDF
from PIL import Image
from pptx import Presentation
from pptx.util import Inches

from knowledge.documents.chunking import Chunk, chunk
from knowledge.errors import DocumentSkipped
from knowledge.parsing import ParsedDocument, parse
from knowledge.parsing import recognition as bounds
from knowledge.parsing.recognition import RecognisedLine, Recogniser, Recognition
from tests.kit.pictures import Says, blank, drawn, file_of
from tests.kit.word_embedder import count_words

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIGN = Says(("Ring the bell twice.",))
MARK = "Recognised text, 93 % certain"


def read(name: str, content: bytes, engine: Recogniser = SIGN, **of: Any) -> ParsedDocument:
    return parse(name, content, recognition=Recognition(engine, 60, **of))


def pieces(document: ParsedDocument) -> list[Chunk]:
    return chunk(document, count_words)


def reason(name: str, content: bytes, engine: Recogniser = SIGN, **of: Any) -> DocumentSkipped:
    with pytest.raises(DocumentSkipped) as caught:
        read(name, content, engine, **of)
    return caught.value


def told(document: ParsedDocument) -> list[str]:
    return [each.told for each in document.left_out]


class TestPictureFile:
    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
    def test_says_what_is_recognised_in_it_and_how_surely(self, format: str) -> None:
        (piece,) = pieces(read("gate sign.bin", file_of(drawn("Ring"), format)))
        assert (piece.headings, piece.text) == ((MARK,), "Ring the bell twice.")

    def test_is_told_as_a_picture_where_there_is_no_engine(self) -> None:
        with pytest.raises(DocumentSkipped, match=r"It is a picture.*\(OCR\)") as caught:
            parse("sign.png", file_of(drawn("Ring")))
        assert caught.value.kind == "pictures"

    def test_without_text_is_counted_and_not_named(self) -> None:
        assert reason("sign.png", file_of(blank())).kind == "pictures without text"

    def test_with_more_pixels_than_are_looked_at_is_refused_before_it_is_unpacked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("knowledge.parsing.pictures.MAX_PIXELS", 50_000)
        assert "million pixels" in reason("sign.png", file_of(blank(300, 200))).reason

    def test_that_is_damaged_is_told_so(self) -> None:
        whole = file_of(drawn("Ring"))
        assert "is damaged" in reason("sign.png", whole[: len(whole) // 2]).reason

    def test_that_is_none_is_told_so(self) -> None:
        assert "should be a picture" in reason("sign.png", b"Ring the bell.").reason

    def test_of_several_pages_has_each_with_its_number(self) -> None:
        scans = file_of(
            drawn("a"), "TIFF", save_all=True, append_images=[blank(), drawn("b"), drawn("c")]
        )
        assert [each.anchor for each in pieces(read("fax.tif", scans))] == ["", "page=3", "page=4"]

    def test_is_on_white_where_it_lets_through(self) -> None:
        seen: list[Any] = []

        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            seen.append(picture.getpixel((0, 0)))
            return SIGN(drawn("a"))

        read("sign.png", file_of(Image.new("RGBA", (50, 50), (0, 0, 0, 0))), engine)
        assert seen == [(255, 255, 255)]

    def test_that_lies_on_its_side_is_turned_however_narrow_it_is(self) -> None:
        sizes: list[tuple[int, int]] = []

        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            sizes.append(picture.size)
            if picture.width > picture.height:
                return [RecognisedLine("Ring the bell twice.", 0.93, 10, 400, 10, 40)]
            return [RecognisedLine("xee wd", 0.6, 10, 40, 10, 400)]

        side = Image.new("RGB", (300, 1000), "white")
        assert "Ring the bell twice." in read("sign.png", file_of(side), engine).markdown
        assert (1000, 300) in sizes

    def test_that_a_camera_turned_is_upright(self) -> None:
        seen: list[tuple[int, int]] = []

        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            seen.append(picture.size)
            return SIGN(drawn("a"))

        exif = Image.Exif()
        exif[0x0112] = 6  # orientation: turned by a quarter
        read("photo.jpg", file_of(blank(300, 200), "JPEG", exif=exif), engine)
        assert seen == [(200, 300)]


class TestLines:
    @staticmethod
    def read(*texts: str) -> str:
        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            return [
                RecognisedLine(text, 0.97, 20, 20 + 15 * len(text), 20 + 40 * n, 50 + 40 * n)
                for n, text in enumerate(texts)
                if text
            ]

        return read("sign.png", file_of(drawn("Sign"), "PNG"), engine).markdown

    def test_lines_of_a_narrow_paragraph_are_joined(self) -> None:
        long = "The rules of the swimming pool of the town hold for everybody who comes in here"
        lines = (
            "Please tell the guard of",
            "Alma at the desk before you",
            "Open one of the red doors.",
        )
        assert " ".join(lines) in self.read(long, "", "", *lines)

    def test_lines_of_a_sign_stand_by_themselves(self) -> None:
        long = "The rules of the swimming pool of the town hold for everybody who comes in here"
        assert "Opening hours\n\nMonday 9-17\n\nFriday 9-12" in self.read(
            long, "Opening hours", "Monday 9-17", "Friday 9-12"
        )


class TestDoubt:
    def engine(self, *lines: tuple[str, float]) -> Recogniser:
        return lambda picture: [
            RecognisedLine(text, sure, 0, 200, 30.0 * n, 30.0 * n + 20)
            for n, (text, sure) in enumerate(lines)
        ]

    def test_lines_that_are_hardly_recognised_are_left_out_and_told(self) -> None:
        engine = self.engine(("Ring the bell twice.", 0.93), ("R1n9 !t", 0.49), ("~~;", 0.1))
        parsed = read("sign.png", file_of(drawn("x")), engine)
        assert [(each.headings, each.text) for each in pieces(parsed)] == [
            ((MARK,), "Ring the bell twice.")
        ]
        assert told(parsed) == ["2 lines hardly recognised"]

    def test_a_line_that_is_as_likely_right_as_wrong_is_kept(self) -> None:
        parsed = read("sign.png", file_of(drawn("x")), self.engine(("Ring twice.", 0.5)))
        assert "Ring twice." in parsed.markdown and told(parsed) == []

    def test_a_picture_with_no_other_lines_has_no_text(self) -> None:
        skipped = reason("wall.png", file_of(drawn("x")), self.engine(("~~;", 0.3)))
        assert skipped.kind == "pictures without text"

    def test_the_pages_that_they_stand_on_are_named(self) -> None:
        looked: list[int] = []

        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            looked.append(1)
            sure = 0.2 if len(looked) > 1 else 0.9
            return self.engine(("Ring the bell.", 0.95), ("Twice.", sure))(picture)

        content = TestPdf().pages(drawn("x"), drawn("y"), drawn("z"))
        parsed = read("lease.pdf", content, engine)
        assert told(parsed) == ["2 lines hardly recognised (page 2, page 3)"]

    def test_those_of_all_strips_of_a_tall_picture_are_counted(self) -> None:
        parsed = read(
            "talk.png",
            file_of(drawn("x", wide=200).resize((200, 1000))),
            self.engine(("Ring.", 0.9), ("~", 0.2)),
        )
        (left,) = parsed.left_out
        assert left.kind == "lines hardly recognised" and left.count > 1


class TestPdf:
    def pages(self, *contents: str | Picture) -> bytes:
        document = FPDF(unit="pt")
        document.set_auto_page_break(False)
        for content in contents:
            document.add_page()
            document.set_font("helvetica", size=11)
            if isinstance(content, str):
                document.set_y(100)
                document.multi_cell(400, 14, content, new_x="LMARGIN", new_y="NEXT")
            else:
                document.image(content, 0, 0, document.w, document.h)
        return bytes(document.output())

    def test_a_scanned_page_is_read_in_its_place_and_marked_alone(self) -> None:
        parsed = read(
            "lease.pdf", self.pages("The rent is due on Friday.", drawn("x"), "Dogs are welcome.")
        )
        assert [(each.anchor, each.headings, each.text) for each in pieces(parsed)] == [
            ("page=1", (), "The rent is due on Friday."),
            ("page=2", (MARK,), "Ring the bell twice."),
            ("page=3", (), "Dogs are welcome."),
        ]
        assert told(parsed) == []

    def test_a_scan_with_a_stamp_of_its_program_is_read_too(self) -> None:
        document = FPDF(unit="pt")
        document.add_page()
        document.image(drawn("x"), 0, 0, document.w, document.h)
        document.set_font("helvetica", size=8)
        document.text(200, 800, "Scanned with Handy Scan")
        content = bytes(document.output())
        assert [each.text for each in pieces(read("lease.pdf", content))] == [
            "Ring the bell twice."
        ]
        with_text = self.pages("The rent is due on Friday.")
        assert told(parse("lease.pdf", with_text)) == []

    def test_a_scanned_page_without_text_is_told(self) -> None:
        parsed = read("lease.pdf", self.pages("The rent is due.", blank()))
        assert told(parsed) == ["1 page without text (2)"]

    def test_pages_that_time_ran_out_for_are_told(self) -> None:
        times = iter([0.0, 10.0, 61.0])
        content = self.pages("The rent is due.", drawn("x"), drawn("y"))
        parsed = read("lease.pdf", content, clock=lambda: next(times))
        assert [each.anchor for each in pieces(parsed)] == ["page=1", "page=2"]
        assert told(parsed) == ["1 picture not recognised in time (page 3)"]

    def test_a_scan_that_there_was_no_time_for_is_skipped_with_that(self) -> None:
        times = iter([0.0, 61.0])
        skipped = reason("lease.pdf", self.pages(drawn("x")), clock=lambda: next(times))
        assert "no time left" in skipped.reason

    def test_pages_are_shown_to_the_engine_no_larger_than_it_takes(self) -> None:
        seen: list[int] = []

        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            seen.append(max(picture.size))
            return ()

        document = FPDF(unit="pt", format=(3000, 2000))
        document.add_page()
        document.image(drawn("x"), 0, 0, 3000, 2000)
        reason("plan.pdf", bytes(document.output()), engine)
        assert seen == [bounds.LONGEST_SIDE]


class TestOffice:
    def word(self, fill: Callable[[Any], None]) -> bytes:
        document = docx.Document()
        fill(document)
        buffer = io.BytesIO()
        document.save(buffer)
        return buffer.getvalue()

    def test_a_large_picture_in_word_is_read_below_its_paragraph(self) -> None:
        def fill(document: Any) -> None:
            document.add_heading("Yard", 0)
            document.add_heading("Gate", 1)
            document.add_paragraph("The gate is closed at night.")
            document.add_picture(io.BytesIO(file_of(drawn("x"))), WordInches(4), WordInches(2))
            document.add_picture(io.BytesIO(file_of(drawn("y"))), WordInches(0.5))
            document.add_paragraph("Ask Maud for a key.")

        parsed = read("gate.docx", self.word(fill))
        assert [(each.headings, each.text) for each in pieces(parsed)] == [
            (("Gate",), "The gate is closed at night."),
            (("Gate", MARK), "Ring the bell twice."),
            (("Gate",), "Ask Maud for a key."),
        ]
        assert told(parsed) == []

    def test_a_picture_in_a_table_is_read_below_the_table(self) -> None:
        def fill(document: Any) -> None:
            table = document.add_table(rows=2, cols=2)
            for cell, text in zip(table._cells, ("Gate", "Sign", "North", ""), strict=True):
                cell.text = text
            table.cell(1, 1).paragraphs[0].add_run().add_picture(
                io.BytesIO(file_of(drawn("x"))), WordInches(3), WordInches(2)
            )

        table, sign = pieces(read("gate.docx", self.word(fill)))
        assert table.text.split("\n")[0] == "| Gate | Sign |"
        assert (sign.headings, sign.text) == ((MARK,), "Ring the bell twice.")

    def test_a_picture_is_told_as_unread_where_nothing_is_recognised(self) -> None:
        def fill(document: Any) -> None:
            document.add_paragraph("The gate is closed.")
            document.add_picture(io.BytesIO(file_of(blank())), WordInches(4), WordInches(2))

        content = self.word(fill)
        assert told(read("gate.docx", content)) == ["1 picture"]
        assert told(parse("gate.docx", content)) == ["1 picture"]

    def test_a_picture_on_several_slides_is_recognised_once(self) -> None:
        looked: list[int] = []

        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            looked.append(1)
            return SIGN(picture)

        presentation = Presentation()
        for title in ("Gate", "Yard"):
            slide = presentation.slides.add_slide(presentation.slide_layouts[5])
            slide.shapes.title.text = title
            slide.shapes.add_picture(
                io.BytesIO(file_of(drawn("x"))), Inches(1), Inches(2), Inches(3), Inches(3)
            )
            slide.notes_slide.notes_text_frame.text = f"Say more of the {title.lower()}."
        buffer = io.BytesIO()
        presentation.save(buffer)
        parsed = read("gate.pptx", buffer.getvalue(), engine)
        assert [(each.headings, each.text) for each in pieces(parsed)] == [
            (("Gate",), "Notes: Say more of the gate."),
            (("Gate", MARK), "Ring the bell twice."),
            (("Yard",), "Notes: Say more of the yard."),
            (("Yard", MARK), "Ring the bell twice."),
        ]
        assert looked == [1]
