"""What Markdown's dialects add never reaches a passage; the words and code do."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.parsing import parse
from knowledge.parsing.inline import reduce_media
from knowledge.parsing.markdown.dialects import without_dialects
from knowledge.text.sentences import split_units


def read(text: str) -> str:
    return parse("x.md", text.encode()).markdown


class TestBlocks:
    @pytest.mark.parametrize(
        "text",
        [
            '!!! warning "Careful"\n    Hot water.\n\nEnd.',
            '??? note "Careful"\n    Hot water.\n\nEnd.',
            '=== "Careful"\n\n    Hot water.\n\nEnd.',
            ":::caution Careful\nHot water.\n:::\n\nEnd.",
            "::: tip Careful\n\nHot water.\n\n:::\n\nEnd.",
            ":::note[Careful]{.wide}\n\nHot water.\n\n:::\n\nEnd.",
            "> [!NOTE] Careful\n> Hot water.\n\nEnd.",
            '{{< alert title="Careful" >}}\nHot water.\n{{< /alert >}}\n\nEnd.',
            '{{% notice warning "Careful" %}}\nHot water.\n{{% /notice %}}\n\nEnd.',
            '{% hint title="Careful" %}\nHot water.\n{% endhint %}\n\nEnd.',
            '<Card title="Careful">\n\nHot water.\n\n</Card>\n\nEnd.',
        ],
    )
    def test_an_admonition_is_its_title_in_bold_and_its_words(self, text: str) -> None:
        assert read(text).split() == ["**Careful**", "Hot", "water.", "End."]

    def test_code_in_an_admonition_is_code_and_nested_ones_are_read(self) -> None:
        code = "    ```sh\n    a\n      b\n    ```\n"
        text = f'!!! note\n    Run:\n\n{code}\n    !!! tip "T"\n        Deep.\n'
        assert read(text) == "Run:\n\n```sh\na\n  b\n```\n\n**T**\n\nDeep."

    def test_an_alert_without_a_title_leaves_no_mark_and_real_quotes_stay(self) -> None:
        assert read("> [!IMPORTANT]\n> Call Alma.\n\n> Be kind.") == "Call Alma.\n\n> Be kind."


class TestMdx:
    def test_imports_exports_and_components_go_and_their_words_stay(self) -> None:
        text = (
            "import Tabs from \"@theme/Tabs\";\nimport {\n  A,\n} from './a';\n\n"
            "export const meta = {\n  a: 1,\n};\n\n# Page\n\n<Tabs>\n"
            '<TabItem value="mac" label="Mac">\n\nUse `mac-7`.\n\n</TabItem>\n</Tabs>\n\n'
            '<Video src="x" on={() => 3 > 2} />\n'
        )
        assert read(text) == "# Page\n\n**Mac**\n\nUse `mac-7`."

    @pytest.mark.parametrize(
        "text",
        [
            "Write to <Name> at <Street> now.",
            "import taxes from Norway are high",
            "export licences are rare",
            "A `<Tabs a=1>` tag.",
            '```mdx\nimport A from "b";\n<Tabs a="b">\n:::tip\n[^1] {#x} %%c%%\n```',
        ],
    )
    def test_what_only_looks_like_it_stays(self, text: str) -> None:
        assert read(text) == text


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        ("See [[Page|the page]] now.", "See the page now."),
        ("See [[Page#Part]] now.", "See Page › Part now."),
        ("See [[The page|dendron://private/page.one]] now.", "See The page now."),
        ("See [[The page|user.page.one]] and [[a.b|Bee]].", "See The page and Bee."),
        ("See [[PDF]](https://e.example/p) now.", "See [[PDF]](https://e.example/p) now."),
        ("Seen ![[plan.png]]here %%not this%%.", "Seen here ."),
        ("A ==hot== thing. ^abc-1", "A hot thing."),
        ("Call \\(now\\) please\\!", "Call (now) please!"),
        ("1\\. no list \\* here", "1\\. no list \\* here"),
        ('Go [on](x){:target="_blank"} [now]{.big}.', "Go [on](x) now."),
        ("Text.\n{: .note}", "Text."),
        ("Text. {#here}", "Text."),
        ("## Head {#id}\n\nText.", "## Head {#id}\n\nText."),
        ("## Head {.wide}\n\nText.", "## Head\n\nText."),
        ("[TOC]\n\nText.", "Text."),
        ("[[_TOC_]]\n\nText.", "Text."),
        ("Told[^1].\n\n[^1]: By Ann.", "Told.\n\nBy Ann."),
        ("See [it][a].\n\n[a]: https://e.example 'T'", "See [it](https://e.example)."),
        ("[![Build](https://img.shields.io/x.svg)](https://e.example)\n\nText.", "Text."),
        ('See [r]({{< ref "page.md" >}}).', "See [r](page.md)."),
        ("Term\n: What it means.", "**Term**: What it means."),
        ("Term\n\n:   One.\n:   Two.", "**Term**: One.\n\nTwo."),
        ("{{fm.desc}}Text.", "Text."),
        ("{{ site.title }}Dear {{ name }} :smile:", "Dear {{ name }} :smile:"),
    ],
)
def test_marks_of_a_dialect_go_and_words_stay(written: str, reads: str) -> None:
    assert read(written) == reads


def test_front_matter_between_plus_signs_is_read() -> None:
    parsed = parse("x.md", b'+++\ntitle = "Slings"\naccess = ["role:riggers"]\n+++\n\nText.')
    assert (parsed.title, parsed.markdown) == ("Slings", "Text.")
    assert parsed.access == frozenset({"role:riggers"})


def test_an_image_in_its_own_line_can_be_searched_but_is_no_sentence() -> None:
    reduced = reduce_media("Press the button.\n![the button](b.png)\n\nThen ![go](g.png) on.")
    assert reduced == "Press the button.\n![the button]()\n\nThen go on."
    assert [unit.text for unit in split_units(reduced)] == ["Press the button.", "Then go on."]


@pytest.mark.parametrize(
    "piece",
    ["<A ", "[", "[[", "{{<", "%%", "==", "\\(", ":::a\n", "> [!N]\n", "{:", "import {\n", "![",
     "[^a", "<A b={", "{/*", "!!! n\n    "],
)  # fmt: skip
def test_marks_that_are_never_closed_cost_linear_time(piece: str) -> None:
    def seconds(times: int) -> float:
        start = time.process_time()
        without_dialects(piece * times)
        return time.process_time() - start

    assert seconds(8_000) < 10 * max(seconds(2_000), 0.05)


WORDS = st.lists(st.sampled_from("leave pay desk badge".split()), min_size=1).map(" ".join)
MARKS = st.sampled_from(
    ["!!! note\n    ", ":::tip\n", "\n:::\n", "> [!TIP]\n> ", "<Tabs>\n", "</Tabs>", "{{< a >}}",
     "[[", "]]", "==", "{.x}", "\n", "\n\n", "- ", "```\n", "`", " ", "![", "](x)", "{"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(WORDS | MARKS, max_size=20).map("".join))
def test_no_word_is_lost(text: str) -> None:
    kept = without_dialects(text)
    for word in ("leave", "pay", "desk", "badge"):
        assert kept.count(word) == text.count(word)
