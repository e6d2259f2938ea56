"""What Slack's payloads mean for the bot."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from adapters.slack.events import Deleted, Edited, Heard, Me, read
from bot.types import Place, Utterance
from tests.stand_ins.slack_server import sample

ME = Me("T0SAMPLE01", "U0SAMPLE02", "B0SAMPLE02")
ADA = "U0SAMPLE01"


def event(name: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = deepcopy(sample(name)["event"])
    return found | changes


def heard(name: str, **changes: Any) -> Utterance:
    found = read(event(name, **changes), ME)
    assert isinstance(found, Heard)
    return found.utterance


def test_a_mention_is_for_the_bot_and_its_answer_goes_into_a_thread() -> None:
    said = heard("app_mention")
    assert said.address == "mention"
    assert said.place == Place("slack", "T0SAMPLE01", "C0SAMPLE01", "1767000000.000100")
    assert said.author == ADA
    assert "<@" not in said.text and said.text.endswith("do we have?")


def test_the_twins_of_one_mention_are_one_utterance() -> None:
    mention = event("app_mention")
    twin = mention | {"type": "message", "channel_type": "channel"}
    first, second = read(mention, ME), read(twin, ME)
    assert isinstance(first, Heard) and isinstance(second, Heard)
    assert first.utterance == second.utterance


def test_a_direct_message_is_the_root_of_a_thread() -> None:
    said = heard("message_im", ts="1767000000.000700")
    assert (said.address, said.place.direct) == ("direct", True)
    assert said.place.thread == "1767000000.000700"


def test_a_direct_message_in_a_thread_stays_there() -> None:
    said = heard("message_im", thread_ts="1767000000.000001")
    assert said.place.thread == "1767000000.000001"


def test_a_group_message_is_no_direct_one() -> None:
    said = heard("message_im", channel="G0SAMPLE01", channel_type="mpim")
    assert (said.place.direct, said.address) == (False, "none")


def test_a_reply_in_a_thread_needs_no_mention_and_is_marked_as_such() -> None:
    said = heard("message_channels", thread_ts="1766999999.000100")
    assert (said.address, said.place.thread) == ("thread", "1766999999.000100")


@pytest.mark.parametrize("name", ["<@U0SAMPLE07>", "<!subteam^S0SAMPLE01|@people>"])
def test_who_names_somebody_else_does_not_speak_to_the_bot(name: str) -> None:
    assert heard("message_channels", text=f"{name} when is payday?").to_others
    assert not heard("message_channels", text=f"<@U0SAMPLE02> ask {name}").to_others


@pytest.mark.parametrize("place", ["C0SAMPLE09", "D0SAMPLE09"])
def test_another_organisations_person_is_heard_in_the_bots_own_workspace(place: str) -> None:
    said = heard("message_channels", channel=place, team="T0SAMPLE09", user_team="T0SAMPLE09")
    assert said.place.workspace == "T0SAMPLE01"
    assert said.handle["team"] == "T0SAMPLE09"


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "U0SAMPLE02"},
        {"bot_id": "B0SAMPLE07"},
        {"user": None},
        {"user": "USLACKBOT"},
        {"subtype": "channel_join"},
        {"subtype": "bot_message"},
        {"subtype": "tombstone"},
        {"subtype": "assistant_app_thread"},
        {"hidden": True},
        {"subtype": "a_subtype_of_next_year"},
    ],
    ids=str,
)
def test_what_no_person_said_is_not_heard(changes: dict[str, Any]) -> None:
    assert read(event("message_channels", **changes), ME) is None


@pytest.mark.parametrize("name", ["message_bot", "message_from_app", "member_joined_channel"])
def test_other_apps_and_news_are_not_heard(name: str) -> None:
    mine = Me("T0SAMPLE01", "U0SAMPLE02", "B0SAMPLE01")
    found = read(event(name), mine)
    assert found is None or name == "member_joined_channel"


def test_files_come_along_without_credentials() -> None:
    (file,) = heard("message_file_share").files
    assert file.name == "warranty.pdf" and file.size == 20481
    assert file.url.startswith("https://files.slack.com/") and not file.headers


def test_a_file_of_a_shared_channel_has_to_be_asked_for() -> None:
    named = {"id": "F0SAMPLE01", "mode": "file_access", "file_access": "check_file_info"}
    found = read(event("message_file_share", files=[named]), ME)
    assert isinstance(found, Heard)
    assert (found.utterance.files, found.unlisted_files) == ((), ("F0SAMPLE01",))


def test_a_file_that_lies_elsewhere_has_no_address_for_the_token() -> None:
    linked = {"id": "F1", "name": "sheet", "is_external": True, "url_private": "https://e.example/"}
    assert heard("message_file_share", files=[linked]).files[0].url == ""


def test_an_edit_is_the_same_utterance_in_new_words() -> None:
    found = read(event("message_changed"), ME)
    assert isinstance(found, Edited)
    assert found.utterance.id == "slack:T0SAMPLE01:C0SAMPLE01:1767000000.000100"
    assert found.utterance.text == "How many days of annual leave do we have?"
    assert found.utterance.place.thread == "1767000000.000100"


def test_a_preview_of_a_link_is_no_edit() -> None:
    changed = event("message_changed")
    changed["previous_message"] = {**changed["message"]}
    changed["message"] |= {"attachments": [{"title": "A page"}]}
    assert read(changed, ME) is None


def test_an_edit_of_the_bots_own_message_is_nothing() -> None:
    changed = event("message_changed")
    changed["message"] |= {"user": "U0SAMPLE02", "bot_id": "B0SAMPLE02"}
    assert read(changed, ME) is None


def test_a_deletion_names_the_same_utterance() -> None:
    found = read(event("message_deleted"), ME)
    assert isinstance(found, Deleted)
    assert found.id == "slack:T0SAMPLE01:C0SAMPLE01:1767000000.000100"
    assert found.place.thread == "1767000000.000100"


def test_a_deleted_message_with_replies_leaves_a_tombstone_and_is_deleted_too() -> None:
    changed = event("message_changed")
    changed["message"] = {
        "type": "message",
        "subtype": "tombstone",
        "user": "USLACKBOT",
        "ts": "1767000000.000100",
        "thread_ts": "1767000000.000100",
    }
    assert isinstance(read(changed, ME), Deleted)


def test_taking_back_an_answer_of_the_bots_is_nothing() -> None:
    deleted = event("message_deleted")
    deleted["previous_message"] |= {"user": "U0SAMPLE02", "bot_id": "B0SAMPLE02"}
    assert read(deleted, ME) is None
