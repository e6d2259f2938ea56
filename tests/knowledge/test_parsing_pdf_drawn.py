"""What a PDF draws around its words: bullets, lines through them, and what hides them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fpdf import FPDF
from PIL import Image

from tests.knowledge.test_parsing_pdf import lines, read, together

Draw = Callable[[FPDF], None]
ITEMS = ("Bring your own towel", "Lock the door behind you", "Call Bea at five")


def drawn(shape: str, *texts: str, x: float = 60, y: float = 100) -> Draw:
    def draw(paper: FPDF) -> None:
        paper.set_fill_color(0, 0, 0)
        for number, text in enumerate(texts):
            at = y + 14 * number - 3.2
            match shape:
                case "disc":
                    paper.circle(x + 1.5, at, 1.5, style="F")
                case "circle":
                    paper.circle(x + 1.5, at, 1.5, style="D")
                case "square":
                    paper.rect(x, at - 1.5, 3, 3, style="F")
                case "arrow":
                    paper.polygon([(x, at - 2), (x + 4, at), (x, at + 2)], style="F")
                case _:
                    paper.rect(x, at - 3, 6, 6, style="D")
            paper.text(x + 11, y + 14 * number, text)

    return draw


class TestBullets:
    @pytest.mark.parametrize("shape", ["disc", "circle", "square", "arrow"])
    def test_before_lines_make_a_list(self, shape: str) -> None:
        around = lines("Before you leave:", y=84), lines("Then go home.", y=150)
        result = read(together(*around, drawn(shape, *ITEMS))).markdown
        assert "leave:\n\n- " + "\n- ".join(ITEMS) + "\n\nThen go home." in result

    def test_of_words_alone_keep_them_apart(self) -> None:
        result = read(together(lines("Rooms:", y=84), drawn("disc", "Sauna", "Bath", "Gym")))
        assert "Rooms:\n\n- Sauna\n- Bath\n- Gym" in result.markdown

    def test_in_two_columns_are_read_column_by_column(self) -> None:
        others = ("Wash the cups after use", "Put the light out", "Close the window")
        result = read(together(drawn("disc", *ITEMS), drawn("disc", *others, x=320))).markdown
        assert "\n".join(f"- {text}" for text in (*ITEMS, *others)) in result

    def test_boxes_to_tick_are_told_from_ticked_ones(self) -> None:
        def tick(paper: FPDF) -> None:
            paper.polyline([(61, 111), (63, 113), (65.5, 108)])

        result = read(together(drawn("box", *ITEMS), tick)).markdown
        assert f"- ☐ {ITEMS[0]}\n- ☒ {ITEMS[1]}\n- ☐ {ITEMS[2]}" in result

    def test_points_of_a_chart_are_none(self) -> None:
        def chart(paper: FPDF) -> None:
            for n, (x, y) in enumerate(((100, 300), (150, 280), (200, 250))):
                paper.circle(x, y, 2, style="F")
                paper.text(x + 5, y - 6, f"Point {n}")

        assert "- " not in read(together(lines("Visitors by month"), chart)).markdown

    def test_one_shape_alone_is_none(self) -> None:
        assert "- " not in read(drawn("disc", "Sauna")).markdown


SEEN = "The fee is 14 euros."
OTHER = "Below it is 99."


def ink(*colour: int, size: float = 10, **context: Any) -> Draw:
    def draw(paper: FPDF) -> None:
        paper.set_font("helvetica", size=size)
        with paper.local_context(**context):
            paper.set_text_color(*colour or (0, 0, 0))
            paper.text(60, 140, OTHER)
        paper.set_text_color(0, 0, 0)

    return draw


def ground(*colour: int) -> Draw:
    def draw(paper: FPDF) -> None:
        paper.set_fill_color(*colour)
        paper.rect(50, 125, 300, 25, style="F")

    return draw


def picture(shade: int) -> Draw:
    def draw(paper: FPDF) -> None:
        paper.image(Image.new("RGB", (60, 80), (shade,) * 3), 0, 0, 595, 842)

    return draw


def nothing(paper: FPDF) -> None:
    pass


class TestUnseenText:
    @pytest.mark.parametrize(
        "draws",
        [
            (ink(text_mode=3),),
            (ink(255, 255, 255),),
            (ink(250, 250, 250),),
            (ground(0, 0, 120), ink(0, 0, 120)),
            (ink(), ground(0, 0, 0)),
            (ink(fill_opacity=0.02),),
            (ink(size=0.5),),
        ],
    )
    def test_is_not_read_and_told(self, draws: tuple[Draw, ...]) -> None:
        parsed = read(together(lines(SEEN), *draws))
        assert SEEN in parsed.markdown and "99" not in parsed.markdown
        assert [(each.kind, each.count, each.where) for each in parsed.left_out] == [
            ("hidden words", 4, "1")
        ]

    @pytest.mark.parametrize(
        "draws",
        [
            (ground(0, 0, 120), ink(255, 255, 255)),
            (ground(255, 255, 0), ink()),
            (ink(170, 170, 170),),
            (picture(20), ink(255, 255, 255)),
            (ink(), lambda paper: paper.rect(50, 125, 300, 25, style="D")),
        ],
    )
    def test_is_none_that_stands_out_from_its_ground(self, draws: tuple[Draw, ...]) -> None:
        parsed = read(together(lines("Fees", y=60), *draws))
        assert OTHER in parsed.markdown
        assert "hidden words" not in [each.kind for each in parsed.left_out]

    @pytest.mark.parametrize(
        "draws", [(picture(255), ink(text_mode=3)), (ink(), picture(255))], ids=["over", "below"]
    )
    def test_of_a_scanned_page_is_what_was_recognised_in_it(self, draws: tuple[Draw, ...]) -> None:
        assert OTHER in read(together(*draws)).markdown


class TestLinesThroughWords:
    def page(self, height: float, length: float = 1.0) -> str:
        def draw(paper: FPDF) -> None:
            paper.text(60, 140, "The fee is 12 14 euros.")
            start = 60 + paper.get_string_width("The fee is ")
            end = start + length * paper.get_string_width("12")
            paper.line(start, 140 - height, end, 140 - height)

        return read(together(lines("Fees"), draw)).markdown

    def test_cross_them_out(self) -> None:
        assert "The fee is 14 euros." in self.page(2.6)

    @pytest.mark.parametrize(("height", "length"), [(-1.2, 1.0), (8.5, 1.0), (2.6, 30.0)])
    def test_below_above_or_over_the_whole_page_do_not(self, height: float, length: float) -> None:
        assert "The fee is 12 14 euros." in self.page(height, length)
