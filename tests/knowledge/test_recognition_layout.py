"""How recognised lines become text: tables, headings, and pictures that lie on a side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.parsing import recognition as bounds
from knowledge.parsing.recognition import RecognisedLine, Recogniser
from tests.kit.pictures import Says, blank, drawn, file_of
from tests.knowledge.test_recognition import read

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class TestLayout:
    def engine(self, *lines: tuple[str, float, float, float, float]) -> Recogniser:
        found = [
            RecognisedLine(text, 0.9, x0, x1, top, bottom) for text, x0, x1, top, bottom in lines
        ]
        return lambda picture: found

    def test_lines_beside_each_other_are_a_table(self) -> None:
        cells = [("Day", "Soup"), ("Monday", "Leek"), ("Tuesday", "Pea"), ("Friday", "Carrot")]
        lines = [
            (text, x, x + 12.0 * len(text), 40.0 * n, 40.0 * n + 24)
            for n, row in enumerate(cells)
            for x, text in zip((50.0, 400.0), row, strict=True)
        ]
        parsed = read("menu.png", file_of(drawn("x")), self.engine(*lines))
        assert "| Monday | Leek |" in parsed.markdown

    def test_figures_in_lines_that_are_alike_part_no_line(self) -> None:
        said = ["The canteen opens at 07:30.", "Guests pay 6.80 euros for lunch."] * 3
        lines = [(text, 20.0, 330.0, 30.0 * n, 30.0 * n + 24) for n, text in enumerate(said)]
        parsed = read("rules.png", file_of(drawn("x")), self.engine(*lines))
        assert parsed.markdown.count("Guests pay 6.80 euros for lunch.") == 3

    def test_print_that_is_much_larger_is_a_heading(self) -> None:
        engine = self.engine(
            ("Canteen rules", 50, 500, 20, 80),
            ("Trays go back to the rack beside the door.", 50, 700, 120, 150),
            ("The canteen is closed on every other Friday.", 50, 710, 160, 191),
        )
        parsed = read("menu.png", file_of(drawn("x")), engine)
        assert parsed.title == "Canteen rules"

    def test_short_lines_of_a_screen_stay_apart(self) -> None:
        engine = self.engine(
            ("Profile: corp-7", 30, 200, 10, 30),
            ("Gateway: vpn2.example.org in the north", 30, 500, 40, 60),
        )
        parsed = read("screen.png", file_of(drawn("x")), engine)
        assert "Profile: corp-7\n\nGateway" in parsed.markdown


class TestTurning:
    def test_a_picture_that_is_badly_read_is_tried_on_its_head(self) -> None:
        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            is_upright = picture.getpixel((0, 0)) == (0, 0, 0)
            said = Says(("Ring twice.",)) if is_upright else Says(("6uiy",), 0.6)
            return said(drawn("x"))

        picture = blank(100, 100)
        picture.putpixel((99, 99), (0, 0, 0))
        assert "Ring twice." in read("a.png", file_of(picture), engine).markdown

    def test_a_picture_whose_lines_run_up_is_laid_level(self) -> None:
        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            if picture.width > picture.height:
                return Says(("Ring twice.",))(drawn("x"))
            return [RecognisedLine("Rng tw", 0.99, 10, 30, 0, 200)]

        assert (
            "Ring twice."
            in read("a.png", file_of(drawn("x", wide=200).rotate(90, expand=True)), engine).markdown
        )

    def test_a_tall_picture_is_read_in_strips_that_cut_no_line(self) -> None:
        tall = blank(200, 1_000)
        for top in range(0, 1_000, 40):  # bars of print, with gaps between
            tall.paste((0, 0, 0), (20, top + 10, 180, top + 30))
        cut: list[bool] = []

        def engine(picture: Picture) -> Sequence[RecognisedLine]:
            assert picture.height <= bounds._TALL * picture.width
            edges = [picture.getpixel((100, y)) for y in (0, picture.height - 1)]
            cut.append(any(edge == (0, 0, 0) for edge in edges))
            return [RecognisedLine(f"strip {len(cut)}", 0.9, 0, 200, 0, 20)]

        parsed = read("talk.png", file_of(tall), engine)
        assert len(cut) > 2 and not any(cut)
        places = [parsed.markdown.index(f"strip {n}") for n in range(1, len(cut) + 1)]
        assert places == sorted(places)
