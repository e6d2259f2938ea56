"""How cards, forms and their faults look on Discord, and that nothing goes over its limits."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.config import DiscordConfig, endpoints, intents
from adapters.discord.connection.errors import as_ours
from adapters.discord.showing.components import (
    MAX_MESSAGES,
    ActionButton,
    ReopenButton,
    faults_view,
    growing,
    layout,
    named,
    options,
    parts,
)
from adapters.discord.showing.formatting import COMPONENTS_LIMIT, MESSAGE_LIMIT
from adapters.discord.showing.modals import OpenForms, submission_of
from bot.cards import LABELS, Card, Choice, CitedSource, Field, Form
from bot.errors import ConfigurationError, PlatformError

HANDBOOK = CitedSource(1, "Leave › Annual", "leave.md", "https://intra.example/leave")
ANSWER = Card("28 days. [1]", (HANDBOOK,), "● Sure", ("helpful", "unhelpful", "why"), "trace1")


def payload(view: ui.LayoutView) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = view.to_components()  # type: ignore[no-untyped-call]
    return shown


def custom_ids(view: ui.LayoutView) -> list[str]:
    return [each.custom_id for each in view.walk_children() if isinstance(each, ActionButton)]


def total(view: ui.LayoutView) -> int:
    """Characters of text, which Discord counts together."""
    return sum(
        len(each.content) for each in view.walk_children() if isinstance(each, ui.TextDisplay)
    )


# --- cards ------------------------------------------------------------------------------------


def test_an_answer_is_one_message_with_sources_confidence_and_buttons() -> None:
    (part,) = parts(ANSWER)
    assert part.text == "28 days. [1]"
    assert part.foot == "-# [1] [Leave › Annual](<https://intra.example/leave>)\n-# ● Sure"
    assert custom_ids(layout(part)) == ["hv:helpful:trace1", "hv:unhelpful:trace1", "hv:why:trace1"]


def test_only_cited_sources_are_live_links() -> None:
    card = Card("[a](https://evil.example) and [b](https://intra.example/leave)", (HANDBOOK,))
    (part,) = parts(card)
    assert "`https://evil.example`" in part.text
    assert "[b](<https://intra.example/leave>)" in part.text


def test_a_source_without_an_address_is_named() -> None:
    (part,) = parts(Card("Yes.", (CitedSource(1, "", "notes.md", ""),)))
    assert part.foot == "-# [1] notes.md"


def test_a_title_cannot_break_out_of_its_line() -> None:
    source = CitedSource(
        1, "a](https://evil.example)\n# @everyone <@1>", "x", "https://intra.example"
    )
    (part,) = parts(Card("Yes.", (source,)))
    assert part.foot.startswith("-# [1] [a)") and part.foot.endswith("](<https://intra.example>)")
    assert "\n" not in part.foot and "](https://evil" not in part.foot
    assert "@everyone" not in part.foot and "<@1>" not in part.foot


def test_mentions_in_a_text_are_broken_up_but_people_are_named() -> None:
    (part,) = parts(Card(f"{named('42')} asked about <@43> and @everyone"), plain=True)
    assert "<@42>" in part.text
    assert "<@43>" not in part.text and "@everyone" not in part.text
    assert options(part)["allowed_mentions"].to_dict() == {"parse": []}


def test_more_buttons_than_fit_a_row_get_further_ones() -> None:
    (part,) = parts(Card("Yes.", buttons=tuple(LABELS)[:23], subject="t"))
    rows = [each for each in payload(layout(part)) if each["type"] == 1]
    assert [len(row["components"]) for row in rows] == [5, 5, 5, 5, 3]


def test_plain_cards_are_plain_messages() -> None:
    (part,) = parts(Card("Saved."), plain=True)
    assert options(part)["content"] == "Saved." and "view" not in options(part)


def test_a_plain_card_with_sources_has_them_in_the_text() -> None:
    (part,) = parts(Card("Why so.", (HANDBOOK,)), plain=True)
    assert part.text.startswith("Why so.\n\n-# [1]") and not part.foot


def test_a_card_without_words_can_still_be_shown() -> None:
    (part,) = parts(Card(""))
    assert total(layout(part)) > 0


def test_sources_that_do_not_fit_under_the_text_come_after_it() -> None:
    first, last = parts(Card("a" * COMPONENTS_LIMIT, (HANDBOOK,), buttons=("why",), subject="t"))
    assert not first.buttons and not first.foot
    assert last.foot and last.buttons == ("why",)


def test_a_very_long_answer_comes_as_a_file_with_its_beginning_shown() -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "word " * 150 for n in range(60))
    (part,) = parts(Card(text, (HANDBOOK,), buttons=("why",), subject="t"))
    assert part.text.startswith("Paragraph 0.") and "in the file" in part.text
    assert part.file and "Paragraph 59." in part.file and "https://intra.example/leave" in part.file
    assert total(layout(part)) <= COMPONENTS_LIMIT
    (given_file,) = options(part)["files"]
    assert given_file.filename == "answer.md"


@given(st.text(max_size=12_000), st.lists(st.text(max_size=300), max_size=12), st.booleans())
def test_no_message_is_longer_than_discord_takes(text: str, titles: list[str], plain: bool) -> None:
    sources = tuple(
        CitedSource(n, title, "d", f"https://intra.example/{n}")
        for n, title in enumerate(titles, 1)
    )
    shown = parts(Card(text, sources, "● Sure"), plain=plain)
    assert 1 <= len(shown) <= MAX_MESSAGES + 1
    for part in shown:
        if part.plain:
            assert len(part.text) <= MESSAGE_LIMIT
        else:
            assert total(layout(part)) <= COMPONENTS_LIMIT
    for part in growing(text):
        assert len(part.text) <= COMPONENTS_LIMIT


def test_faults_are_listed_with_a_way_back() -> None:
    view = faults_view(["**Bar**: Give a number."], "abc")
    assert "Give a number" in str(payload(view))
    (button,) = [each for each in view.walk_children() if isinstance(each, ReopenButton)]
    assert button.custom_id == "hvform:abc"
    assert "hvform" not in str(payload(faults_view(["x"], None)))


# --- forms ------------------------------------------------------------------------------------

CHOICES = (Choice("a", "Apples"), Choice("b", "Pears"))
FORM = Form(
    "channel",
    "This channel",
    (
        Field("bar", "How sure", "number", "0.8", help="From 0 to 1.", required=True),
        Field("voice", "Voice", "one_of", "b", CHOICES, required=True),
        Field("sources", "Sources", "some_of", ("a",), CHOICES),
        Field("help", "Where", "channel", "77"),
        Field("text", "Text", "long_text", "so far", max_chars=9_000),
    ),
    context={"draft": "0123456789abcdef0123456789abcdef", "odd": "a:b&c=d"},
)


def sent(modal: ui.Modal, values: dict[str, Any]) -> dict[str, Any]:
    """What Discord sends back for a modal."""
    fields = []
    for label in modal.children:
        assert isinstance(label, ui.Label)
        item: Any = label.component
        value = values[item.custom_id.partition(":")[2]]
        key = "value" if isinstance(item, ui.TextInput) else "values"
        fields.append({"type": 18, "component": {"custom_id": item.custom_id, key: value}})
    return {"custom_id": modal.custom_id, "components": fields}


def test_a_form_is_a_modal_with_what_is_filled_in_already() -> None:
    modal = OpenForms().modal(FORM)
    shown = {
        label["component"]["custom_id"]: label["component"]
        for label in modal.to_dict()["components"]
    }
    assert len(modal.custom_id) <= 100
    assert shown["number:bar"]["value"] == "0.8"
    assert [each["default"] for each in shown["one_of:voice"]["options"]] == [False, True]
    assert shown["some_of:sources"]["min_values"] == 0
    assert shown["some_of:sources"]["max_values"] == 2
    assert shown["channel:help"]["default_values"] == [{"id": 77, "type": "channel"}]
    assert shown["long_text:text"]["max_length"] == 4_000


def test_what_comes_back_has_the_fields_names_and_the_forms_context() -> None:
    modal = OpenForms().modal(FORM)
    values = {"bar": "0.5", "voice": ["a"], "sources": ["a"], "help": [], "text": ""}
    submission = submission_of(sent(modal, values))
    assert submission is not None
    assert submission.form == "channel" and submission.context == FORM.context
    assert submission.values == {
        "bar": "0.5",
        "voice": "a",
        "sources": ("a",),
        "help": "",
        "text": "",
    }


def test_a_form_is_kept_with_what_was_filled_in() -> None:
    forms = OpenForms()
    modal = forms.modal(FORM)
    values = {"bar": "7", "voice": ["a"], "sources": [], "help": ["5"], "text": "x"}
    submission = submission_of(sent(modal, values))
    assert submission is not None and forms.keep(submission)
    kept = forms.get(submission.key)
    assert kept and [each.value for each in kept.fields] == ["7", "a", (), "5", "x"]
    assert forms.labels(submission.key)["bar"] == "How sure"
    assert not OpenForms().keep(submission), "after a restart it is no longer known"


def test_another_apps_modal_is_not_ours() -> None:
    assert submission_of({"custom_id": "other", "components": []}) is None
    assert submission_of({"custom_id": "hv:x", "components": []}) is None


# --- settings and errors ----------------------------------------------------------------------


def test_the_token_is_not_shown() -> None:
    assert "s3cret" not in repr(DiscordConfig("s3cret"))


def test_only_the_intents_that_are_needed_are_asked_for() -> None:
    wanted = {name for name, on in intents(DiscordConfig("t")) if on}
    assert wanted == {"guilds", "guild_messages", "dm_messages"}
    assert intents(DiscordConfig("t", message_content=True)).message_content


def test_addresses_of_the_settings_hold_until_the_end() -> None:
    before = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    config = DiscordConfig("t", api_url="http://x/api/v10/", gateway_url="ws://x/")
    with endpoints(config):
        assert discord.http.Route("GET", "/a").url == "http://x/api/v10/a"
        assert str(discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY) == "ws://x/"
    assert before == (discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY)


class _Response:
    reason = "because"

    def __init__(self, status: int):
        self.status = status


@pytest.mark.parametrize(
    ("status", "passing"), [(403, False), (404, False), (400, False), (429, True), (503, True)]
)
def test_what_discord_refuses_is_told_without_its_words(status: int, passing: bool) -> None:
    kind: Any = {403: discord.Forbidden, 404: discord.NotFound, 503: discord.DiscordServerError}
    error = kind.get(status, discord.HTTPException)(_Response(status), {"message": "secret words"})
    ours = as_ours(error)
    assert isinstance(ours, PlatformError) and ours.passing is passing
    assert "secret" not in str(ours)


def test_what_an_admin_must_change_is_told_as_that() -> None:
    assert isinstance(as_ours(discord.LoginFailure("x")), ConfigurationError)
    assert isinstance(as_ours(discord.PrivilegedIntentsRequired(None)), ConfigurationError)
    assert "cannot be reached" in str(as_ours(ConnectionResetError("secret")))
