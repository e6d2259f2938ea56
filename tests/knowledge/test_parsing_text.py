"""Plain text, reStructuredText, and what Markdown's tools add: the words, without their marks."""

from __future__ import annotations

import pytest

from knowledge.documents.chunking import chunk
from knowledge.errors import DocumentSkipped
from knowledge.parsing import parse

GERMAN = "Die Prüfung der Leitern erfolgt jährlich. Für größere Änderungen fragt die Übergabe an."
POLISH = "Kierownik zmiany ma klucz. Proszę zgłosić się przed końcem tygodnia, żeby dostać kartę."
RUSSIAN = "Ключ от склада хранится у начальника смены. Просьба вернуть его до пятницы."
JAPANESE = "倉庫の鍵は当直の責任者が持っています。金曜日までに返してください。"
CHINESE = "仓库的钥匙由值班主管保管。请在星期五之前归还。"
GREEK = "Το κλειδί της αποθήκης το έχει ο υπεύθυνος βάρδιας."


def markdown_of(name: str, text: str) -> str:
    return parse(name, text.encode()).markdown


class TestCharsets:
    @pytest.mark.parametrize(
        ("text", "charset"),
        [
            (GERMAN, "cp1252"),
            (GERMAN, "cp850"),
            (GERMAN, "utf-16-le"),
            (GERMAN, "utf-16-be"),
            (POLISH, "cp1250"),
            (POLISH, "iso8859-2"),
            (RUSSIAN, "cp1251"),
            (RUSSIAN, "koi8-r"),
            (JAPANESE, "shift_jis"),
            (JAPANESE, "euc_jp"),
            (CHINESE, "gb18030"),
            (GREEK, "cp1253"),
        ],
    )
    def test_are_told_by_what_the_letters_say(self, text: str, charset: str) -> None:
        assert parse("x.txt", text.encode(charset)).markdown == text

    def test_one_broken_letter_makes_no_other_charset(self) -> None:
        content = (GERMAN * 20).encode() + b"\xff"
        assert parse("x.txt", content).markdown.startswith(GERMAN)

    def test_where_none_is_sure_the_reason_says_so(self) -> None:
        with pytest.raises(DocumentSkipped) as skipped:
            parse("x.txt", bytes(range(0x80, 0xFF)) * 4)
        assert "UTF-8" in skipped.value.reason


class TestQuestionsAndAnswers:
    @pytest.mark.parametrize(
        ("asks", "answers"), [("Q:", "A:"), ("Frage:", "Antwort:"), ("Q1.", "A1.")]
    )
    def test_are_sections(self, asks: str, answers: str) -> None:
        text = (
            f"{asks} May I park?\n{answers} Behind C.\n\n{asks} A shower?\n{answers} Yes, below.\n"
        )
        pieces = chunk(parse("faq.txt", text.encode()), lambda words: len(words.split()))
        assert [(each.headings, each.text) for each in pieces] == [
            (("May I park?",), "Behind C."),
            (("A shower?",), "Yes, below."),
        ]

    def test_one_alone_stays_as_it_is(self) -> None:
        assert markdown_of("x.txt", "Q: Who?\nA: Bea.") == "Q: Who?\nA: Bea."


class TestFrontMatterInJson:
    @pytest.mark.parametrize("marks", [("", ""), (";;;\n", "\n;;;")])
    def test_is_obeyed(self, marks: tuple[str, str]) -> None:
        stated = '{"title": "Slings", "access": ["role:riggers"]}'
        parsed = parse("x.md", f"{marks[0]}{stated}{marks[1]}\n\nText.".encode())
        assert (parsed.title, parsed.access, parsed.markdown) == (
            "Slings",
            frozenset({"role:riggers"}),
            "Text.",
        )

    @pytest.mark.parametrize(
        "stated",
        [
            '{"access": ["role:riggers"], "access": ["public"]}',
            '{"acess": ["role:riggers"]}',
            '{"access": ["role:riggers"]',
            '{"extra": {"access": ["role:riggers"]}}',
        ],
    )
    def test_that_cannot_be_read_whole_is_a_reason_to_skip(self, stated: str) -> None:
        with pytest.raises(DocumentSkipped):
            parse("x.md", f"{stated}\n\nText.".encode())


