"""Quotes are cut to what is asked for: an item or the list, a row or the table, one code block."""

from __future__ import annotations

import pytest

from bot.answers.quoting import quote
from tests.bot.answers.test_quoting import shown
from tests.kit.fakes import evidence

SPECIAL = (
    "These days are paid and do not come out of your allowance.\n\n"
    "- Your own wedding: 2 days.\n- Moving house: 1 day.\n- Jury service: as long as needed.\n"
)
STEPS = "To get a badge:\n\n1. Open the form.\n2. Press send.\n3. Wait a day.\n\nBadges are red.\n"
LEAVE = (
    "| Site | Days a year | After 5 years |\n|---|---|---|\n"
    "| Ghent | 26 | 27 |\n| Bristol | 25 | 26 |\n| Lyon | 27 | 28 |\n\n"
    "Someone in Ghent who works four days out of five therefore has 21 days.\n"
)
PARTS = (
    "| No | Part | Fits | Price EUR | Kept in |\n|---|---|---|---|---|\n"
    "| B5 | Battery | all | 620 | Ghent |\n| B6 | Brake pads | all | 19 | Lyon |\n"
    "| M6 | Motor | Wren | 640 | Ghent |\n"
)


class TestLists:
    @pytest.mark.parametrize(
        "question",
        ["What special leave is there?", "Which kinds of leave do not come out of my allowance?"],
    )
    @pytest.mark.parametrize("nearest", ["These days", "wedding"])
    def test_the_whole_list_is_quoted_if_it_is_asked_for(self, question: str, nearest: str) -> None:
        assert shown(question, SPECIAL, {nearest: 0.8}) == SPECIAL.strip()

    def test_one_item_is_quoted_with_its_lead_in_for_one_fact(self) -> None:
        assert shown("How much is moving house leave?", SPECIAL, {"Moving": 0.9}) == (
            "These days are paid and do not come out of your allowance.\n\n- Moving house: 1 day."
        )

    @pytest.mark.parametrize("nearest", ["To get", "form", "send", "Wait"])
    def test_a_procedure_is_quoted_from_its_lead_in_on(self, nearest: str) -> None:
        assert shown("How do I get a badge?", STEPS, {nearest: 0.9}) == STEPS.split("\n\nBadges")[0]

    @pytest.mark.parametrize(
        ("question", "step"),
        [
            ("What is step 2 of getting a badge?", "2. Press send."),
            ("What is the third step?", "3. Wait a day."),
            ("What is the last step?", "3. Wait a day."),
        ],
    )
    def test_one_step_is_quoted_if_it_is_asked_for(self, question: str, step: str) -> None:
        assert shown(question, STEPS, {"form": 0.9}) == f"To get a badge:\n\n{step}"

    def test_a_long_procedure_says_how_many_steps_there_are(self) -> None:
        steps = "\n".join(f"{n}. Turn knob {n}." for n in range(1, 41))
        text = shown("How do I tune it?", f"To tune:\n\n{steps}\n\nDone.\n", {"knob 30": 0.9})
        assert text.startswith("40 steps; the first 12:\n\nTo tune:\n\n1. Turn knob 1.\n")
        assert text.endswith("12. Turn knob 12.")

    def test_a_long_list_that_may_go_on_elsewhere_is_not_counted(self) -> None:
        steps = "\n".join(f"{n}. Turn knob {n} to the left, then wait." for n in range(1, 41))
        assert shown("How do I tune it?", steps, {"knob 30": 0.9}).startswith("The first 12 steps:")

    def test_a_nested_item_stands_below_the_items_around_it(self) -> None:
        text = "Bring:\n\n- pets\n  - dogs on a lead\n  - cats\n- plants\n"
        assert shown("How long is the lead?", text, {"dogs": 0.9}) == (
            "Bring:\n\n- pets\n  - dogs on a lead"
        )

    def test_steps_with_code_between_them_are_one_procedure(self) -> None:
        text = "1. Log in.\n\n```\nssh box\n```\n\n2. Log out.\n\n```\nexit\n```\n"
        assert "2. Log out." in shown("How do I log in?", text, {"Log in": 0.9})

    def test_everything_is_the_whole_list(self) -> None:
        said = shown("what is everything that i get special leave for", SPECIAL, {"wedding": 0.9})
        assert said == SPECIAL.strip()

    def test_is_one_bullet_if_only_that_is_named(self) -> None:
        text = "- Upload photos.\n- Process new contacts.\n- Pay the bills.\n"
        assert shown("How do I enter contacts?", text, {"contacts": 0.9}) == "Process new contacts."


