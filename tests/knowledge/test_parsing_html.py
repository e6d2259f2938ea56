"""HTML pages: what a visitor can read is read, whatever its tag; what nobody sees is not."""

from __future__ import annotations

import pytest

from knowledge.documents.chunking import chunk
from knowledge.errors import DocumentSkipped
from knowledge.parsing import ParsedDocument, parse


def read(body: str, *, head: str = "", name: str = "page.html") -> ParsedDocument:
    page = f"<html><head><title>Pool</title>{head}</head><body>{body}</body></html>"
    return parse(name, page.encode(), content_type="text/html")


def text_of(body: str, *, head: str = "") -> str:
    return read(body, head=head).markdown


SENTENCE = "The lifeguard on duty keeps the key to the first aid room."


class TestWhatIsContent:
    @pytest.mark.parametrize(
        "markup",
        [
            f"<main><h1>Pool</h1><aside><p>{SENTENCE}</p></aside></main>",
            f"<h1>Pool</h1><div class='menu'><h2>Keys</h2><p>{SENTENCE}</p></div>",
            f"<h1>Pool</h1><div id='share' class='social'><h2>Keys</h2><p>{SENTENCE}</p></div>",
            f"<form action='/x'><h1>Pool</h1><p>{SENTENCE}</p><input name='q'></form>",
            f"<main><h1>Pool</h1><header><h2>Keys</h2><p>{SENTENCE}</p></header></main>",
            f"<main><h1>Pool</h1><details><summary>Keys</summary><p>{SENTENCE}</p></details></main>",
            f"<main><h1>Pool</h1><dl><dt>Keys</dt><dd>{SENTENCE}</dd></dl></main>",
            f"<main><h1>Pool</h1><h3><button aria-expanded='false'>Keys</button></h3>"
            f"<div hidden><p>{SENTENCE}</p></div></main>",
            f"<main><h1>Pool</h1><button aria-controls='k'>Keys</button>"
            f"<div id='k' style='display:none'><p>{SENTENCE}</p></div></main>",
            f"<main><h1>Pool</h1><div role='tabpanel' hidden><p>{SENTENCE}</p></div></main>",
            f"<main><h1>Pool</h1><p data-w-id='7' style='opacity:0'>{SENTENCE}</p></main>",
            f"<main><h1>Pool</h1><p class='fade-in' style='opacity:0'>{SENTENCE}</p></main>",
            f"<main><h1>Pool</h1><div style='font-size:0'><p class='t'>{SENTENCE}</p></div></main>",
            f"<header><form><input type='password'></form></header><main><p>{SENTENCE}</p></main>",
            f"<h1>Pool</h1><div id='cookies'><h2>Cookies at the bar</h2><p>{SENTENCE}</p></div>",
        ],
    )
    def test_is_kept_in_whatever_it_stands(self, markup: str) -> None:
        assert SENTENCE in text_of(markup)

    def test_a_heading_that_is_a_button_is_a_heading(self) -> None:
        markup = "<main><h3><button>Who has the key?</button></h3><p>Bea has it.</p></main>"
        assert "### Who has the key?\n\nBea has it." in text_of(markup)

    def test_a_tab_s_label_stands_above_its_panel(self) -> None:
        markup = (
            "<main><h1>Pool</h1><div role='tablist'><button role='tab' id='t' aria-controls='p'>"
            "Summer</button></div><div role='tabpanel' id='p' aria-labelledby='t' hidden>"
            f"<p>{SENTENCE}</p></div></main>"
        )
        assert f"**Summer**\n\n{SENTENCE}" in text_of(markup)

    def test_each_tab_s_label_does_whether_it_is_open_or_not(self) -> None:
        markup = (
            "<main><ul class='nav-tabs'><li><a data-bs-toggle='tab' href='#n'>North bath</a></li>"
            "<li><a data-bs-toggle='tab' href='#s'>South bath</a></li></ul>"
            "<div class='tab-pane active' id='n'><p>Opens at six.</p></div>"
            "<div class='tab-pane' id='s' style='display:none'><p>Opens at ten.</p></div></main>"
        )
        assert text_of(markup) == (
            "**North bath**\n\nOpens at six.\n\n**South bath**\n\nOpens at ten."
        )

    def test_a_button_that_opens_a_short_answer_stands_above_it(self) -> None:
        markup = (
            "<main><p>Questions</p><button data-bs-target='#a'>Is there tea?</button>"
            "<div id='a' class='collapse'>Yes.</div></main>"
        )
        assert "**Is there tea?**\n\nYes." in text_of(markup)

    def test_what_a_sign_in_a_cell_is_called_is_read(self) -> None:
        markup = (
            "<main><table><tr><th>Who</th><th>May enter</th></tr>"
            "<tr><td>Guest</td><td><i class='x' title='no'></i></td></tr>"
            "<tr><td>Guard</td><td><svg aria-label='by night'></svg></td></tr></table></main>"
        )
        assert "| Guest | no |\n| Guard | by night |" in text_of(markup)

    def test_terms_with_one_explanation_and_items_with_letters(self) -> None:
        assert "**Bay, Dock**: Where boats lie." in text_of(
            "<main><dl><dt>Bay</dt><dt>Dock</dt><dd>Where boats lie.</dd></dl></main>"
        )
        assert "- b. Second" in text_of(
            "<main><ol type='a'><li>First</li><li>Second</li></ol></main>"
        )

    def test_the_name_of_a_group_of_fields_with_text_is_read(self) -> None:
        markup = f"<form><fieldset><legend>Class B</legend><p>{SENTENCE}</p></fieldset></form>"
        assert text_of(markup) == f"**Class B**\n\n{SENTENCE}"

    def test_a_definition_follows_its_term(self) -> None:
        terms = "<dt>Lane</dt><dd>A strip of water.</dd><dt>Lap</dt><dd>Two lanes.</dd>"
        read = "**Lane**: A strip of water.\n\n**Lap**: Two lanes."
        assert text_of(f"<main><dl>{terms}</dl></main>") == read

    def test_comments_in_the_markup_change_nothing(self) -> None:
        markup = (
            "<main><!-- a --><h1>Pool</h1><!-- b --><p hidden>More.</p><aside><!-- c --><p>Note</p>"
            f"<!-- d --><p>{SENTENCE}</p></aside><button aria-expanded='false'>x</button><!-- e -->"
            "</main>"
        )
        assert text_of(markup) == f"# Pool\n\n{SENTENCE}"