class TestToolsOfMarkdown:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("```{note}\nKeep it shut.\n```", "Keep it shut."),
            ("```{code-block} python\nx = 1\n```", "```python\nx = 1\n```"),
            ("```{toctree}\na\nb\n```\n\nText.", "Text."),
            ("See {ref}`the gate <gate>`.", "See the gate."),
            ("{{ _('Holidays') }} and {{ 'Code'.format(1) }}", "Holidays and Code"),
            ("{{ macros.button('Go') }}Text.", "Text."),
            ("{# not for readers #}Text.", "Text."),
            ("(gate)=\n# Gate\n\nText.", "# Gate\n\nText."),
            ("```{code-block} sh\n:linenos:\nrun\n```", "```sh\nrun\n```"),
            (":::{admonition} Hot\n:class: warning\nMind it.\n:::", "**Hot**\n\nMind it."),
            ("<A x='y'/>The fee{' '}is {\"nine\"}.", "The fee is nine."),
            ("{% highlight sh %}\nrun\n{% endhighlight %}", "```sh\nrun\n```"),
            ("*[HR]: The people team\n\nAsk HR. { .lead }", "HR: The people team\n\nAsk HR."),
            ('--8<-- "notes.md"\n\nText.', "Text."),
            ("* toc\n{:toc}\n\nText.", "Text."),
            ("`{{ kept }}` in code", "`{{ kept }}` in code"),
        ],
    )
    def test_leave_their_words(self, written: str, read: str) -> None:
        assert markdown_of("x.md", written).strip() == read

    def test_mdx_files_are_read(self) -> None:
        text = "import Tabs from './tabs'\n\n# Access\n\n<Note>Use `corp-7`.</Note>\n"
        assert markdown_of("x.mdx", text) == "# Access\n\nUse `corp-7`."


class TestRestructuredText:
    def test_is_markdown_of_the_same_words(self) -> None:
        text = (
            "Gate\n====\n\nSee :ref:`the pump <pump>`, ``gatectl`` or `site <https://x.example>`_.\n\n"
            ".. note::\n\n   Keep it shut.\n\n.. toctree::\n   :maxdepth: 2\n\n   a\n\n"
            "Opening\n-------\n\nRun::\n\n   gatectl open\n\n.. a comment\n"
        )
        assert markdown_of("x.rst", text) == (
            "# Gate\n\nSee the pump, `gatectl` or [site](https://x.example).\n\nKeep it shut.\n\n"
            "## Opening\n\nRun:\n\n```\ngatectl open\n```"
        )

    @pytest.mark.parametrize(
        "table",
        [
            "+-----+-----+\n| Who | Fee |\n+=====+=====+\n| Bea | 5   |\n+-----+-----+\n",
            "===  ===\nWho  Fee\n===  ===\nBea  5\n===  ===\n",
            ".. list-table::\n   :header-rows: 1\n\n   * - Who\n     - Fee\n   * - Bea\n     - 5\n",
            ".. csv-table::\n   :header-rows: 1\n\n   Who, Fee\n   Bea, 5\n",
            '.. csv-table::\n   :header: "Who", "Fee"\n\n   Bea, 5\n',
            ".. csv-table::\n   :header: Who; Fee\n   :delim: ;\n\n   Bea; 5\n",
        ],
    )
    def test_its_tables_are_tables(self, table: str) -> None:
        assert "| Who | Fee |\n| --- | --- |\n| Bea | 5 |" in markdown_of(
            "x.rst", f"Text.\n\n{table}"
        )

    def test_spanning_cells_of_a_grid_are_repeated_in_each_place(self) -> None:
        table = (
            "+-------+--------------+\n"
            "| Site  | Bonus        |\n"
            "|       +------+-------+\n"
            "|       | Day  | Night |\n"
            "+=======+======+=======+\n"
            "| Malmo | 1.20 | 3.40  |\n"
            "| yard  +------+-------+\n"
            "|       | 1.30 | 3.60  |\n"
            "+-------+------+-------+\n"
            "| closed on Sundays    |\n"
            "+----------------------+\n"
        )
        assert markdown_of("x.rst", table) == (
            "| Site | Bonus: Day | Bonus: Night |\n"
            "| --- | --- | --- |\n"
            "| Malmo yard | 1.20 | 3.40 |\n"
            "| Malmo yard | 1.30 | 3.60 |\n"
            "| closed on Sundays | closed on Sundays | closed on Sundays |"
        )

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            (".. versionadded:: 3.2\n   The flag.\n", "Added in version 3.2: The flag."),
            (".. versionchanged:: 3.3 Is\n   faster.\n", "Changed in version 3.3: Is\nfaster."),
            (".. deprecated:: 3.4\n\nText.\n", "Deprecated since version 3.4.\n\nText."),
            ("Ask |desk|.\n\n.. |desk| replace:: the help desk\n", "Ask the help desk."),
            ("The |Document| has it.\n", "The Document has it."),
            ("Bay\n   Where boats lie.\n", "**Bay**: Where boats lie."),
            (":Author: Bea\n:Room: 4\n", "**Author**: Bea  \n**Room**: 4"),
            ("| Pier 4\n| Kiel\n", "Pier 4  \nKiel"),
            ("Shut [1]_.\n\n.. [1] On Mondays.\n", "Shut.\n\nOn Mondays."),
            (".. only:: html\n\n   Text.\n", "Text."),
        ],
    )
    def test_what_sphinx_adds_in_words_is_said(self, written: str, read: str) -> None:
        assert markdown_of("x.rst", written) == read