class TestTables:
    def test_the_row_that_is_named_is_quoted_under_the_header(self) -> None:
        quoted = quote("How many days do I get in Ghent?", evidence(LEAVE, {"26 | 27": 0.6}))
        assert quoted.shown == (
            "| Site | Days a year | After 5 years |\n|---|---|---|\n| Ghent | 26 | 27 |"
        )
        assert quoted.parts == ("| Ghent | 26 | 27 |",)

    def test_what_is_counted_is_found_behind_other_words(self) -> None:
        text = (
            "| Site | A year |\n|---|---|\n| Ghent | 26 days |\n| Lyon | 27 days |\n\n"
            "Someone who works four days of five therefore has 21.\n"
        )
        quoted = shown("how many paid vacation days do I get?", text, {"Someone": 0.6})
        assert "| Ghent | 26 days |" in quoted and "| Lyon | 27 days |" in quoted

    def test_rows_that_are_apart_are_parts(self) -> None:
        quoted = quote("How many days in Ghent or Lyon?", evidence(LEAVE, {"Lyon": 0.6}))
        assert quoted.parts == ("| Ghent | 26 | 27 |", "| Lyon | 27 | 28 |")
        assert quoted.is_verbatim
        assert "Bristol" not in quoted.shown

    def test_a_small_table_is_whole_where_the_question_names_no_row(self) -> None:
        text = shown("How many days do I get?", LEAVE, {"Lyon": 0.4, "Ghent |": 0.3})
        assert text == LEAVE.split("\n\n")[0]

    @pytest.mark.parametrize(
        ("question", "rows"),
        [
            ("who approves my training budget", ("A course", "Above your budget")),
            ("who approves a course from my training budget", ("A course",)),
        ],
    )
    def test_a_word_of_the_headings_names_no_row(
        self, question: str, rows: tuple[str, ...]
    ) -> None:
        text = "| What | Who |\n|---|---|\n| A course | Lead |\n| Above your budget | Head |\n"
        found = evidence(text, {"Above": 0.9, "A course": 0.05}, headings=("Training budget",))
        said = quote(question, found).shown
        assert [row for row in ("A course", "Above your budget") if row in said] == list(rows)

    def test_a_row_that_is_called_as_the_headings_are_is_named_by_them(self) -> None:
        text = "| Leave | Days |\n|---|---|\n| Sick leave | 20 |\n| Special leave | 3 |\n"
        found = evidence(text, {"Sick": 0.4, "Special": 0.3}, headings=("Sick leave",))
        assert "Special" not in quote("how many days of sick leave are there", found).shown

    def test_a_small_table_is_whole_if_the_rows_are_compared(self) -> None:
        text = shown("What is the difference between Ghent and Lyon?", LEAVE, {"Lyon": 0.9})
        assert text == LEAVE.split("\n\n")[0]

    def test_of_a_wide_table_only_the_columns_asked_for_are_shown(self) -> None:
        assert shown("What do brake pads cost?", PARTS, {"Brake": 0.9}) == (
            "| Part | Price EUR |\n| --- | --- |\n| Brake pads | 19 |"
        )


class TestCode:
    TEXT = (
        "To restart the relay:\n\n```\nrestart relay\n```\n\n"
        "To see its queue:\n\n```\nqueue --all\n```\n"
    )

    @pytest.mark.parametrize("nearest", ["see its queue", "queue --all"])
    def test_the_block_after_its_sentence_is_quoted_and_no_other(self, nearest: str) -> None:
        assert shown("How do I see the queue?", self.TEXT, {nearest: 0.9}) == (
            "To see its queue:\n\n```\nqueue --all\n```"
        )

    def test_the_command_below_a_sentence_is_told_to_whom_asks_how(self) -> None:
        text = "To add a source, give it a folder.\n\n```\nsource add FOLDER\n```\n\nIt is read.\n"
        told = "To add a source, give it a folder.\n\n```\nsource add FOLDER\n```"
        assert shown("How do I add a source?", text, {"To add": 0.9}) == told
        assert shown("What is given to it?", text, {"To add": 0.9}) == told.split("\n")[0]

    def test_the_block_that_a_sentence_points_down_to_is_quoted(self) -> None:
        text = "Watch only what you use with the following.\n\n```\nwatch: one\n```\n"
        assert shown("what if memory runs out", text, {"Watch": 0.97}) == text.strip()


class TestATableBesideSentences:
    LEAVE = (
        "| Site | First five years | Later |\n|---|---|---|\n| Ghent | 26 days | 28 days |\n"
        "| Bristol | 25 days | 27 days |\n\nPart-time colleagues get it in proportion. "
        "Someone in Ghent who works four days out of five has 21 days.\n"
    )

    def test_is_looked_up_where_a_row_is_named(self) -> None:
        found = evidence(self.LEAVE, {"Someone in Ghent": 0.9})
        shown = quote("How many days of leave do I get in Ghent?", found).shown
        assert "| Ghent | 26 days | 28 days |" in shown
        assert "Bristol" not in shown and "21" not in shown

    def test_is_looked_up_where_every_row_counts_what_is_asked(self) -> None:
        found = evidence(self.LEAVE, {"Someone in Ghent": 0.5, "Part-time": 0.4})
        shown = quote("how many days off do I get?", found).shown
        assert "| Ghent |" in shown and "| Bristol |" in shown

    def test_is_left_alone_where_a_sentence_answers(self) -> None:
        found = evidence(self.LEAVE, {"Part-time": 0.95})
        shown = quote("What do part-time colleagues get?", found).shown
        assert shown.startswith("Part-time colleagues get it in proportion.")