class TestWhatIsNot:
    @pytest.mark.parametrize(
        "markup",
        [
            "<nav><a href='/a'>SECRET</a></nav>",
            "<p style='color:red; display: none'>SECRET text.</p>",
            "<div hidden><p>SECRET text that nothing opens.</p></div>",
            "<p style='opacity: 0'>SECRET text.</p>",
            "<p style='color:red; font-size:0px'>SECRET text.</p>",
            "<p style='visibility:hidden'>SECRET text.</p>",
            "<p class='clear'>SECRET text.</p>",
            "<p class='internal'>SECRET text.</p>",
            "<ul class='breadcrumb'><li><a href='/'>SECRET</a></li></ul>",
            "<form><label>SECRET<input name='q'></label><button>Go</button></form>",
            "<div id='onetrust-consent-sdk'><h2>SECRET</h2><p>Some are always on.</p></div>",
            "<div class='consent'><p>SECRET: we use cookies.</p><button>Accept</button></div>",
            "<p>A visit costs <del>SECRET euros</del> <ins>9 euros</ins>.</p>",
        ],
    )
    def test_is_left_out(self, markup: str) -> None:
        head = "<style>.internal, .other { display: none } .clear { opacity: 0 }</style>"
        result = text_of(f"{markup}<h1>Pool</h1><p>{SENTENCE}</p>", head=head)
        assert SENTENCE in result
        assert "SECRET" not in result

    def test_what_is_crossed_out_leaves_no_gap(self) -> None:
        markup = "<main><p>It costs <del>6 euros</del> <ins>9 euros</ins> a day.</p></main>"
        assert text_of(markup) == "It costs 9 euros a day."

    def test_hidden_parts_are_counted(self) -> None:
        parsed = read(f"<h1>Pool</h1><p>{SENTENCE}</p><p hidden>One.</p><p hidden>Two.</p>")
        assert [(each.kind, each.count) for each in parsed.left_out] == [("hidden parts", 2)]

    def test_a_label_that_any_box_has_is_no_line_of_text(self) -> None:
        box = f"<aside class='note'><p>Caution</p><p>{SENTENCE}</p></aside>"
        assert text_of(f"<main><h1>Pool</h1>{box}</main>") == f"# Pool\n\n{SENTENCE}"


