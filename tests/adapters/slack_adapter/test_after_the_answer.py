"""What is done about an answer on Slack: its buttons, edits, deletions, and files beside it."""

from __future__ import annotations

from adapters.slack.events import PLATFORM
from bot.conversation.channels import WorkspaceRules
from bot.types import Place
from knowledge.types import Attachment
from tests.adapters.slack_adapter.office import Office
from tests.adapters.slack_office import ANSWER, shown_links

# --- buttons ----------------------------------------------------------------------------------


async def test_feedback_is_thanked_for_privately_and_kept(office: Office) -> None:
    await office.ask()
    (reply,) = office.slack.replies(office.general)
    await office.slack.click(office.bob, reply, "housevoice:unhelpful")
    await office.rest()
    assert "Thank you" in office.private(office.bob)[0] and office.private() == []
    assert len(await office.bench.rows("feedback")) == 1


async def test_why_opens_a_modal_with_what_was_read(office: Office) -> None:
    await office.ask()
    (reply,) = office.slack.replies(office.general)
    await office.slack.click(office.bob, reply, "housevoice:why")
    await office.rest()
    shown = office.slack.visible(office.modal(office.bob))
    assert "What I read" in shown and "Annual leave" in shown and "Voice: fernhill" in shown


async def test_a_modal_that_slack_opens_no_more_is_told_as_a_message(office: Office) -> None:
    await office.ask()
    (reply,) = office.slack.replies(office.general)
    office.slack.fail("views.open", error="expired_trigger_id")
    await office.slack.click(office.bob, reply, "housevoice:why")
    await office.rest()
    assert "What I read" in office.private(office.bob)[-1]


async def test_ask_a_person_posts_the_question_with_a_link_to_the_thread(office: Office) -> None:
    helpers = office.slack.channel("help", members=[office.bob])
    place = Place(PLATFORM, office.slack.team_id, office.general.id)
    rules = WorkspaceRules(help_channel=helpers.id)
    await office.bench.channels.set_workspace(place, rules, "test", office.bench.clock())
    await office.ask("what is the wifi password?")
    (reply,) = office.slack.replies(office.general)
    await office.slack.click(office.ada, reply, "housevoice:person")
    await office.rest()
    (called,) = office.replies(helpers)
    assert "@ada would like" in called and f"archives/{office.general.id}" in called
    assert "I have asked the people there" in office.private()[-1]
    told = office.slack.ephemerals(office.ada)[-1]
    (posted,) = office.slack.replies(helpers)
    assert f"p{posted['ts'].replace('.', '')}" in "".join(shown_links(told))


# --- edits, deletions, files, threads ---------------------------------------------------------


async def test_an_edit_changes_the_answer_in_its_place(office: Office) -> None:
    ts = await office.ask("what is the wifi password?")
    await office.slack.edit(
        office.ada, office.general, ts, f"{office.slack.mention} how many days of leave?"
    )
    await office.rest()
    (reply,) = office.replies()
    assert ANSWER in reply


async def test_a_deleted_question_takes_its_answer_along(office: Office) -> None:
    ts = await office.ask()
    await office.slack.delete(office.general, ts)
    await office.rest()
    assert office.replies() == []


async def test_the_bot_token_goes_to_slack_only(office: Office) -> None:
    def headers(url: str) -> dict[str, str]:
        return dict(office.bot.with_credentials(Attachment("f", url)).headers)

    sent = {"Authorization": f"Bearer {office.slack.bot_token}"}
    assert headers("https://files.slack.com/files-pri/T1-F1/a.pdf") == sent
    assert headers(f"{office.slack.api_url}files") == sent
    for elsewhere in (
        "https://files.slack.com.evil.example/a",
        "http://files.slack.com/a",
        "https://evilslack.com/a",
        "",
    ):
        assert headers(elsewhere) == {}


async def test_files_are_read_and_those_of_shared_channels_are_asked_for(office: Office) -> None:
    joint = office.slack.channel("joint", shared=True, members=[office.ada])
    await office.ask("what is this?", channel=joint, files=[("note.txt", b"Leave is 30 days.")])
    ((_, files),) = office.bench.attachments.given
    assert [each.name for each in files] == ["note.txt"]
    assert files[0].url.startswith("http") and "Authorization" in files[0].headers


async def test_what_people_said_before_is_read_once(office: Office) -> None:
    ts = await office.slack.say(office.bob, office.general, "I need leave in May.")
    await office.say("Ask the bot.", thread_ts=ts)
    await office.ask("how many days of leave?", thread_ts=ts)
    await office.ask("how many days of leave then?", thread_ts=ts)
    assert len(office.slack.called("conversations.replies")) == 1
    assert len(office.replies()) == 2