def test_a_list_is_announced_by_a_colon_before_brackets_too() -> None:
    text = "The papers that worked were: (copies only)\n\n- a lease\n- a tax return\n"
    assert "- a tax return" in shown("which papers worked for her", text, {"papers": 0.9})


def test_a_step_is_quoted_with_those_that_are_announced_with_it() -> None:
    text = "To find old searches:\n\n1. Sign in.\n2. Open the archive.\n"
    assert "Open the archive" in shown("where are my searches", text, {"Sign in": 0.9})


def test_of_a_list_longer_than_a_screen_the_likeliest_items_are_quoted() -> None:
    items = [f"- The {name} costs {'a lot of ' * 40}money." for name in ("car", "bus", "tram")]
    likely = ["- The bike saves you tax.", "- The loan saves you interest."]
    said = shown("which saves me more", "\n".join([*items, *likely]), {"tax": 0.5, "loan": 0.45})
    assert said == "\n".join(likely)


def test_a_sort_of_things_is_a_list() -> None:
    text = "Personal leave is paid in full.\n\nPeople take it for:\n\n- a move\n- a wedding\n"
    said = shown("what sort of stuff is it for", text, {"paid": 0.5, "wedding": 0.4})
    assert said == "People take it for:\n\n- a move\n- a wedding"


def test_a_short_line_without_a_mark_is_told_with_what_it_leads_into() -> None:
    text = "Logging in\n\nssh you@lab.example\n\nAsk Ann for a name."
    said = shown("whats the address of the lab server", text, {"Logging in": 0.97})
    assert said == "Logging in\n\nssh you@lab.example"


def test_an_item_of_two_words_is_told_with_its_list() -> None:
    text = "- Log in to the bank\n- Choose the month\n- Download PDF\n- Upload it to Finance\n"
    said = shown("where do the statements go once I have them", text, {"Download": 0.9})
    assert said == text.strip()


def test_a_list_that_is_asked_for_counts_for_more_than_a_sentence_about_it() -> None:
    text = (
        "Some jobs need a clearance. A higher one takes longer.\n\nYou are told which:\n\n"
        "- Not needed\n- Confidential\n- Secret\n"
    )
    said = shown("what levels of clearance are there", text, {"higher": 0.5, "Secret": 0.3})
    assert said == "You are told which:\n\n- Not needed\n- Confidential\n- Secret"


@pytest.mark.parametrize(
    "case",
    [
        "In December everybody is paid on the 19th.",
        "Someone in Ghent who starts late is therefore paid a month later.",
    ],
)
def test_a_case_that_was_not_asked_for_is_told_below_its_table(case: str) -> None:
    table = "| Site | Pay day |\n|---|---|\n| Ghent | 28th |\n| Lyon | 27th |"
    said = shown("when do we get paid?", f"{table}\n\n{case}\n", {case[-12:]: 0.9})
    assert "| Ghent | 28th |" in said
    assert said.endswith(case)


def test_a_case_that_was_asked_for_stands_alone() -> None:
    table = "| Site | Pay day |\n|---|---|\n| Ghent | 28th |\n| Lyon | 27th |"
    case = "In December everybody is paid on the 19th."
    said = shown("when do we get paid in december?", f"{table}\n\n{case}\n", {"19th": 0.95})
    assert said == case


def test_a_sentence_below_a_table_that_has_the_numbers_is_told_with_it() -> None:
    table = "| Who | Leave |\n|---|---|\n| Mother | 18 weeks |\n| Father | 6 weeks |"
    below = "You qualify at once. For twins, each parent gets two further weeks."
    text = f"{table}\n\n{below}\n"
    said = shown("how long is parental leave", text, {"twins": 0.95})
    assert said == f"{table}\n\nFor twins, each parent gets two further weeks."
    assert "| Mother |" not in shown("who qualifies for it", text, {"qualify": 0.95})


class TestLongCode:
    LINES = "\n".join(f"  --option-{n:02}  What option {n} does." for n in range(60))

    @pytest.mark.parametrize("fence", ["```", "~~~~"])
    def test_its_beginning_is_quoted_and_how_much_there_is(self, fence: str) -> None:
        text = f"{fence}text\n{self.LINES}\n{fence}"
        said = shown("how do i run it", text, {"option-00": 1.0})
        first, *code = said.split("\n\n", 1)
        assert first == "60 lines; the first 25:"
        assert code[0].startswith(f"{fence}text\n  --option-00") and code[0].endswith(f"\n{fence}")
        assert code[0].count("--option") == 25

    def test_below_the_sentence_that_announces_it_it_is_left_to_its_page(self) -> None:
        text = f"These are the options:\n\n```\n{self.LINES}\n```"
        assert shown("how do i run it", text, {"options": 1.0}) == "These are the options:"

    def test_a_line_without_an_end_is_cut(self) -> None:
        said = shown("how do i run it", f"```\n{'x' * 5000}\n```", {"xxx": 1.0})
        assert len(said) < 1000 and said.endswith("x\n```")