class TestListsOfContents:
    PLACES = "<h2 id='a'>Beds</h2><p>5</p><h2 id='b'>Fees</h2><p>10</p><h2 id='c'>Keys</h2><p>2</p>"

    def test_that_name_only_the_headings_below_are_left_out(self) -> None:
        nested = "<ol><li><a href='#b'>Fees</a></ol>"
        links = f"<ul><li><a href='#a'>Beds</a>{nested}<li><a href='#c'>Keys</a></ul>"
        assert text_of(f"<main><h1>Cabin</h1>{links}{self.PLACES}</main>") == (
            text_of(f"<main><h1>Cabin</h1>{self.PLACES}</main>")
        )

    @pytest.mark.parametrize(
        "said",
        [
            "<li><a href='#a'>Beds</a> for two<li><a href='#b'>Fees</a><li><a href='#c'>Keys</a>",
            "<li><a href='#a'>Beds</a><li><a href='#b'>Fees</a><li><a href='keys.html'>Keys</a>",
            "<li><a href='#a'>Beds</a><li><a href='#b'>Fees</a><li><a href='#elsewhere'>Keys</a>",
        ],
    )
    def test_that_say_more_stay(self, said: str) -> None:
        assert "- [Fees](#b)" in text_of(f"<main><h1>Cabin</h1><ul>{said}</ul>{self.PLACES}</main>")


class TestAnchors:
    @pytest.mark.parametrize(
        "heading",
        [
            "<h2 id='keys'>Keys</h2>",
            "<h2><a name='keys'></a>Keys</h2>",
            "<h2><span id='keys'>Keys</span> <a href='#keys'>¶</a></h2>",
            "<section id='keys'><h2>Keys</h2></section>",
        ],
    )
    def test_a_citation_opens_at_the_page_s_own_id(self, heading: str) -> None:
        parsed = read(f"<main><h1>Pool</h1>{heading}<p>{SENTENCE}</p></main>")
        (piece,) = chunk(parsed, lambda text: len(text.split()))
        assert (piece.anchor, piece.headings) == ("keys", ("Keys",))

    def test_there_is_none_where_the_page_states_no_id(self) -> None:
        parsed = read(f"<main><h1>Pool</h1><h2>Keys</h2><p>{SENTENCE}</p></main>")
        assert [piece.anchor for piece in chunk(parsed, lambda text: len(text.split()))] == [""]


def test_links_are_resolved_against_what_the_page_says() -> None:
    parsed = read("<p>See <a href='b.html#x'>b</a>.</p>", head="<base href='https://a.example/d/'>")
    assert parsed.markdown == "See [b](https://a.example/d/b.html#x)."


def test_links_are_resolved_against_where_the_page_is_published() -> None:
    page = b"<main><p>See <a href='../shed.html#code'>the shed</a> for the code.</p></main>"
    published = parse("rules.html", page, url="https://x.example/garden/rules.html")
    assert "[the shed](https://x.example/shed.html#code)" in published.markdown
    assert "[the shed](../shed.html#code)" in parse("rules.html", page).markdown


class TestTables:
    def test_a_cell_over_several_rows_counts_for_each(self) -> None:
        rows = (
            "<tr><th>Bath</th><th>Shift</th><th>Guard</th></tr>"
            "<tr><td rowspan='2'>North</td><td>Day</td><td>Bea</td></tr>"
            "<tr><td>Night</td><td>Cem</td></tr>"
            "<tr><td>South</td><td colspan='2'>closed</td></tr>"
        )
        assert text_of(f"<main><table>{rows}</table></main>").split("\n")[2:] == [
            "| North | Day | Bea |",
            "| North | Night | Cem |",
            "| South | closed | closed |",
        ]

    def test_two_rows_of_header_are_one(self) -> None:
        rows = (
            "<thead><tr><th rowspan='2'>Who</th><th colspan='2'>Summer</th></tr>"
            "<tr><th>Adult</th><th>Child</th></tr></thead><tr><td>Guest</td><td>5</td><td>3</td></tr>"
        )
        table = text_of(f"<main><table>{rows}</table></main>")
        assert table.startswith("| Who | Summer: Adult | Summer: Child |")

    def test_a_table_in_a_cell_is_words(self) -> None:
        inner = "<table><tr><td>Room</td><td>Seats</td></tr><tr><td>Elk</td><td>3</td></tr></table>"
        rows = f"<tr><th>Floor</th><th>Rooms</th></tr><tr><td>First</td><td>{inner}</td></tr>"
        table = text_of(f"<main><table>{rows}</table></main>")
        assert "| First | Room: Elk, Seats: 3 |" in table

    def test_one_that_only_places_things_is_none(self) -> None:
        markup = f"<table><tr><td><h1>Pool</h1><p>{SENTENCE}</p></td><td>x</td></tr></table>"
        assert "|" not in text_of(markup)

    def test_each_row_under_its_own_header_has_none_above(self) -> None:
        box = "<tr><th>Beds</th><td>5</td></tr><tr><th>Deposit</th><td>80 euros</td></tr>"
        assert "| | |\n| --- | --- |\n| Beds | 5 |\n| Deposit | 80 euros |" in text_of(
            f"<main><h1>Cabin</h1><table>{box}</table></main>"
        )


class TestWhatStandsInForAPage:
    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ("<h1>Sign in</h1><form><input type='password'></form>", "sign in"),
            ("<h1>Anmeldung</h1><form><input name='user'></form>", "sign in"),
            ("<h1>Page not found</h1><p>Try the search.</p>", "not found"),
            ("<h1>404</h1><p>Nothing here.</p>", "not found"),
        ],
    )
    def test_is_skipped_with_the_reason(self, body: str, says: str) -> None:
        with pytest.raises(DocumentSkipped) as skipped:
            parse(
                "https://x.example/a",
                f"<html><body>{body}</body></html>".encode(),
                content_type="text/html",
            )
        assert says in skipped.value.reason

    def test_one_that_sends_elsewhere_to_sign_in_is_told(self) -> None:
        with pytest.raises(DocumentSkipped, match="asks to sign in"):
            parse(
                "https://x.example/a",
                b"<html><head><title>Pool - Log in</title></head><body><h1>Hello</h1>"
                b"<a href='/saml'>Continue with Okta</a></body></html>",
                content_type="text/html",
            )

    def test_a_page_about_pages_that_are_not_found_is_read(self) -> None:
        assert SENTENCE in text_of(f"<main><h1>404 errors of the pool</h1><p>{SENTENCE}</p></main>")

    def test_a_page_about_signing_in_is_read(self) -> None:
        body = f"<main><h1>Sign in to the pool</h1><p>{SENTENCE}</p></main>"
        assert SENTENCE in text_of(body)

    @pytest.mark.parametrize(
        ("content", "content_type", "says"),
        [
            (b'{"items": [1, 2]}', "application/json", "JSON"),
            (b'[{"a": 1}]', "text/html", "JSON"),
            (b"<?xml version='1.0'?><rss><channel></channel></rss>", "text/xml", "feed"),
            (b"<feed xmlns='http://www.w3.org/2005/Atom'></feed>", "application/atom+xml", "feed"),
        ],
    )
    def test_data_and_feeds_are_no_pages(
        self, content: bytes, content_type: str, says: str
    ) -> None:
        with pytest.raises(DocumentSkipped) as skipped:
            parse("https://x.example/a", content, content_type=content_type)
        assert says in skipped.value.reason
